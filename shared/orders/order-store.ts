/** How orders are read, placed and closed; what money does to them is in payments. */
import type { ChangeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  allOf,
  anyOf,
  condition,
  type Fragment,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { put, type Row, update, type Write } from "../table/write.ts";
import { parseOrderRow } from "./old-refunds.ts";
import {
  isOwnOrder,
  type Order,
  type OrderCaller,
  OrderExists,
  OrderNotFound,
  OrderNotPayable,
  type OrderStatus,
} from "./order.ts";

/** Which orders to list. */
export interface OrderQuery {
  readonly userId?: string | undefined;
  readonly status?: OrderStatus | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** How an order ends without money, and under which condition beyond being pending. */
export interface Closing {
  /** The order as it was read: what is released for it is counted under its deadline. */
  readonly order: Pick<Order, "orderId" | "userId" | "expiresAtMs">;
  readonly to: "cancelled" | "expired";
  readonly nowMs: EpochMs;
  readonly note: ChangeNote;
}

/** A stored row as an order. */
export function parseOrder(row: Row): Order {
  return parseOrderRow(row);
}

/** The error for an order that is missing or whose status forbids a change. */
function orderRefused(orderId: string, found: Row | undefined) {
  return found ? new OrderNotPayable(parseOrder(found)) : new OrderNotFound(orderId);
}

/** An order with what only its writes look at. */
export type OrderRow = Order & { readonly change: ChangeNote };

const at = pathsOf<OrderRow>();

/** Where an order is. */
export const orderRow = (orderId: string) => ({ table: "Orders", key: { orderId } }) as const;

/** A name that DynamoDB takes as a key and that an order of ours can have. */
function canBeOrderId(orderId: string): boolean {
  return /^[\w-]{1,128}$/.test(orderId);
}

const isPending = condition`${at("status")} = ${"pending"}`;

/** A payment that starts moves the deadline, and the units with it; a claim makes it somebody else's. */
function orderIsAsRead({ order }: Closing) {
  return allOf(
    condition`${at("expiresAtMs")} = ${order.expiresAtMs}`,
    condition`${at("userId")} = ${order.userId}`,
  );
}

/** The shopper has paid and the money is under way: only time ends such an order, or the bank's answer. */
const noBankIsAtWork = anyOf(
  isMissing(at("payment", "state")),
  condition`${at("payment", "state")} <> ${"processing"}`,
);

function mayEnd({ to, nowMs }: Closing): Fragment {
  if (to !== "expired") return noBankIsAtWork;
  return condition`${at("expiresAtMs")} <= ${nowMs}`;
}

/** Puts a new order, under "no such order"; refused with the one that is there. */
export function placeOrderWrite(order: Order, note: ChangeNote): Write {
  return put({
    ...orderRow(order.orderId),
    item: { ...order, change: note },
    condition: isMissing(at("orderId")),
    refused: (found) => new OrderExists(parseOrder(found!)),
  });
}

/**
 * Ends a pending order without money: `expired` only when its deadline is over, `cancelled` only while no bank
 * is at work on its payment.
 */
export function closeOrderWrite(closing: Closing): Write {
  const { order, to, note } = closing;
  const { orderId } = order;
  return update({
    ...orderRow(orderId),
    change: {
      set: [action`${at("status")} = ${to}`, action`${at("change")} = ${note}`],
      remove: [at("dueShard"), at("dueAtMs")],
    },
    condition: allOf(isPending, orderIsAsRead(closing), mayEnd(closing)),
    refused: (found) => orderRefused(orderId, found),
  });
}

/** The orders of these ids, as they are now, in this order. One request per 100; none without ids. */
export async function readOrders(database: Database, ids: readonly string[]): Promise<Order[]> {
  const keys = ids.map((orderId) => ({ orderId }));
  const found = keys.length > 0 ? await database.getMany("Orders", keys) : [];
  const byId = new Map(found.map((row) => [parseOrder(row).orderId, parseOrder(row)]));
  return ids.flatMap((orderId) => byId.get(orderId) ?? []);
}

/** The orders behind an index page. */
async function resolve(
  database: Database,
  { rows, cursor }: Page,
  status?: OrderStatus,
): Promise<Page<Order>> {
  const ids = rows.map((row) => parseOrder(row).orderId);
  const orders = await readOrders(database, ids);
  const wanted = orders.filter((order) => status === undefined || order.status === status);
  return { rows: wanted, ...(cursor === undefined ? {} : { cursor }) };
}

/** The order as of now; none for a name that no order can have. One request at the most. */
export async function findOrder(database: Database, orderId: string): Promise<Order | undefined> {
  if (!canBeOrderId(orderId)) return undefined;
  const row = await database.get("Orders", { orderId });
  return row && parseOrder(row);
}

/**
 * An order of the caller; administrators read everybody's. One request at the most.
 *
 * @throws OrderNotFound also when it is somebody else's: not even its existence is told
 */
export async function getOwnOrder(
  database: Database,
  orderId: string,
  caller: OrderCaller,
): Promise<Order> {
  const order = await findOrder(database, orderId);
  if (order && isOwnOrder(order, caller)) return order;
  throw new OrderNotFound(orderId);
}

/**
 * A page of one user's orders, newest first: two requests. Without a user everybody's, in no
 * order, by a scan that only administration may ask for. A filter by status can leave a page
 * short; the cursor tells whether more follow.
 */
export async function listOrders(database: Database, query: OrderQuery): Promise<Page<Order>> {
  const { userId, status, limit, cursor } = query;
  if (userId === undefined) {
    const filter = status && condition`${at("status")} = ${status}`;
    const wanted = filter ? { filter } : {};
    const page = await database.scan({ table: "Orders", limit, cursor, ...wanted });
    return { ...page, rows: page.rows.map(parseOrder) };
  }
  const where = condition`${at("userId")} = ${userId}`;
  const list = {
    table: "Orders",
    index: "byUser",
    where,
    limit,
    cursor,
    ascending: false,
  } as const;
  return resolve(database, await database.query(list), status);
}

/** A page of one partition of the sparse index of orders for which something is due. */
export interface DueQuery {
  readonly dueShard: string;
  /** Due at this instant or before. */
  readonly throughMs: EpochMs;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * Orders of one partition for which something is due, longest overdue first, as they are now. One request, and
 * one more when there are any.
 */
export async function listDueOrders(
  database: Database,
  { dueShard, throughMs, ...page }: DueQuery,
): Promise<Page<Order>> {
  const where = condition`${at("dueShard")} = ${dueShard} AND ${at("dueAtMs")} <= ${throughMs}`;
  return resolve(database, await database.query({ table: "Orders", index: "due", where, ...page }));
}
