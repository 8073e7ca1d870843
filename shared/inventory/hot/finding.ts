/** Finds the rows of a hot item that have the units which somebody wants, or that they have not. */
import { stringify } from "safe-stable-stringify";
import type { Clock, EpochMs } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { outOfPatience, patientUntilMs } from "../../table/retry.ts";
import { maxTransactionWrites } from "../../table/write.ts";
import {
  expiredUnits,
  listBuckets,
  liveBuckets,
  manyBuckets,
  type Room,
  roomIn,
} from "../buckets.ts";
import {
  type Demand,
  type FailedItem,
  ItemsUnavailable,
  type Stock,
  whyRefused,
} from "../stock.ts";
import { assertLimits, fitsLimits } from "../item-limits.ts";
import { closeExpired, foresee, type Foreseen } from "./closing.ts";
import type { ItemMemory } from "./item-memory.ts";
import { findRows, type HotRow, type Rows } from "./rows-store.ts";
import { leaveNotice } from "./sold-out-notice.ts";

/** So many units from one row of an item. */
export interface Piece {
  readonly row: number;
  readonly quantity: number;
}

/** A piece as it was found; `room` says that its row counts many instants, and none that is over. */
export interface FoundPiece extends Piece {
  readonly room?: Room;
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
  const own = { row: 0, available: main.available + expiredUnits(main, nowMs) };
  // An item whose crowd is gone comes together again.
  if (main.shards === undefined && own.available >= quantity) return [{ row: 0, quantity }];
  const alone = pick(
    random,
    rows.filter(({ available }) => available >= quantity),
  );
  if (alone) return [{ row: alone.row, quantity }];
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
  if (clock() >= patientUntilMs()) throw outOfPatience();
}

const hasMany = (row: Pick<Stock, "due">): boolean => listBuckets(row).length >= manyBuckets;

/** Whether a row has many buckets, and some that can be dropped: those that are live are as many as the settings make. */
const isCrammed = (row: HotRow, nowMs: EpochMs): boolean =>
  hasMany(row) && roomIn(row, nowMs).over.length > 0;

/** The pieces, each as its row has to be met: one with many live buckets is taken from as it was seen. */
function withRooms(pieces: readonly Piece[], rows: readonly HotRow[], nowMs: EpochMs) {
  return pieces.map((piece): FoundPiece => {
    const row = rows.find((each) => each.row === piece.row);
    return row && hasMany(row) ? { ...piece, room: roomIn(row, nowMs) } : piece;
  });
}

/**
 * So often one look for units writes back to a row what is over in it. Then it looks again after a pause: of several
 * who came for the same units others have gone on by then.
 */
const mostSettled = 4;
const longestPauseMs = 50;

/** How cheaply a row gives something: what is closed for it, by what that brings. */
const byPrice = (one: Foreseen, other: Foreseen): number =>
  (one.parts + 1) / one.left - (other.parts + 1) / other.left;

/**
 * Gives back what is over in these rows until so many units more are free and none has too many buckets, or a row was
 * written to often enough for one look: then after a pause. What was closed when time is up stays so: the next try goes
 * on from there.
 *
 * @throws TryAgain when the patience of the operation is over
 */
async function closeUntil(
  options: TakingOptions,
  rows: Iterable<HotRow>,
  missing: number,
): Promise<void> {
  let left = missing;
  let isMore = false;
  for (const row of rows) {
    let settled = 0;
    const closed = await closeExpired(options, row, (current) => {
      assertTime(options);
      const goesOn = hasMany(current) || current.available - row.available < left;
      isMore ||= goesOn && settled === mostSettled;
      settled += 1;
      return goesOn && settled <= mostSettled;
    });
    left -= closed.available - row.available;
  }
  if (isMore && left > 0) await options.sleep(options.random() * longestPauseMs);
}

/** That there are not enough, and when the next units are over that have moved on from what is over. */
interface Short extends FailedItem {
  readonly nextMs: number;
}

/** Remembers that there are only so many, and tells others. */
async function noteSoldOut(
  { database, memory, clock }: TakingOptions,
  { main, rows }: Rows,
  { itemId, available, nextMs: arrivingMs }: Short,
): Promise<void> {
  const nowMs = clock();
  const live = [main, ...rows].flatMap((row) => liveBuckets(row, nowMs));
  const nextMs = Math.min(arrivingMs, ...live.map(({ endsAtMs }) => endsAtMs));
  const untilMs = memory.sawSoldOut(itemId, available, nextMs);
  if (untilMs > nowMs) await leaveNotice(database, { itemId, available, untilMs });
}

/**
 * Finds rows that have the units together. Whatever is over in a row is given back first where it is needed, in the
 * rows first where that costs least; rows of which all that is over was sold are left as they are.
 * "Not enough" is said only of rows that were read twice and had not changed: then there was an instant at
 * which all of them were so, whatever moved between them before and after. The first reading may be of a moment
 * ago: it finds rows to try, and what it saw was so before the second one began; what settlement rows say is read
 * in between, and only grows. One request, three for a refusal that others did not find before, and those of
 * `foresee` and `closeExpired` where something is over.
 *
 * @throws ItemsUnavailable when there are not enough, the price is another one, or it is not for sale
 * @throws LimitExceeded, LimitsMoved when an order may not have so many
 * @throws TryAgain when the rows kept changing for longer than there is time
 */
export async function findUnits(
  options: TakingOptions,
  demand: Demand,
  known: Pick<Stock, "itemId" | "rows"> = demand,
): Promise<FoundPiece[]> {
  const { database, clock, random, memory } = options;
  /** So few units there are, where no row has changed since. */
  let short: Short | undefined;
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
    const crammed = found.rows.filter((row) => isCrammed(row, nowMs));
    const pieces = choosePieces(found, demand.quantity, { nowMs, random });
    if (pieces && crammed.length === 0) return withRooms(pieces, found.rows, nowMs);
    const over = found.rows.filter((row) => expiredUnits(row, nowMs) > 0);
    const after = stringify([found, over.map((row) => expiredUnits(row, nowMs))]);
    if (refused && short && after === before) {
      await noteSoldOut(options, found, short);
      const { nextMs: _next, ...told } = short;
      throw new ItemsUnavailable([told]);
    }
    before = after;
    const foreseen = pieces ? [] : await foresee(database, over, nowMs);
    const coming = foreseen.reduce((sum, { left }) => sum + left, 0);
    const isShort = refused !== undefined && refused.available + coming < demand.quantity;
    const nextMs = Math.min(...foreseen.map((each) => each.nextMs));
    short = isShort ? { ...refused, available: refused.available + coming, nextMs } : undefined;
    const missing = demand.quantity - onTheShelf(found, nowMs).available;
    const giving = foreseen.filter(({ left }) => left > 0 && !isShort).toSorted(byPrice);
    await closeUntil(options, new Set([...crammed, ...giving.map(({ row }) => row)]), missing);
  }
}
