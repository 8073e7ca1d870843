/** What a wish makes of refunds that there are already: asked for once more, or not any more. */
import { HoldfastError } from "../../base/errors.ts";
import { providerNames } from "../../base/payment-providers.ts";
import { type EpochMs, later } from "../../base/time.ts";
import type { Order, Refund } from "../../orders/order.ts";
import { type Outcome, withDue } from "../outcome.ts";
import { computeRest, longestTryMs, withRefund } from "./refund.ts";

/** The provider has paid back, or is at it, what is said to have gone back by other means; it is on record so. */
class RefundAtProvider extends HoldfastError {
  constructor({ refundId, provider, providerRefundId, status }: Refund) {
    const told = status === "done" ? "has paid this back" : "is paying this back";
    const fields = { refundId, provider, providerRefundId, status };
    super("REFUND_AT_PROVIDER", `${provider} ${told} itself`, fields);
  }
}

/** What becomes of refunds; nothing where they are as they were wished for. */
interface Reopened {
  readonly outcome?: Outcome;
  /** What the provider may have carried out unheard, so that nobody knows yet how it went back. */
  readonly unheard?: readonly Refund[];
}

const isAtProvider = ({ providerRefundId, status }: Refund): boolean =>
  providerRefundId !== undefined && status !== "failed";

/** Money that was marked as paid has no provider that anybody could have asked. */
const mayHaveBeenAsked = ({ provider }: Refund): boolean => providerNames.includes(provider);

/** It is not to be asked for any more. A try may have begun before this, so the last word is not said yet. */
const saidOutside = (refund: Refund, nowMs: EpochMs): Refund => ({
  ...refund,
  isOutside: true,
  saidAtMs: nowMs,
});

/** The provider has answered under the key before, so the next attempt needs another one. */
function askedAnew(order: Order, refund: Refund): Refund {
  const { failures = 0 } = refund;
  const restMinor = computeRest(order, refund.paymentId, refund.refundId);
  const amountMinor = Math.min(refund.amountMinor, restMinor);
  return { ...refund, status: "due", attempts: 0, failures: failures + 1, amountMinor };
}

/**
 * Refunds that were refused for good, to be asked for once more because somebody says so; with `outside` these and
 * what is due are not to be asked for any more.
 *
 * @throws RefundAtProvider with `outside`, when all of them are the provider's
 */
export function reopened(
  order: Order,
  refunds: readonly Refund[],
  { outside = false, nowMs }: { readonly outside?: boolean | undefined; readonly nowMs: EpochMs },
): Reopened {
  let next = order;
  const unheard: Refund[] = [];
  let dueAtMs = later(nowMs, longestTryMs);
  for (const refund of refunds) {
    if (refund.isOutside) continue;
    if (outside && refund.status === "due" && mayHaveBeenAsked(refund)) {
      unheard.push(refund);
      next = withRefund(next, saidOutside(refund, nowMs));
      continue;
    }
    const due = refund.status === "failed" ? askedAnew(next, refund) : refund;
    if (due.status !== "due" || (due === refund && !outside)) continue;
    next = withRefund(next, outside ? { ...due, isOutside: true } : due);
    dueAtMs = nowMs;
  }
  if (next === order) {
    const [first] = refunds;
    if (outside && first && refunds.every(isAtProvider)) throw new RefundAtProvider(first);
    return {};
  }
  const step = { stock: "leave", cart: "leave", action: "refund.due" } as const;
  return { outcome: { next: withDue(next, dueAtMs), ...step }, unheard };
}
