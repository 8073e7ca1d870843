/** What money does to an order: each fact of a provider moves it forward, or not at all. */
import { HoldfastError } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";
import type { Order, OrderStatus, PaymentMethod } from "../orders/order.ts";
import type { PaymentFact } from "../providers/provider.ts";
import { whenDisputed } from "./disputes/dispute-telling.ts";
import { factKey } from "./fact-key.ts";
import { isDiscountOver, isTooLate } from "./late-money.ts";
import { captured, hasHeardEnough, type Outcome, remembering, withDue } from "./outcome.ts";
import { capturedBy, makeRefund, refundReasons, withRefund } from "./refunds/refund.ts";
import { whenRefundsTold } from "./refunds/refund-telling.ts";

export type { PaymentAlarm } from "./payment-alarm.ts";

/** What a failed payment does: ends the order, or leaves it open for another card. */
export type OnPaymentFailure = "release" | "keep";

/** What of the shop's rules says what money does. */
export interface MoneyRules {
  readonly policy: OnPaymentFailure;
  /** For how long after an order's deadline money still buys what was ordered, in milliseconds. */
  readonly lateMoneyMs: number;
  readonly nowMs: EpochMs;
}

/** The order changed while money was about to change it; whoever meets this starts from `found`. */
export class OrderMoved extends HoldfastError {
  readonly found: Order | undefined;

  constructor(orderId: string, found: Order | undefined) {
    super("TRY_AGAIN", "The order changed in the meantime", { orderId });
    this.found = found;
  }
}

/** Whether the provider captured just what was ordered, or holds what was ordered to be paid in full. */
export function isWhatWasOrdered(order: Order, fact: PaymentFact): boolean {
  const { amountMinor, orderedMinor = amountMinor, currency } = fact;
  return orderedMinor === order.totalMinor && currency === order.currency;
}

/** Whether the order has started this transaction at some time. */
export function knowsTransaction({ payment }: Order, transactionId: string): boolean {
  if (!payment) return false;
  return payment.transactionId === transactionId || transactionId in (payment.transactions ?? {});
}

/** The transaction that the order has at this provider already, whichever it uses now. */
export function earlierTransaction({ payment }: Order, method: PaymentMethod): string | undefined {
  if (payment?.provider === method) return payment.transactionId;
  const earlier = Object.entries(payment?.transactions ?? {});
  return earlier.find(([, provider]) => provider === method)?.[0];
}

const unpaid = new Set<OrderStatus>(["pending", "failed", "cancelled", "expired"]);

/** All of a payment beyond the one that settled the order is due to go back. */
function withExtra(order: Order, fact: PaymentFact, nowMs: EpochMs): Order {
  const { paymentId, amountMinor } = fact;
  const extraMinor = { ...order.payment?.extraMinor, [paymentId]: amountMinor };
  const payment = { ...order.payment, extraMinor };
  const next = { ...order, payment } as Order;
  return withRefund(next, makeRefund(fact, refundReasons.paidTwice, nowMs));
}

/** The money goes back instead of buying anything; what the order still holds is let go. */
function refundInstead(order: Order, fact: PaymentFact, reason: string, nowMs: EpochMs): Outcome {
  const payment = captured(order, fact, nowMs);
  const settled: Order = { ...remembering(order, fact, nowMs), status: "refund_due", payment };
  const next = withRefund(settled, makeRefund(fact, reason, nowMs));
  const wasOpen = order.status === "pending";
  return {
    next: withDue(next, nowMs),
    reason,
    stock: wasOpen ? "release" : "leave",
    cart: wasOpen ? "reopen" : "leave",
  };
}

function whenCaptured(
  order: Order,
  fact: PaymentFact,
  { lateMoneyMs, nowMs }: MoneyRules,
): Outcome {
  if (!unpaid.has(order.status)) {
    const next = remembering(withExtra(order, fact, nowMs), fact, nowMs);
    return {
      next: withDue(next, nowMs),
      stock: "leave",
      cart: "leave",
      reason: refundReasons.paidTwice,
    };
  }
  if (!isWhatWasOrdered(order, fact)) {
    return refundInstead(order, fact, refundReasons.mismatch, nowMs);
  }
  if (isTooLate(order, lateMoneyMs, nowMs)) {
    return refundInstead(order, fact, refundReasons.tooLate, nowMs);
  }
  if (isDiscountOver(order, nowMs)) {
    return refundInstead(order, fact, refundReasons.priceRose, nowMs);
  }
  const payment = captured(order, fact, nowMs);
  const next: Order = { ...remembering(order, fact, nowMs), status: "paid", payment };
  return {
    next: withDue(next, nowMs),
    stock: "sell",
    cart: "complete",
    soldOut: refundInstead(order, fact, refundReasons.soldOut, nowMs),
    priceRose: refundInstead(order, fact, refundReasons.priceRose, nowMs),
  };
}

function whenFailed(
  order: Order,
  fact: PaymentFact,
  policy: OnPaymentFailure,
  nowMs: EpochMs,
): Outcome | undefined {
  const isCurrent = order.payment?.transactionId === fact.transactionId;
  if (order.status !== "pending" || !isCurrent || hasHeardEnough(order)) return undefined;
  const payment = { ...order.payment, state: "failed" } as const;
  const next = remembering({ ...order, payment }, fact, nowMs);
  if (policy === "keep") return { next, stock: "leave", cart: "leave" };
  return { next: withDue({ ...next, status: "failed" }, nowMs), stock: "release", cart: "reopen" };
}

/**
 * What a fact does to an order, or undefined when it changes nothing: it is known already, or the
 * order has moved past it.
 *
 * Facts about one payment may come in any order: a refund or a dispute implies the capture that is told later, and
 * a capture outweighs a failure before or after it.
 */
export function decideOutcome(
  order: Order,
  fact: PaymentFact,
  rules: MoneyRules,
): Outcome | undefined {
  const { policy, nowMs } = rules;
  if (fact.kind === "refunded" || fact.kind === "disputed") {
    const { refundId: _refund, refunds: _told, dispute: _dispute, ...payment } = fact;
    const capture = { ...payment, kind: "captured" } as const;
    const whenUnknown = () => whenCaptured(order, capture, rules);
    const whenTold = fact.kind === "refunded" ? whenRefundsTold : whenDisputed;
    return whenTold(order, fact, { nowMs, whenUnknown });
  }
  if (order.events?.[factKey(fact)]) return undefined;
  if (fact.kind === "failed") return whenFailed(order, fact, policy, nowMs);
  return capturedBy(order, fact.paymentId) === undefined
    ? whenCaptured(order, fact, rules)
    : undefined;
}
