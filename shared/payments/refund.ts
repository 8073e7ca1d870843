/** How a refund goes on until the provider has confirmed it; asking for it is for the service. */
import { type EpochMs, later, secondsToMs } from "../base/time.ts";
import type { Order, PaidOrder, Refund, RefundOrder } from "../orders/order.ts";
import type { RefundState } from "../providers/provider.ts";
import { isOpen, isRefund, type Outcome, listRefunds, withDue } from "./payment.ts";

const firstPauseMs = secondsToMs(15);
const longestPauseMs = secondsToMs(6 * 3600);

/** The pause before the next attempt: doubles each time, up to six hours, and never gives up. */
export function pauseAfter(attempts: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempts, 20));
}

/** The refunds of an order that the provider has not confirmed yet. */
export function listOpenRefunds(order: Order): Refund[] {
  return listRefunds(order).filter(isOpen);
}

/**
 * The same for every attempt at the same refund, so that a provider pays once: the order's id for
 * what paid the order, with the payment added for any further one. Only after the provider itself
 * has given a refund up does the next attempt carry a new key.
 */
export function refundKey(order: Order, { paymentId, failures = 0 }: Refund): string {
  const isExtra = order.payment?.refund?.paymentId !== paymentId;
  const base = isExtra ? `${order.orderId}-${paymentId}` : order.orderId;
  return failures > 0 ? `${base}-again-${failures}` : base;
}

/** What the provider said to a refund. */
export type RefundAnswer =
  | RefundState
  /** It could not be asked, or failed: the next attempt will ask again. */
  | { readonly status: "unanswered"; readonly lastError: string }
  /** It refuses for good, though it owes this much less: `restMinor` could still be paid back. */
  | { readonly status: "refused"; readonly lastError: string; readonly restMinor: number };

/** After so many refunds that the provider took on and then gave up, no further one is tried. */
const mostFailures = 5;

function answered(refund: Refund, answer: RefundAnswer): Refund {
  const attempts = refund.attempts + 1;
  if (answer.status === "unanswered") return { ...refund, attempts, lastError: answer.lastError };
  const { refundId: _before, lastError: _error, ...asked } = { ...refund, attempts };
  const failures = (refund.failures ?? 0) + 1;
  if (answer.status === "refused") {
    const { restMinor, lastError } = answer;
    // Money that went back elsewhere counts: only the rest is owed, under a key of its own.
    if (restMinor <= 0) return { ...asked, status: "done" };
    if (restMinor >= refund.amountMinor) return { ...asked, status: "failed", lastError };
    return { ...asked, status: "due", amountMinor: restMinor, failures, lastError };
  }
  const { status, refundId } = answer;
  if (status !== "failed") return { ...asked, refundId, status };
  const lastError = "gave_up";
  if (failures > mostFailures) return { ...asked, status: "failed", failures, lastError };
  return { ...asked, status: "due", failures, lastError };
}

/** The order after the provider answered to a refund, or did not: then it is tried again. */
export function afterAttempt(
  order: Order,
  refund: Refund,
  { answer, nowMs }: { answer: RefundAnswer; nowMs: EpochMs },
): Order {
  const updated = answered(refund, answer);
  const isMain = isRefund(order) && order.payment.refund.paymentId === refund.paymentId;
  const next: Order = isMain
    ? {
        ...order,
        status: updated.status === "done" ? "refunded" : order.status,
        payment: { ...order.payment, refund: updated },
      }
    : { ...order, extraRefunds: { ...order.extraRefunds, [refund.paymentId]: updated } };
  return withDue(next, later(nowMs, pauseAfter(updated.attempts)));
}

/** Refunds that were refused for good, to be asked for once more because somebody says so. */
export function reopened(order: RefundOrder, nowMs: EpochMs): Order {
  const open = (refund: Refund): Refund =>
    refund.status === "failed" ? { ...refund, status: "due", attempts: 0 } : refund;
  const { payment, extraRefunds } = order;
  const extras = Object.entries(extraRefunds ?? {}).map(([id, refund]) => [id, open(refund)]);
  return withDue(
    {
      ...order,
      payment: { ...payment, refund: open(payment.refund) },
      ...(extraRefunds ? { extraRefunds: Object.fromEntries(extras) } : {}),
    },
    nowMs,
  );
}

/** A paid order whose money goes back because an administrator says so; its units come back at once. */
export function refundRequested(order: PaidOrder, reason: string, nowMs: EpochMs): Outcome {
  const { provider, transactionId, paymentId, capturedMinor: amountMinor } = order.payment;
  const what = { amountMinor, currency: order.currency, provider, transactionId, paymentId };
  const payment = {
    ...order.payment,
    refund: { status: "due", reason, attempts: 0, ...what },
  } as const;
  const next: Order = { ...order, status: "refund_due", payment };
  return { next: withDue(next, nowMs), stock: "takeBack", cart: "leave" };
}
