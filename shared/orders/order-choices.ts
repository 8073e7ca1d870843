/** What a shopper chooses about an order besides its lines; a field that is only kept and shown begins here. */
import type { ProviderName } from "../base/payment-providers.ts";

/** Whom a shopper wants to be reached as. */
export interface Customer {
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly phone?: string | undefined;
}

/** The choices. Each is taken from the request, bound by its idempotency key, stored and shown. */
export interface OrderChoices {
  readonly paymentMethod: ProviderName;
  readonly vendorId?: string | null | undefined;
  readonly customer?: Customer | undefined;
  /** JSON text, up to 2 KB, so that it comes back to the letter however deep it is. */
  readonly shipTo?: string | undefined;
  readonly note?: string | undefined;
  /** JSON text, up to 4 KB. */
  readonly metadata?: string | undefined;
}

/** Of a request or an order what was chosen, and nothing else. */
export function pickChoices<Chosen extends OrderChoices>(
  chosen: Chosen,
): Pick<Chosen, keyof OrderChoices> {
  const { paymentMethod, vendorId, customer, shipTo, note, metadata } = chosen;
  const all = { paymentMethod, vendorId, customer, shipTo, note, metadata };
  // Rows have no attributes for what was not said.
  const said = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as typeof all;
}
