/** Mistakes in what disputes promise, and in what is noted of events; only refunds with a bank's disputes meet them. */
import type { PlantedFault } from "./faults.ts";

const rules = "shared/payments/disputes/dispute.ts";
const telling = "shared/payments/disputes/dispute-telling.ts";
const refunds = "shared/payments/refunds/refund.ts";
const asking = "shared/payments/refunds/refund-asking.ts";
const outcomes = "shared/payments/outcome.ts";
const keys = "shared/payments/fact-key.ts";
const receiving = "shared/payments/receiving.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  [
    "an older telling of a dispute opens it again",
    rules,
    "if (told.toldAtMs !== known.toldAtMs) return told.toldAtMs > known.toldAtMs;",
    "if (told.toldAtMs !== known.toldAtMs) return true;",
  ],
  [
    "what was lost to a dispute is paid back besides",
    refunds,
    "return Math.max(0, computeKept(order, paymentId, besides) - sumLost(order, paymentId));",
    "return Math.max(0, computeKept(order, paymentId, besides) - 0 * sumLost(order, paymentId));",
  ],
  [
    "what is due stays as it was when a dispute is lost",
    telling,
    "const owed = owingAgain(order, reduced(told, paymentId), fact, nowMs);",
    "const owed = owingAgain(order, reduced(told, `no ${paymentId}`), fact, nowMs);",
  ],
  [
    "a dispute that is won after all is forgotten by who is owed the money",
    telling,
    "if (!isOwed || amountMinor <= 0) return next;",
    "if (!isOwed || amountMinor <= 1_000_000_000) return next;",
  ],
  [
    "of a payment beside the order's own nothing is owed again",
    telling,
    "const isOwed = isRefund(before) || paymentId !== before.payment?.paymentId;",
    "const isOwed = isRefund(before);",
  ],
  [
    "what is lost to a dispute is not with the shopper",
    refunds,
    "const back = done.reduce((sum, { amountMinor }) => sum + amountMinor, sumLost(order, paymentId));",
    "const back = done.reduce((sum, { amountMinor }) => sum + amountMinor, 0 * sumLost(order, paymentId));",
  ],
  [
    "a dispute implies no payment",
    telling,
    "if (capturedBy(order, paymentId) === undefined) return whenUnknown();",
    "if (capturedBy(order, paymentId) === undefined) return whenUnknown() && undefined;",
  ],
  [
    "every dispute is of the transaction",
    rules,
    "[foreignKey(disputeId)]: { ...facts, paymentId } };",
    "[foreignKey(disputeId)]: { ...facts, paymentId: order.payment!.transactionId } };",
  ],
  [
    "a refund that waits for a dispute is taken for done",
    asking,
    'return { status: "disputed" };',
    'return { status: "done", refundId };',
  ],
  [
    "disputes of one payment are one event",
    keys,
    "foreignKey(dispute?.disputeId ?? refundId ?? paymentId)",
    "foreignKey(refundId ?? (dispute && false) ?? paymentId)",
  ],
  [
    "what an event did is not written down",
    outcomes,
    "if (!events || events === before.events) return next;",
    "if (!events || did) return next;",
  ],
  [
    "an order hears no event at all",
    outcomes,
    "return Object.keys(events).length >= mostEvents;",
    "return Object.keys(events).length >= 0 * mostEvents;",
  ],
  [
    "an event that did nothing is not kept",
    receiving,
    "const isRemembered = hasHeard(settled, event);",
    "const isRemembered = hasHeard(settled, event) || settled !== undefined;",
  ],
];

/** See `faults.ts`. */
export const disputeFaults: readonly PlantedFault[] = faults.map(([name, file, find, replace]) => ({
  name,
  file,
  find,
  replace,
  workload: "refunds",
}));
