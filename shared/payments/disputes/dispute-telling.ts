/**
 * What a dispute that a provider tells of does to an order: it is on record, and what it takes cannot be paid back a
 * second time. No unit moves and no paid order ends by it: that is for people to decide.
 */
import type { EpochMs } from "../../base/time.ts";
import type { Order } from "../../orders/order.ts";
import type { PaymentFact } from "../../providers/provider.ts";
import { type Outcome, remembering, withDue } from "../outcome.ts";
import {
  capturedBy,
  computeRest,
  isRefund,
  makeRefund,
  makeRefundId,
  withBalance,
  withRefund,
} from "../refunds/refund.ts";
import { reduced } from "../refunds/refund-telling.ts";
import {
  countDisputes,
  findDispute,
  isNewer,
  sumLost,
  maxDisputes,
  withDispute,
} from "./dispute.ts";

/** Why money goes back that a dispute had taken, and that came home. */
const cameHome = "A dispute was won after all";

/**
 * Money that was all to go back, an order's or that of a payment beside it, is owed even where a dispute had taken it,
 * once that is with the shop again.
 */
function owingAgain(before: Order, next: Order, fact: PaymentFact, nowMs: EpochMs): Order {
  const { paymentId, orderId, dispute } = fact;
  const homeMinor = sumLost(before, paymentId) - sumLost(next, paymentId);
  const amountMinor = Math.min(homeMinor, computeRest(next, paymentId));
  const isOwed = isRefund(before) || paymentId !== before.payment?.paymentId;
  if (!isOwed || amountMinor <= 0) return next;
  const refund = makeRefund({ ...fact, amountMinor }, cameHome, nowMs);
  const told = String(dispute?.toldAtMs);
  const refundId = makeRefundId(orderId, "dispute", dispute!.disputeId, told);
  return withRefund(next, { ...refund, refundId });
}

/**
 * What a dispute does to an order; undefined when the order knows it, or something newer of it, or has as many as it
 * keeps. A dispute implies its payment: `whenUnknown` says what that does to an order that has not heard of it.
 */
export function whenDisputed(
  order: Order,
  fact: PaymentFact,
  { nowMs, whenUnknown }: { nowMs: EpochMs; whenUnknown: () => Outcome | undefined },
): Outcome | undefined {
  const { dispute, paymentId } = fact;
  if (capturedBy(order, paymentId) === undefined) return whenUnknown();
  if (!dispute) return undefined;
  const known = findDispute(order, dispute.disputeId);
  if (known ? !isNewer(dispute, known) : countDisputes(order) >= maxDisputes) return undefined;
  const told = withBalance(withDispute(order, paymentId, dispute));
  const owed = owingAgain(order, reduced(told, paymentId), fact, nowMs);
  // Refunds that waited for the decision go on.
  const dueMs = dispute.isOver ? nowMs : (order.dueAtMs ?? nowMs);
  return {
    next: withDue(remembering(owed, fact, nowMs), dueMs),
    stock: "leave",
    cart: "leave",
    action: "payment.disputed",
    reason: dispute.status,
  };
}
