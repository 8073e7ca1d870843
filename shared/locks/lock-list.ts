/** Lists owned locks for administrators, and tidies up after leases that ended by themselves. */
import type { Actor } from "../base/actor.ts";
import { InvalidRequest } from "../base/errors.ts";
import type { Clock } from "../base/time.ts";
import { condition, at } from "../table/expression.ts";
import { decodeCursor, encodeCursor, type Page } from "../table/paging.ts";
import type { Row } from "../table/write.ts";
import { kindShardsOf, type LockStore } from "./lock-store.ts";
import { liveLockOf, type Lock, LockNotOwned, type LockPurpose, lockPurposes } from "./lock.ts";

/** Which locks to list. */
export interface LockQuery {
  readonly purpose?: LockPurpose | undefined;
  readonly userId?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const index = "byExpiry";
const kindShard = at("kindShard");
const expiresAtMs = at("expiresAtMs");

/** Where a list goes on: in which partition, and behind which row of it. */
function positionOf(cursor: string | undefined, shards: number): { shard: number; after?: string } {
  if (cursor === undefined) return { shard: 0 };
  const { shard, after } = decodeCursor(cursor);
  if (!Number.isInteger(shard) || Number(shard) < 0 || Number(shard) >= shards) {
    throw new InvalidRequest([{ path: "cursor", message: "is not a cursor of this list" }]);
  }
  return { shard: Number(shard), ...(after === undefined ? {} : { after: String(after) }) };
}

/** Makes the lists of a lock service. */
export function createLockList({ store, clock }: { store: LockStore; clock: Clock }) {
  const { database, table } = store;

  /** The rows behind index entries, read again: the index alone may lag behind. */
  const rowsOf = (entries: readonly Row[]): Promise<Row[]> =>
    database.getMany(
      table,
      entries.map((entry) => ({ resource: String(entry["resource"]) })),
    );

  return {
    /**
     * A page of the locks that somebody has now. One query per partition of the index that the page
     * touches, and one batched read. A page can be short, also empty, and still have a cursor.
     *
     * @example const { rows } = await locks.list({ purpose: "document", limit: 20 });
     */
    async list({ purpose, userId, limit, cursor }: LockQuery): Promise<Page<Lock>> {
      const purposes = purpose === undefined ? lockPurposes : [purpose];
      const shards = purposes.flatMap(kindShardsOf);
      const entries: Row[] = [];
      let position: ReturnType<typeof positionOf> | undefined = positionOf(cursor, shards.length);
      while (position && entries.length < limit) {
        const { shard, after }: ReturnType<typeof positionOf> = position;
        const where = condition`${kindShard} = ${shards[shard]} AND ${expiresAtMs} > ${clock()}`;
        const left = limit - entries.length;
        const page = await database.query({ table, index, where, limit: left, cursor: after });
        entries.push(...page.rows);
        if (page.cursor !== undefined) position = { shard, after: page.cursor };
        else position = shard + 1 < shards.length ? { shard: shard + 1 } : undefined;
      }
      const locks = (await rowsOf(entries))
        .map((row) => liveLockOf(row, clock()))
        .filter((lock) => lock !== undefined)
        .filter((lock) => userId === undefined || lock.owner.userId === userId)
        .toSorted((one, other) => one.acquiredAtMs - other.acquiredAtMs);
      return { rows: locks, ...(position ? { cursor: encodeCursor({ ...position }) } : {}) };
    },

    /**
     * Drops owners whose lease is over, at most `limit` per partition, so that lists stay short and the
     * audit trail tells the expiry. Nothing depends on it: such a lock can be taken anyway. Running
     * it twice at once is harmless.
     *
     * @returns how many it dropped
     */
    async sweep({ limit, actor }: { limit: number; actor: Actor }): Promise<number> {
      let dropped = 0;
      for (const shard of lockPurposes.flatMap(kindShardsOf)) {
        const nowMs = clock();
        const where = condition`${kindShard} = ${shard} AND ${expiresAtMs} <= ${nowMs}`;
        for (const entry of (await database.query({ table, index, where, limit })).rows) {
          const resource = String(entry["resource"]);
          try {
            await database.apply(store.expireWrite({ resource, nowMs, actor }));
            dropped += 1;
          } catch (error) {
            // Renewed, released or taken by somebody else since: nothing is left to do.
            if (!(error instanceof LockNotOwned)) throw error;
          }
        }
      }
      return dropped;
    },
  };
}
