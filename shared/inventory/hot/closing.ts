/** Gives back what is over in a further row of a hot item: its settlement rows say how much that is. */
import type { ChangeNote } from "../../base/actor.ts";
import { changeNote } from "../../base/actor.ts";
import { type EpochMs, epochMs, later, secondsToMs } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { action, allOf, condition, pathsOf } from "../../table/expression.ts";
import { update, type Write } from "../../table/write.ts";
import { type Bucket, maxTakenOver, roomIn } from "../buckets.ts";
import { bucketEndMs } from "../deadline.ts";
import { expiryActor, type RoomOptions } from "../room.ts";
import { HoldGone, type Stock, type StockRow } from "../stock.ts";
import { parseStock, stockRow } from "../stock-store.ts";
import {
  closeOpenings,
  forgetOpenings,
  listPossible,
  type Openings,
  readOpenings,
} from "./openings-store.ts";
import { listParts, reckon } from "./reckoning.ts";
import { findRows, type HotRow, parseHotRow } from "./rows-store.ts";
import { listedRow, spreadCatalog } from "./spread-list-store.ts";
import {
  closeSettlements,
  endSettlements,
  readSettlements,
  type Settled,
} from "./settlement-store.ts";

const at = pathsOf<StockRow>();

/** Buckets of a row that are over, and what became of their units: their settlement rows say the same to all. */
interface Closed {
  readonly buckets: readonly Bucket[];
  readonly throughMs: EpochMs;
  readonly settled: ReadonlyMap<string, Settled>;
}

/**
 * A row of a build that did not note what it opened comes to the sweep's list, which such builds did not keep; and once
 * nothing of theirs is left in it, it is one like those of today.
 */
function listRenewing(
  { row, due, notesOpenings }: HotRow,
  closed: readonly Bucket[],
  arriving: number,
) {
  if (notesOpenings) return [];
  // What moves on may have been paid for in rows that nobody has noted.
  const isEmptied = Object.keys(due).length === closed.length && arriving === 0;
  return [
    ...(row === listedRow ? [action`${at("catalog")} = ${spreadCatalog}`] : []),
    ...(isEmptied ? [action`${at("notesOpenings")} = ${true}`] : []),
  ];
}

/**
 * What was neither sold nor moved on can be bought again, and the watermark says so for good. Takes effect once:
 * buckets and watermark have to be as seen.
 */
function settleBucketsWrite(row: HotRow, closed: Closed, note: ChangeNote): Write {
  const { buckets, settled } = closed;
  const { left, sold, arriving } = reckon(row.due, settled, closed.throughMs);
  const throughMs = Math.max(row.reclaimedThroughMs, closed.throughMs);
  return update({
    ...stockRow(row.itemId, row.row),
    change: {
      set: [
        action`${at("available")} = ${at("available")} + ${left}`,
        action`${at("sold")} = ${at("sold")} + ${sold}`,
        action`${at("held")} = ${at("held")} - ${left + sold}`,
        action`${at("reclaimedThroughMs")} = ${throughMs}`,
        // The later bucket counts what moved there.
        ...[...arriving].map(([key, quantity]) => {
          const due = at("due", key);
          return action`${due} = if_not_exists(${due}, ${0}) + ${quantity}`;
        }),
        ...listRenewing(row, buckets, arriving.size),
        action`${at("change")} = ${note}`,
      ],
      remove: buckets.map(({ key }) => at("due", key)),
    },
    condition: allOf(
      // No hold has slipped in behind them, by a clock that is far behind: its units might have moved into one of them.
      condition`size(${at("due")}) = ${Object.keys(row.due).length}`,
      condition`${at("reclaimedThroughMs")} = ${row.reclaimedThroughMs}`,
      ...buckets.map(({ key, quantity }) => condition`${at("due", key)} = ${quantity}`),
    ),
    refused: () => new HoldGone(row.itemId),
    // Whoever moved the watermark there took these out: their settlement rows say the same to all.
    applied: (found) => found !== undefined && parseStock(found).reclaimedThroughMs >= throughMs,
  });
}

/** For so long one can still read what settlement rows said; nothing depends on it. */
const settledLifeMs = secondsToMs(86_400);

/**
 * So many settlement rows are closed for one write of their row at the most, but for those of a single bucket: each costs
 * a request.
 */
const mostClosedTogether = 32;

/** The last instant at which buckets end that are over: also those in which nothing is counted, but units may arrive. */
function lastOver(row: HotRow, nowMs: EpochMs): EpochMs {
  const ends = roomIn(row, nowMs).over.map(({ endsAtMs }) => endsAtMs);
  if (ends.length === maxTakenOver) return ends.at(-1)!;
  return epochMs(Math.max(...ends, Math.floor(nowMs / 1_000) * 1_000));
}

/** Until when a row can be settled at once: as many of the buckets that are over as have few settlement rows together. */
function chooseThrough(row: HotRow, openings: Openings, nowMs: EpochMs): EpochMs {
  // What moves on from one bucket may be counted in rows that nobody has noted.
  if (!row.notesOpenings) return roomIn(row, nowMs).over[0]!.endsAtMs;
  const afterMs = row.reclaimedThroughMs;
  const lastMs = lastOver(row, nowMs);
  const countThrough = (throughMs: EpochMs): number =>
    listParts(0, openings, [afterMs, throughMs]).length;
  const opened = [...openings.keys()].map((key) => bucketEndMs(key));
  const ends = [...roomIn(row, nowMs).over.map(({ endsAtMs }) => endsAtMs), ...opened, lastMs];
  const [firstMs, ...others] = ends
    .filter((endsAtMs) => endsAtMs > afterMs && endsAtMs <= lastMs)
    .toSorted((one, other) => one - other);
  return (
    others.findLast((endsAtMs) => countThrough(endsAtMs) <= mostClosedTogether) ?? firstMs ?? lastMs
  );
}

