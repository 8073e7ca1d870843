/** Choosing hold times: nearly as good as who knows the truth, within bounds whatever was seen, and slowly. */
import { describe, expect, test } from "vitest";
import { bucketCount } from "../../../shared/insight/duration-grid.ts";
import {
  chooseHold,
  clampHold,
  fewestObservations,
  isKeptLongest,
  stepTowards,
  usualLateCostMs,
} from "../../../shared/insight/hold-choice.ts";
import { estimateSurvival } from "../../../shared/insight/survival.ts";
import {
  findQuantile,
  mergeHistograms as mergeAll,
  sumCounts,
} from "../../../shared/insight/histogram.ts";
import { drawOrders, type KnownTimes, knownTimes, seededRandom } from "./known-distributions.ts";

const bounds = { leastMs: 60_000, mostMs: 1_800_000, lateCostMs: usualLateCostMs };
const stepMs = 2_000;

/** What a hold time costs by the truth, for each multiple of `stepMs` up to the longest. */
function listCosts(times: KnownTimes, withholding: number): number[] {
  const unpaid = (ms: number): number => 1 - times.payingShare * times.paidBy(ms);
  const end = unpaid(bounds.mostMs);
  let area = 0;
  const costs: number[] = [];
  for (let ms = 0; ms <= bounds.mostMs; ms += stepMs) {
    costs.push(withholding * area + bounds.lateCostMs * (unpaid(ms) - end));
    area += unpaid(ms + stepMs / 2) * stepMs;
  }
  return costs;
}

function findRegret(costs: readonly number[], holdMs: number): number {
  const allowed = costs.slice(bounds.leastMs / stepMs);
  return costs[Math.round(holdMs / stepMs)]! / Math.min(...allowed) - 1;
}

describe.each(knownTimes)("$name", (times) => {
  test.each([
    { isScarce: false, withholding: 1 },
    { isScarce: true, withholding: 4 },
  ])("regret is at most 5 % from 5,000 orders, scarce $isScarce", ({ isScarce, withholding }) => {
    const costs = listCosts(times, withholding);
    const regrets = Array.from({ length: 5 }, (_, seed) => {
      const random = seededRandom(seed + 1);
      const holdMs = (): number => (random() < 0.05 ? bounds.mostMs : 900_000);
      const orders = drawOrders(times, { count: 5_000, holdMs, random });
      return findRegret(costs, chooseHold(estimateSurvival(orders), bounds, isScarce)!);
    });
    expect(Math.max(...regrets)).toBeLessThanOrEqual(0.05);
  });

  test("from a much too short time it comes to the best one, a quarter a day, by the few that are held longest", () => {
    const costs = listCosts(times, 1);
    const random = seededRandom(11);
    let holdMs = 90_000;
    const seen = [];
    for (let day = 0; day < 28; day += 1) {
      const held = holdMs;
      const drawn = { count: 1_500, random };
      const until = (): number => (random() < 0.02 ? bounds.mostMs : held);
      seen.push(drawOrders(times, { ...drawn, holdMs: until }));
      const all = seen.slice(-14);
      const curve = estimateSurvival({
        events: mergeAll(all.map(({ events }) => events)),
        censored: mergeAll(all.map(({ censored }) => censored)),
      });
      holdMs = stepTowards(holdMs, chooseHold(curve, bounds)!);
      expect(Math.abs(holdMs / held - 1)).toBeLessThanOrEqual(0.25);
    }
    expect(findRegret(costs, holdMs)).toBeLessThanOrEqual(0.05);
  });

  test("the time within which most of those who paid did is no hold time: it costs far more", () => {
    const random = seededRandom(5);
    const orders = drawOrders(times, { count: 5_000, holdMs: () => 120_000, random });
    const naive = findQuantile(orders.events, 0.95)!;
    expect(findRegret(listCosts(times, 1), naive)).toBeGreaterThan(0.5);
  });
});

describe("bounds", () => {
  const random = seededRandom(17);
  const upTo = (most: number): number => Math.floor(random() * most);

  /** Anything that rows could have counted, also more taken back than was there. */
  function drawCounts(): Map<number, number> {
    const entries = Array.from({ length: upTo(12) }, () => [upTo(bucketCount), upTo(200) - 2]);
    return new Map(entries as [number, number][]);
  }

  test("never outside its bounds, nor a quarter from the day before, in 10,000 random histories", () => {
    let decided = 0;
    for (let history = 0; history < 10_000; history += 1) {
      const [one, other] = [1_000 * (1 + upTo(3_600)), 1_000 * (1 + upTo(3_600))];
      const some = { ...bounds, leastMs: Math.min(one, other), mostMs: Math.max(one, other) };
      const [events, censored] = [drawCounts(), drawCounts()];
      const wished = chooseHold(estimateSurvival({ events, censored }), some, random() < 0.5);
      const seen = sumCounts(mergeAll([events, censored]));
      if (seen < fewestObservations !== (wished === undefined)) throw new Error(`saw ${seen}`);
      if (wished === undefined) continue;
      const former = clampHold(1_000 * upTo(4_000), some);
      const next = stepTowards(former, wished);
      const isWithin =
        wished >= some.leastMs &&
        wished <= some.mostMs &&
        next >= Math.max(some.leastMs, former * 0.75) &&
        next <= Math.min(some.mostMs, former * 1.25) &&
        next % 1_000 === 0;
      if (!isWithin) throw new Error(JSON.stringify({ wished, next, former, some }));
      decided += 1;
    }
    expect(decided).toBeGreaterThan(5_000);
  });

  test("a scarce unit is never withheld for longer than one of many", () => {
    for (let history = 0; history < 500; history += 1) {
      const curve = estimateSurvival({ events: drawCounts(), censored: drawCounts() });
      const [usual, scarce] = [chooseHold(curve, bounds), chooseHold(curve, bounds, true)];
      expect(scarce ?? 0).toBeLessThanOrEqual(usual ?? 0);
    }
  });

  test("as many orders are kept longest as the setting says, always the same ones", () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => `ord_${index}`);
    for (const percent of [1, 2, 5]) {
      const kept = ids.filter((id) => isKeptLongest(id, percent));
      expect(kept.length / ids.length).toBeCloseTo(percent / 100, 2);
      expect(ids.filter((id) => isKeptLongest(id, percent))).toEqual(kept);
    }
  });
});
