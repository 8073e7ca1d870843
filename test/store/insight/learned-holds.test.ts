/** Learned hold times on the real engine: counted once, decided once, applied to orders, and what each of it costs. */
import { beforeEach, describe, expect, inject, test } from "vitest";
import { silentLogger } from "../../../shared/base/logger.ts";
import { dayMs, epochMs } from "../../../shared/base/time.ts";
import { cohortMs, type HoldCohort } from "../../../shared/insight/hold-cohort.ts";
import { addCohort, listCohorts } from "../../../shared/insight/hold-cohort-store.ts";
import { usualLateCostMs } from "../../../shared/insight/hold-choice.ts";
import { bucketCount } from "../../../shared/insight/duration-grid.ts";
import { emptyHistogram, sumCounts } from "../../../shared/insight/histogram.ts";
import { createLearnedHoldService } from "../../../shared/insight/learned-hold-service.ts";
import { listLearnedHolds } from "../../../shared/insight/learned-hold-store.ts";
import type { LearnedHoldSettings } from "../../../shared/insight/learned-hold.ts";
import { createShop } from "../../../shared/shop.ts";
import type { ItemChange } from "../../../shared/table/stream.ts";
import { drawOrders, exponential, seededRandom } from "../../unit/insight/known-distributions.ts";
import { createWorld, giveItem, metered, type World } from "../../support/world.ts";

const startMs = Date.UTC(2026, 0, 10, 12, 30);
let nowMs = startMs;
const clock = () => epochMs(nowMs);
let world: World;

const learnedHolds: LearnedHoldSettings = {
  mode: "apply",
  bounds: { leastMs: 60_000, mostMs: 1_800_000, lateCostMs: usualLateCostMs },
  keptLongestPercent: 2,
};

beforeEach(async () => {
  nowMs = startMs;
  world = await createWorld(inject("dynamoDbEndpoint"), clock);
});

const makeParts = (mode: LearnedHoldSettings["mode"] = "apply") => ({
  ...world.parts,
  settings: { ...world.parts.settings, learnedHolds: { ...learnedHolds, mode } },
});
const makeService = () => createLearnedHoldService({ ...makeParts(), logger: silentLogger });

/** Orders of a method that takes 150 s on average, in an hour some hours ago. */
async function seed(count: number, hoursAgo = 5): Promise<void> {
  const hourMs = epochMs(Math.floor(nowMs / cohortMs) * cohortMs - hoursAgo * cohortMs);
  const random = seededRandom(9);
  const holdMs = (): number => (random() < 0.1 ? 1_800_000 : 600_000);
  const { events, censored } = drawOrders(exponential(150_000, 0.8), { count, holdMs, random });
  const cohort = { method: "sandbox", hourMs, placed: count, paid: events, unpaid: censored };
  await addCohort(world.database, cohort, `seed-${hoursAgo}`);
}

let sequence = 0;

function makeChange(before: object | undefined, after: object): ItemChange {
  sequence += 1;
  return {
    eventId: `event-${sequence}`,
    sequence: String(sequence),
    key: { orderId: "ord_1" },
    ...(before && { before: before as ItemChange["before"] & object }),
    after: after as ItemChange["after"] & object,
    atMs: clock(),
    byTtl: false,
  };
}

const fresh = (change: ItemChange) => ({ change, told: [{}] });

describe("counting", () => {
  const order = () => ({
    orderId: "ord_1",
    paymentMethod: "sandbox",
    status: "pending",
    createdAtMs: startMs,
    expiresAtMs: startMs + 600_000,
    change: { atMs: startMs },
  });
  const readAll = async (): Promise<HoldCohort[]> =>
    listCohorts(world.database, "sandbox", {
      fromMs: epochMs(startMs - dayMs),
      toMs: epochMs(startMs + dayMs),
    });

  test("an order is placed and paid once, in the hour in which it was placed, by one request a batch", async () => {
    const service = makeService();
    const paid = { ...order(), status: "paid", payment: { capturedAtMs: startMs + 90_000 } };
    const batch = [
      fresh(makeChange(undefined, order())),
      fresh(makeChange(order(), paid)),
      { change: makeChange(undefined, order()), told: [] },
    ];
    const { meter } = await metered(() => service.count(batch));
    expect(meter.requests).toBe(1);
    await service.count(batch);
    const [cohort, ...others] = await readAll();
    expect(others).toEqual([]);
    expect(cohort).toMatchObject({ hourMs: Date.UTC(2026, 0, 10, 12), placed: 1 });
    expect([sumCounts(cohort!.paid), sumCounts(cohort!.unpaid)]).toEqual([1, 0]);
  });

  test("money that comes after the order had expired takes back that it came to nothing", async () => {
    const service = makeService();
    const expired = { ...order(), status: "expired" };
    const late = { ...expired, status: "paid", payment: { capturedAtMs: startMs + 900_000 } };
    await service.count([fresh(makeChange(undefined, order()))]);
    await service.count([fresh(makeChange(order(), expired))]);
    await service.count([fresh(makeChange(expired, late))]);
    const [cohort] = await readAll();
    expect([cohort!.placed, sumCounts(cohort!.paid), sumCounts(cohort!.unpaid)]).toEqual([1, 1, 0]);
  });

  test("a row has a bound: every bucket counted a million times is below 8 KB", async () => {
    const all = new Map(Array.from({ length: bucketCount }, (_, bucket) => [bucket, 1_000_000]));
    const hourMs = epochMs(Math.floor(startMs / cohortMs) * cohortMs);
    const half = { method: "sandbox", hourMs, placed: 1_000_000 };
    await addCohort(world.database, { ...half, paid: all, unpaid: emptyHistogram }, "one");
    await addCohort(world.database, { ...half, paid: emptyHistogram, unpaid: all }, "two");
    const row = await world.database.get("Insight", {
      about: "hold-times/sandbox",
      span: "2026-01-10T12",
    });
    expect(JSON.stringify(row).length).toBeLessThan(8 * 1_024);
    expect(sumCounts((await readAll())[0]!.unpaid)).toBe(bucketCount * 1_000_000);
  });
});

