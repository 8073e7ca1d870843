/** The pure rules of stock: who gets units, who is refused, and which expired holds make room. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import {
  listBuckets,
  expiredUnits,
  liveBuckets,
  manyBuckets,
  maxTakenOver,
  roomIn,
  unitsIn,
  watermarkAfter,
} from "../../../shared/inventory/buckets.ts";
import {
  bucketEndMs,
  bucketKey,
  deadlineAfter,
  deadlineWithin,
  gridStepMs,
} from "../../../shared/inventory/deadline.ts";
import { type Stock, whyRefused } from "../../../shared/inventory/stock.ts";

const nowMs = epochMs(1_000_000);
const key = (secondsFromNow: number): string => String(1_000 + secondsFromNow);

function stockWith(given: Partial<Stock>): Stock {
  const names = { itemId: "a", name: "A", kind: "Retail", vendorId: null, createdAtMs: 0 };
  const price = { amountMinor: 500, currency: "EUR", holdPolicy: "counted" as const };
  const levels = { available: 0, sold: 0, received: 0, adjusted: 0 };
  const due = given.due ?? {};
  const held = unitsIn(listBuckets({ due }));
  return { ...names, ...price, ...levels, reclaimedThroughMs: 0, ...given, due, held };
}

describe("a demand", () => {
  it("is refused for want of units, and told how many there are", () => {
    const stock = stockWith({ available: 1, due: { [key(1)]: 3, [key(0)]: 2 } });
    expect(whyRefused({ itemId: "a", quantity: 4 }, stock, nowMs)).toEqual({
      itemId: "a",
      reason: "insufficient_stock",
      available: 3,
      requested: 4,
    });
    expect(whyRefused({ itemId: "a", quantity: 3 }, stock, nowMs)).toBeUndefined();
  });

  it("of an exclusive item is locked by a live hold only", () => {
    const exclusive = { holdPolicy: "exclusive" as const, available: 5 };
    const live = stockWith({ ...exclusive, due: { [key(1)]: 1 } });
    expect(whyRefused({ itemId: "a", quantity: 1 }, live, nowMs)).toMatchObject({
      reason: "locked",
      lockedUntilMs: nowMs + 1_000,
    });
    const over = stockWith({ ...exclusive, due: { [key(0)]: 1 } });
    expect(whyRefused({ itemId: "a", quantity: 6 }, over, nowMs)).toBeUndefined();
    const paid = stockWith({ ...exclusive, due: { [key(9)]: 0 } });
    expect(whyRefused({ itemId: "a", quantity: 5 }, paid, nowMs)).toBeUndefined();
  });

  it("at another price is refused with the price of now", () => {
    const price = { amountMinor: 400, currency: "EUR" };
    const refusal = whyRefused(
      { itemId: "a", quantity: 1, price },
      stockWith({ available: 9 }),
      nowMs,
    );
    expect(refusal).toMatchObject({ reason: "price_changed", price: { amountMinor: 500 } });
  });
});

describe("room", () => {
  const someStock = fc
    .record({
      available: fc.nat(20),
      reclaimedThroughMs: fc.integer({ min: 985, max: 1_000 }).map((second) => second * 1_000),
      due: fc.dictionary(fc.integer({ min: 970, max: 1_200 }).map(String), fc.nat(9), {
        maxKeys: 230,
      }),
    })
    .map(stockWith);

  it("is made of buckets that are over alone, the first in time, as many as one write takes", () => {
    fc.assert(
      fc.property(someStock, (stock) => {
        const { over } = roomIn(stock, nowMs);
        expect(over.every(({ endsAtMs }) => endsAtMs <= nowMs)).toBe(true);
        expect(over.length).toBeLessThanOrEqual(maxTakenOver);
        const left = listBuckets(stock).slice(over.length);
        if (over.length < maxTakenOver) {
          expect(left.every(({ endsAtMs }) => endsAtMs > nowMs)).toBe(true);
          expect(unitsIn(over)).toBe(expiredUnits(stock, nowMs));
        }
        expect(unitsIn(liveBuckets(stock, nowMs)) + expiredUnits(stock, nowMs)).toBe(stock.held);
      }),
      { numRuns: 2_000 },
    );
  });

  it("moves the watermark forward to the last bucket that goes, and never back", () => {
    fc.assert(
      fc.property(someStock, (stock) => {
        const room = roomIn(stock, nowMs);
        const watermark = watermarkAfter(room);
        expect(watermark).toBeGreaterThanOrEqual(stock.reclaimedThroughMs);
        expect(room.over.every(({ endsAtMs }) => endsAtMs <= watermark)).toBe(true);
      }),
    );
  });

  it("takes what slipped in beside the watermark, which no order can use any more", () => {
    const stock = stockWith({ due: { [key(5)]: 2 }, reclaimedThroughMs: nowMs + 5_000 });
    expect(unitsIn(roomIn(stock, nowMs).over)).toBe(2);
    expect(whyRefused({ itemId: "a", quantity: 2 }, stock, nowMs)).toBeUndefined();
  });
});

describe("the grid", () => {
  const holdMs = fc.integer({ min: 1, max: 7 * 86_400_000 });
  const instant = fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }).map(epochMs);

  it("gives every hold its time, and at most a third or a second more", () => {
    fc.assert(
      fc.property(instant, holdMs, (atMs, ms) => {
        const late = deadlineAfter(atMs, ms) - (atMs + ms);
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThan(Math.max(1_000, ms / 3));
        expect(deadlineWithin(atMs, ms)).toBeLessThanOrEqual(atMs);
      }),
    );
  });

  it("has steps that divide each other, so that different holds share their instants", () => {
    const all = [1, 40, 200, 800, 4_000, 10_000, 50_000, 500_000].map((s) => gridStepMs(s * 1_000));
    expect(all).toEqual([1, 5, 20, 60, 300, 900, 3_600, 21_600].map((second) => second * 1_000));
    for (const [index, step] of all.entries()) expect(step % (all[index - 1] ?? 1)).toBe(0);
  });

  it("keeps about 30 instants alive at default settings: 5 minutes, 10 to pay, an hour at the most", () => {
    fc.assert(
      fc.property(instant, (atMs) => {
        const ends = new Set<number>();
        for (const ms of [300_000, 600_000, 3_600_000]) {
          for (let agoMs = 0; agoMs < ms; agoMs += 500) {
            const endMs = deadlineAfter(epochMs(atMs - agoMs), ms);
            if (endMs > atMs) ends.add(endMs);
          }
        }
        expect(ends.size).toBeLessThan(manyBuckets - 4);
      }),
      { numRuns: 20 },
    );
  });

  it("keeps 42 alive with holds of 30 s and 10 minutes to pay, and under 200 with any settings", () => {
    const countAlive = (seconds: readonly number[]): number => {
      const ends = seconds.flatMap((length) => {
        const stepMs = gridStepMs(length * 1_000);
        const steps = Math.ceil((length * 1_000) / stepMs) + 1;
        return Array.from({ length: steps }, (_, index) => (index + 1) * stepMs);
      });
      return new Set(ends).size;
    };
    expect(countAlive([30, 600])).toBe(42);
    // The longest that each step of the grid is for, up to the longest that a setting takes.
    const longest = [30, 100, 400, 1_200, 6_000, 18_000, 72_000, 1_209_600];
    expect(countAlive(longest)).toBeLessThan(200);
  });

  it("counts a deadline in the second in which it ends, never before it", () => {
    expect(bucketKey(1_767_225_600_000)).toBe("1767225600");
    expect(bucketKey(1_767_225_600_001)).toBe("1767225601");
    fc.assert(
      fc.property(instant, (atMs) => {
        expect(bucketEndMs(bucketKey(atMs)) - atMs).toBeGreaterThanOrEqual(0);
        expect(bucketEndMs(bucketKey(atMs)) - atMs).toBeLessThan(1_000);
      }),
    );
  });
});
