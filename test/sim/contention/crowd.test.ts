/** Crowds: every unit is sold once, nothing happens outside the model, and a seed gives the same crowd again. */
import { expect, test } from "vitest";
import { defaultContention } from "../../../local/contention/settings.ts";
import { computeLimits, summarizeCrowd } from "../../../scripts/crowd/summary.ts";
import { type CrowdOptions, runCrowd } from "./crowd.ts";
import { measureOrderCosts } from "./order-costs.ts";

const few: CrowdOptions = {
  shoppers: 60,
  stock: 40,
  items: 1,
  lines: 1,
  windowMs: 500,
  source: "inline",
  isOneAccount: false,
  shards: 1,
  seed: 1,
  contention: defaultContention,
};

test("the same seed gives the same crowd to the last answer, another seed another one", async () => {
  const [one, again, other] = [
    await runCrowd(few),
    await runCrowd(few),
    await runCrowd({ ...few, seed: 2 }),
  ];
  expect(again).toEqual(one);
  expect(other.answers).not.toEqual(one.answers);
});

test("every unit is sold, the others hear that it is sold out, and nobody hears so too early", async () => {
  const crowd = await runCrowd(few);
  expect(crowd.broken).toEqual([]);
  expect(crowd.falselySoldOut).toBe(0);
  const { counts } = summarizeCrowd(crowd);
  expect(counts).toEqual({ sold: 40, soldOut: 20, refused: 0, tryAgain: 0, fault: 0 });
});

test("the last units of many rows find their buyers at once, and nobody hears too early that they are gone", async () => {
  const crowd = await runCrowd({ ...few, shoppers: 200, stock: 80, shards: 8, windowMs: 200 });
  expect(crowd.broken).toEqual([]);
  expect(crowd.falselySoldOut).toBe(0);
  const { counts } = summarizeCrowd(crowd);
  expect(counts).toEqual({ sold: 80, soldOut: 120, refused: 0, tryAgain: 0, fault: 0 });
  const sold = crowd.answers.filter(({ kind }) => kind === "sold");
  const last = sold.toSorted((one, other) => one.answeredAtMs - other.answeredAtMs).slice(-8);
  // A look at all rows and another row for some, never a transaction in which they would meet.
  for (const { conflicts, writeUnits } of last) {
    expect({ conflicts, writeUnits }).toEqual({ conflicts: 0, writeUnits: 9 });
  }
});

test("shoppers meet each other's transactions, and sell no faster than a busy row allows", async () => {
  const crowd = await runCrowd({ ...few, windowMs: 10 });
  const sum = summarizeCrowd(crowd);
  expect(sum.conflicts).toBeGreaterThan(50);
  expect(sum.attemptsPerSale).toBeGreaterThan(2);
  expect(sum.bestSecond).toBeLessThanOrEqual(computeLimits(few.contention, 1).transactions);
  // The crowd without a model: nobody in the way of anybody.
  const still = { medianMs: 0, p99Ms: 0 };
  const free = { ...defaultContention, busy: still, cancel: still };
  const quiet = summarizeCrowd(await runCrowd({ ...few, windowMs: 10, contention: free }));
  expect(quiet.conflicts).toBe(0);
  expect(quiet.attemptsPerSale).toBe(1);
});

test("what a sale costs is counted: two requests, ten write units", async () => {
  const alone = await runCrowd({ ...few, shoppers: 1 });
  expect(alone.answers).toMatchObject([{ kind: "sold", requests: 2, writeUnits: 10, attempts: 1 }]);
  // Two counters, one definition: what the model charges is what the answers tell.
  expect(summarizeCrowd(alone)).toMatchObject({ writeUnitsPerSale: 10, chargedPerSale: 10 });
});

test("what a page costs is counted as the page asks: half a read unit, whatever others hold", async () => {
  const { place, readItem } = await measureOrderCosts(3);
  expect(place).toMatchObject({ requests: 2, writeUnits: 8 });
  expect(readItem).toEqual({ requests: 1, writeUnits: 0, readUnits: 0.5 });
});

test("pairs of items from carts of one account: all or nothing of each pair", async () => {
  const options = { ...few, items: 4, lines: 2, stock: 15, windowMs: 200 };
  const crowd = await runCrowd({ ...options, source: "cart", isOneAccount: true });
  expect(crowd.broken).toEqual([]);
  const { counts } = summarizeCrowd(crowd);
  expect(counts.sold).toBeGreaterThan(20);
  expect(counts.sold).toBeLessThanOrEqual(30);
  expect(counts.fault).toBe(0);
  for (const { itemIds } of crowd.answers) expect(new Set(itemIds).size).toBe(2);
});

test("too much for the tables is told in time: the request's own deadline ends it", async () => {
  const scarce = { ...defaultContention, partitionWriteUnits: 4 };
  const crowd = await runCrowd({ ...few, shoppers: 200, stock: 200, contention: scarce });
  const sum = summarizeCrowd(crowd);
  expect(sum.throttled).toBeGreaterThan(100);
  expect(sum.counts.tryAgain).toBeGreaterThan(0);
  expect(sum.counts.sold + sum.counts.tryAgain).toBe(200);
  expect(sum.all.max).toBeLessThan(28_100);
  expect(crowd.broken).toEqual([]);
});

test("units whose orders found no capacity are held for nobody until then, and none of them is lost @long", async () => {
  const contention = {
    ...defaultContention,
    warmWriteUnits: 200,
    warmReadUnits: 600,
    placement: 1,
  };
  const crowd = await runCrowd({
    ...few,
    shoppers: 3_000,
    stock: 1_500,
    windowMs: 100,
    contention,
  });
  expect(crowd.withheld).toBeGreaterThan(0);
  expect(crowd.broken).toEqual([]);
});
