/** Turns an item hot, fetches its units back, and lets it cool: while orders run, whoever needs it does it. */
import { type ChangeNote, changeNote } from "../../base/actor.ts";
import { type Clock, epochMs } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { TransactionRefused } from "../../table/transaction.ts";
import type { RoomOptions } from "../room.ts";
import { isSpread, type Stock } from "../stock.ts";
import type { Write } from "../../table/write.ts";
import { createStockWrite, findStocks, parseStock } from "../stock-store.ts";
import { closeExpired, readAgain } from "./closing.ts";
import { findRows, type HotRow } from "./rows-store.ts";
import {
  claimTurnWrite,
  endTurnWrite,
  coolWrite,
  fillWrite,
  gatherWrites,
  spreadWrites,
  stayHotWrite,
} from "./spread-store.ts";
import { ItemMoved } from "./item-moved.ts";

/** Whose deed it is when a crowd, or its end, changes how an item is stored. */
const crowdActor = { id: "system:crowd" };

/** How long whoever spreads an item has it to oneself; when it dies, others wait no longer than that. */
const turnMs = 1_000;
/** An item that turned hot by itself is looked at again after this time; then a row must have rested so long. */
const coolsAfterMs = 300_000;
const restMs = 30_000;

/** What moving units between rows takes. */
export interface TurningOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** How many rows an administrator has said that the item is sold from, which no crowd changes; or undefined. */
export function shardsByHand(stock: Stock): number | undefined {
  return stock.coolsAfterMs === undefined ? stock.shards : undefined;
}

/** What is done to an item's rows is no part of what anybody asked for. */
const aside = { isAside: true } as const;

function noteAt(clock: Clock, action: ChangeNote["action"]): ChangeNote {
  return changeNote(action, crowdActor, clock());
}

/** Everything that is there, in shares that differ by one unit at the most. */
function splitEvenly(units: number, shards: number): number[] {
  const [least, more] = [Math.floor(units / shards), units % shards];
  return Array.from({ length: shards }, (_, index) => least + (index < more ? 1 : 0));
}

/** The writes that create an item which is sold from several rows from the start. At most 51. */
export function createHot(stock: Stock, shards: number, note: ChangeNote): Write[] {
  const { available: away } = stock;
  const main = { ...stock, available: 0, away, shards, rows: shards };
  const shares = splitEvenly(away, shards);
  return [
    createStockWrite(main, note),
    ...shares.map((share, index) => fillWrite(stock, index + 1, share, note)),
  ];
}

function foundIn(error: unknown): Stock | undefined {
  const [first] = error instanceof TransactionRefused ? error.refusals : [];
  const moved = first?.error ?? error;
  if (!(moved instanceof ItemMoved)) throw error;
  return moved.found && parseStock(moved.found);
}

/**
 * Spreads what the first row has, as it is when the transaction gets through: over so many rows as an administrator has
 * said by then, or else over `autoShards`.
 */
async function spread(options: TurningOptions, first: Stock, autoShards: number): Promise<Stock> {
  const { database, clock } = options;
  for (let main = first; ;) {
    const said = shardsByHand(main);
    const shards = said ?? autoShards;
    if (shards < 2 || main.holdPolicy === "exclusive" || main.hasLine) return main;
    const coolsAt = said === undefined ? epochMs(clock() + coolsAfterMs) : undefined;
    const shares = splitEvenly(main.available, shards);
    const note = noteAt(clock, "stock.spread");
    try {
      await database.transact(spreadWrites(main, { shares, coolsAfterMs: coolsAt, note }), aside);
      const { turningUntilMs: _over, rows = 0, away = 0, available, ...same } = main;
      const moved = { away: away + available, available: 0 };
      return { ...same, ...moved, shards, rows: Math.max(rows, shards) };
    } catch (error) {
      const found = foundIn(error);
      if (!found) return main;
      main = found;
    }
  }
}

/**
 * Spreads the units of an item's first row over further ones and sells it from there: over as many as an
 * administrator has said, or over `autoShards` where nobody has, until the crowd is gone (below 2: not at all). Whoever
 * comes first does it: the others are handed the item as it is, with `turningUntilMs` while that is under way. Two
 * requests, and where it turns out that it must not be spread one more. Safe to break off: nothing has moved, or all has.
 *
 * @example const item = await turnHot({ database, clock }, stock, 8);
 */
