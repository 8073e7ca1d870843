/** Finds pending orders for administrators, by the sparse index of orders for which something is due. */
import type { EpochMs } from "../base/time.ts";
import { InvalidRequest } from "../base/errors.ts";
import { dueShards, type Order } from "../orders/order.ts";
import { orderOf } from "../orders/order-store.ts";
import type { Database } from "../table/database.ts";
import { allOf, at, condition } from "../table/expression.ts";
import { decodeCursor, encodeCursor, type Page } from "../table/paging.ts";
import type { Row } from "../table/write.ts";

/** Where orders are kept. */
export interface PendingOrderStoreOptions {
  readonly database: Database;
  readonly tableName: string;
}

/** Which pending orders to list. */
export interface PendingOrderQuery {
  /** Only those whose deadline is later than this; without it also those that are over. */
  readonly afterMs?: EpochMs | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

interface Position {
  readonly shard: number;
  readonly after?: string | undefined;
}

function positionOf(cursor: string | undefined): Position {
  if (cursor === undefined) return { shard: 0 };
  const { shard, after } = decodeCursor(cursor);
  if (typeof shard === "number" && Number.isInteger(shard) && shard >= 0 && shard < dueShards) {
    return { shard, ...(after === undefined ? {} : { after: String(after) }) };
  }
  throw new InvalidRequest([{ path: "cursor", message: "is not a cursor of this list" }]);
}

/** Reads pending orders. */
export function createPendingOrderStore({ database, tableName: table }: PendingOrderStoreOptions) {
  async function resolve(entries: readonly Row[]): Promise<Order[]> {
    if (entries.length === 0) return [];
    const keys = entries.map((entry) => ({ orderId: String(entry["orderId"]) }));
    return (await database.getMany(table, keys)).map(orderOf);
  }

  return {
    /**
     * A page of pending orders, as they are now. One query for each partition of the index that it
     * touches, and one batched read per 100. It can be short and still have a cursor.
     */
    async list({ afterMs, limit, cursor }: PendingOrderQuery): Promise<Page<Order>> {
      const entries: Row[] = [];
      let position: Position | undefined = positionOf(cursor);
      while (position && entries.length < limit) {
        const { shard, after }: Position = position;
        const isInShard = condition`${at("dueShard")} = ${`due-${shard}`}`;
        const isLive = afterMs === undefined ? [] : [condition`${at("dueAtMs")} > ${afterMs}`];
        const page = await database.query({
          table,
          index: "due",
          where: allOf(isInShard, ...isLive),
          limit: limit - entries.length,
          cursor: after,
        });
        entries.push(...page.rows);
        if (page.cursor !== undefined) position = { shard, after: page.cursor };
        else position = shard + 1 < dueShards ? { shard: shard + 1 } : undefined;
      }
      const orders = await resolve(entries);
      const pending = orders.filter(
        ({ status, expiresAtMs }) =>
          status === "pending" && (afterMs === undefined || expiresAtMs > afterMs),
      );
      const next = position && encodeCursor({ shard: position.shard, ...afterKey(position) });
      return { rows: pending, ...(next === undefined ? {} : { cursor: next }) };
    },
  };
}

function afterKey({ after }: Position): { after?: string } {
  return after === undefined ? {} : { after };
}

/** See `createPendingOrderStore`. */
export type PendingOrderStore = ReturnType<typeof createPendingOrderStore>;
