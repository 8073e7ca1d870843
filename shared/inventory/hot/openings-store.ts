/**
 * Which settlement rows of a row of a hot item were opened, and until when none can be any more. Whoever closes buckets
 * learns here where to look: where nobody paid there is nothing to close.
 */
import type { EpochMs } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { action, anyOf, condition, exists, isMissing, pathsOf } from "../../table/expression.ts";
import { type Key, type Row, update, type Write } from "../../table/write.ts";
import { bucketEndMs } from "../deadline.ts";
import { HoldGone } from "../stock.ts";
import { openingsPlace, settlementParts } from "./row-place.ts";
import type { HotRow } from "./rows-store.ts";

/** What the row says; it counts no units. */
interface OpeningsRow {
  readonly noticeOf: string;
  readonly row: number;
  /** No settlement row of a bucket that ends by then is opened any more. It only grows. */
  readonly closedThroughMs: number;
  /** For each bucket a number whose bits are the parts that were opened. */
  readonly [opened: `opened${string}`]: number;
}

/** A further row of an item. */
export interface RowPlace {
  readonly itemId: string;
  readonly row: number;
}

/** The parts that were opened, by bucket. */
export type Openings = ReadonlyMap<string, readonly number[]>;

const at = pathsOf<OpeningsRow>();

const openedIn = (bucket: string) => at(`opened${bucket}`);

/** Somebody has closed further already. */
class ClosedFurther extends HoldGone {
  readonly found: Row | undefined;

  constructor(itemId: string, found: Row | undefined) {
    super(itemId);
    this.found = found;
  }
}

const allParts = Array.from({ length: settlementParts }, (_, part) => part);

/**
 * The settlement rows that there may be beside a row: those that were noted, and all of its buckets' where builds have
 * written that did not note them.
 */
export function listPossible(
  { due, notesOpenings }: Pick<HotRow, "due" | "notesOpenings">,
  noted: Openings,
): Openings {
  if (notesOpenings) return noted;
  return new Map([...noted, ...Object.keys(due).map((bucket) => [bucket, allParts] as const)]);
}

function parseOpenings(row: Row | undefined): Openings {
  const openings = new Map<string, number[]>();
  for (const [name, bits] of Object.entries(row ?? {})) {
    const [, bucket] = /^opened(\d+)$/.exec(name) ?? [];
    if (bucket === undefined) continue;
    openings.set(
      bucket,
      allParts.filter((part) => Math.floor(Number(bits) / 2 ** part) % 2 === 1),
    );
  }
  return openings;
}

/**
 * Notes that this part of a bucket is opened; refused with `HoldGone` once that bucket is being closed. Belongs into the
 * transaction that opens it, which must be the first to do so.
 */
export function markOpenedWrite({ itemId, row }: RowPlace, bucket: string, part: number): Write {
  const [closed, opened] = [at("closedThroughMs"), openedIn(bucket)];
  return update({
    ...openingsPlace(itemId, row),
    change: {
      set: [
        action`${at("noticeOf")} = ${itemId}`,
        action`${at("row")} = ${row}`,
        action`${opened} = if_not_exists(${opened}, ${0}) + ${2 ** part}`,
      ],
    },
    condition: anyOf(isMissing(closed), condition`${closed} < ${bucketEndMs(bucket)}`),
    refused: () => new HoldGone(itemId),
  });
}

/**
 * From now on nobody opens anything of what ends by `throughMs`; hands back what was opened, which is all of it for
 * ever. One request. Safe to repeat.
 */
export async function closeOpenings(
  database: Database,
  { itemId, row }: RowPlace,
  throughMs: EpochMs,
): Promise<Openings> {
  const closed = at("closedThroughMs");
  const write = update({
    ...openingsPlace(itemId, row),
    change: {
      set: [
        action`${at("noticeOf")} = ${itemId}`,
        action`${at("row")} = ${row}`,
        action`${closed} = ${throughMs}`,
      ],
    },
    condition: anyOf(isMissing(closed), condition`${closed} <= ${throughMs}`),
    refused: (found) => new ClosedFurther(itemId, found),
  });
  try {
    return parseOpenings(await database.apply(write, { isAside: true }));
  } catch (error) {
    if (!(error instanceof ClosedFurther)) throw error;
    return parseOpenings(error.found);
  }
}

/** What was opened by now, row by row; more may follow. One request for 100 rows. */
export async function readOpenings(
  database: Database,
  places: readonly RowPlace[],
): Promise<ReadonlyMap<number, Openings>> {
  const keys: Key[] = places.map(({ itemId, row }) => openingsPlace(itemId, row).key);
  const found = await database.getMany("Stock", keys);
  return new Map(found.map((each) => [Number(each["row"]), parseOpenings(each)]));
}

/** Forgets buckets whose settlement rows end. One request. Safe to repeat. */
export async function forgetOpenings(
  database: Database,
  { itemId, row }: RowPlace,
  buckets: readonly string[],
): Promise<void> {
  const write = update({
    ...openingsPlace(itemId, row),
    change: { remove: buckets.map((bucket) => openedIn(bucket)) },
    condition: exists(at("noticeOf")),
    refused: () => new HoldGone(itemId),
  });
  await database.apply(write, { isAside: true });
}
