/** How a refund goes on until the provider has confirmed it; asking for it is for the service. */
import { type EpochMs, later, secondsToMs } from "../base/time.ts";
import type { Order, PaidOrder, Refund } from "../orders/order.ts";
import type { RefundState } from "../providers/provider.ts";
import { isRefund, type Outcome, refundsOf, withDue } from "./payment.ts";

const firstPauseMs = secondsToMs(15);
const longestPauseMs = secondsToMs(6 * 3600);

/** The pause before the next attempt: doubles each time, up to six hours, and never gives up. */
export function pauseAfter(attempts: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempts, 20));
}

/** The refunds of an order that the provider has not confirmed yet. */
export function openRefundsOf(order: Order): Refund[] {
  return refundsOf(order).filter(({ status }) => status !== "done");
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

function answered(refund: Refund, state: RefundState | undefined): Refund {
  const { refundId: _before, ...asked } = { ...refund, attempts: refund.attempts + 1 };
  if (!state) return { ...refund, attempts: asked.attempts };
  const { status, refundId } = state;
  if (status !== "failed") return { ...asked, refundId, status };
  return { ...asked, status: "due", failures: (refund.failures ?? 0) + 1 };
}

/** The order after the provider answered to a refund, or did not (`undefined`): then it is tried again. */
export function afterAttempt(
  order: Order,
  refund: Refund,
  { state, nowMs }: { state: RefundState | undefined; nowMs: EpochMs },
): Order {
  const updated = answered(refund, state);
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
