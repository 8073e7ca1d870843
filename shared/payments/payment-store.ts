/** What payments write: the order as money changed it, and events that belong to no order. */
import type { ChangeNote } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { Order } from "../orders/order.ts";
import { orderRow, type OrderRow, parseOrder } from "../orders/order-store.ts";
import type { NotedEvent, PaymentEvent } from "../providers/provider.ts";
import type { Database } from "../table/database.ts";
import {
  allOf,
  assigned,
  AttributePath,
  condition,
  type Fragment,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import { put, type Row, update, type Write } from "../table/write.ts";
import { factKey, foreignKey } from "./fact-key.ts";
import { OrderMoved } from "./payment.ts";

/** The longest text of an event that is kept. */
const longestText = 255;

/** For how long an event that is not ours stays to be looked at. */
const eventLifeMs = 90 * dayMs;

const at = pathsOf<OrderRow>();

/** Where orders of an older layout have refunds beyond the first: they were read into the payment. */
const formerRefunds = new AttributePath(["extraRefunds"]);

/** The order is the one that was read: nobody has moved, extended or paid it since. */
function orderIsAsRead({ status, expiresAtMs, revision }: Order): Fragment {
  return allOf(
    condition`${at("status")} = ${status}`,
    condition`${at("expiresAtMs")} = ${expiresAtMs}`,
    revision === undefined ? isMissing(at("revision")) : condition`${at("revision")} = ${revision}`,
  );
}

/** Puts `next` in place of the order that was read; refused with `OrderMoved` when it changed. */
export function changeOrderWrite(read: Order, next: Order, note: ChangeNote): Write {
  const { orderId } = read;
  const revision = (read.revision ?? 0) + 1;
  const { status, isSold, expiresAtMs, pieces, payment, events, dueShard, dueAtMs } = next;
  const changed = { status, isSold, expiresAtMs, pieces, payment, events, dueShard, dueAtMs };
  const { set, remove } = assigned<OrderRow>({ ...changed, revision, change: note });
  return update({
    ...orderRow(orderId),
    // What the next order does not have any more is removed from the item.
    change: { set, remove: [...remove, formerRefunds] },
    condition: orderIsAsRead(read),
    refused: (found) => new OrderMoved(orderId, found && parseOrder(found)),
    // Its own effect: the very note with the next revision.
    applied: (found) => found?.["revision"] === revision && isSameNote(found, note),
  });
}

function isSameNote(found: Row, note: ChangeNote): boolean {
  const change = found["change"] as ChangeNote | undefined;
  return (["action", "actor", "atMs"] as const).every((name) => change?.[name] === note[name]);
}

function makeEventKey(event: PaymentEvent): string {
  const id = event.kind === "noted" ? foreignKey(event.eventId) : factKey(event);
  return `${event.provider}/${id}`;
}

const eventAt = pathsOf<{ readonly eventKey: string }>();

/** An event that was kept before; it stays as it is. */
class EventKept extends HoldfastError {
  constructor() {
    super("EVENT_KEPT", "The event was kept before");
  }
}

function keepWrite(event: PaymentEvent, nowMs: EpochMs): Write {
  const { certain: _certain, ...told } = event as PaymentEvent & { certain?: boolean };
  // Texts from outside are kept to be looked at, not to fill the table.
  const facts = Object.fromEntries(
    Object.entries(told).map(([name, value]) => [
      name,
      typeof value === "string" ? value.slice(0, longestText) : value,
    ]),
  );
  const eventKey = makeEventKey(event);
  return put({
    table: "Events",
    key: { eventKey },
    item: {
      eventKey,
      ...facts,
      atMs: nowMs,
      ttlSeconds: ttlSecondsAt(later(nowMs, eventLifeMs)),
    },
    condition: isMissing(eventAt("eventKey")),
    refused: () => new EventKept(),
    applied: () => true,
  });
}

/** Keeps a genuine event that belongs to no order or does nothing. One request. */
export async function keepEvent(
  database: Database,
  event: NotedEvent | PaymentEvent,
  nowMs: EpochMs,
): Promise<void> {
  try {
    await database.apply(keepWrite(event, nowMs));
  } catch (error) {
    if (!(error instanceof EventKept)) throw error;
  }
}
