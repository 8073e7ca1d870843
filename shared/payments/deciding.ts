/** What a fact of a provider does to an order: money that moves, or a bank that is at work on it. */
import { type EpochMs, epochMs, later } from "../base/time.ts";
import { deadlineWithin } from "../inventory/deadline.ts";
import { isProcessing, type Order, type PaymentMethod } from "../orders/order.ts";
import type { PaymentFact } from "../providers/provider.ts";
import { factKey } from "./fact-key.ts";
import { type Outcome, remembering, withDue } from "./outcome.ts";
import { decideOutcome, knowsTransaction, type MoneyRules } from "./payment.ts";

/** The shop's rules that decide with. */
export interface DecidingRules extends MoneyRules {
  /** How long an order may hold its units altogether while a bank is at work on it, in milliseconds. */
  readonly processingMs: (method: PaymentMethod) => number;
}

/** Until when an order may hold its units while a bank is at work; never earlier than it does already. */
function processingUntil(order: Order, longestMs: number): EpochMs {
  const latestMs = deadlineWithin(later(order.createdAtMs, longestMs), longestMs);
  return epochMs(Math.max(order.expiresAtMs, latestMs));
}

/**
 * The shopper has paid and a bank takes its time: what is held stays held, up to the method's own limit. Once
 * the order has ended, or another payment has come, it is only something to note.
 */
function whenProcessing(
  order: Order,
  fact: PaymentFact,
  { nowMs, processingMs }: DecidingRules,
): Outcome | undefined {
  const { payment } = order;
  const isOurs = payment && knowsTransaction(order, fact.transactionId);
  if (order.status !== "pending" || !isOurs || isProcessing(order)) return undefined;
  const expiresAtMs = processingUntil(order, processingMs(fact.provider));
  const next = { ...order, expiresAtMs, payment: { ...payment, state: "processing" } } as const;
  const isLonger = expiresAtMs > order.expiresAtMs;
  return {
    next: withDue(remembering(next, fact, nowMs), nowMs),
    stock: isLonger ? "extend" : "leave",
    cart: "leave",
  };
}

/**
 * What a fact does to an order, or undefined when it changes nothing: it is known already, or the
 * order has moved past it.
 */
export function decide(order: Order, fact: PaymentFact, rules: DecidingRules): Outcome | undefined {
  if (fact.kind !== "processing") return decideOutcome(order, fact, rules);
  return order.events?.[factKey(fact)] ? undefined : whenProcessing(order, fact, rules);
}
