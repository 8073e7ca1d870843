/** Shows administrators what is locked and held, of every kind, without scanning a table. */
import { epochMs } from "../base/time.ts";
import { findWhole } from "../inventory/hot/rows-store.ts";
import type { LockService } from "../locks/lock-service.ts";
import { decodeCursor, encodeCursor, notACursor, type Page } from "../table/paging.ts";
import {
  type LiveLock,
  liveLockView,
  type LiveLockKind,
  orderLockViews,
  type LockStats,
  selectLockKinds,
  countLiveLocks,
} from "./live-lock.ts";
import { listNextToEnd, type NextToEndOptions } from "./next-to-end.ts";
import { listPendingOrders } from "./pending-order-store.ts";
import { type Bucket, liveBuckets } from "../inventory/buckets.ts";
import { ItemNotFound, type Stock } from "../inventory/stock.ts";
import { sumDemand, type Order } from "../orders/order.ts";

/** What the overview looks at. */
export interface OverviewServiceOptions extends NextToEndOptions {
  readonly locks: Pick<LockService, "list">;
}

/** Which live locks to list. */
export interface LiveLockQuery {
  readonly kind?: LiveLockKind | undefined;
  readonly owner?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Units of an item that an order holds, and until when. */
export interface OrderHold {
  readonly orderId: string;
  readonly userId: string;
  readonly quantity: number;
  readonly expiresAtMs: number;
}

/** An item with its live holds, or with as many of them as one answer looks for. */
export interface ItemHolds {
  readonly stock: Stock;
  readonly isLocked: boolean;
  readonly holds: readonly OrderHold[];
  readonly cursor?: string;
}

/** Where a list goes on: in which source, behind what, and which lock of that page was told last. */
interface Position {
  readonly source: number;
  readonly after?: string | undefined;
  readonly told?: string | undefined;
}

/** So many locks or orders go into one answer of counts. */
const countedAtOnce = 1_000;
/** So many pending orders are looked through for the holds of one item. */
const lookedThroughAtOnce = 1_000;

/** What these orders hold of an item, as its row counts it. */
function holdsIn(orders: readonly Order[], itemId: string): OrderHold[] {
  return orders.flatMap(({ orderId, userId, expiresAtMs, lines }) =>
    sumDemand(lines)
      .filter((demand) => demand.itemId === itemId)
      .map(({ quantity }) => ({ orderId, userId, quantity, expiresAtMs })),
  );
}

/** Deadlines off the grid are counted in the second in which they end. */
function measureSpan(live: readonly Bucket[]) {
  const ends = live.map(({ endsAtMs }) => endsAtMs);
  return { afterMs: epochMs(Math.min(...ends) - 1_000), throughMs: epochMs(Math.max(...ends)) };
}

/** An answer looks at so many pages of a source: whoever asks for what is rare gets a short page. */
const pagesAtOnce = 5;
/** Pages that are read to pick some out of them have at least this size: one batched read. */
const pickedFrom = 100;

/** Tells a lock or hold from every other one. */
const identify = ({ kind, resource, orderId }: LiveLock): string =>
  [kind, orderId ?? "", resource].join(" ");

/** What of a page was not told yet: all of it when the last one told is gone, rather than too little. */
function untold(rows: readonly LiveLock[], told: string | undefined): readonly LiveLock[] {
  return told === undefined
    ? rows
    : rows.slice(rows.findIndex((lock) => identify(lock) === told) + 1);
}

function parsePosition(cursor: string | undefined): Position {
  if (cursor === undefined) return { source: 0 };
  const { source, after, told } = decodeCursor(cursor);
  if (!Number.isInteger(source) || Number(source) < 0) throw notACursor();
  return {
    source: Number(source),
    ...(after === undefined ? {} : { after: String(after) }),
    ...(told === undefined ? {} : { told: String(told) }),
  };
}

function formatCursor({ source, after, told }: Position): string {
  return encodeCursor({
    source,
    ...(after === undefined ? {} : { after }),
    ...(told === undefined ? {} : { told }),
  });
}

type Source = (page: {
  limit: number;
  cursor?: string | undefined;
}) => Promise<{ rows: readonly LiveLock[]; cursor?: string }>;

/** Makes the service. */
export function createOverviewService(options: OverviewServiceOptions) {
  const { database, locks, clock } = options;

  /** The places where locks of this kind are found, in the order in which they are listed. */
  function listSources(kind: LiveLockKind | undefined, owner: string | undefined): Source[] {
    const named = selectLockKinds(kind).map((wanted): Source => {
      return async (page) => {
        const { rows, ...more } = await locks.list({ kind: wanted, userId: owner, ...page });
        return { rows: rows.map(liveLockView), ...more };
      };
    });
    const ordered: Source = async (page) => {
      const { rows, ...more } = await listPendingOrders(database, { afterMs: clock(), ...page });
      const owned = rows.filter(({ userId }) => owner === undefined || userId === owner);
      return { rows: owned.flatMap((order) => orderLockViews(order, kind)), ...more };
    };
    return kind === "document" || kind === "custom" ? named : [...named, ordered];
  }

  /**
   * A page of live locks and holds. It is full, or the last one, or what was found in a bounded number
   * of looks: the cursor then goes on behind them. A page of a source can fill more than one here, as
   * an order has several holds; then it is read again, and what was told of it is left out.
   */
  async function list({ kind, owner, limit, cursor }: LiveLockQuery): Promise<Page<LiveLock>> {
    const sources = listSources(kind, owner);
    const found: LiveLock[] = [];
    const pageSize = owner === undefined ? limit : Math.max(limit, pickedFrom);
    let position = parsePosition(cursor);
    for (let looks = 0; looks < pagesAtOnce && found.length < limit; looks += 1) {
      const { source, after, told } = position;
      const next = sources[source];
      if (!next) return { rows: found };
      const page = await next({ limit: pageSize, cursor: after });
      const fresh = untold(page.rows, told);
      const room = limit - found.length;
      found.push(...fresh.slice(0, room));
      if (fresh.length > room) position = { source, after, told: identify(fresh[room - 1]!) };
      else if (page.cursor === undefined) position = { source: source + 1 };
      else position = { source, after: page.cursor };
    }
    return position.source < sources.length
      ? { rows: found, cursor: formatCursor(position) }
      : { rows: found };
  }

  return {
    /**
     * A page of live locks and holds: named locks first, then what pending orders hold.
     *
     * @example const { rows } = await overview.list({ kind: "item", limit: 20 });
     */
    list,

    /**
     * The locks and holds that end next, on one page; see `listNextToEnd`.
     *
     * @example const soon = await overview.listNext({ limit: 20 });
     */
    listNext: (query: LiveLockQuery) => listNextToEnd(options, query),

    /**
     * Counts over live locks and holds, about 1,000 of them at once; the cursor counts on.
     *
     * @example const { totalActiveLocks } = await overview.stats();
     */
    async stats(cursor?: string): Promise<LockStats & { cursor: string | null }> {
      const page = await list({ limit: countedAtOnce, cursor });
      return { ...countLiveLocks(page.rows, clock()), cursor: page.cursor ?? null };
    },

    /**
     * An item with its live holds, longest to go last. The item's row says how many units are held until
     * when, and pending orders with those deadlines say by whom: one request where nothing is held,
     * otherwise one more for each partition of the index and each 100 of up to 1,000 orders that are
     * looked through; the cursor goes on behind them.
     *
     * @throws ItemNotFound
     * @example const { holds } = await overview.item("mug");
     */
    async item(itemId: string, cursor?: string): Promise<ItemHolds> {
      const stock = await findWhole(database, itemId);
      if (!stock) throw new ItemNotFound(itemId);
      const nowMs = clock();
      const live = liveBuckets(stock, nowMs);
      const isLocked = live.length > 0;
      // Even where nothing is held any more a cursor has to be one of this list.
      if (!isLocked && cursor === undefined) return { stock, isLocked, holds: [] };
      const span = isLocked ? measureSpan(live) : { afterMs: nowMs, throughMs: nowMs };
      const query = { ...span, limit: lookedThroughAtOnce, cursor };
      const { rows, ...more } = await listPendingOrders(database, query);
      const holds = holdsIn(
        rows.filter(({ expiresAtMs }) => expiresAtMs > nowMs),
        itemId,
      );
      const sorted = holds.toSorted((a, b) => a.expiresAtMs - b.expiresAtMs);
      return { stock, isLocked, holds: sorted, ...more };
    },
  };
}
