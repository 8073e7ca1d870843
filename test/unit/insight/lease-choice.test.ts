/** Suggesting leases: silences are found again, the suggestion is nearly as good as the truth, and within its bounds. */
import { describe, expect, test } from "vitest";
import { bucketCount } from "../../../shared/insight/duration-grid.ts";
import { fewestObservations } from "../../../shared/insight/hold-choice.ts";
import { sumCounts } from "../../../shared/insight/histogram.ts";
import { lostLockCostMs, suggestLease } from "../../../shared/insight/lease-choice.ts";
import { parseSilence } from "../../../shared/insight/silence.ts";
import { estimateSurvival, survivalAt } from "../../../shared/insight/survival.ts";
import { exponential, knownTimes, seededRandom } from "./known-distributions.ts";
import { changeAfter, drawSilences, type KnownOwners, seeSilences } from "./known-silences.ts";

const bounds = { leastMs: 15_000, mostMs: 7_200_000 };

describe("a silence", () => {
  const silence = (...change: Parameters<typeof changeAfter>) =>
    parseSilence(changeAfter(...change), "document");

  test.each(["lock.renewed", "lock.released", "lock.granted"])(
    "ends by %s, as long as the lease runs",
    (action) => {
      expect(silence(200_000, action)).toMatchObject({ ageMs: 200_000, isBack: true });
    },
  );

  test.each(["lock.asked", "lock.forced", "lock.access_set"])(
    "is seen no further than %s",
    (action) => {
      expect(silence(200_000, action)).toMatchObject({ ageMs: 200_000, isBack: false });
    },
  );

  test.each(["lock.expired", "lock.acquired", "lock.granted"])(
    "lasts for the lease and not longer, when %s tells that it was over",
    (action) => {
      expect(silence(340_000, action)).toMatchObject({
        leaseMs: 300_000,
        ageMs: 300_000,
        isBack: false,
      });
    },
  );

  test("is no renewal in its time, nor an end within half of the lease", () => {
    expect(silence(100_000, "lock.renewed")).toBeUndefined();
    expect(silence(150_000, "lock.released")).toBeUndefined();
    expect(silence(20_000, "lock.forced")).toBeUndefined();
  });

  test("is not known where somebody else left the last note, or the lock is none of a document", () => {
    expect(silence(200_000, "lock.renewed", { last: "lock.asked" })).toBeUndefined();
    expect(silence(200_000, "lock.renewed", { last: "lock.granted" })).toBeUndefined();
    expect(silence(200_000, "lock.renewed", { kind: "custom" })).toBeUndefined();
  });
});

test.each(knownTimes)(
  "known silences are found again within 5 % from 2,000 that are censored: $name",
  ({ ageAt, paidBy, payingShare }) => {
    const leaseMs = 720_000;
    for (let seed = 1; seed <= 3; seed += 1) {
      const random = seededRandom(seed);
      const drawn = Array.from({ length: 2_000 }, () => {
        const silentMs = leaseMs / 2 + (random() < payingShare ? ageAt(random()) : Infinity);
        const askedMs = random() < 0.3 ? leaseMs * (0.5 + random()) : Infinity;
        if (silentMs < Math.min(askedMs, leaseMs))
          return changeAfter(silentMs, "lock.renewed", { leaseMs });
        return askedMs < leaseMs
          ? changeAfter(askedMs, "lock.asked", { leaseMs })
          : changeAfter(leaseMs + 1, "lock.expired", { leaseMs });
      });
      const { back, gone, silences } = seeSilences(drawn);
      expect(silences).toBe(2_000);
      expect(sumCounts(gone)).toBeGreaterThan(400);
      const curve = estimateSurvival({ events: back, censored: gone });
      for (let ageMs = leaseMs / 2; ageMs < leaseMs; ageMs += 10_000) {
        const truth = 1 - payingShare * paidBy(ageMs - leaseMs / 2);
        expect(Math.abs(survivalAt(curve, ageMs) - truth)).toBeLessThan(0.05);
      }
    }
  },
);

