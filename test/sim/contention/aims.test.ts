/** What a crowd gets in the model, at the least: the numbers that the shop's owner is told to plan with. */
import { expect, test } from "vitest";
import { scenarios } from "../../../bench/crowd/scenarios.ts";
import { summarizeCrowd } from "../../../scripts/crowd/summary.ts";
import { isFull } from "../../support/effort.ts";
import { runCrowd } from "./crowd.ts";
import { measureOrderCosts } from "./order-costs.ts";

/** Virtual time: the same on every machine. */
async function meet(id: string, seconds?: number) {
  const { options: all } = scenarios.find((scenario) => scenario.id === id)!;
  const windowMs = seconds === undefined ? all.windowMs : seconds * 1_000;
  // As many in each second, for less time: the rate stays what it is.
  const shoppers = (all.shoppers * windowMs) / all.windowMs;
  const crowd = await runCrowd({ ...all, windowMs, shoppers });
  expect(crowd.broken).toEqual([]);
  expect(crowd.falselySoldOut).toBe(0);
  return summarizeCrowd(crowd);
}

const none = { refused: 0, tryAgain: 0, fault: 0 };

test("1,000 shoppers at an item that nobody marked: 500 sold, 500 told so, 19 of 20 within 3 s @long", async () => {
  const sum = await meet("unmarked");
  expect(sum.counts).toEqual({ ...none, sold: 500, soldOut: 500 });
  expect(sum.all.p95).toBeLessThanOrEqual(3_000);
});

test("the same at one that is marked with 8 rows: 19 of 20 within half a second @long", async () => {
  const sum = await meet("marked");
  expect(sum.counts).toEqual({ ...none, sold: 500, soldOut: 500 });
  expect(sum.all.p95).toBeLessThanOrEqual(500);
});

test.each(["pairs", "pairs-carts"])(
  "20 items in pairs (%s): nobody hears of a fault, 19 of 20 have their answer within 3 s @long",
  async (id) => {
    const sum = await meet(id);
    expect(sum.counts).toEqual({ ...none, sold: 1_000, soldOut: 0 });
    expect(sum.all.p95).toBeLessThanOrEqual(3_000);
  },
);

test.runIf(isFull).each([
  ["1 row", "sales-1", 80],
  ["8 rows", "sales-8", 0.85 * 8 * 900],
  ["40 rows", "sales-40", 31_000],
] as const)(
  "an item in %s (%s) sells %d a second and more @long",
  { timeout: 3_000_000 },
  async (_rows, id, least) => {
    const sum = await meet(id, 1);
    expect(sum.counts).toMatchObject(none);
    expect(sum.perSecond).toBeGreaterThanOrEqual(least);
  },
);

test("each step of an order costs the same however many others hold the item", async () => {
  const [few, many] = [await measureOrderCosts(1), await measureOrderCosts(isFull ? 2_000 : 100)];
  for (const step of ["place", "start", "pay", "cancel", "readItem"] as const) {
    expect(many[step]).toEqual(few[step]);
  }
  expect(many.place).toMatchObject({ requests: 2, writeUnits: 8 });
  expect(many.rowBytes).toBeLessThan(1_024);
});
