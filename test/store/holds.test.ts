/** Units that are set aside without an order, on the real engine: all or none, once, until an exact instant. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { createHoldSetService, type HoldSetService } from "../../shared/holds/hold-set-service.ts";
import { createItemMemory } from "../../shared/inventory/hot/item-memory.ts";
import { createShop } from "../../shared/shop.ts";
import { createTestClock, type TestClock } from "../support/clock.ts";
import { createWorld, errorOf, giveItem, metered, type World } from "../support/world.ts";

let world: World;
let time: TestClock;
let holds: HoldSetService;
let shop: ReturnType<typeof createShop>;

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  shop = createShop({ ...world.parts });
  const { database, clock } = world;
  const memory = createItemMemory(clock, 0);
  const sleep = (durationMs: number) => sleepMs(durationMs);
  const crowd = { memory, sleep, random: Math.random, autoShards: 8 };
  holds = createHoldSetService({ database, clock, ...crowd });
});

let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;

async function seats(quantity: number, holdPolicy: "counted" | "exclusive" = "counted") {
  const itemId = unique("seats");
  await giveItem(world, { itemId, quantity, holdPolicy });
  return itemId;
}

async function levelsOf(itemId: string) {
  const [levels] = await holds.levels([itemId]);
  return levels;
}

const forMs = 60_000;

describe("setting aside", () => {
  it("holds all units in one request, and none where one of them cannot be had", async () => {
    const [many, few] = [await seats(5), await seats(1)];
    const holdId = unique("booking");
    const { result, meter } = await metered(() =>
      holds.hold({ holdId, units: { [many]: 2, [few]: 1 }, forMs }),
    );
    expect(meter.requests).toBe(1);
    expect(result).toMatchObject({ status: "held" });
    expect(result.expiresAtMs).toBeGreaterThanOrEqual(time.clock() + forMs);
    const refused = await errorOf(
      holds.hold({ holdId: unique("booking"), units: { [many]: 1, [few]: 1 }, forMs }),
    );
    expect(refused).toMatchObject({
      code: "ITEMS_UNAVAILABLE",
      failedItems: [{ itemId: few, reason: "insufficient_stock", available: 0, requested: 1 }],
    });
    expect(await levelsOf(many)).toEqual({ itemId: many, available: 3, held: 2, sold: 0 });
  });

  it("is the same hold for the same id, in one request, and refused for other units", async () => {
    const itemId = await seats(5);
    const wish = { holdId: unique("booking"), units: { [itemId]: 2 }, forMs };
    const first = await holds.hold(wish);
    const again = await metered(() => holds.hold(wish));
    expect(again.result).toEqual(first);
    expect(again.meter.requests).toBe(1);
    const other = await errorOf(holds.hold({ ...wish, units: { [itemId]: 3 } }));
    expect(other).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
    expect(await levelsOf(itemId)).toMatchObject({ available: 3, held: 2 });
  });

  it("gives the last unit to one of twenty at once @long", async () => {
    const itemId = await seats(1);
    const tries = Array.from({ length: 20 }, () =>
      holds.hold({ holdId: unique("booking"), units: { [itemId]: 1 }, forMs }),
    );
    const done = (await Promise.allSettled(tries)).filter(({ status }) => status === "fulfilled");
    expect(done).toHaveLength(1);
    expect(await levelsOf(itemId)).toMatchObject({ available: 0, held: 1 });
  });

  it("names what is wrong with a wish before anything is read", async () => {
    const itemId = await seats(1);
    for (const [units, path] of [
      [{}, "units"],
      [{ [itemId]: 0 }, `units.${itemId}`],
      [{ [itemId]: 1.5 }, `units.${itemId}`],
    ] as const) {
      const { meter, result } = await metered(() =>
        errorOf(holds.hold({ holdId: "x", units, forMs })),
      );
      expect(result).toMatchObject({ code: "INVALID_REQUEST", fields: { issues: [{ path }] } });
      expect(meter.requests).toBe(0);
    }
  });
});

describe("the end", () => {
  it("frees units at the exact instant, for whoever comes next, with nothing swept", async () => {
    const itemId = await seats(1);
    const holdId = unique("booking");
    const { expiresAtMs } = await holds.hold({ holdId, units: { [itemId]: 1 }, forMs });
    time.to(expiresAtMs - 1);
    const wish = { holdId: unique("booking"), units: { [itemId]: 1 }, forMs };
    expect(await errorOf(holds.hold(wish))).toMatchObject({ code: "ITEMS_UNAVAILABLE" });
    time.to(expiresAtMs);
    expect(await levelsOf(itemId)).toMatchObject({ available: 1, held: 0 });
    const { meter } = await metered(() => holds.hold(wish));
    expect(meter.requests).toBe(2);
    // Each begins when the one before has ended: a refusal that nobody waits for yet ends the run.
    for (const late of [() => holds.confirm(holdId), () => holds.extend(holdId, forMs)]) {
      expect(await errorOf(late())).toMatchObject({ code: "HOLD_ENDED" });
    }
    await holds.release(holdId);
    expect(await levelsOf(itemId)).toMatchObject({ available: 0, held: 1 });
  });

  it("confirms once, however often it is asked, in two requests", async () => {
    const itemId = await seats(3);
    const holdId = unique("booking");
    await holds.hold({ holdId, units: { [itemId]: 2 }, forMs });
    const { meter } = await metered(() => holds.confirm(holdId));
    expect(meter.requests).toBe(2);
    await Promise.all([holds.confirm(holdId), holds.confirm(holdId)]);
    expect(await levelsOf(itemId)).toMatchObject({ available: 1, held: 0, sold: 2 });
    expect(await errorOf(holds.release(holdId))).toMatchObject({ code: "HOLD_ENDED" });
  });

  it("lets go once, and either of those who confirm and let go at once wins whole @long", async () => {
    const itemId = await seats(4);
    for (let round = 0; round < 4; round += 1) {
      const holdId = unique("booking");
      await holds.hold({ holdId, units: { [itemId]: 1 }, forMs });
      const ends = [holds.confirm(holdId), holds.release(holdId), holds.release(holdId)];
      await Promise.allSettled(ends);
      const { status } = await holds.find(holdId);
      expect(["confirmed", "released"]).toContain(status);
    }
    const { available = 0, held, sold = 0 } = (await levelsOf(itemId)) ?? {};
    expect([held, available + sold]).toEqual([0, 4]);
  });

  it("is later after an extension, never earlier", async () => {
    const itemId = await seats(1);
    const holdId = unique("booking");
    const first = await holds.hold({ holdId, units: { [itemId]: 1 }, forMs });
    const { meter, result } = await metered(() => holds.extend(holdId, 10 * forMs));
    expect(meter.requests).toBe(2);
    expect(result.expiresAtMs).toBeGreaterThan(first.expiresAtMs);
    expect(await holds.extend(holdId, forMs)).toEqual(result);
    time.to(first.expiresAtMs);
    expect(await levelsOf(itemId)).toMatchObject({ available: 0, held: 1 });
    await holds.confirm(holdId);
    expect(await levelsOf(itemId)).toMatchObject({ available: 0, sold: 1 });
  });

  it("of something that nobody has held is told as such", async () => {
    for (const ending of ["find", "confirm", "release"] as const) {
      expect(await errorOf(holds[ending]("nobody"))).toMatchObject({ code: "HOLD_NOT_FOUND" });
    }
  });
});

describe("items that others share", () => {
  it("are held by orders and holds alike, also where they are spread over rows @long", async () => {
    const itemId = unique("hot");
    const price = { amountMinor: 1_000, currency: "EUR" };
    await shop.inventory.create(
      {
        itemId,
        name: itemId,
        kind: "Ticket",
        price,
        quantity: 12,
        holdPolicy: "counted",
        shards: 3,
      },
      { id: "root" },
    );
    const ids = [unique("booking"), unique("booking"), unique("booking")];
    for (const holdId of ids) await holds.hold({ holdId, units: { [itemId]: 3 }, forMs });
    await holds.extend(ids[0]!, 10 * forMs);
    await holds.release(ids[0]!);
    await holds.confirm(ids[1]!);
    const order = await shop.orders.place({
      userId: "alice",
      actor: { id: "alice" },
      source: { kind: "items", items: [{ itemId, quantity: 5 }] },
      idempotencyKey: unique("key"),
      paymentMethod: "sandbox",
    });
    expect(order.order.status).toBe("pending");
    const none = { holdId: unique("booking"), units: { [itemId]: 2 }, forMs };
    expect(await errorOf(holds.hold(none))).toMatchObject({ code: "ITEMS_UNAVAILABLE" });
    // What is over is free again, what was confirmed is not: 12 - 3 can be had at once.
    time.advance(20 * forMs);
    const rest = { holdId: unique("booking"), units: { [itemId]: 9 }, forMs };
    await holds.hold(rest);
    // It has closed no more than it needed: what was confirmed may wait in a bucket that is over.
    await shop.inventory.reclaim([itemId]);
    expect(await levelsOf(itemId)).toEqual({ itemId, available: 0, held: 9, sold: 3 });
  });

  it("have one live hold at a time where they are exclusive", async () => {
    const itemId = await seats(4, "exclusive");
    await holds.hold({ holdId: unique("booking"), units: { [itemId]: 1 }, forMs });
    const second = holds.hold({ holdId: unique("booking"), units: { [itemId]: 1 }, forMs });
    expect(await errorOf(second)).toMatchObject({ failedItems: [{ reason: "locked" }] });
  });
});
