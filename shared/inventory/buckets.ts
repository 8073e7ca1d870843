/**
 * What an item's row says of its holds: how many units end when, and which of them are over.
 *
 * @see docs/decisions/0015-rows-of-constant-size.md
 */
import { type EpochMs, epochMs, isExpired } from "../base/time.ts";
import { bucketEndMs } from "./deadline.ts";

/** Units whose holds end at the same instant; whose they are is known by their orders. */
export interface Bucket {
  /** The name under which the row counts it. */
  readonly key: string;
  readonly endsAtMs: EpochMs;
  readonly quantity: number;
}

/** What a row counts in buckets, as far as these rules look at it. */
export interface Counted {
  readonly due: Readonly<Record<string, number>>;
  readonly reclaimedThroughMs: number;
}

/**
 * From so many buckets on a buyer's write first drops those that are over: what was paid or cancelled
 * leaves empty ones behind. At default settings about 30 are live, and a row stays below 1 KB.
 */
export const manyBuckets = 40;

/**
 * How many buckets one write takes over. Each takes an equality test and a removal, and DynamoDB takes
 * 300 operators and 4 KB of expression; only a row of the old layout ever has more.
 */
export const maxTakenOver = 100;

/** Expired buckets that a write takes over, as they and the watermark were seen. */
export interface Room {
  readonly over: readonly Bucket[];
  readonly reclaimedThroughMs: number;
}

/** All buckets of a row, those that end first in front. */
export function listBuckets({ due }: Pick<Counted, "due">): Bucket[] {
  return Object.entries(due)
    .map(([key, quantity]) => ({ key, endsAtMs: bucketEndMs(key), quantity }))
    .toSorted((one, other) => one.endsAtMs - other.endsAtMs);
}

/** The units in these buckets together. */
export function unitsIn(buckets: readonly Bucket[]): number {
  return buckets.reduce((sum, { quantity }) => sum + quantity, 0);
}

/** Whether nobody can sell out of this bucket any more, or its time is up. */
function isOver({ endsAtMs }: Bucket, { reclaimedThroughMs }: Counted, nowMs: EpochMs): boolean {
  // One that slipped in beside the watermark is over, too: its orders have to take anew.
  return isExpired(endsAtMs, nowMs) || endsAtMs <= reclaimedThroughMs;
}

/** The buckets that are not over and have units in them. */
export function liveBuckets(stock: Counted, nowMs: EpochMs): Bucket[] {
  return listBuckets(stock).filter(
    (bucket) => bucket.quantity > 0 && !isOver(bucket, stock, nowMs),
  );
}

/** The units that nobody can claim any more, though they are still counted as held. */
export function expiredUnits(stock: Counted, nowMs: EpochMs): number {
  return unitsIn(listBuckets(stock).filter((bucket) => isOver(bucket, stock, nowMs)));
}

/**
 * What of a row can be taken over: the first buckets in time that are over, as many as one write takes.
 * A bucket that was reached by the watermark is never left behind, so the watermark tells all.
 */
export function roomIn(stock: Counted, nowMs: EpochMs): Room {
  const over = listBuckets(stock).filter((bucket) => isOver(bucket, stock, nowMs));
  return {
    over: over.slice(0, maxTakenOver),
    reclaimedThroughMs: stock.reclaimedThroughMs,
  };
}

/** Where the watermark stands after a room was taken over: it never goes back. */
export function watermarkAfter({ over, reclaimedThroughMs }: Room): EpochMs {
  const last = over.at(-1)?.endsAtMs ?? 0;
  return epochMs(Math.max(reclaimedThroughMs, last));
}