/** What a lease costs by the truth, for each hour of an owner: locks withheld for nobody, and locks lost by a pause. */
function costOf({ pauses, pausesPerHour, deathsPerHour }: KnownOwners, leaseMs: number): number {
  const parts = 40;
  const lost = Array.from({ length: parts }, (_, part) => {
    const sinceMs = ((part + 0.5) / parts) * (leaseMs / 3);
    return 1 - pauses.paidBy(leaseMs - sinceMs);
  });
  const lostShare = lost.reduce((sum, share) => sum + share, 0) / parts;
  return (deathsPerHour * leaseMs * 5) / 6 + pausesPerHour * lostLockCostMs * lostShare;
}

const owners: readonly KnownOwners[] = [exponential(20_000, 1), ...knownTimes].flatMap((pauses) => [
  { pauses, pausesPerHour: 1, deathsPerHour: 0.2 },
  { pauses, pausesPerHour: 0.3, deathsPerHour: 0.3 },
]);

test.each(owners)(
  "whoever follows suggestions comes to the best lease from any other, at most 5 % dearer: $pauses.name, $pausesPerHour an hour",
  (known) => {
    let best = Infinity;
    for (let ms = bounds.leastMs; ms <= bounds.mostMs; ms += 2_000) {
      best = Math.min(best, costOf(known, ms));
    }
    for (const first of [60_000, 1_800_000]) {
      const random = seededRandom(first);
      let leaseMs = first;
      const costs: number[] = [];
      for (let round = 0; round < 40; round += 1) {
        const { back, gone } = drawSilences(known, { count: 2_000, leaseMs, random });
        const observed = { events: back, censored: gone };
        leaseMs = suggestLease({ leaseMs, observed, bounds }).suggestedMs!;
        costs.push(costOf(known, leaseMs));
      }
      const last = costs.slice(-12);
      const regret = last.reduce((sum, cost) => sum + cost, 0) / last.length / best - 1;
      expect(regret).toBeLessThanOrEqual(0.05);
    }
  },
);

describe("bounds", () => {
  const random = seededRandom(17);
  const upTo = (most: number): number => Math.floor(random() * most);
  const drawCounts = () =>
    new Map(Array.from({ length: upTo(12) }, () => [upTo(bucketCount), upTo(200)] as const));

  test("never outside of them, nor a quarter from the lease in use, in 10,000 random histories", () => {
    let suggested = 0;
    for (let history = 0; history < 10_000; history += 1) {
      const [one, other] = [1_000 * (1 + upTo(3_600)), 1_000 * (1 + upTo(3_600))];
      const some = { leastMs: Math.min(one, other), mostMs: Math.max(one, other) };
      const observed = { events: drawCounts(), censored: drawCounts() };
      const leaseMs = 1 + random() * 4_000_000;
      const { suggestedMs, reason } = suggestLease({ leaseMs, observed, bounds: some });
      const seen = sumCounts(observed.events) + sumCounts(observed.censored);
      if (seen < fewestObservations !== (suggestedMs === undefined)) throw new Error(`saw ${seen}`);
      expect(reason.length).toBeGreaterThan(20);
      if (suggestedMs === undefined) continue;
      const presentMs = Math.min(
        Math.max(Math.round(leaseMs / 1_000) * 1_000, some.leastMs),
        some.mostMs,
      );
      const isWithin =
        suggestedMs >= Math.max(some.leastMs, 0.75 * presentMs) &&
        suggestedMs <= Math.min(some.mostMs, 1.125 * presentMs + 500) &&
        suggestedMs % 1_000 === 0;
      if (!isWithin) throw new Error(JSON.stringify({ leaseMs, suggestedMs, some }));
      suggested += 1;
    }
    expect(suggested).toBeGreaterThan(5_000);
  });

  test("where no owner comes back, a lease is a quarter shorter; where few were seen, nothing is suggested", () => {
    const all = Array.from({ length: 200 }, () => changeAfter(340_000, "lock.expired"));
    const { leaseMs, back, gone } = seeSilences(all);
    const observed = { events: back, censored: gone };
    expect(suggestLease({ leaseMs, observed, bounds }).suggestedMs).toBe(225_000);
    const fewer = { events: back, censored: seeSilences(all.slice(1)).gone };
    expect(suggestLease({ leaseMs, observed: fewer, bounds })).toEqual({
      suggestedMs: undefined,
      reason: expect.stringMatching(/^199 of at least 200 owners/),
    });
  });
});
