/** What money does to an order: each fact of a provider moves it forward, or not at all. */
import { HoldfastError } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";
import { pendingDueAt, pickDueShard } from "../orders/due-shards.ts";
import {
  type CapturedPayment,
  type Order,
  type OrderStatus,
  type PaymentMethod,
  type Refund,
  type RefundOrder,
} from "../orders/order.ts";
import type { PaymentFact } from "../providers/provider.ts";
import { factKey } from "./fact-key.ts";

/** What a failed payment does: ends the order, or leaves it open for another card. */
export type OnPaymentFailure = "release" | "keep";

/** An order as it shall be, and what becomes of its units and its cart in the same transaction. */
export interface Outcome {
  readonly next: Order;
  /** `sell`: holds become sales, or units are taken; `takeBack`: they come back; `extend`: held for longer. */
  readonly stock: "sell" | "release" | "takeBack" | "extend" | "leave";
  readonly cart: "complete" | "reopen" | "leave";
  /** What happens instead when `sell` finds that the units are gone. */
  readonly soldOut?: Outcome;
}

/** Why money goes back. */
const refundReasons = {
  soldOut: "The units were gone when the money came",
  mismatch: "Amount or currency differ from the order",
  paidTwice: "The order was paid before",
  atProvider: "Refunded at the provider",
} as const;

/** The order changed while money was about to change it; whoever meets this starts from `found`. */
export class OrderMoved extends HoldfastError {
  readonly found: Order | undefined;

  constructor(orderId: string, found: Order | undefined) {
    super("TRY_AGAIN", "The order changed in the meantime", { orderId });
    this.found = found;
  }
}

/** What payments wake somebody for. */
export type PaymentAlarm =
  "UntoldCapture" | "AmountMismatch" | "RefundRefused" | "RefundFailed" | "UnreadablePaymentEvent";

