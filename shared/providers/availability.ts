/** Whether a provider can take an amount, from its tables and its keys alone. */
import type { Amount, Amounts, UnavailableReason } from "./amounts.ts";
import {
  type KeyReader,
  PaymentMethodUnavailable,
  ProviderFailed,
  type ProviderName,
} from "./provider.ts";

/** What a provider takes, and which of its keys it cannot do without. */
export interface Taking {
  readonly name: ProviderName;
  readonly keys: KeyReader;
  readonly neededKeys: readonly string[];
  readonly amounts: Amounts;
}

/** Makes the checks that come before anything is asked of a provider. */
export function createAvailability({ name, keys, neededKeys, amounts }: Taking) {
  async function whyNot(amount: Amount): Promise<UnavailableReason | undefined> {
    const reason = amounts.whyNot(amount);
    if (reason) return reason;
    const [current] = await keys();
    return neededKeys.every((key) => current[key]) ? undefined : "not_configured";
  }

  return {
    /** See `PaymentProvider`. */
    whyNot,

    /**
     * The provider's own number for an amount that is to be paid.
     *
     * @throws PaymentMethodUnavailable for what `whyNot` refuses
     */
    async payable(amount: Amount): Promise<number> {
      const reason = await whyNot(amount);
      if (reason) throw new PaymentMethodUnavailable(name, reason);
      return amounts.toProvider(amount)!;
    },
  };
}

/**
 * The provider's own number for an amount that goes back.
 *
 * @throws ProviderFailed for good when it has none: no attempt could ever succeed
 */
export function refundable(name: ProviderName, amounts: Amounts, amount: Amount): number {
  const sent = amounts.toProvider(amount);
  if (sent === undefined) throw new ProviderFailed(name, "amount_not_representable", false);
  return sent;
}
