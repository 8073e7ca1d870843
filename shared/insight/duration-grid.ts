/** The one grid on which durations are counted: fixed, so that counts of any two times and rows can be added. */

/** Where the grid begins, in milliseconds: what is shorter is all one. */
const firstMs = 125;

const perDoubling = 8;

const doublings = 20;

/** How many buckets there are: one for what is shorter than 125 ms, one for what is longer than 36 hours. */
export const bucketCount = perDoubling * doublings + 2;

/** The buckets between the first and the last are as wide as this factor: 9 % of where they begin. */
export const bucketFactor = 2 ** (1 / perDoubling);

/** Both ends of a bucket, in milliseconds: it begins with the first and ends before the second. */
export interface BucketBounds {
  readonly fromMs: number;
  /** Infinity for the last bucket. */
  readonly toMs: number;
}

/** Where each bucket begins, computed once: looking up and bounds must agree to the last bit. */
const starts: readonly number[] = Array.from({ length: bucketCount }, (_, bucket) =>
  bucket === 0 ? 0 : firstMs * bucketFactor ** (bucket - 1),
);

/** The bucket of a duration in milliseconds, 0 to `bucketCount - 1`; what is negative or not a number counts as 0. */
export function pickBucket(durationMs: number): number {
  if (!(durationMs >= firstMs)) return 0;
  const guess = Math.floor(perDoubling * Math.log2(durationMs / firstMs)) + 1;
  const bucket = Math.min(guess, bucketCount - 1);
  // A logarithm of exactly a border may come out on either side of it.
  if (durationMs < starts[bucket]!) return bucket - 1;
  const next = starts[bucket + 1];
  return next !== undefined && durationMs >= next ? bucket + 1 : bucket;
}

/** What a bucket holds, in milliseconds; `bucket` from 0 to `bucketCount - 1`. */
export function bucketBounds(bucket: number): BucketBounds {
  return { fromMs: starts[bucket] ?? Infinity, toMs: starts[bucket + 1] ?? Infinity };
}

/**
 * The duration at a share (0 to 1) of a bucket's width, in milliseconds, evenly on the scale of logarithms. In the
 * middle (0.5) it is off by at most 4.5 % of what was counted; the last bucket, which has no end, gives its beginning.
 */
export function durationWithin(bucket: number, share: number): number {
  const { fromMs, toMs } = bucketBounds(bucket);
  if (bucket === 0) return toMs * share;
  return toMs === Infinity ? fromMs : fromMs * (toMs / fromMs) ** share;
}