/** Whether the provider captured just what was ordered. */
export function isWhatWasOrdered(order: Order, fact: PaymentFact): boolean {
  return fact.amountMinor === order.totalMinor && fact.currency === order.currency;
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

function makeRefund(fact: PaymentFact, reason: string): Refund {
  const { transactionId, paymentId, provider, amountMinor, currency } = fact;
  const what = { transactionId, paymentId, provider, amountMinor, currency };
  return { status: "due", reason, attempts: 0, ...what };
}

/** The order's payment once its money is on record. */
function captured(order: Order, fact: PaymentFact, nowMs: EpochMs): CapturedPayment {
  const { provider, transactionId, paymentId, amountMinor } = fact;
  const money = { capturedMinor: amountMinor, capturedAtMs: nowMs };
  return { ...order.payment, provider, transactionId, paymentId, ...money };
}

/** The order with the fact among those that it knows. */
export function remembering<T extends Order>(order: T, fact: PaymentFact, nowMs: EpochMs): T {
  const events = { ...order.events, [factKey(fact)]: { kind: fact.type, atMs: nowMs } };
  return { ...order, events };
}

function withExtra(order: Order, refund: Refund): Order {
  return { ...order, extraRefunds: { ...order.extraRefunds, [refund.paymentId]: refund } };
}

/** Whether the money of an order goes back, or has. */
export function isRefund(order: Order): order is RefundOrder {
  return order.status === "refund_due" || order.status === "refunded";
}

/** Whether something is still to be asked of the provider. */
export function isOpen({ status }: Refund): boolean {
  return status === "due" || status === "requested";
}

/** All refunds of an order, finished or not. */
export function listRefunds({ payment, extraRefunds }: Order): Refund[] {
  return [...(payment?.refund ? [payment.refund] : []), ...Object.values(extraRefunds ?? {})];
}

/**
 * The order as the sweep shall find it: at its deadline while it is pending, or shortly before where its
 * provider has to be asked, at `atMs` while a refund is open, and not at all otherwise.
 */
export function withDue(order: Order, atMs: EpochMs): Order {
  const dueShard = pickDueShard(order);
  if (listRefunds(order).some(isOpen)) return { ...order, dueShard, dueAtMs: atMs };
  if (order.status === "pending") return { ...order, dueShard, dueAtMs: pendingDueAt(order) };
  const { dueShard: _shard, dueAtMs: _atMs, ...settled } = order;
  return settled;
}

/** The money goes back instead of buying anything; what the order still holds is let go. */
function refundInstead(order: Order, fact: PaymentFact, reason: string, nowMs: EpochMs): Outcome {
  const payment = { ...captured(order, fact, nowMs), refund: makeRefund(fact, reason) };
  const next: Order = { ...remembering(order, fact, nowMs), status: "refund_due", payment };
  const wasOpen = order.status === "pending";
  return {
    next: withDue(next, nowMs),
    stock: wasOpen ? "release" : "leave",
    cart: wasOpen ? "reopen" : "leave",
  };
}

function whenCaptured(order: Order, fact: PaymentFact, nowMs: EpochMs): Outcome {
  if (!unpaid.has(order.status)) {
    const next = remembering(
      withExtra(order, makeRefund(fact, refundReasons.paidTwice)),
      fact,
      nowMs,
    );
    return { next: withDue(next, nowMs), stock: "leave", cart: "leave" };
  }
  if (!isWhatWasOrdered(order, fact)) {
    return refundInstead(order, fact, refundReasons.mismatch, nowMs);
  }
  const payment = captured(order, fact, nowMs);
  const next: Order = { ...remembering(order, fact, nowMs), status: "paid", payment };
  return {
    next: withDue(next, nowMs),
    stock: "sell",
    cart: "complete",
    soldOut: refundInstead(order, fact, refundReasons.soldOut, nowMs),
  };
}

/** A refund of a payment beyond the one that settled the order; the order stays as it is. */
function whenExtraRefunded(order: Order, fact: PaymentFact, nowMs: EpochMs): Outcome {
  const known = order.extraRefunds?.[fact.paymentId] ?? makeRefund(fact, refundReasons.atProvider);
  const next = remembering(withExtra(order, { ...known, status: "done" }), fact, nowMs);
  return { next: withDue(next, order.dueAtMs ?? nowMs), stock: "leave", cart: "leave" };
}

/**
 * The money is back with the shopper: whatever was bought for it comes back too. An order that did not
 * expect that goes to `refund_due` first, and from there, by the same fact, to `refunded`.
 */
function whenRefunded(order: Order, fact: PaymentFact, nowMs: EpochMs): Outcome {
  const { status } = order;
  const settledBefore = order.payment?.paymentId === fact.paymentId;
  if (!settledBefore && !unpaid.has(status)) return whenExtraRefunded(order, fact, nowMs);
  if (settledBefore && isRefund(order)) {
    const refund: Refund = { ...order.payment.refund, status: "done" };
    const done: Order = { ...order, status: "refunded", payment: { ...order.payment, refund } };
    return { next: withDue(remembering(done, fact, nowMs), nowMs), stock: "leave", cart: "leave" };
  }
  const settled = settledBefore && status === "paid" ? order.payment : captured(order, fact, nowMs);
  const payment = { ...settled, refund: makeRefund(fact, refundReasons.atProvider) };
  const units = { paid: "takeBack", pending: "release" } as const;
  return {
    next: withDue({ ...order, status: "refund_due", payment }, nowMs),
    stock: status === "paid" || status === "pending" ? units[status] : "leave",
    // As if the capture had been told first: it would have emptied the cart.
    cart: settledBefore ? "leave" : "complete",
  };
}

/** The money came home: it is due again, and the next attempt carries another key. */
function dueAgain({ refundId: _failed, ...refund }: Refund): Refund {
  const failures = (refund.failures ?? 0) + 1;
  return { ...refund, status: "due", lastError: "failed_later", failures };
}

/**
 * A refund failed after it was asked for, or even after it was done. One that is not ours leaves the
 * money with us, where it was before.
 */
function whenRefundFailed(order: Order, fact: PaymentFact, nowMs: EpochMs): Outcome | undefined {
  const { extraRefunds = {} } = order;
  const isFailed = ({ refundId }: Refund): boolean => refundId === fact.refundId;
  const nothingElse = { stock: "leave", cart: "leave" } as const;
  if (isRefund(order) && isFailed(order.payment.refund)) {
    const payment = { ...order.payment, refund: dueAgain(order.payment.refund) };
    const due: Order = { ...order, status: "refund_due", payment };
    return { next: withDue(remembering(due, fact, nowMs), nowMs), ...nothingElse };
  }
  const extra = Object.values(extraRefunds).find(isFailed);
  if (!extra) return undefined;
  const due = remembering(withExtra(order, dueAgain(extra)), fact, nowMs);
  return { next: withDue(due, nowMs), ...nothingElse };
}

function whenFailed(
  order: Order,
  fact: PaymentFact,
  policy: OnPaymentFailure,
  nowMs: EpochMs,
): Outcome | undefined {
  const isCurrent = order.payment?.transactionId === fact.transactionId;
  if (order.status !== "pending" || !isCurrent) return undefined;
  const payment = { ...order.payment, state: "failed" } as const;
  const next = remembering({ ...order, payment }, fact, nowMs);
  if (policy === "keep") return { next, stock: "leave", cart: "leave" };
  return { next: withDue({ ...next, status: "failed" }, nowMs), stock: "release", cart: "reopen" };
}

/**
 * What a fact does to an order, or undefined when it changes nothing: it is known already, or the
 * order has moved past it.
 *
 * Facts about one payment may come in any order: a refund implies the capture that is told later, and
 * a capture outweighs a failure before or after it.
 */
export function decideOutcome(
  order: Order,
  fact: PaymentFact,
  { policy, nowMs }: { policy: OnPaymentFailure; nowMs: EpochMs },
): Outcome | undefined {
  if (order.events?.[factKey(fact)]) return undefined;
  if (fact.kind === "failed") return whenFailed(order, fact, policy, nowMs);
  if (fact.kind === "refund_failed") return whenRefundFailed(order, fact, nowMs);
  const refund =
    order.payment?.paymentId === fact.paymentId
      ? order.payment.refund
      : order.extraRefunds?.[fact.paymentId];
  if (fact.kind === "refunded") {
    return refund?.status === "done" ? undefined : whenRefunded(order, fact, nowMs);
  }
  return refund ? undefined : whenCaptured(order, fact, nowMs);
}
