/** The last hour of the shop as it is drawn. */
import { expect, test } from "vitest";
import { countRefused, makeHour, sumLine } from "../../../console/operator/hour.ts";

const minute = 60_000;
const nowMs = 1_000 * minute + 7_000;
const row = (ago: number, granted: number, refused: Record<string, number>, conflicts = 0) => ({
  minuteMs: (1_000 - ago) * minute,
  granted,
  refused,
  conflicts,
});

test("sixty minutes are drawn, the present one last; those of which nothing is known are zero", () => {
  const { atMs, orders } = makeHour([row(0, 3, {}), row(59, 2, {}), row(60, 9, {})], [], nowMs);
  expect([atMs.length, atMs[0], atMs.at(-1)]).toEqual([60, 941 * minute, 1_000 * minute]);
  const [placed] = orders;
  expect([placed!.values[0], placed!.values[1], placed!.values.at(-1)]).toEqual([2, 0, 3]);
  expect(sumLine(placed!)).toBe(5);
});

test("what was told is drawn before it was counted", () => {
  const told = [{ fromMs: 1_000 * minute, counts: { "order.placed": 5, "order.expired": 2 } }];
  const { orders } = makeHour([row(0, 3, {})], told, nowMs);
  expect(orders.map(({ values }) => values.at(-1))).toEqual([5, 0, 2]);
});

test("the three reasons that were met most have lines of their own, all others one", () => {
  const rows = [row(0, 0, { LOCK_HELD: 4, locked: 1, OTHER: 2 }), row(1, 0, { TRY_AGAIN: 3 })];
  const { refusals } = makeHour(rows, [], nowMs);
  expect(refusals.map(({ name }) => name)).toEqual([
    "lock held",
    "try again",
    "other",
    "other reasons",
  ]);
  expect(refusals.map(sumLine)).toEqual([4, 3, 2, 1]);
  expect(countRefused(rows, "TRY_AGAIN")).toBe(3);
  expect(makeHour([], [], nowMs).refusals.map(({ name }) => name)).toEqual(["none"]);
});

test("conflicts are told for each sale, also where there was none", () => {
  const { conflicts } = makeHour([row(0, 4, {}, 6), row(1, 0, {}, 2)], [], nowMs);
  expect(conflicts[0]!.values.slice(-2)).toEqual([2, 1.5]);
});
