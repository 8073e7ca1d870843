/** Which live locks and holds end next: some of both, however many there are of the other. */
import { InvalidRequest } from "../base/errors.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import type { Page } from "../table/paging.ts";
import {
  type LiveLock,
  type LiveLockKind,
  liveLockView,
  orderLockViews,
  selectLockKinds,
} from "./live-lock.ts";
import { listNextLocks } from "./next-lock-store.ts";
import { listNextPending } from "./pending-order-store.ts";

/** Where to look, and into how many partitions of the index of due orders. */
export interface NextToEndOptions {
  readonly database: Database;
  readonly settings: { readonly dueShards: number };
  readonly clock: Clock;
}

const byEnd = (locks: readonly LiveLock[]): LiveLock[] =>
  locks.toSorted((one, other) => one.expiresAtMs - other.expiresAtMs);

/** Half of the room for each of two lists, and what one of them does not need for the other. */
function shareRoom(locks: readonly LiveLock[], holds: readonly LiveLock[], limit: number) {
  const forLocks = Math.max(Math.ceil(limit / 2), limit - holds.length);
  const first = locks.slice(0, forLocks);
  return [...first, ...holds.slice(0, limit - first.length)];
}

/** How many of them, of which kind; of all owners, and on one page. */
export interface NextToEndQuery {
  readonly kind?: LiveLockKind | undefined;
  readonly limit: number;
  readonly owner?: string | undefined;
  readonly cursor?: string | undefined;
}

/** What cannot be asked together with this order is refused, lest somebody take it for the whole list. */
function checkQuery({ owner, cursor }: NextToEndQuery): void {
  const given = Object.entries({ owner, cursor }).filter(([, value]) => value !== undefined);
  if (given.length === 0) return;
  const message = "does not go with the order of ends";
  throw new InvalidRequest(given.map(([name]) => ({ path: `query.${name}`, message })));
}

/**
 * Up to `limit` live locks and holds, the next to end first. Where there are many of both, half of them are locks and
 * half are what pending orders hold. One request for each partition that is in use, 16 of both together unless the shop
 * says otherwise, and one for each 100 rows of each.
 *
 * @throws InvalidRequest with an owner or a cursor
 */
export async function listNextToEnd(
  { database, settings, clock }: NextToEndOptions,
  query: NextToEndQuery,
): Promise<Page<LiveLock>> {
  checkQuery(query);
  const { kind, limit } = query;
  const named = selectLockKinds(kind).map((wanted) =>
    listNextLocks({ database, clock }, { kind: wanted, limit }),
  );
  const isHeld = kind !== "document" && kind !== "custom";
  const next = { nowMs: clock(), dueShards: settings.dueShards, limit };
  const pending = isHeld ? listNextPending(database, next) : [];
  const [found, orders] = await Promise.all([Promise.all(named), pending]);
  const holds = orders.flatMap((order) => orderLockViews(order, kind));
  const shared = shareRoom(byEnd(found.flat().map(liveLockView)), byEnd(holds), limit);
  return { rows: byEnd(shared) };
}
