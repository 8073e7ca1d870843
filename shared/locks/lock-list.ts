/** Lists owned locks for administrators, and tidies up after leases that ended by themselves. */
import type { Actor } from "../base/actor.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { condition } from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { listShards } from "../table/sharded-index.ts";
import type { Row } from "../table/write.ts";
import { at } from "./lock-conditions.ts";
import { expireLockWrite } from "./lock-ending-store.ts";
import { listKindShards } from "./lock-store.ts";
import { parseLiveLock, type Lock, LockNotOwned, type LockKind, lockKinds } from "./lock.ts";

/** Which locks to list. */
export interface LockQuery {
  readonly kind?: LockKind | undefined;
  readonly userId?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const table = "Locks";
const kindShard = at("kindShard");
const expiresAtMs = at("expiresAtMs");

/** Makes the lists of a lock service. */
export function createLockList({ database, clock }: { database: Database; clock: Clock }) {
  /** The rows behind index entries, in their order, each once, read again: the index alone may lag behind. */
  async function readRows(entries: readonly Row[]): Promise<Row[]> {
    const keys = entries.map((entry) => ({ resource: String(entry["resource"]) }));
    const rows = await database.getMany(table, keys);
    return [...new Map(rows.map((row) => [row["resource"], row])).values()];
  }

  return {
    /**
     * A page of the locks that somebody has now, by name within each part of the index: every lock that
     * lives throughout is told once, however often it is renewed between two pages. One query per
     * partition of the index that the page touches, and one batched read per 100. A page can be short,
     * also empty, and still have a cursor.
     *
     * @example const { rows } = await locks.list({ kind: "document", limit: 20 });
     */
    async list({ kind, userId, limit, cursor }: LockQuery): Promise<Page<Lock>> {
      const kinds = kind === undefined ? lockKinds : [kind];
      const partitions = kinds
        .flatMap(listKindShards)
        .map((shard) => condition`${kindShard} = ${shard}`);
      const list = { table, index: "byName", partitions, limit, cursor } as const;
      const page = await listShards(database, list);
      const locks = (await readRows(page.rows))
        .map((row) => parseLiveLock(row, clock()))
        .filter((lock) => lock !== undefined)
        .filter((lock) => userId === undefined || lock.owner.userId === userId);
      return { ...page, rows: locks };
    },

    /**
     * Drops owners whose lease is over, at most `limit` per partition, so that lists stay short and the
     * audit trail tells the expiry. Nothing depends on it: such a lock can be taken anyway. Running
     * it twice at once is harmless.
     *
     * @returns how many it dropped
     */
    async sweep({ limit, actor }: { limit: number; actor: Actor }): Promise<number> {
      const index = "byExpiry";
      let dropped = 0;
      for (const shard of lockKinds.flatMap(listKindShards)) {
        const nowMs = clock();
        const where = condition`${kindShard} = ${shard} AND ${expiresAtMs} <= ${nowMs}`;
        for (const entry of (await database.query({ table, index, where, limit })).rows) {
          const resource = String(entry["resource"]);
          try {
            await database.apply(expireLockWrite({ resource, nowMs, actor }));
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
