/** Finds pending orders for administrators, by the sparse index of orders for which something is due. */
import type { EpochMs } from "../base/time.ts";
import { askAheadMs, dueShards, usualDueShards } from "../orders/due-shards.ts";
import type { Order } from "../orders/order.ts";
import { parseOrder } from "../orders/order-store.ts";
import type { Database } from "../table/database.ts";
import { allOf, condition, pathsOf } from "../table/expression.ts";
import { listMerged } from "../table/merged-index.ts";
import type { Page } from "../table/paging.ts";
import { listShards } from "../table/sharded-index.ts";
import type { Row } from "../table/write.ts";

const at = pathsOf<Order>();

/** Which pending orders to list. */
export interface PendingOrderQuery {
  /** Only those whose deadline is later than this; without it also those that are over. */
  readonly afterMs?: EpochMs | undefined;
  /** Only those whose deadline is not later than this. */
  readonly throughMs?: EpochMs | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** An order whose deadline was put off between two pages of the index stands in both, and is told once. */
async function resolve(database: Database, entries: readonly Row[]): Promise<Order[]> {
  if (entries.length === 0) return [];
  const keys = entries.map((entry) => ({ orderId: String(entry["orderId"]) }));
  const rows = await database.getMany("Orders", keys);
  const byId = new Map(rows.map((row) => [row["orderId"], parseOrder(row)]));
  return [...byId.values()];
}

/** Instants are whole milliseconds, and a key condition takes one range. */
function deadlineIsBetween(afterMs: EpochMs | undefined, throughMs: EpochMs | undefined) {
  if (afterMs === undefined) return [];
  // Orders whose payment has started stand in the index before their deadline.
  const fromMs = afterMs + 1 - askAheadMs;
  if (throughMs === undefined) return [condition`${at("dueAtMs")} >= ${fromMs}`];
  return [condition`${at("dueAtMs")} BETWEEN ${fromMs} AND ${throughMs}`];
}

/**
 * A page of pending orders in the index's order, as they are now. One query for each partition of the index that it
 * touches, and one batched read per 100. It can be short and still have a cursor.
 */
export async function listPendingOrders(
  database: Database,
  { afterMs, throughMs, limit, cursor }: PendingOrderQuery,
): Promise<Page<Order>> {
  const isLive = deadlineIsBetween(afterMs, throughMs);
  const partitions = dueShards.map((shard) =>
    allOf(condition`${at("dueShard")} = ${shard}`, ...isLive),
  );
  const list = { table: "Orders", index: "due", partitions, limit, cursor } as const;
  const page = await listShards(database, list);
  const pending = (await resolve(database, page.rows)).filter(
    ({ status, expiresAtMs }) =>
      status === "pending" &&
      (afterMs === undefined || expiresAtMs > afterMs) &&
      (throughMs === undefined || expiresAtMs <= throughMs),
  );
  return { ...page, rows: pending };
}

/** Which pending orders end next. */
export interface NextPendingQuery {
  readonly nowMs: EpochMs;
  /** The partitions of the index that new orders go to. */
  readonly dueShards: number;
  readonly limit: number;
}

/** What is in front of them in the index, refunds that are tried again, is passed by; so often at the most. */
const mostLooks = 3;

/**
 * Up to `limit` pending orders whose deadline is to come, the next to end first, as they are now. Each look is one
 * request for each partition of the index that is in use, and one per 100 orders; one look is enough but where a whole
 * page of refunds is due first. Orders of before the shop lowered its number of partitions are not among them.
 */
export async function listNextPending(
  database: Database,
  { nowMs, dueShards: inUse, limit }: NextPendingQuery,
): Promise<Order[]> {
  const shards = dueShards.slice(0, Math.max(inUse, usualDueShards));
  const index = { table: "Orders", index: "due", partition: "dueShard", sort: "dueAtMs" } as const;
  const list = { ...index, key: "orderId", shards, from: nowMs + 1 - askAheadMs, limit } as const;
  const found: Order[] = [];
  let cursor: string | undefined;
  for (let looks = 0; looks < mostLooks; looks += 1) {
    const page = await listMerged(database, { ...list, cursor });
    const orders = await resolve(database, page.rows);
    found.push(
      ...orders.filter(({ status, expiresAtMs }) => status === "pending" && expiresAtMs > nowMs),
    );
    ({ cursor } = page);
    if (found.length >= limit || cursor === undefined) break;
  }
  return found;
}
