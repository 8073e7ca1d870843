/** Finds the rows of a hot item that have the units which somebody wants, or that they have not. */
import { stringify } from "safe-stable-stringify";
import { TryAgain } from "../../base/errors.ts";
import type { Clock, EpochMs } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { currentOperation } from "../../table/operation.ts";
import { maxTransactionWrites } from "../../table/write.ts";
import { listBuckets, expiredUnits, liveBuckets, manyBuckets } from "../buckets.ts";
import {
  type Demand,
  type FailedItem,
  ItemsUnavailable,
  type Stock,
  whyRefused,
} from "../stock.ts";
import { assertLimits, fitsLimits } from "../item-limits.ts";
import { closeExpired } from "./closing.ts";
import type { ItemMemory } from "./item-memory.ts";
import { findRows, type HotRow, type Rows } from "./rows-store.ts";
import { leaveNotice } from "./sold-out-notice.ts";

/** So many units from one row of an item. */
export interface Piece {
  readonly row: number;
  readonly quantity: number;
}

/** What taking takes. */
export interface TakingOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly sleep: (durationMs: number) => Promise<unknown>;
  readonly random: () => number;
  readonly memory: ItemMemory;
}

function pick<T>(random: () => number, list: readonly T[]): T | undefined {
  return list[Math.floor(random() * list.length)];
}

/** Letting go of a piece whose payment has started takes two of a transaction's writes: no order has more of them. */
const manyPieces = maxTransactionWrites / 2 - 2;

interface Level {
  readonly row: number;
  readonly available: number;
}

const byLevel = (one: Level, other: Level): number => other.available - one.available;

/** So many of these rows that the units are complete, from each all that it has. */
function gather(rows: readonly Level[], quantity: number): Piece[] | undefined {
  let missing = quantity;
  const pieces = rows.flatMap(({ row, available }) => {
    const part = Math.min(missing, Math.max(0, available));
    missing -= part;
    return part > 0 ? [{ row, quantity: part }] : [];
  });
  return missing === 0 ? pieces : undefined;
}

/**
 * Which rows give the units: one alone where that is possible, otherwise several, the fullest first. The first row,
 * which every order meets in its transaction, is the last to give any, unless the others were too many.
 */
function choosePieces(
  { main, rows }: Rows,
  quantity: number,
  { nowMs, random }: { nowMs: EpochMs; random: () => number },
): Piece[] | undefined {
  const alone = pick(
    random,
    rows.filter(({ available }) => available >= quantity),
  );
  if (alone) return [{ row: alone.row, quantity }];
  const own = { row: 0, available: main.available + expiredUnits(main, nowMs) };
  if (own.available >= quantity) return [{ row: 0, quantity }];
  const further = rows.map(({ row = 0, available }) => ({ row, available }));
  const pieces = gather([...further.toSorted(byLevel), own], quantity);
  const isMany = pieces !== undefined && pieces.length > manyPieces;
  return isMany ? gather([...further, own].toSorted(byLevel), quantity) : pieces;
}

/**
 * The units that can be had at once, as if they were in one row. What is over in further rows is none of them:
 * only its settlement rows tell how much was sold.
 */
function onTheShelf({ main, rows }: Rows, nowMs: EpochMs): Stock {
  const own = main.available + expiredUnits(main, nowMs);
  const available = rows.reduce((sum, row) => sum + row.available, own);
  return { ...main, available, due: {} };
}

/** @throws TryAgain when the patience of the operation is over */
export function assertTime({ clock }: TakingOptions): void {
  const { deadlineMs = Infinity, patientUntilMs = deadlineMs } = currentOperation() ?? {};
  if (clock() >= patientUntilMs) throw new TryAgain();
}

const isCrammed = (row: HotRow): boolean => listBuckets(row).length >= manyBuckets;

/**
 * Gives back what is over in these rows until so many units more are free and none has too many buckets. What was closed
 * when time is up stays so: the next try goes on from there.
 *
 * @throws TryAgain when the patience of the operation is over
 */
async function closeUntil(
  options: TakingOptions,
  rows: Iterable<HotRow>,
  missing: number,
): Promise<void> {
  let left = missing;
  for (const row of rows) {
    const closed = await closeExpired(options, row, (current) => {
      assertTime(options);
      return isCrammed(current) || current.available - row.available < left;
    });
    left -= closed.available - row.available;
  }
}

/** Remembers that there are only so many, and tells others. */
async function noteSoldOut(
  { database, memory, clock }: TakingOptions,
  { main, rows }: Rows,
  { itemId, available }: FailedItem,
): Promise<void> {
  const nowMs = clock();
  const live = [main, ...rows].flatMap((row) => liveBuckets(row, nowMs));
  const nextMs = Math.min(...live.map(({ endsAtMs }) => endsAtMs));
  const untilMs = memory.sawSoldOut(itemId, available, nextMs);
  if (untilMs > nowMs) await leaveNotice(database, { itemId, available, untilMs });
}

/**
 * Finds rows that have the units together. Whatever is over in a row is given back first where it is needed.
 * "Not enough" is said only of rows that were read twice and had not changed: then there was an instant at
 * which all of them were so, whatever moved between them before and after. The first reading may be of a moment
 * ago: it finds rows to try, and what it saw was so before the second one began. One request, three for a refusal
 * that others did not find before.
 *
 * @throws ItemsUnavailable when there are not enough, the price is another one, or it is not for sale
 * @throws LimitExceeded, LimitsMoved when an order may not have so many
 * @throws TryAgain when the rows kept changing for longer than there is time
 */
export async function findUnits(
  options: TakingOptions,
  demand: Demand,
  known: Pick<Stock, "itemId" | "rows"> = demand,
): Promise<Piece[]> {
  const { database, clock, random, memory } = options;
  for (let before = ""; ; assertTime(options)) {
    const read = before === "" ? database.lookAtMany : database.getMany;
    const found = await findRows(database, known, read);
    if (!found) throw new ItemsUnavailable([whyRefused(demand, undefined, clock())!]);
    memory.saw(found.main);
    const nowMs = clock();
    const refused = whyRefused(demand, onTheShelf(found, nowMs), nowMs);
    const isBarred = refused && refused.reason !== "insufficient_stock";
    if (before === "" && (isBarred || !fitsLimits(demand, found.main))) {
      // What was so a moment ago bars nobody: it is read as it is.
      before = "barred";
      continue;
    }
    assertLimits(demand, found.main);
    if (isBarred) throw new ItemsUnavailable([refused]);
    const crammed = found.rows.filter((row) => isCrammed(row));
    const pieces = choosePieces(found, demand.quantity, { nowMs, random });
    if (pieces && crammed.length === 0) return pieces;
    const over = found.rows.filter((row) => expiredUnits(row, nowMs) > 0);
    const after = stringify(found);
    if (refused && over.length === 0 && after === before) {
      await noteSoldOut(options, found, refused);
      throw new ItemsUnavailable([refused]);
    }
    before = after;
    const missing = demand.quantity - onTheShelf(found, nowMs).available;
    await closeUntil(options, new Set([...crammed, ...over]), missing);
  }
}
