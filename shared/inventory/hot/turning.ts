/** Turns an item hot, fetches its units back, and lets it cool: while orders run, whoever needs it does it. */
import { type ChangeNote, changeNote } from "../../base/actor.ts";
import { type Clock, epochMs } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { TransactionRefused } from "../../table/transaction.ts";
import type { RoomOptions } from "../room.ts";
import type { Stock } from "../stock.ts";
import type { Write } from "../../table/write.ts";
import { createStockWrite, findStocks, parseStock } from "../stock-store.ts";
import { closeExpired, readAgain } from "./closing.ts";
import { findRows, type HotRow, isSpread } from "./rows-store.ts";
import {
  claimTurnWrite,
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

/** How an item is to be sold: from so many rows, for good or until the crowd is gone. */
export interface Turn {
  readonly shards: number;
  readonly isByHand: boolean;
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

/** Spreads what the first row has, as it is when the transaction gets through. */
async function spread(options: TurningOptions, first: Stock, turn: Turn): Promise<Stock> {
  const { database, clock } = options;
  for (let main = first; ;) {
    const coolsAt = turn.isByHand ? undefined : epochMs(clock() + coolsAfterMs);
    const shares = splitEvenly(main.available, turn.shards);
    const note = noteAt(clock, "stock.spread");
    const plan = { shares, coolsAfterMs: coolsAt, note };
    try {
      await database.transact(spreadWrites(main, plan), aside);
      const { shards, rows = 0, away = 0, available } = { ...main, ...turn };
      return {
        ...main,
        shards,
        rows: Math.max(rows, shards),
        away: away + available,
        available: 0,
      };
    } catch (error) {
      const found = foundIn(error);
      if (!found || found.holdPolicy === "exclusive") return found ?? main;
      main = found;
    }
  }
}

/**
 * Spreads the units of an item's first row over `shards` rows and sells it from there. Whoever comes first
 * does it: the others are handed the item as it is, with `turningUntilMs` while that is under way. Two
 * requests. Safe to break off: nothing has moved, or all has.
 *
 * @example const item = await turnHot({ database, clock }, stock, { shards: 8, isByHand: false });
 */
export async function turnHot(options: TurningOptions, stock: Stock, turn: Turn): Promise<Stock> {
  const { database, clock } = options;
  const nowMs = clock();
  const untilMs = epochMs(nowMs + turnMs);
  try {
    const note = noteAt(clock, "stock.turning");
    const claim = claimTurnWrite(stock, { nowMs, untilMs, note });
    return await spread(options, parseStock(await database.apply(claim, aside)), turn);
  } catch (error) {
    return foundIn(error) ?? stock;
  }
}

/** One row gives up what nobody holds; what others take meanwhile stays theirs. */
async function fetchFrom(options: RoomOptions, first: HotRow): Promise<void> {
  const { database, clock } = options;
  let row = await closeExpired(options, first);
  while (row.available > 0 || row.sold > 0) {
    const note = noteAt(clock, "stock.gathered");
    try {
      await database.transact(gatherWrites(row, note), aside);
      return;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      row = await readAgain(options, row);
    }
  }
}

/**
 * Fetches back what nobody holds in the item's further rows, after giving back what is over there, and hands
 * back the item. What is held stays until it ends. One request to read the rows, one for each that has
 * something, and those of `closeExpired`. Safe to repeat and to break off.
 *
 * @example const { available } = await gather({ database, clock }, stock);
 */
export async function gather(options: RoomOptions, stock: Stock): Promise<Stock> {
  const found = await findRows(options.database, stock);
  if (!found) return stock;
  for (const row of found.rows) await fetchFrom(options, row);
  return (await findStocks(options.database, [stock.itemId])).get(stock.itemId) ?? stock;
}

/**
 * Sells the item from its first row again, and fetches its units back there. Safe to repeat and to break off:
 * an order that finds the first row empty looks into the others.
 *
 * @example await cool({ database, clock }, stock);
 */
export async function cool(options: RoomOptions, stock: Stock): Promise<Stock> {
  const note = noteAt(options.clock, "stock.cooled");
  if (stock.shards !== undefined) await options.database.apply(coolWrite(stock, note), aside);
  return gather(options, stock);
}

/** Whether hardly anybody comes: no two rows have changed lately, one of which may be the caller's own doing. */
function isQuiet(rows: readonly HotRow[], nowMs: number): boolean {
  const last = rows.map((row) => (row as unknown as { change: ChangeNote }).change.atMs);
  return last.filter((atMs) => atMs + restMs > nowMs).length <= 1;
}

/**
 * Lets an item cool that turned hot by itself and whose crowd is gone; and empties the rows of one that has
 * cooled, as what was held there ends. No request for any other item, and none before its time.
 *
 * @example await coolDown({ database, clock }, stock);
 */
export async function coolDown(options: RoomOptions, stock: Stock): Promise<void> {
  const { database, clock } = options;
  const nowMs = clock();
  if (!isSpread(stock)) return;
  if (stock.shards === undefined) {
    await gather(options, stock);
    return;
  }
  if (stock.coolsAfterMs === undefined || nowMs < stock.coolsAfterMs) return;
  const found = await findRows(database, stock);
  if (!found || isQuiet(found.rows, nowMs)) {
    await cool(options, stock);
    return;
  }
  const note = noteAt(clock, "stock.turning");
  try {
    await database.apply(stayHotWrite(stock, epochMs(nowMs + coolsAfterMs), note), aside);
  } catch (error) {
    if (!(error instanceof ItemMoved)) throw error;
  }
}
