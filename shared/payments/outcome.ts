/** What becomes of an order, its units and its cart in one transaction; and the parts that such steps are made of. */
import type { AuditAction } from "../base/audit-action.ts";
import type { EpochMs } from "../base/time.ts";
import type { Demand } from "../inventory/stock.ts";
import { pendingDueAt, pickDueShard } from "../orders/due-shards.ts";
import type { CapturedPayment, Order } from "../orders/order.ts";
import type { PaymentFact } from "../providers/provider.ts";
import { factKey, tellingId } from "./fact-key.ts";
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

/** How many events an order remembers: whoever tries to pay a thousand times does not make its row grow. */
const mostEvents = 50;

/** Whether the order remembers no further event. */
export function hasHeardEnough({ events = {} }: Order): boolean {
  return Object.keys(events).length >= mostEvents;
}

/** The order with the fact among what it has heard, as long as there is room for it. */
export function remembering<T extends Order>(order: T, fact: PaymentFact, nowMs: EpochMs): T {
  const { type: kind, provider } = fact;
  const key = factKey(fact);
  if (hasHeardEnough(order) && !order.events?.[key]) return order;
  const whose = provider === order.paymentMethod ? {} : { provider };
  const event = { kind, atMs: nowMs, by: tellingId(fact), ...whose };
  return { ...order, events: { ...order.events, [key]: event } };
}

/** Whether the order remembers this very telling of the fact; what is remembered from before tellings were told apart counts. */
export function hasHeard({ events }: Order, fact: PaymentFact): boolean {
  const known = events?.[factKey(fact)];
  return known !== undefined && (known.by === undefined || known.by === tellingId(fact));
}

/** The order with what the events did that it has just heard. */
export function withDeeds(before: Order, next: Order, did: AuditAction): Order {
  const { events } = next;
  if (!events || events === before.events) return next;
  const told = Object.entries(events).map(([key, event]) => {
    return [key, event === before.events?.[key] ? event : { ...event, did }] as const;
  });
  return { ...next, events: Object.fromEntries(told) };
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