export async function turnHot(
  options: TurningOptions,
  stock: Stock,
  autoShards: number,
): Promise<Stock> {
  const { database, clock } = options;
  const nowMs = clock();
  const untilMs = epochMs(nowMs + turnMs);
  const note = noteAt(clock, "stock.turning");
  try {
    const claim = claimTurnWrite(stock, { nowMs, untilMs, note });
    const own = parseStock(await database.apply(claim, aside));
    const after = await spread(options, own, autoShards);
    if (after.turningUntilMs !== untilMs) return after;
    return parseStock(await database.apply(endTurnWrite(stock.itemId, untilMs, note), aside));
  } catch (error) {
    return foundIn(error) ?? stock;
  }
}

/** Whoever cools an item along the way, an order, settles what is over of rows so often at the most: the next one goes on. */
const mostClosedAside = 2;

/**
 * One row gives up what nobody holds; what others take meanwhile stays theirs. Closes `most` buckets that are over, and
 * tells how many it closed.
 */
async function fetchFrom(options: RoomOptions, first: HotRow, most: number): Promise<number> {
  const { database, clock } = options;
  let closed = 0;
  const goesOn = (): boolean => (closed += 1) <= most;
  let row = await closeExpired(options, first, goesOn);
  while (row.available > 0 || row.sold > 0) {
    const note = noteAt(clock, "stock.gathered");
    try {
      await database.transact(gatherWrites(row, note), aside);
      break;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      row = await readAgain(options, row);
    }
  }
  return Math.min(closed, most);
}

/**
 * Fetches back what nobody holds in the item's further rows, after giving back what is over there, and hands
 * back the item. What is held stays until it ends. One request to read the rows, one for each that has
 * something, and those of `closeExpired`. Safe to repeat and to break off.
 *
 * @example const { available } = await gather({ database, clock }, stock);
 */
export async function gather(
  options: RoomOptions,
  stock: Stock,
  mostClosed = Infinity,
): Promise<Stock> {
  const found = await findRows(options.database, stock);
  if (!found) return stock;
  let left = mostClosed;
  for (const row of found.rows) {
    if (left > 0) left -= await fetchFrom(options, row, left);
  }
  return (await findStocks(options.database, [stock.itemId])).get(stock.itemId) ?? stock;
}

/**
 * Sells the item from its first row again, and fetches its units back there; unless it was said meanwhile that it
 * stays hot. Safe to repeat and to break off: an order that finds the first row empty looks into the others.
 *
 * @example await cool({ database, clock }, stock);
 */
export async function cool(
  options: RoomOptions,
  stock: Stock,
  mostClosed = Infinity,
): Promise<Stock> {
  const note = noteAt(options.clock, "stock.cooled");
  let current = stock;
  try {
    if (stock.shards !== undefined) await options.database.apply(coolWrite(stock, note), aside);
  } catch (error) {
    current = foundIn(error) ?? stock;
    if (current.shards !== undefined) return current;
  }
  return gather(options, current, mostClosed);
}

/** Whether hardly anybody comes: no two rows have changed lately, one of which may be the caller's own doing. */
function isQuiet(rows: readonly HotRow[], nowMs: number): boolean {
  const last = rows.map((row) => (row as unknown as { change: ChangeNote }).change.atMs);
  return last.filter((atMs) => atMs + restMs > nowMs).length <= 1;
}

/**
 * Lets an item cool that turned hot by itself and whose crowd is gone; and empties the rows of one that has
 * cooled, as what was held there ends: two writes of rows each time, so that nobody pays for a whole crowd. No request for any
 * other item, and none before its time.
 *
 * @example await coolDown({ database, clock }, stock);
 */
export async function coolDown(
  options: RoomOptions,
  stock: Stock,
  most = mostClosedAside,
): Promise<void> {
  const { database, clock } = options;
  const nowMs = clock();
  if (!isSpread(stock)) return;
  if (stock.shards === undefined) {
    await gather(options, stock, most);
    return;
  }
  if (stock.coolsAfterMs === undefined || nowMs < stock.coolsAfterMs) return;
  const found = await findRows(database, stock);
  if (!found || isQuiet(found.rows, nowMs)) {
    await cool(options, stock, most);
    return;
  }
  const note = noteAt(clock, "stock.turning");
  try {
    await database.apply(stayHotWrite(stock, epochMs(nowMs + coolsAfterMs), note), aside);
  } catch (error) {
    if (!(error instanceof ItemMoved)) throw error;
  }
}
