/** How a refund goes on until the provider has confirmed it; asking for it is for the service. */
import { type EpochMs, later, secondsToMs } from "../../base/time.ts";
import type { Order, Refund, RefundEntry } from "../../orders/order.ts";
import type { RefundState, ToldRefund } from "../../providers/provider.ts";
import { withDue } from "../outcome.ts";
import { computeRest, findRefund, isOpen, withRefund } from "./refund.ts";
import { confirmed, givenUp, isSaidDone, reduced, shrunk, withTold } from "./refund-telling.ts";

const firstPauseMs = secondsToMs(15);
const longestPauseMs = secondsToMs(6 * 3600);

/** The pause before the next attempt: doubles each time, up to six hours, and never gives up. */
export function pauseAfter(attempts: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempts, 20));
}

/** What the provider said to a refund. */
export type RefundAnswer =
  /** With the amount where an earlier try was found, which may have been for more than is owed by now. */
  | (RefundState & { readonly amountMinor?: number })
  /** It could not be asked, or failed: the next attempt will ask again. */
  | { readonly status: "unanswered"; readonly lastError: string }
  /** A dispute of the payment may take that money, too: nobody is asked before it is decided. */
  | { readonly status: "disputed" }
  /** The money has gone back by other means; `told` is what the provider knows, where it may have been asked before. */
  | { readonly status: "outside"; readonly told?: readonly ToldRefund[] }
  /** It refuses for good; `told` is every refund of the payment that it knows. */
  | {
      readonly status: "refused";
      readonly lastError: string;
      readonly told: readonly ToldRefund[];
    };

/** Money that went back elsewhere counts: only the rest is owed, and only a refusal of that is one for good. */
function refused(
  order: Order,
  refund: Refund,
  { lastError, told, nowMs }: { lastError: string; told: readonly ToldRefund[]; nowMs: EpochMs },
): Order {
  const next = withTold(order, refund, { refunds: told, nowMs });
  const own = findRefund(next, refund.refundId) ?? refund;
  // What went back elsewhere is known now: it is owed for less, or it was this very refund.
  if (!isOpen(own) || own.failures !== refund.failures) return next;
  const restMinor = computeRest(next, refund.paymentId, refund.refundId);
  if (restMinor < refund.amountMinor) return withRefund(next, shrunk(own, restMinor));
  return withRefund(next, { ...own, status: "failed", lastError });
}

/** A provider that does not know our names has told of this refund already, as if somebody else had given it. */
function withoutTwin(order: Order, ourId: string, refundId: string): Order {
  const { refunds = {} } = order.payment ?? {};
  const isTwin = ([id, { isOutside, providerRefundId, gaveUp }]: [string, RefundEntry]): boolean =>
    id !== ourId &&
    isOutside === true &&
    (providerRefundId === refundId || gaveUp?.includes(refundId) === true);
  const others = Object.entries(refunds).filter((entry) => !isTwin(entry));
  if (others.length === Object.keys(refunds).length) return order;
  return { ...order, payment: { ...order.payment, refunds: Object.fromEntries(others) } } as Order;
}

/** What no try has brought about has gone back by other means. */
function noted(
  order: Order,
  refund: Refund,
  { told, nowMs }: { told: readonly ToldRefund[]; nowMs: EpochMs },
): Order {
  const next = withTold(order, refund, { refunds: told, nowMs });
  const own = findRefund(next, refund.refundId) ?? refund;
  if (own.providerRefundId !== undefined) {
    return withDue(next, later(nowMs, pauseAfter(own.attempts)));
  }
  const { lastError: _error, ...rest } = own;
  return withDue(withRefund(next, { ...rest, status: "done" }), nowMs);
}

/** The provider says what has become of it. */
const isNews = ({ status }: RefundAnswer): boolean =>
  status === "done" || status === "requested" || status === "failed";

/**
 * The order after the provider answered to a refund, or did not: then it is tried again. One that was answered
 * meanwhile stays as it is.
 */
export function afterAttempt(
  order: Order,
  { refundId, failures, isOutside: wasOutside }: Refund,
  { answer, nowMs }: { answer: RefundAnswer; nowMs: EpochMs },
): Order {
  const refund = findRefund(order, refundId);
  if (!refund || refund.failures !== failures) return order;
  // Then it has gone this way, too, and the books say what the provider says.
  if (isSaidDone(refund) && answer.status === "done") {
    return withRefund(order, confirmed(refund, answer));
  }
  if (!isOpen(refund)) return order;
  if (answer.status === "outside") {
    return noted(order, refund, { told: answer.told ?? [], nowMs });
  }
  // Somebody has said so during this try: what has become of it is for who looks when no try is left.
  if (refund.isOutside && !wasOutside && !isNews(answer)) return order;
  if (answer.status === "disputed") {
    const waiting = { ...refund, lastError: "disputed" };
    return withDue(withRefund(order, waiting), later(nowMs, longestPauseMs));
  }
  const asked = { ...refund, attempts: refund.attempts + 1 };
  const dueMs = later(nowMs, pauseAfter(asked.attempts));
  if (answer.status === "refused") {
    return withDue(refused(withRefund(order, asked), asked, { ...answer, nowMs }), dueMs);
  }
  if (answer.status === "unanswered") {
    return withDue(withRefund(order, { ...asked, lastError: answer.lastError }), dueMs);
  }
  const answered =
    answer.status === "failed"
      ? givenUp(order, asked, { refundId: answer.refundId, lastError: "gave_up" })
      : { ...confirmed(asked, answer), amountMinor: answer.amountMinor ?? asked.amountMinor };
  const next = withDue(withRefund(withoutTwin(order, refundId, answer.refundId), answered), dueMs);
  // What was given up is owed for what disputes have left since it was asked for: no more would ever be taken on.
  return answer.status === "failed" ? reduced(next, refund.paymentId) : next;
}
