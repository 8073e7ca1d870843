/** Survival curves from counts: known ones are found again, though most slow payers were given up before they paid. */
import { describe, expect, test } from "vitest";
import { countDurations, emptyHistogram, findQuantile } from "../../../shared/insight/histogram.ts";
import { estimateSurvival, meanWaitMs, survivalAt } from "../../../shared/insight/survival.ts";
import { drawOrders, exponential, knownTimes, seededRandom } from "./known-distributions.ts";

const ages = Array.from({ length: 120 }, (_, index) => 5_000 * (index + 1));

describe.each(knownTimes)("$name", (times) => {
  const truth = (ageMs: number): number => 1 - times.payingShare * times.paidBy(ageMs);

  test("the curve is recovered within 5 % from 2,000 orders given up at different ages", () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const random = seededRandom(seed);
      const holdMs = (): number => 60_000 + random() * 840_000;
      const curve = estimateSurvival(drawOrders(times, { count: 2_000, holdMs, random }));
      const off = ages.map((ageMs) => Math.abs(survivalAt(curve, ageMs) - truth(ageMs)));
      expect(Math.max(...off)).toBeLessThan(0.05);
      const area = ages.reduce((sum, ageMs) => sum + truth(ageMs - 2_500) * 5_000, 0);
      expect(Math.abs(meanWaitMs(curve, 600_000) / area - 1)).toBeLessThan(0.1);
    }
  });

  test("it is also where all are held for the same time, but some longer", () => {
    const random = seededRandom(7);
    const holdMs = (): number => (random() < 0.1 ? 900_000 : 300_000);
    const curve = estimateSurvival(drawOrders(times, { count: 2_000, holdMs, random }));
    const off = ages.map((ageMs) => Math.abs(survivalAt(curve, ageMs) - truth(ageMs)));
    expect(Math.max(...off)).toBeLessThan(0.05);
  });
});

test("quantiles of those who paid are wrong by 3 times and more: whoever was given up before does not count", () => {
  const times = exponential(600_000, 1);
  const random = seededRandom(3);
  const orders = drawOrders(times, { count: 20_000, holdMs: () => 180_000 * 2 * random(), random });
  const naive = findQuantile(orders.events, 0.5)!;
  expect(times.ageAt(0.5) / naive).toBeGreaterThan(3);
  const curve = estimateSurvival(orders);
  expect(survivalAt(curve, 300_000)).toBeCloseTo(1 - times.paidBy(300_000), 1);
});

describe("where little was seen", () => {
  test("of nothing the curve is level, and known to no age", () => {
    const curve = estimateSurvival({ events: emptyHistogram, censored: emptyHistogram });
    expect(curve).toEqual({ steps: [], observations: 0, knownToMs: 0 });
    expect(survivalAt(curve, 1e9)).toBe(1);
    expect(meanWaitMs(curve, 1_000)).toBe(1_000);
  });

  test("it stays level behind the last who was seen, and falls by nobody who was only given up", () => {
    const curve = estimateSurvival({
      events: countDurations([10_000]),
      censored: countDurations([5_000, 60_000]),
    });
    expect(survivalAt(curve, 9_000)).toBe(1);
    expect(survivalAt(curve, 12_000)).toBe(0.5);
    expect(survivalAt(curve, 1e9)).toBe(0.5);
    expect(curve.knownToMs).toBeGreaterThan(60_000);
    expect(curve.observations).toBe(3);
  });

  test("what is older than the grid is known to have come so far", () => {
    const curve = estimateSurvival({ events: countDurations([1e12]), censored: emptyHistogram });
    expect(survivalAt(curve, 36 * 3_600_000)).toBe(1);
    expect(survivalAt(curve, 1e12)).toBe(0);
    expect(Number.isFinite(meanWaitMs(curve, 1e12))).toBe(true);
  });
});
