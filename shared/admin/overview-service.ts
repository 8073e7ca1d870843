/** Shows administrators what is locked and held, of every kind, without scanning a table. */
import { InvalidRequest } from "../base/errors.ts";
import type { Clock } from "../base/time.ts";
import { holdsOf, ItemNotFound, type OrderHold, type Stock } from "../inventory/stock.ts";
import { findStock } from "../inventory/stock-store.ts";
import type { LockService } from "../locks/lock-service.ts";
import type { Database } from "../table/database.ts";
import { decodeCursor, encodeCursor, type Page } from "../table/paging.ts";
import {
  type LiveLock,
  liveLockFrom,
  type LiveLockKind,
  liveLocksOf,
  type LockStats,
  purposesOf,
  statsOf,
} from "./live-lock.ts";
import { listPendingOrders } from "./pending-order-store.ts";

/** What the overview looks at. */
export interface OverviewServiceOptions {
  readonly locks: Pick<LockService, "list">;
  readonly database: Database;
  readonly clock: Clock;
}

/** Which live locks to list. */
export interface LiveLockQuery {
  readonly kind?: LiveLockKind | undefined;
  readonly owner?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** An item with its live holds. */
export interface ItemHolds {
  readonly stock: Stock;
  readonly holds: readonly OrderHold[];
}

/** Where a list goes on: in which source, behind what, and how much of the next page was told. */
interface Position {
  readonly source: number;
  readonly after?: string | undefined;
  readonly skip: number;
}

/** So many locks or orders go into one answer of counts. */
const countedAtOnce = 1_000;

function positionOf(cursor: string | undefined): Position {
  if (cursor === undefined) return { source: 0, skip: 0 };
  const { source, after, skip } = decodeCursor(cursor);
  const isPosition = [source, skip].every((part) => Number.isInteger(part) && Number(part) >= 0);
  if (!isPosition) {
    throw new InvalidRequest([{ path: "cursor", message: "is not a cursor of this list" }]);
  }
  return {
    source: Number(source),
    skip: Number(skip),
    ...(after === undefined ? {} : { after: String(after) }),
  };
}

function cursorOf({ source, after, skip }: Position): string {
  return encodeCursor({ source, skip, ...(after === undefined ? {} : { after }) });
}

type Source = (page: {
  limit: number;
  cursor?: string | undefined;
}) => Promise<{ rows: readonly LiveLock[]; cursor?: string }>;

/** Makes the service. */
export function createOverviewService(options: OverviewServiceOptions) {
  const { database, locks, clock } = options;

  /** The places where locks of this kind are found, in the order in which they are listed. */
  function sourcesOf(kind: LiveLockKind | undefined, owner: string | undefined): Source[] {
    const named = purposesOf(kind).map((purpose): Source => {
      return async (page) => {
        const { rows, ...more } = await locks.list({ purpose, userId: owner, ...page });
        return { rows: rows.map(liveLockFrom), ...more };
      };
    });
    const ordered: Source = async (page) => {
      const { rows, ...more } = await listPendingOrders(database, { afterMs: clock(), ...page });
      const owned = rows.filter(({ userId }) => owner === undefined || userId === owner);
      return { rows: owned.flatMap((order) => liveLocksOf(order, kind)), ...more };
    };
    return kind === "document" || kind === "custom" ? named : [...named, ordered];
  }

  /**
   * A page of live locks and holds. An order's items make several, so a page of orders can fill more
   * than one page here: `skip` says how many of it were told already.
   */
  async function list({ kind, owner, limit, cursor }: LiveLockQuery): Promise<Page<LiveLock>> {
    const sources = sourcesOf(kind, owner);
    const found: LiveLock[] = [];
    let position = positionOf(cursor);
    for (;;) {
      const { source, after, skip } = position;
      const next = sources[source];
      if (!next) return { rows: found };
      const page = await next({ limit, cursor: after });
      const room = limit - found.length;
      const fresh = page.rows.slice(skip);
      found.push(...fresh.slice(0, room));
      if (fresh.length > room) position = { source, after, skip: skip + room };
      else if (page.cursor === undefined) position = { source: source + 1, skip: 0 };
      else position = { source, after: page.cursor, skip: 0 };
      if (found.length >= limit && position.source < sources.length) {
        return { rows: found, cursor: cursorOf(position) };
      }
    }
  }

  return {
    /**
     * A page of live locks and holds: named locks first, then what pending orders hold.
     *
     * @example const { rows } = await overview.list({ kind: "item", limit: 20 });
     */
    list,

    /**
     * Counts over live locks and holds, about 1,000 of them at once; the cursor counts on.
     *
     * @example const { totalActiveLocks } = await overview.stats();
     */
    async stats(cursor?: string): Promise<LockStats & { cursor: string | null }> {
      const page = await list({ limit: countedAtOnce, cursor });
      return { ...statsOf(page.rows, clock()), cursor: page.cursor ?? null };
    },

    /**
     * An item with its live holds, longest to go last. One request.
     *
     * @throws ItemNotFound
     * @example const { holds } = await overview.item("mug");
     */
    async item(itemId: string): Promise<ItemHolds> {
      const stock = await findStock(database, itemId);
      if (!stock) throw new ItemNotFound(itemId);
      const live = holdsOf(stock).filter(({ expiresAtMs }) => expiresAtMs > clock());
      return { stock, holds: live.toSorted((a, b) => a.expiresAtMs - b.expiresAtMs) };
    },
  };
}

/** See `createOverviewService`. */
export type OverviewService = ReturnType<typeof createOverviewService>;
