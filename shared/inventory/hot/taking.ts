/**
 * Takes units of a hot item: reserves them by plain updates of the rows that have them.
 *
 * @see docs/decisions/0017-hot-items.md
 */
import { type ChangeNote, changeNote } from "../../base/actor.ts";
import type { EpochMs } from "../../base/time.ts";
import { withMoreTime } from "../../table/operation.ts";
import { AnswerLost, Contended } from "../../table/retry.ts";
import { bucketEndMs, bucketKey } from "../deadline.ts";
import { holdWrite, releaseHoldWrite } from "../hold-store.ts";
import { type Demand, ItemsUnavailable, type Stock } from "../stock.ts";
import {
  assertTime,
  findUnits,
  type FoundPiece,
  type Piece,
  type TakingOptions,
} from "./finding.ts";
import { findRows } from "./rows-store.ts";
import { findNotice } from "./sold-out-notice.ts";

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

/** A wish for units of one item until an instant. */
export interface Wish extends Demand {
  readonly orderId: string;
  readonly expiresAtMs: EpochMs;
  readonly note: ChangeNote;
}

/** How it went with one piece. */
type Try = "taken" | "busy" | "refused";

async function take(options: TakingOptions, wish: Wish, piece: FoundPiece): Promise<Try> {
  const { database, clock } = options;
  const write = holdWrite({ ...wish, wanted: wish.quantity, ...piece, nowMs: clock() });
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

/** Giving back has so much time beyond the patience for others: what it leaves is nobody's for minutes. */
const givingBackMs = 1_000;

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
  const reserved = pieces.filter(({ row }) => row > 0);
  await withMoreTime({ moreMs: givingBackMs, nowMs: clock() }, () => {
    const giving = reserved.map(async (piece) => {
      const write = releaseHoldWrite({ itemId, orderId, expiresAtMs, ...piece, note: told });
      await database.transact([write], { isAside: true });
    });
    return Promise.allSettled(giving);
  });
}

async function takeAll(
  options: TakingOptions,
  wish: Wish,
  pieces: readonly FoundPiece[],
): Promise<Try> {
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
 * @throws LimitExceeded, LimitsMoved when an order may not have so many; nothing is reserved
 * @throws HoldBehind when the hold would end where all was taken over already; nothing is reserved
 * @throws TryAgain when there was no time left; nothing is reserved
 */
export async function reserve(options: TakingOptions, wish: Wish, known: Stock): Promise<Piece[]> {
  const { sleep, random, memory } = options;
  /** Any of the rows that it is sold from, as far as they are there. */
  const anyRow = (): FoundPiece[] | undefined => {
    const { shards = 0, rows = 0 } = memory.hot(wish.itemId) ?? known;
    const row = 1 + Math.floor(random() * Math.min(shards, rows));
    return shards > 0 && rows > 0 ? [{ row, quantity: wish.quantity }] : undefined;
  };
  let pieces = anyRow() ?? (await findUnits(options, wish, known));
  for (let round = 0; ; round += 1) {
    const tried = await takeAll(options, wish, pieces);
    if (tried === "taken") return pieces.map(({ room: _seen, ...piece }) => piece);
    assertTime(options);
    if (round > 0) await sleep(random() * Math.min(longestPauseMs, 5 * 2 ** round));
    if (tried === "refused" && round > 2) await assertAhead(options, wish, known);
    if (tried === "refused") await heedNotice(options, wish);
    const isHot = tried === "busy" && memory.hot(wish.itemId)?.shards !== undefined;
    pieces = (isHot ? anyRow() : undefined) ?? (await findUnits(options, wish, known));
  }
}
