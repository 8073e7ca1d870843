/** What becomes of an order, its units and its cart in one transaction; and the parts that such steps are made of. */
import type { AuditAction } from "../base/audit-action.ts";
import type { EpochMs } from "../base/time.ts";
import type { Demand } from "../inventory/stock.ts";
import { pendingDueAt, pickDueShard } from "../orders/due-shards.ts";
import type { CapturedPayment, Order } from "../orders/order.ts";
import type { PaymentFact } from "../providers/provider.ts";
import { factKey } from "./fact-key.ts";
import { listOpenRefunds } from "./refunds/refund.ts";

/** An order as it shall be, and what becomes of its units and its cart in the same transaction. */
export interface Outcome {
  readonly next: Order;
  /** `sell`: holds become sales, or units are taken; `takeBack`: they come back; `extend`: held for longer. */
  readonly stock: "sell" | "release" | "takeBack" | "extend" | "leave";
  /** What comes back, and the refund that it comes back with. */
  readonly back?: { readonly units: readonly Demand[]; readonly refundId: string };
  readonly cart: "complete" | "reopen" | "leave";
  /** What happens instead when `sell` finds that the units are gone. */
  readonly soldOut?: Outcome;
  /** What happens instead when `sell` comes late and finds that something costs more by now. */
  readonly priceRose?: Outcome;
  /** What happens instead when the stock of what comes back was corrected by hand before. */
  readonly corrected?: Outcome;
  /** What history calls it where it moves no status, and why it happens. */
  readonly action?: AuditAction;
  readonly reason?: string;
}

/** The order's payment once its money is on record. */
export function captured(order: Order, fact: PaymentFact, nowMs: EpochMs): CapturedPayment {
  const { provider, transactionId, paymentId, amountMinor } = fact;
  const money = { capturedMinor: amountMinor, capturedAtMs: nowMs, refundableMinor: amountMinor };
  return { refunds: {}, ...order.payment, provider, transactionId, paymentId, ...money };
}

/** The order with the fact among what it has heard. */
export function remembering<T extends Order>(order: T, fact: PaymentFact, nowMs: EpochMs): T {
  const events = { ...order.events, [factKey(fact)]: { kind: fact.type, atMs: nowMs } };
  return { ...order, events };
}

/**
 * The order as the sweep shall find it: at its deadline while it is pending, or shortly before where its
 * provider has to be asked, at `atMs` while a refund is open, and not at all otherwise.
 */
export function withDue(order: Order, atMs: EpochMs): Order {
  const dueShard = pickDueShard(order);
  if (listOpenRefunds(order).length > 0) return { ...order, dueShard, dueAtMs: atMs };
  if (order.status === "pending") return { ...order, dueShard, dueAtMs: pendingDueAt(order) };
  const { dueShard: _shard, dueAtMs: _atMs, ...settled } = order;
  return settled;
}
