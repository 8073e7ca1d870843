/** What a shopper chooses about an order besides its lines; a field that is only kept and shown begins here. */
import type { ProviderName } from "../base/payment-providers.ts";

/** The choices. Each is taken from the request, bound by its idempotency key, stored and shown. */
export interface OrderChoices {
  readonly paymentMethod: ProviderName;
  readonly vendorId?: string | null | undefined;
}

/** Of a request or an order what was chosen, and nothing else. */
export function choicesOf<Chosen extends OrderChoices>(
  chosen: Chosen,
): Pick<Chosen, keyof OrderChoices> {
  const { paymentMethod, vendorId } = chosen;
  return { paymentMethod, vendorId };
}
