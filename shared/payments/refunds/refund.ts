/** The refunds of an order: which there are, what could still go back, and what they make of the order's status. */
import { derivedId } from "../../base/derived-ids.ts";
import { type EpochMs, later, secondsToMs } from "../../base/time.ts";
import type { Order, Refund, RefundEntry } from "../../orders/order.ts";
import type { PaymentFact } from "../../providers/provider.ts";
import { sumLost, sumWithheld } from "../disputes/dispute.ts";

/** Why money goes back by itself. */
export const refundReasons = {
  soldOut: "The units were gone when the money came",
  mismatch: "Amount or currency differ from the order",
  paidTwice: "The order was paid before",
  tooLate: "The money came too late",
  priceRose: "The price had risen when the money came",
  atProvider: "Refunded at the provider",
} as const;

/** How many refunds an order can have that were asked for here. */
export const maxRefunds = 100;

/** The money of an order goes back, or has. */
export type RefundOrder = Extract<Order, { status: "refund_due" | "refunded" }>;

/** Whether the money of an order goes back, or has. */
export function isRefund(order: Order): order is RefundOrder {
  return order.status === "refund_due" || order.status === "refunded";
}

/** Whether something is still to be asked of the provider. */
export function isOpen({ status }: Pick<RefundEntry, "status">): boolean {
  return status === "due" || status === "requested";
}

/** No try lives so long: neither the process that makes it, nor what that has sent to a provider. */
export const longestTryMs = secondsToMs(300);

/** Whether a try may be under way that began before somebody said that the money had gone back by other means. */
export function mayBeUnderWay(refund: Refund, nowMs: EpochMs): boolean {
  const { saidAtMs, providerRefundId } = refund;
  if (saidAtMs === undefined || providerRefundId !== undefined) return false;
  return nowMs < later(saidAtMs, longestTryMs);
}

/** A refund as it is kept, with what goes without saying: it is of the payment that settled the order. */
function parseEntry(order: Order, refundId: string, { of, ...entry }: RefundEntry): Refund {
  const {
    provider = order.paymentMethod,
    transactionId = "",
    paymentId = "",
  } = order.payment ?? {};
  const settled = { provider, transactionId, paymentId, currency: order.currency };
  return { ...entry, ...(of ?? settled), refundId };
}

/** All refunds of an order, finished or not, the oldest first. */
export function listRefunds(order: Order): Refund[] {
  const entries = Object.entries(order.payment?.refunds ?? {});
  return entries
    .map(([refundId, entry]) => parseEntry(order, refundId, entry))
    .toSorted(
      (one, other) =>
        one.createdAtMs - other.createdAtMs || (one.refundId < other.refundId ? -1 : 1),
    );
}

/** The refund of this id, if the order has it. */
export function findRefund(order: Order, refundId: string): Refund | undefined {
  const entry = order.payment?.refunds?.[refundId];
  return entry && parseEntry(order, refundId, entry);
}

/** The refunds of an order that the provider has not confirmed yet. */
export function listOpenRefunds(order: Order): Refund[] {
  return listRefunds(order).filter(isOpen);
}

/** Since when all money of the order is to go back: since the first of what is not back; no time unless it is. */
export function owedSince(order: Order): EpochMs | undefined {
  if (order.status !== "refund_due") return undefined;
  const first = listRefunds(order).find(({ status }) => status !== "done");
  return first?.createdAtMs ?? order.createdAtMs;
}

/** What a payment of the order brought; nothing is known of others. */
export function capturedBy({ payment }: Order, paymentId: string): number | undefined {
  if (payment?.paymentId === paymentId) return payment.capturedMinor;
  return payment?.extraMinor?.[paymentId];
}

/** What of a payment no refund but `besides` has paid back or is to; below 0 where more went back than came. */
function computeKept(order: Order, paymentId: string, besides?: string): number {
  const counted = listRefunds(order).filter(
    (refund) =>
      refund.paymentId === paymentId && refund.status !== "failed" && refund.refundId !== besides,
  );
  const back = counted.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return (capturedBy(order, paymentId) ?? 0) - back;
}

/**
 * What of a payment neither went back nor is to go back, but for the refund `besides`; never below 0. What is lost to
 * a dispute has gone back.
 */
export function computeRest(order: Order, paymentId: string, besides?: string): number {
  return Math.max(0, computeKept(order, paymentId, besides) - sumLost(order, paymentId));
}

/** What of that can be paid back now: what is disputed may be lost, and would go back twice. */
export function computeRefundable(order: Order, paymentId: string, besides?: string): number {
  return Math.max(0, computeRest(order, paymentId, besides) - sumWithheld(order, paymentId));
}

/** All that the settling payment brought is with the shopper again, and nothing more is to be asked for. */
function isAllBack(order: Order): boolean {
  const { paymentId = "", capturedMinor = 0 } = order.payment ?? {};
  const own = listRefunds(order).filter((refund) => refund.paymentId === paymentId);
  const done = own.filter(({ status }) => status === "done");
  const back = done.reduce((sum, { amountMinor }) => sum + amountMinor, sumLost(order, paymentId));
  return back >= capturedMinor && !own.some(isOpen);
}

/**
 * The order with its balance and status brought up to date with its refunds and disputes: it is `refund_due` once
 * refunds leave nothing of the money to the shop, and `refunded` once all of it is back. A dispute alone ends no order.
 */
export function withBalance(order: Order): Order {
  const { payment, status } = order;
  if (payment?.paymentId === undefined) return order;
  const { paymentId } = payment;
  const refundableMinor = computeRefundable(order, paymentId);
  const next = { ...order, payment: { ...payment, refundableMinor } } as Order;
  if (status === "paid" && computeKept(order, paymentId) <= 0 && payment.capturedMinor !== 0) {
    return withBalance({ ...next, status: "refund_due", isSold: true } as Order);
  }
  if (status !== "refund_due" && status !== "refunded") return next;
  return { ...next, status: isAllBack(next) ? "refunded" : "refund_due" } as Order;
}

/** The order with a refund put in place of the one that it had by this id; its status follows. */
export function withRefund(order: Order, refund: Refund): Order {
  const { refundId, provider, transactionId, paymentId, currency, ...entry } = refund;
  const of = { provider, transactionId, paymentId, currency };
  const refunds = { ...order.payment?.refunds, [refundId]: { ...entry, of } };
  const payment = { provider, transactionId, ...order.payment, refunds };
  return withBalance({ ...order, payment } as Order);
}

/** The id of the refund that some name of it leads to: a repetition meets it. */
export function makeRefundId(orderId: string, ...names: readonly string[]): string {
  return derivedId("rfd", orderId, ...names);
}

/** A refund of all that a payment brought, due at once and by nobody's wish. */
export function makeRefund(fact: PaymentFact, reason: string, nowMs: EpochMs): Refund {
  const { transactionId, paymentId, provider, amountMinor, currency, orderId } = fact;
  const of = { transactionId, paymentId, provider, currency };
  const refundId = makeRefundId(orderId, "payment", paymentId);
  return { refundId, status: "due", reason, amountMinor, createdAtMs: nowMs, attempts: 0, ...of };
}

/**
 * The same for every attempt at the same refund, so that a provider pays once. Only after the provider itself
 * has given a refund up, or refused it, does the next attempt carry a new key.
 */
export function refundKey({ refundId, failures = 0 }: Refund): string {
  return failures > 0 ? `${refundId}-again-${failures}` : refundId;
}
