/**
 * Orders of which all money is to go back: an index of their own, and how administrators list them, the oldest first.
 *
 * @see docs/decisions/0031-owed-orders.md
 */
import { pickShard } from "../base/ids.ts";
import type { EpochMs } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { allOf, condition, isMissing, pathsOf } from "../table/expression.ts";
import { listMerged } from "../table/merged-index.ts";
import { decodeCursor, encodeCursor, type Page } from "../table/paging.ts";
import type { Order } from "./order.ts";
import { parseOrder, readOrders } from "./order-store.ts";

/** Which of them to list. */
export interface OwedQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const at = pathsOf<Order>();

/** Refunds are rare beside orders: one partition takes 1,000 writes a second. */
const owedShards = ["owed-0", "owed-1", "owed-2", "owed-3"] as const;

/** Since when money is owed, as the index has it; nothing of it where none is. */
export function placeInOwed({ orderId }: Pick<Order, "orderId">, owedAtMs: EpochMs | undefined) {
  if (owedAtMs === undefined) return { owedShard: undefined, owedAtMs };
  return { owedShard: owedShards[pickShard(orderId, owedShards.length)], owedAtMs };
}

/** Behind the index come orders that are in it not yet, because an earlier release changed them last. */
const restCursor = encodeCursor({ rest: 1 });

async function listIndexed(database: Database, query: OwedQuery): Promise<Page<Order>> {
  const index = { index: "owed", partition: "owedShard", sort: "owedAtMs" } as const;
  const list = { table: "Orders", ...index, shards: owedShards, key: "orderId", from: 0 } as const;
  const page = await listMerged(database, { ...list, ...query });
  const ids = page.rows.map(({ orderId }) => String(orderId));
  return { ...page, rows: await readOrders(database, ids) };
}

/** A page of a scan; at the very beginning where the cursor names nothing. */
async function listRest(database: Database, query: OwedQuery): Promise<Page<Order>> {
  const filter = allOf(condition`${at("status")} = ${"refund_due"}`, isMissing(at("owedShard")));
  const page = await database.scan({ table: "Orders", filter, ...query });
  return { ...page, rows: page.rows.map(parseOrder) };
}

/**
 * A page of the orders that are `refund_due`, those owed for longest first, however many other orders there are; at
 * its end those that an earlier release changed last, by a scan. Four requests for the index, one for the orders of
 * the page, and one for each look behind the index. A page can be short and still have a cursor.
 *
 * @throws InvalidRequest when the cursor is none of this list
 */
export async function listOwedOrders(
  database: Database,
  { limit, cursor }: OwedQuery,
): Promise<Page<Order>> {
  if (cursor === restCursor) return listRest(database, { limit });
  if (cursor !== undefined && "orderId" in decodeCursor(cursor)) {
    return listRest(database, { limit, cursor });
  }
  const page = await listIndexed(database, { limit, cursor });
  const rows = page.rows.filter(({ status }) => status === "refund_due");
  if (page.cursor !== undefined) return { ...page, rows };
  const room = limit - rows.length;
  if (room === 0) return { rows, cursor: restCursor };
  const rest = await listRest(database, { limit: room });
  return { ...rest, rows: [...rows, ...rest.rows] };
}
