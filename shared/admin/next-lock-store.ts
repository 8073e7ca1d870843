/** Finds the locks that end next for administrators, by the index of ends. */
import type { Clock } from "../base/time.ts";
import { listKindShards } from "../locks/lock-store.ts";
import { type Lock, type LockKind, lockKinds, parseLiveLock } from "../locks/lock.ts";
import type { Database } from "../table/database.ts";
import { listMerged } from "../table/merged-index.ts";

/** Which of them. */
export interface NextLockQuery {
  /** Of all kinds where it is left out. */
  readonly kind?: LockKind | undefined;
  readonly limit: number;
}

/**
 * Up to `limit` of the locks that somebody has now, those first that end next. One request for each partition of each
 * kind that is asked for, and one per 100 locks. Fewer where some were renewed or given back a moment ago: the index may lag behind, so
 * each lock is read again.
 */
export async function listNextLocks(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  { kind, limit }: NextLockQuery,
): Promise<Lock[]> {
  const index = { index: "byExpiry", partition: "kindShard", sort: "expiresAtMs" } as const;
  const list = { table: "Locks", ...index, key: "resource", from: clock() + 1, limit } as const;
  const shards = (kind === undefined ? lockKinds : [kind]).flatMap(listKindShards);
  const { rows } = await listMerged(database, { ...list, shards });
  const keys = rows.map((entry) => ({ resource: String(entry["resource"]) }));
  const found = await database.getMany("Locks", keys);
  return found.flatMap((row) => parseLiveLock(row, clock()) ?? []);
}
