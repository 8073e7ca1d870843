/**
 * The line for a sold-out item: who waits for a unit, in order of arrival, and whose turn it is. The places are
 * those of any line; what is special to items is the turn, for which a unit is held.
 *
 * @see docs/decisions/0021-lines-for-items.md
 */
import { HoldfastError } from "../../base/errors.ts";
import { derivedId } from "../../base/derived-ids.ts";
import { lineResource } from "../../base/line-id.ts";
import { type EpochMs, epochMs, isExpired } from "../../base/time.ts";
import { livingIn, maxWaiters, placeMs } from "../../locks/line.ts";
import type { Row } from "../../table/write.ts";
import { expiredUnits, liveBuckets } from "../buckets.ts";
import { isSpread, isForSale, type Stock } from "../stock.ts";

/** For how long a unit is held for whoever's turn it is, at the least; the grid of holds rounds it up. */
export const turnMs = 30_000;
/** A place is kept anew when it is asked for after a third of its time, so that quick askers cost no write. */
export const keepAfterMs = placeMs / 3;

/** A unit is held for this shopper until then; an order with the ticket gets it. */
export interface ItemTurn {
  readonly ticket: string;
  readonly userId: string;
  /** The end of the hold: exact, like any deadline. */
  readonly endsAtMs: EpochMs;
}

/** A place in the line, as its owner is told of it. */
export interface ItemPlace {
  readonly ticket: string;
  /** From 1. */
  readonly position: number;
  /** From what was observed; null where nothing can come free by itself any more. */
  readonly estimatedWaitMs: number | null;
  /** To be asked for again before this instant; by then it is lost. */
  readonly claimBeforeMs: EpochMs;
}

/** What asking comes to: one's turn, or a place. */
export type ItemStanding = { readonly turn: ItemTurn } | { readonly place: ItemPlace };

/** The attribute that holds one turn. */
export const turnAttribute = (ticket: string): `turn_${string}` => `turn_${ticket}`;

/** Another ticket for every place: a late repetition never speaks for a later one. */
export function makeItemTicket(itemId: string, userId: string, nowMs: EpochMs): string {
  return derivedId("tkt", lineResource(itemId), userId, nowMs);
}

/** Every turn of a row that was not used, whether or not its time is over. */
export function parseTurns(row: Row | undefined): ItemTurn[] {
  return Object.entries(row ?? {}).flatMap(([name, value]) => {
    if (!name.startsWith(turnAttribute(""))) return [];
    const { userId, endsAtMs } = value as { userId: string; endsAtMs: number };
    return [{ ticket: name.slice(turnAttribute("").length), userId, endsAtMs: epochMs(endsAtMs) }];
  });
}

/** The turns whose units are still held. */
export function liveTurns(row: Row | undefined, nowMs: EpochMs): ItemTurn[] {
  return parseTurns(row).filter(({ endsAtMs }) => !isExpired(endsAtMs, nowMs));
}

/** The turn with this ticket, if it is this shopper's and its time is not over. */
export function findTurn(
  row: Row | undefined,
  { ticket, userId }: { readonly ticket: string; readonly userId: string },
  nowMs: EpochMs,
): ItemTurn | undefined {
  return liveTurns(row, nowMs).find((turn) => turn.ticket === ticket && turn.userId === userId);
}

/** The units that can be given to somebody now: of an exclusive item one, while nobody has one. */
export function freeUnits(stock: Stock, nowMs: EpochMs): number {
  const free = stock.available + expiredUnits(stock, nowMs);
  if (stock.holdPolicy !== "exclusive") return free;
  return liveBuckets(stock, nowMs).length > 0 ? 0 : Math.min(1, free);
}

/** When so many units will have come free if no order is paid; undefined where fewer than that are held. */
function latestFreeMs(stock: Stock, units: number, nowMs: EpochMs): number | undefined {
  let missing = units;
  return liveBuckets(stock, nowMs).find(({ quantity }) => (missing -= quantity) <= 0)?.endsAtMs;
}

/** A place, as far as the row has it. */
export function itemPlaceIn(
  { row, stock }: { readonly row: Row | undefined; readonly stock: Stock },
  { ticket, userId }: { readonly ticket: string; readonly userId: string },
  nowMs: EpochMs,
): ItemPlace | undefined {
  const living = livingIn(row, nowMs);
  const ahead = living.findIndex((each) => each.ticket === ticket && each.owner.userId === userId);
  if (ahead < 0) return undefined;
  const position = ahead + 1;
  const gapMs = row?.["typicalGapMs"] as number | undefined;
  const latestMs = latestFreeMs(stock, position, nowMs);
  const byHoldsMs = latestMs === undefined ? null : latestMs - nowMs;
  const estimatedWaitMs = gapMs === undefined ? byHoldsMs : Math.round(gapMs * position);
  return { ticket, position, estimatedWaitMs, claimBeforeMs: living[ahead]!.untilMs };
}

/** A new observation of how often a unit comes free; the newest counts a third. */
export function observedGapMs(row: Row | undefined, units: number, nowMs: EpochMs): number {
  const gapMs = Math.max(0, nowMs - Number(row?.["sinceMs"] ?? nowMs)) / units;
  const before = row?.["typicalGapMs"] as number | undefined;
  return Math.round(before === undefined ? gapMs : before + (gapMs - before) / 3);
}

/** Why nobody can stand in line for an item. */
export type WhyClosed = "not_sold_out" | "nothing_held" | "several_rows" | "not_for_sale" | "full";

const reasons: Readonly<Record<WhyClosed, string>> = {
  not_sold_out: "There are units to be had: order one",
  nothing_held: "Every unit is sold: none is held that might come free",
  several_rows: "The item is sold from several rows just now, which have no line",
  not_for_sale: "The shop does not sell this item now",
  full: `${maxWaiters} wait already`,
};

/** Nobody can join the line of this item now; nothing was changed. `reason` says why. */
export class LineClosed extends HoldfastError {
  constructor(reason: WhyClosed, untilMs?: number) {
    const again = untilMs === undefined ? {} : { lockedUntilMs: untilMs };
    super("LINE_CLOSED", `${reasons[reason]}`, { reason, ...again });
  }
}

/** Why a shopper without a place cannot join now; undefined when there is room for one more. */
export function whyClosed(
  { row, stock }: { readonly row: Row | undefined; readonly stock: Stock },
  nowMs: EpochMs,
): LineClosed | undefined {
  if (!isForSale(stock, nowMs)) return new LineClosed("not_for_sale");
  if (isSpread(stock)) return new LineClosed("several_rows", stock.coolsAfterMs);
  const living = livingIn(row, nowMs);
  const free = freeUnits(stock, nowMs);
  if (free > living.length) return new LineClosed("not_sold_out");
  if (free === 0 && liveBuckets(stock, nowMs).length === 0) return new LineClosed("nothing_held");
  const turns = liveTurns(row, nowMs);
  if (living.length + turns.length < maxWaiters) return undefined;
  const ends = [...living.map(({ untilMs }) => untilMs), ...turns.map((turn) => turn.endsAtMs)];
  return new LineClosed("full", Math.min(...ends));
}
