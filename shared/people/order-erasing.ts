/** Takes out of orders whom they are for: what was sold, for how much and how it was paid stays. */
import type { ChangeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { HoldfastError } from "../base/errors.ts";
import { erased, isMachine, isPersonal, withoutPerson } from "../base/personal.ts";
import type { Order } from "../orders/order.ts";
import { listOrders, orderRow, type OrderRow, parseOrder } from "../orders/order-store.ts";
import type { Database } from "../table/database.ts";
import { action, allOf, condition, isMissing, pathsOf } from "../table/expression.ts";
import { outOfPatience } from "../table/retry.ts";
import { type Row, update, type Write } from "../table/write.ts";
import { isOpen, PersonBusy } from "./person.ts";

const at = pathsOf<OrderRow>();
const [lookedAtOnce, erasedAtOnce] = [100, 10];
/** How often others may change an order while we do. */
const mostMoves = 20;

/** The order is another than it was. */
class OrderMoved extends HoldfastError {
  readonly found: Order | undefined;

  constructor(found: Row | undefined) {
    super("TRY_AGAIN", "The order changed in the meantime");
    this.found = found && parseOrder(found);
  }
}

/** What a person said when an order ended or was sent. */
function hasReason({ change }: Partial<OrderRow>): boolean {
  return change?.reason !== undefined && !isMachine(change.actor);
}

/** Whether something is left in an order, or its fingerprint could tell whether a guess is right. */
function hasPerson(order: Order): boolean {
  const isTracked = (order.fulfilments ?? []).some(({ tracking }) => tracking !== undefined);
  const names = Object.keys(order).some(isPersonal);
  return names || isTracked || order.fingerprint !== erased || hasReason(order);
}

function eraseOrderWrite(order: Order, note: ChangeNote): Write {
  const { orderId, userId, status, revision } = order;
  const { fulfilments } = withoutPerson({ ...order });
  return update({
    ...orderRow(orderId),
    change: {
      set: [
        action`${at("fingerprint")} = ${erased}`,
        action`${at("revision")} = ${(revision ?? 0) + 1}`,
        action`${at("change")} = ${note}`,
        ...(fulfilments === undefined ? [] : [action`${at("fulfilments")} = ${fulfilments}`]),
      ],
      remove: [at("customer"), at("shipTo"), at("note"), at("metadata")],
    },
    condition: allOf(
      condition`${at("userId")} = ${userId}`,
      condition`${at("status")} = ${status}`,
      revision === undefined
        ? isMissing(at("revision"))
        : condition`${at("revision")} = ${revision}`,
    ),
    refused: (found) => new OrderMoved(found),
    // After a lost answer nobody can tell who did it: whoever asks looks at what is there, and goes on from that.
    applied: () => true,
  });
}

/** Whose orders, and who says so. */
export interface OrdersErased {
  readonly userId: string;
  readonly includeUnsent: boolean;
  readonly note: ChangeNote;
}

function eraseOrder(database: Database, order: Order, wish: OrdersErased): Promise<undefined> {
  let seen: Order | undefined = order;
  return again(mostMoves, async () => {
    // It went to somebody else, or something has begun with it.
    if (!seen || seen.userId !== wish.userId || !hasPerson(seen)) return undefined;
    if (isOpen(seen, wish)) throw new PersonBusy([seen.orderId]);
    try {
      seen = parseOrder(await database.apply(eraseOrderWrite(seen, wish.note)));
      return hasPerson(seen) ? new OnceMore(outOfPatience()) : undefined;
    } catch (error) {
      if (!(error instanceof OrderMoved)) throw error;
      seen = error.found;
      return new OnceMore(outOfPatience(error));
    }
  });
}

/**
 * Looks whether anything is open, without changing anything. Two requests for 100 orders.
 *
 * @throws PersonBusy naming what is
 */
export async function assertNothingOpen(
  database: Database,
  { userId, includeUnsent }: Omit<OrdersErased, "note">,
): Promise<void> {
  const open: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listOrders(database, { userId, limit: lookedAtOnce, cursor });
    const found = page.rows.filter((order) => isOpen(order, { includeUnsent }));
    open.push(...found.map(({ orderId }) => orderId));
    ({ cursor } = page);
  } while (cursor !== undefined);
  if (open.length > 0) throw new PersonBusy(open);
}

/**
 * Erases a page of a person's orders, the newest first, and hands each one's id on. Two requests, and one for each
 * order that has something in it.
 *
 * @throws PersonBusy when one is open; those before it are erased
 */
export async function eraseOrders(
  database: Database,
  wish: OrdersErased,
  { cursor, each }: { cursor: string | undefined; each: (orderId: string) => Promise<void> },
): Promise<{ readonly count: number; readonly cursor?: string }> {
  const { userId } = wish;
  const { rows, ...more } = await listOrders(database, { userId, limit: erasedAtOnce, cursor });
  for (const order of rows) {
    await eraseOrder(database, order, wish);
    await each(order.orderId);
  }
  return { count: rows.length, ...more };
}