/** The row as of now. One request. */
export async function readAgain({ database }: RoomOptions, row: HotRow): Promise<HotRow> {
  const [found] = await database.getMany("Stock", [stockRow(row.itemId, row.row).key]);
  return found ? parseHotRow(found) : row;
}

/** Lets those settlement rows end whose units are in their row by now. One request each, and one; none where there are none. */
async function endSettled({ database, clock }: RoomOptions, row: HotRow, openings: Openings) {
  const ended = listParts(row.row, openings, [-Infinity, row.reclaimedThroughMs]);
  if (ended.length === 0) return;
  await endSettlements(database, row.itemId, ended, later(clock(), settledLifeMs));
  await forgetOpenings(database, row, [...new Set(ended.map(({ bucket }) => bucket))]);
}

/**
 * Gives back what is over in a row, in the order of the ends, and hands back the row as it is then. Nothing where
 * nothing is over; otherwise two requests for all buckets of which nobody paid anything, and one more for each settlement
 * row of the others: these are closed, some 32 for one write of the row. Two that do it at once come to the same; whoever
 * breaks off leaves the rest to the next one, who also lets the settlement rows of before end. Before each write of the
 * row `goesOn` may end it early, or throw.
 *
 * @example const row = await closeExpired({ database, clock }, rows[0]);
 */
export async function closeExpired(
  options: RoomOptions,
  row: HotRow,
  goesOn: (current: HotRow) => boolean = () => true,
): Promise<HotRow> {
  const { database, clock } = options;
  let current = row;
  for (;;) {
    const nowMs = clock();
    const { over } = roomIn(current, nowMs);
    if (over.length === 0 || !goesOn(current)) return current;
    const note = changeNote("hold.reclaimed", expiryActor, nowMs);
    const noted = await closeOpenings(database, row, lastOver(current, nowMs));
    await endSettled(options, current, noted);
    const openings = listPossible(current, noted);
    const throughMs = chooseThrough(current, openings, nowMs);
    const parts = listParts(row.row, openings, [current.reclaimedThroughMs, throughMs]);
    const settled = await closeSettlements(database, current, parts, note);
    const buckets = over.filter(({ endsAtMs }) => endsAtMs <= throughMs);
    try {
      const write = settleBucketsWrite(current, { buckets, throughMs, settled }, note);
      current = parseHotRow(await database.apply(write, { isAside: true }));
    } catch (error) {
      if (!(error instanceof HoldGone)) throw error;
      current = await readAgain(options, current);
    }
  }
}

/** What closing a row would give back at the most, and how many settlement rows have to be closed for all of that. */
export interface Foreseen {
  readonly row: HotRow;
  readonly left: number;
  readonly parts: number;
  /** When the next of its units are over that have moved on from what is over. */
  readonly nextMs: number;
}

/**
 * What of these rows of an item can still be had of what is over: as of now, and no more than that later, unless a row
 * changes. Nothing is closed for it. Two requests, one where nobody has paid, and one more for each further 100
 * settlement rows.
 */
export async function foresee(
  database: Database,
  rows: readonly HotRow[],
  nowMs: EpochMs,
): Promise<Foreseen[]> {
  const [first] = rows;
  if (!first) return [];
  const openings = await readOpenings(database, rows);
  const wanted = rows.map((row) => {
    const throughMs = lastOver(row, nowMs);
    const own = listPossible(row, openings.get(row.row) ?? new Map());
    return { row, throughMs, parts: listParts(row.row, own, [row.reclaimedThroughMs, throughMs]) };
  });
  const all = wanted.flatMap(({ parts }) => parts);
  const settled = await readSettlements(database, first.itemId, all);
  return wanted.map(({ row, throughMs, parts }) => {
    const { left, arriving } = reckon(row.due, settled.get(row.row) ?? new Map(), throughMs);
    const nextMs = Math.min(...[...arriving.keys()].map((key) => bucketEndMs(key)));
    return { row, left: Math.max(0, left), parts: parts.length, nextMs };
  });
}

/**
 * How many units of an item its further rows have sold, also those whose holds would not have ended yet. It only grows,
 * unless what a row has sold comes to the first one, and so changes that. Two requests, one more where somebody has
 * paid, and one for each further 100 settlement rows.
 */
export async function countSoldElsewhere({ database }: RoomOptions, stock: Stock): Promise<number> {
  const rows = (await findRows(database, stock))?.rows ?? [];
  if (rows.length === 0) return 0;
  const openings = await readOpenings(database, rows);
  const parts = rows.flatMap((each) => {
    const own = listPossible(each, openings.get(each.row) ?? new Map());
    return listParts(each.row, own, [each.reclaimedThroughMs, Infinity]);
  });
  const settled = await readSettlements(database, stock.itemId, parts);
  const unsettled = [...settled.values()].flatMap((byBucket) => [...byBucket.values()]);
  return [...rows, ...unsettled].reduce((sum, { sold }) => sum + sold, 0);
}