describe("deciding", () => {
  test("two at once decide once, once a day, a quarter at the most, within few requests", async () => {
    await seed(1_000);
    const [one, other] = [makeService(), makeService()];
    const decided = await Promise.all([
      one.decide({ id: "system:learner", requestId: "one" }),
      other.decide({ id: "system:learner", requestId: "other" }),
    ]);
    expect(decided.flat().map(({ method }) => method)).toEqual(["sandbox"]);
    const [first] = await listLearnedHolds(world.database);
    expect(first).toMatchObject({ method: "sandbox", formerMs: 600_000, observations: 1_000 });
    expect(first!.usualMs).toBeGreaterThanOrEqual(450_000);
    expect(first!.usualMs).toBeLessThanOrEqual(750_000);
    expect(first!.scarceMs).toBeLessThan(first!.usualMs);
    nowMs += dayMs - 1;
    expect(await one.decide({ id: "system:learner", requestId: "three" })).toEqual([]);
    nowMs += 1;
    const { result, meter } = await metered(() => one.decide({ id: "x", requestId: "four" }));
    expect(result).toHaveLength(1);
    // The decisions, and of each of five methods the cohorts; one is written.
    expect(meter.requests).toBeLessThanOrEqual(8);
  });

  test("a run that dies before it has written leaves all to the next one", async () => {
    await seed(1_000);
    const { database } = world;
    const dying = { ...database, apply: () => Promise.reject(new Error("died")) };
    const dead = createLearnedHoldService({ ...makeParts(), database: dying });
    await expect(dead.decide({ id: "system:learner", requestId: "one" })).rejects.toThrow("died");
    expect(await listLearnedHolds(database)).toEqual([]);
    expect(await makeService().decide({ id: "system:learner", requestId: "two" })).toHaveLength(1);
  });

  test("fewer than 200 orders say nothing, nor does the hour that is running", async () => {
    await seed(150);
    await seed(1_000, 0);
    expect(await makeService().decide({ id: "system:learner", requestId: "one" })).toEqual([]);
  });

  test("it is shown with its reason and its data", async () => {
    await seed(1_000);
    await makeService().decide({ id: "system:learner", requestId: "one" });
    const shown = (await makeService().show()).find(({ method }) => method === "sandbox")!;
    expect(shown).toMatchObject({ settingSeconds: 600, isApplied: true });
    expect(shown.learned?.reason).toMatch(/^Of 1,000 orders \d+ % are paid within \d+ s/);
    expect(shown.paid.reduce((sum, { orders }) => sum + orders, 0)).toBeGreaterThan(700);
  });
});

describe("an order", () => {
  const actor = { id: "alice" };
  const place = async (mode: LearnedHoldSettings["mode"] | "off", count: number) => {
    const parts = mode === "off" ? world.parts : makeParts(mode);
    const { orders } = createShop(parts);
    await giveItem(world, { itemId: "mug", quantity: 1_000 });
    const placed = [];
    for (let number = 0; number < count; number += 1) {
      placed.push(
        await metered(() =>
          orders.place({
            userId: "alice",
            actor,
            paymentMethod: "sandbox",
            source: { kind: "items", items: [{ itemId: "mug", quantity: 1 }] },
            idempotencyKey: `key-${number}`,
          } as never),
        ),
      );
    }
    return placed.map(({ result, meter }) => ({ order: result.order, requests: meter.requests }));
  };

  test("has the learned time and why, for one request a minute; with off or suggest none is made", async () => {
    await seed(1_000);
    await makeService().decide({ id: "system:learner", requestId: "one" });
    const [{ usualMs } = { usualMs: 0 }] = await listLearnedHolds(world.database);
    const placed = await place("apply", 12);
    const learned = placed.filter(({ order }) => order.holdDecision?.by === "learned");
    expect(learned.length).toBeGreaterThan(8);
    for (const { order } of learned) {
      expect(order.holdDecision).toMatchObject({ seconds: usualMs / 1_000 });
      expect(order.holdDecision?.reason).toMatch(
        /^Learned from when orders like it are paid, as of [\d-]{10}\.$/,
      );
      expect(order.expiresAtMs - order.createdAtMs).toBeGreaterThanOrEqual(usualMs);
      expect(order.expiresAtMs - order.createdAtMs).toBeLessThanOrEqual(usualMs + 60_000);
    }
    const requests = placed.map((each) => each.requests);
    expect(requests).toEqual([requests[1]! + 1, ...requests.slice(1)]);
    expect(new Set(requests.slice(1)).size).toBe(1);
  });

  test.each(["off", "suggest"] as const)("has the setting's time with %s", async (mode) => {
    await seed(1_000);
    await makeService().decide({ id: "system:learner", requestId: "one" });
    const [first] = await place(mode, 1);
    expect(first!.order.holdDecision).toBeUndefined();
    expect(first!.order.expiresAtMs - first!.order.createdAtMs).toBeLessThanOrEqual(320_000);
  });

  test("has the setting's time where nothing was learned yet", async () => {
    const [first] = await place("apply", 1);
    expect(first!.order.holdDecision).toMatchObject({ by: "setting", seconds: 300 });
  });
});
