/**
 * Takes units of a hot item: finds rows that have them, and reserves there by plain updates.
 *
 * @see docs/decisions/0017-hot-items.md
 */
import { stringify } from "safe-stable-stringify";
import { type ChangeNote, changeNote } from "../../base/actor.ts";
import { TryAgain } from "../../base/errors.ts";
import type { Clock, EpochMs } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { currentOperation } from "../../table/operation.ts";
import { AnswerLost, Contended } from "../../table/retry.ts";
import { listBuckets, expiredUnits, liveBuckets, manyBuckets } from "../buckets.ts";
import { bucketEndMs, bucketKey } from "../deadline.ts";
import { holdWrite, releaseHoldWrite } from "../hold-store.ts";
import {
  type Demand,
  type FailedItem,
  ItemsUnavailable,
  type Stock,
  whyRefused,
} from "../stock.ts";
import { closeExpired } from "./closing.ts";
import type { ItemMemory } from "./item-memory.ts";
import { findRows, type Rows } from "./rows-store.ts";
import { findNotice, leaveNotice } from "./sold-out-notice.ts";

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

/** Everything over was taken over until then, by a clock that is ahead: a hold has to begin there. */
export class HoldBehind extends Error {
  readonly throughMs: number;

  constructor(throughMs: number) {
    super("The hold would end where everything was taken over");
    this.throughMs = throughMs;
  }
}

/** Longest pause before another row is tried. */
const longestPauseMs = 200;

function pick<T>(random: () => number, list: readonly T[]): T | undefined {
  return list[Math.floor(random() * list.length)];
}

/** Which rows give the units: one alone where that is possible, otherwise several, the fullest first. */
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
  const fullest = rows.toSorted((one, other) => other.available - one.available);
  let missing = quantity;
  const pieces = [...fullest, own].flatMap(({ row, available }) => {
    const part = Math.min(missing, Math.max(0, available));
    missing -= part;
    return part > 0 ? [{ row, quantity: part }] : [];
  });
  return missing === 0 ? pieces : undefined;
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

function assertTime({ clock }: TakingOptions): void {
  const { deadlineMs = Infinity, patientUntilMs = deadlineMs } = currentOperation() ?? {};
  if (clock() >= patientUntilMs) throw new TryAgain();
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
 * @throws ItemsUnavailable when there are not enough, or the price is another one
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
    if (refused && refused.reason !== "insufficient_stock") throw new ItemsUnavailable([refused]);
    const crammed = found.rows.filter((row) => listBuckets(row).length >= manyBuckets);
    const pieces = choosePieces(found, demand.quantity, { nowMs, random });
    if (pieces && crammed.length === 0) return pieces;
    const over = found.rows.filter((row) => expiredUnits(row, nowMs) > 0);
    const after = stringify(found);
    if (refused && over.length === 0 && after === before) {
      await noteSoldOut(options, found, refused);
      throw new ItemsUnavailable([refused]);
    }
    before = after;
    for (const row of new Set([...over, ...crammed])) await closeExpired(options, row);
  }
}

/** A wish for units of one item until an instant. */
export interface Wish extends Demand {
  readonly orderId: string;
  readonly expiresAtMs: EpochMs;
  readonly note: ChangeNote;
}

/** How it went with one piece. */
type Try = "taken" | "busy" | "refused";

async function take(options: TakingOptions, wish: Wish, piece: Piece): Promise<Try> {
  const { database, clock } = options;
  const write = holdWrite({ ...wish, ...piece, nowMs: clock() });
  try {
    // Sent once: no row could tell a repetition from another buyer of the same number of units.
    await database.apply(write, { isAside: true, isOnce: true, conflicts: 1, throttles: 1 });
    return "taken";
  } catch (error) {
    if (error instanceof Contended) return "busy";
    // Whether it was taken or not: the bucket's end gives it back, and nobody sells it.
    if (error instanceof AnswerLost || error instanceof ItemsUnavailable) return "refused";
    throw error;
  }
}

/**
 * Gives reserved pieces back: their order was not placed. Whatever this cannot do, the end of their bucket
 * does. A transaction of one, so that its token makes it happen once.
 */
export async function giveBack(
  { database, clock }: TakingOptions,
  { itemId, orderId, expiresAtMs, note }: Wish,
  pieces: readonly Piece[],
): Promise<void> {
  const told = changeNote("hold.released", { id: note.actor }, clock());
  const giving = pieces
    .filter(({ row }) => row > 0)
    .map(async (piece) => {
      const write = releaseHoldWrite({ itemId, orderId, expiresAtMs, ...piece, note: told });
      await database.transact([write], { isAside: true });
    });
  await Promise.allSettled(giving);
}

async function takeAll(options: TakingOptions, wish: Wish, pieces: readonly Piece[]): Promise<Try> {
  const reserved = pieces.filter(({ row }) => row > 0);
  const tries = await Promise.all(reserved.map((piece) => take(options, wish, piece)));
  const bad = tries.find((each) => each !== "taken");
  if (!bad) return "taken";
  await giveBack(
    options,
    wish,
    reserved.filter((_, index) => tries[index] === "taken"),
  );
  return bad;
}

/** What others have found a moment ago goes for this demand, too. */
async function heedNotice({ database, memory, clock }: TakingOptions, wish: Wish): Promise<void> {
  if (memory.soldOutMs <= 0) return;
  const times = { nowMs: clock(), memoryMs: memory.soldOutMs };
  const noticed = await findNotice(database, wish, times);
  if (!noticed) return;
  const { untilMs, ...refused } = noticed;
  memory.sawSoldOut(refused.itemId, refused.available, untilMs);
  throw new ItemsUnavailable([refused]);
}

/** A hold that would end at or below a row's watermark is nobody's; that is no want of units. */
async function assertAhead(options: TakingOptions, wish: Wish, known: Stock): Promise<void> {
  const found = await findRows(options.database, known);
  const through = (found?.rows ?? []).map(({ reclaimedThroughMs }) => reclaimedThroughMs);
  const throughMs = Math.max(0, ...through);
  if (bucketEndMs(bucketKey(wish.expiresAtMs)) <= throughMs) throw new HoldBehind(throughMs);
}

/**
 * Reserves units of an item that is spread over rows: a plain update of one row in the common case, one request.
 * A row that is busy or empty is left for another one. Pieces of the first row are only named: they are
 * taken by the order's own transaction, as from any plain item.
 *
 * @throws ItemsUnavailable when the rows together have not enough; nothing is reserved
 * @throws HoldBehind when the hold would end where all was taken over already; nothing is reserved
 * @throws TryAgain when there was no time left; nothing is reserved
 */
export async function reserve(options: TakingOptions, wish: Wish, known: Stock): Promise<Piece[]> {
  const { sleep, random, memory } = options;
  const anyRow = (): Piece[] => {
    const { shards = 0 } = memory.hot(wish.itemId) ?? known;
    return [{ row: 1 + Math.floor(random() * shards), quantity: wish.quantity }];
  };
  let pieces = known.shards === undefined ? await findUnits(options, wish, known) : anyRow();
  for (let round = 0; ; round += 1) {
    const tried = await takeAll(options, wish, pieces);
    if (tried === "taken") return pieces;
    assertTime(options);
    if (round > 0) await sleep(random() * Math.min(longestPauseMs, 5 * 2 ** round));
    if (tried === "refused" && round > 2) await assertAhead(options, wish, known);
    if (tried === "refused") await heedNotice(options, wish);
    const isHot = tried === "busy" && memory.hot(wish.itemId)?.shards !== undefined;
    pieces = isHot ? anyRow() : await findUnits(options, wish, known);
  }
}
