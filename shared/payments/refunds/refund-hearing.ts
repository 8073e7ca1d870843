/** Hears of the provider what may have been carried out unheard, before somebody's word for it is taken. */
import type { EpochMs } from "../../base/time.ts";
import type { Order, Refund } from "../../orders/order.ts";
import type { Providers } from "../../providers/provider.ts";
import { type Outcome, withDue } from "../outcome.ts";
import { refundReasons } from "./refund.ts";
import { listKnown } from "./refund-asking.ts";
import { withTold } from "./refund-telling.ts";

/**
 * What the providers of these refunds know of them as a step of the order; undefined when it is no news. One call for
 * each payment.
 *
 * @throws ProviderFailed when one cannot be asked now
 */
export async function hearAbout(
  providers: Providers,
  order: Order,
  { unheard, nowMs }: { readonly unheard: readonly Refund[]; readonly nowMs: EpochMs },
): Promise<Outcome | undefined> {
  const ofPayments = new Map(unheard.map((refund) => [refund.paymentId, refund]));
  let heard = order;
  for (const refund of ofPayments.values()) {
    const refunds = await listKnown(providers[refund.provider], refund);
    heard = withTold(heard, refund, { refunds, nowMs });
  }
  if (heard === order) return undefined;
  return {
    next: withDue(heard, order.dueAtMs ?? nowMs),
    stock: "leave",
    cart: "leave",
    action: "refund.told",
    reason: refundReasons.atProvider,
  };
}
