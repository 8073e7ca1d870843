/**
 * What providers tell of refunds, ours or not. A refund only ever gets further (asked for, done, failed), so what is
 * told late, twice or in another order comes to the same.
 */
import type { EpochMs } from "../../base/time.ts";
import type { Order, Refund } from "../../orders/order.ts";
import type { RefundedPayment } from "../../orders/order-refund.ts";
import { listReturnable, restocked } from "../../orders/order-returns.ts";
import type { PaymentFact, ToldRefund } from "../../providers/provider.ts";
import { captured, type Outcome, remembering, withDue } from "../outcome.ts";
import {
  capturedBy,
  computeRest,
  findRefund,
  isOpen,
  isRefund,
  listRefunds,
  makeRefundId,
  refundReasons,
  withRefund,
} from "./refund.ts";

/** After so many refunds that the provider took on and then gave up, no further one is tried. */
const mostFailures = 5;

/**
 * The provider took the refund on and gave it up: it is due again under another key, or given up for good. One that
 * somebody gave at the provider is asked for by us from now on where all of the money was to go back: what was
 * bought for it may be sold to others already.
 */
export function givenUp(
  order: Order,
  refund: Refund,
  { refundId, lastError }: { readonly refundId: string; readonly lastError: string },
): Refund {
  const { providerRefundId: _failed, isOutside = false, ...ours } = refund;
  const failures = (refund.failures ?? 0) + 1;
  const failed = { ...ours, failures, gaveUp: [...(refund.gaveUp ?? []), refundId], lastError };
  // It has gone back by other means, too: nobody owes it again.
  if (refund.saidAtMs !== undefined) return { ...failed, isOutside: true, status: "due" };
  const isAll = refund.amountMinor >= (capturedBy(order, refund.paymentId) ?? 0);
  if (isOutside && !isAll && !isRefund(order)) {
    return { ...failed, isOutside: true, status: "failed" };
  }
  return { ...failed, status: failures > mostFailures ? "failed" : "due" };
}

/** A refund that the provider has, or will have, done; what went before is forgotten. */
export function confirmed(refund: Refund, told: Pick<ToldRefund, "refundId" | "status">): Refund {
  const { lastError: _error, ...rest } = refund;
  return {
    ...rest,
    status: told.status === "done" ? "done" : "requested",
    providerRefundId: told.refundId,
  };
}

/**
 * Which refund of the payment is meant; one of ours says so, even before its name is known here. Where no provider can
 * say it, what is asked for at this moment has just been carried out: taken for somebody else's it would count twice,
 * and be asked for once more.
 */
function findTold(order: Order, paymentId: string, told: ToldRefund): Refund | undefined {
  const { refundId, ourRefundId, amountMinor, isNameless = false } = told;
  const refunds = listRefunds(order);
  const known = refunds.find(
    (each) => each.providerRefundId === refundId || each.gaveUp?.includes(refundId),
  );
  if (known) return known;
  if (isNameless) {
    const alike = refunds.filter(
      (each) => each.paymentId === paymentId && each.amountMinor === amountMinor && isOpen(each),
    );
    return alike.find(({ providerRefundId }) => providerRefundId === undefined);
  }
  if (ourRefundId === undefined) return undefined;
  const own = findRefund(order, ourRefundId);
  // Another try at it has been taken on since.
  return own?.providerRefundId === undefined ? own : undefined;
}

/** Money that somebody gave back at the provider, as it is first heard of. */
function outsideRefund(
  order: Order,
  payment: RefundedPayment,
  { refundId, amountMinor, status }: ToldRefund,
  nowMs: EpochMs,
): Refund {
  const { provider, transactionId, paymentId, currency } = payment;
  return {
    refundId: makeRefundId(order.orderId, "outside", refundId),
    status: status === "done" ? "done" : "requested",
    reason: refundReasons.atProvider,
    amountMinor,
    createdAtMs: nowMs,
    attempts: 0,
    providerRefundId: refundId,
    isOutside: true,
    provider,
    transactionId,
    paymentId,
    currency,
  };
}

/** Somebody said, while the provider was asked, that the money had gone back by other means. */
export const isSaidDone = ({ isOutside, providerRefundId, status }: Refund): boolean =>
  isOutside === true && providerRefundId === undefined && status === "done";

/** What a told refund makes of the one that is meant; undefined when that knows it already. */
function advanced(order: Order, refund: Refund, told: ToldRefund): Refund | undefined {
  if (refund.gaveUp?.includes(told.refundId)) return undefined;
  // What was asked for before somebody said so has gone this way, too; what came to nothing changes nothing.
  if (isSaidDone(refund)) return told.status === "done" ? confirmed(refund, told) : undefined;
  if (told.status === "failed") {
    return givenUp(order, refund, { refundId: told.refundId, lastError: "failed_later" });
  }
  const isNews = told.status === "done" ? refund.status !== "done" : refund.status === "due";
  if (!isNews) return undefined;
  return { ...confirmed(refund, told), amountMinor: told.amountMinor };
}

