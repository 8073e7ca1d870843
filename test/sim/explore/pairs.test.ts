/** Two operations on common ground, in every order of their requests; all of them are for `npm run explore`. */
import { expect, test } from "vitest";
import { availableParallelism } from "node:os";
import { effort } from "../../support/effort.ts";
import { sceneNames } from "../crash-points.ts";
import { addPair, allPairs, noSums, type Pair } from "./all-pairs.ts";
import { explorePairs } from "./explore.ts";
import { explorePair } from "./pairs.ts";

/** One pair in so many; prime, so that each operation meets others each time. */
const every = effort({ part: 197, all: 23 });
const everyFaulty = effort({ part: 977, all: 197 });
const workers = Math.min(2, availableParallelism());
const one = (pairs: readonly Pair[], inSoMany: number): Pair[] =>
  pairs.filter((_pair, index) => index % inSoMany === 0);

test("each pair of operations is there once, and each with itself", () => {
  const count = sceneNames.length;
  expect(new Set(allPairs().map((pair) => pair.join(" × "))).size).toBe((count * (count + 1)) / 2);
});

test("no order of two operations breaks a promise", { timeout: 3_000_000 }, async () => {
  const pairs = one(allPairs(), every);
  const reach = { mostRuns: 60, mostRunsEachFault: 0 };
  const sums = await explorePairs({ pairs, reach, workers });
  expect(sums.violations.slice(0, 2)).toEqual([]);
  expect(sums.pairs).toBe(pairs.length);
  // Most pairs can be there together, and many of them have something in common.
  expect(sums.apart.length).toBeLessThan(pairs.length / 3);
  expect(sums.runs).toBeGreaterThan(pairs.length);
});

test("no order of two of which one meets a fault does", { timeout: 3_000_000 }, async () => {
  const pairs = one(allPairs(), everyFaulty);
  const sums = await explorePairs({
    pairs,
    workers,
    reach: { mostRuns: 20, mostRunsEachFault: 6 },
  });
  expect(sums.violations.slice(0, 2)).toEqual([]);
  expect(sums.faults).toBeGreaterThan(0);
});

/** Pairs that once broke a promise. */
const found = [
  // A lock that changed its kind while all were listed was read twice in one batch, which DynamoDB refuses.
  ["POST /admin/locks/clear-all", "POST /api/lock/hand-over"],
  // Given back by one tab while the other renews it, a lock in a tree was looked for in a row above that nobody had: a 500.
  ["a tree lock, taken and given back", "a tree lock, taken and given back"],
  // Said to be paid back by other means while the provider was asked, what the provider then did was noted nowhere.
  [
    "POST /payments/{orderId}/refund",
    "POST /payments/{orderId}/refund, of money that went back outside",
  ],
] as const;

test.for(found)("%s and %s, which broke a promise once, do not", async (pair) => {
  const { runs, violation } = await explorePair(pair, { most: 40 });
  expect(violation).toBeUndefined();
  expect(runs).toBeGreaterThan(4);
});

/** Money noted as paid back otherwise while a try at the same refund is carried out, and its maker dies. */
test("nor does one that broke one beside a fault", { timeout: 3_000_000 }, async () => {
  const sums = noSums();
  const [, , pair] = found;
  await addPair(sums, pair, { mostRuns: 40, mostRunsEachFault: 20 });
  expect(sums.violations).toEqual([]);
  expect(sums.faults).toBeGreaterThan(6);
  expect(sums.faultyRuns).toBeGreaterThan(sums.faults);
});
