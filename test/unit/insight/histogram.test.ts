/** Durations on the grid: what is counted comes back nearly as it was, and counts add up whatever their order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bucketBounds,
  bucketCount,
  bucketFactor,
  durationWithin,
  pickBucket,
} from "../../../shared/insight/duration-grid.ts";
import {
  countDurations,
  emptyHistogram,
  findQuantile,
  mergeHistograms,
  parseHistogram,
  sortBuckets,
  sumCounts,
} from "../../../shared/insight/histogram.ts";

const duration = fc.integer({ min: 0, max: 10 * 86_400_000 });

describe("the grid", () => {
  test("each duration is in the one bucket whose bounds hold it, also at their very ends", () => {
    const bounds = Array.from({ length: bucketCount }, (_, bucket) => bucketBounds(bucket));
    expect(bounds[0]).toEqual({ fromMs: 0, toMs: 125 });
    expect(bounds.at(-1)?.toMs).toBe(Infinity);
    for (const [bucket, { fromMs, toMs }] of bounds.entries()) {
      expect(pickBucket(fromMs)).toBe(bucket);
      expect(pickBucket(Math.min(toMs, 1e12) * (1 - 1e-12))).toBe(bucket);
      if (bucket > 0) expect(bounds[bucket - 1]?.toMs).toBe(fromMs);
    }
    fc.assert(
      fc.property(duration, (ms) => {
        const { fromMs, toMs } = bucketBounds(pickBucket(ms));
        return fromMs <= ms && ms < toMs;
      }),
    );
  });

  test("the middle of a bucket is within 5 % of all that is in it, from 125 ms to 36 hours", () => {
    expect(bucketBounds(bucketCount - 1).fromMs).toBeGreaterThan(36 * 3_600_000);
    fc.assert(
      fc.property(fc.integer({ min: 125, max: 36 * 3_600_000 }), (ms) => {
        expect(Math.abs(durationWithin(pickBucket(ms), 0.5) / ms - 1)).toBeLessThan(0.05);
      }),
    );
  });

  test("what is no duration counts as none", () => {
    expect([-1, Number.NaN, 0].map(pickBucket)).toEqual([0, 0, 0]);
    expect(pickBucket(Infinity)).toBe(bucketCount - 1);
    expect(durationWithin(bucketCount - 1, 0.5)).toBe(bucketBounds(bucketCount - 1).fromMs);
  });
});

describe("a histogram", () => {
  test("of all durations is the sum of those of any parts, in any order", () => {
    fc.assert(
      fc.property(fc.array(duration), fc.array(duration), (some, others) => {
        const parts = [countDurations(some), countDurations(others)];
        const whole = sortBuckets(countDurations([...some, ...others]));
        expect(sortBuckets(mergeHistograms(parts))).toEqual(whole);
        expect(sortBuckets(mergeHistograms(parts.toReversed()))).toEqual(whole);
        expect(sumCounts(mergeHistograms(parts))).toBe(some.length + others.length);
      }),
    );
  });

  test("gives back quantiles within a bucket's width", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 125, max: 86_400_000 }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (durations, share) => {
          const sorted = durations.toSorted((a, b) => a - b);
          const exact = sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)]!;
          const found = findQuantile(countDurations(durations), share)!;
          expect(found / exact).toBeGreaterThan(1 / bucketFactor - 1e-9);
          expect(found / exact).toBeLessThan(bucketFactor + 1e-9);
        },
      ),
    );
    expect(findQuantile(emptyHistogram, 0.5)).toBeUndefined();
  });

  test("is read from attributes of a row, and nothing else of it is taken for a count", () => {
    const row = {
      w0: 2,
      w17: 3,
      w161: 1,
      w162: 9,
      w5: "4",
      w6: -1,
      w7: 0.5,
      w: 7,
      wx: 7,
      u3: 7,
      span: "w9",
    };
    expect([...parseHistogram(row, "w")]).toEqual([
      [0, 2],
      [17, 3],
      [161, 1],
      [6, -1],
    ]);
  });
});