/** What was not asked for yet is owed for what is left only, when money went back elsewhere or was lost to a dispute. */
export function reduced(order: Order, paymentId: string): Order {
  let next = order;
  for (const refund of listRefunds(order)) {
    if (refund.status !== "due" || refund.paymentId !== paymentId) continue;
    const restMinor = computeRest(next, paymentId, refund.refundId);
    if (restMinor < refund.amountMinor) next = withRefund(next, shrunk(refund, restMinor));
  }
  return next;
}

/** A refund of which only so much is still owed, under a key of its own. */
export function shrunk(refund: Refund, restMinor: number): Refund {
  if (restMinor <= 0) return { ...refund, status: "done", amountMinor: 0 };
  const failures = (refund.failures ?? 0) + 1;
  return { ...refund, status: "due", amountMinor: restMinor, failures };
}

/** The order once it knows these refunds of one of its payments; the same order when they are no news. */
export function withTold(
  order: Order,
  payment: RefundedPayment,
  { refunds, nowMs }: { refunds: readonly ToldRefund[]; nowMs: EpochMs },
): Order {
  let next = order;
  for (const told of refunds) {
    const known =
      findTold(next, payment.paymentId, told) ?? outsideRefund(next, payment, told, nowMs);
    const isNew = findRefund(next, known.refundId) === undefined;
    const refund = advanced(next, known, told) ?? (isNew ? known : undefined);
    if (refund) next = withRefund(next, refund);
  }
  return next === order ? order : reduced(next, payment.paymentId);
}

/** All of the payment went back at once, though nobody here asked for it. */
function findWhole(order: Order, { refunds = [], amountMinor, paymentId }: PaymentFact) {
  return refunds.find(
    (told) => told.amountMinor >= amountMinor && !findTold(order, paymentId, told),
  );
}

/** The same as if it was asked for only: an order goes by `refund_due` to `refunded`. */
const askedFor = (told: ToldRefund): ToldRefund =>
  told.status === "done" ? { ...told, status: "requested" } : told;

/** An unpaid order whose money came and went: it buys nothing any more, and what it holds is let go. */
function whenCameAndWent(order: Order, fact: PaymentFact, nowMs: EpochMs): Outcome {
  const refunds = (fact.refunds ?? []).map(askedFor);
  const settled = {
    ...order,
    status: "refund_due",
    payment: captured(order, fact, nowMs),
  } as const;
  const next = withTold(remembering(settled, fact, nowMs), fact, { refunds, nowMs });
  return {
    next: withDue(next, nowMs),
    stock: order.status === "pending" ? "release" : "leave",
    // As if the capture had been told first: it would have emptied the cart.
    cart: "complete",
    reason: refundReasons.atProvider,
  };
}

/** What was bought for money that is all back at once comes back, too. */
function takingBack(order: Order, outcome: Outcome, refundId: string): Outcome {
  const lines = listReturnable(order);
  const units = restocked(order, lines);
  const refund = findRefund(outcome.next, refundId);
  if (!refund || units.length === 0) return outcome;
  const next = withRefund(outcome.next, { ...refund, lines });
  const back = { units, refundId };
  return { ...outcome, next, stock: "takeBack", back, corrected: outcome };
}

/**
 * What refunds that a provider tells of do to an order; undefined when it knows them. `whenUnknown` says what the
 * payment itself does to an order that has not heard of it.
 */
export function whenRefundsTold(
  order: Order,
  fact: PaymentFact,
  { nowMs, whenUnknown }: { nowMs: EpochMs; whenUnknown: () => Outcome | undefined },
): Outcome | undefined {
  const whole = findWhole(order, fact);
  if (capturedBy(order, fact.paymentId) === undefined) {
    const hasSettled = order.payment?.paymentId !== undefined;
    return whole && !hasSettled ? whenCameAndWent(order, fact, nowMs) : whenUnknown();
  }
  const refunds = fact.refunds ?? [];
  let next = withTold(order, fact, { refunds, nowMs });
  if (next === order) return undefined;
  if (order.status === "paid" && next.status === "refunded") {
    next = withTold(order, fact, { refunds: refunds.map(askedFor), nowMs });
  }
  const told = withDue(remembering(next, fact, nowMs), order.dueAtMs ?? nowMs);
  const outcome: Outcome = {
    next: told,
    stock: "leave",
    cart: "leave",
    action: "refund.told",
    reason: refundReasons.atProvider,
  };
  const isSettling = order.payment?.paymentId === fact.paymentId;
  if (!whole || !isSettling || isRefund(order)) return outcome;
  return takingBack(order, outcome, makeRefundId(order.orderId, "outside", whole.refundId));
}

/** How often providers have given up refunds of the order. */
export function countGivenUp(order: Order): number {
  return listRefunds(order).reduce((sum, { gaveUp = [] }) => sum + gaveUp.length, 0);
}

/** Whether the provider was never asked for a refund that is open: it became due just now. */
export function hasNewRefunds(order: Order): boolean {
  return listRefunds(order).some((refund) => isOpen(refund) && refund.attempts === 0);
}
