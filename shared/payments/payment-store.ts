/** What payments write: the order as money changed it. */
import type { ChangeNote } from "../base/actor.ts";
import type { Order } from "../orders/order.ts";
import { orderRow, type OrderRow, parseOrder } from "../orders/order-store.ts";
import { placeInOwed } from "../orders/owed-order-store.ts";
import {
  allOf,
  assigned,
  AttributePath,
  condition,
  type Fragment,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import { type Row, update, type Write } from "../table/write.ts";
import { OrderMoved } from "./payment.ts";
import { owedSince } from "./refunds/refund.ts";

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
  const owed = placeInOwed(next, owedSince(next));
  const due = { dueShard, dueAtMs, ...owed };
  const changed = { status, isSold, expiresAtMs, pieces, payment, events, ...due };
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
