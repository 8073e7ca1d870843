/** The number of rows that an administrator wants: in force once it was answered, whoever else is at work on the item. */
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { changeNote } from "../../../shared/base/actor.ts";
import { later } from "../../../shared/base/time.ts";
import { findRows } from "../../../shared/inventory/hot/rows-store.ts";
import { claimTurnWrite } from "../../../shared/inventory/hot/spread-store.ts";
import { coolDown, turnHot } from "../../../shared/inventory/hot/turning.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import { createShop } from "../../../shared/shop.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createWorld, errorOf, giveItem, metered, type World } from "../../support/world.ts";

let world: World;
let time: TestClock;
let serial = 0;

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
});

let itemId: string;

beforeEach(async () => {
  itemId = `item-${(serial += 1)}`;
  await giveItem(world, { itemId, quantity: 40 });
});

const admin = { id: "admin" };
const find = async () => (await findStock(world.database, itemId))!;

/** A shop of its own; waiting takes it no time at all, or as long as it waits. */
const shopThat = (waits: "waits" | "does not wait", database = world.database) =>
  createShop({
    ...world.parts,
    database,
    sleep: async (durationMs) => {
      if (waits === "waits") time.advance(durationMs);
    },
  });

/** Somebody has the turn of spreading the item, for as long as there is. */
const claim = async () => {
  const note = changeNote("stock.turning", admin, time.clock());
  const times = { nowMs: time.clock(), untilMs: later(time.clock(), 1_000) };
  await world.database.apply(claimTurnWrite({ itemId }, { ...times, note }));
};

/** Does something just before the first write that tells of this. */
function just(before: string, act: () => Promise<unknown>): typeof world.database {
  let isDone = false;
  const first = async (written: unknown): Promise<void> => {
    if (isDone || !JSON.stringify(written).includes(before)) return;
    isDone = true;
    await act();
  };
  return {
    ...world.database,
    async apply(write, ...more) {
      await first(write);
      return world.database.apply(write, ...more);
    },
    async transact(writes, ...more) {
      await first(writes);
      return world.database.transact(writes, ...more);
    },
  };
}

async function place(as = shopThat("waits")): Promise<void> {
  await as.orders.place({
    userId: "alice",
    actor: { id: "alice" },
    source: { kind: "items", items: [{ itemId, quantity: 1 }] },
    idempotencyKey: `key-${(serial += 1)}`,
    paymentMethod: "sandbox",
  });
}

/** Units in row 1, 2 and so on. */
const shares = async () =>
  (await findRows(world.database, { itemId }))!.rows.map((row) => row.available);

describe("so many rows as an administrator wants", () => {
  it("are made as soon as the turn of who is at it is over @long", async () => {
    await claim();
    const changed = await shopThat("waits").inventory.change(itemId, { shards: 8 }, admin);
    expect(changed).toMatchObject({ shards: 8, available: 40 });
    expect(await find()).toMatchObject({ shards: 8, available: 0 });
    expect(await shares()).toEqual([5, 5, 5, 5, 5, 5, 5, 5]);
  });

  it("are said in one write with the item's facts: all of it is in force where the answer says so", async () => {
    await claim();
    const change = { name: "Ticket", shards: 8 };
    const changed = await shopThat("does not wait").inventory.change(itemId, change, admin);
    expect(changed).toMatchObject({ name: "Ticket", shards: 8, available: 40 });
    expect(await find()).toMatchObject({ name: "Ticket", shards: 8, available: 40 });
    expect(await find()).not.toHaveProperty("coolsAfterMs");
  });

  it("are made by a crowd where who wanted them has died, and sold from until then @long", async () => {
    await claim();
    await shopThat("does not wait").inventory.change(itemId, { shards: 4 }, admin);
    time.advance(1_000);
    expect((await metered(() => place())).meter.requests).toBeLessThanOrEqual(4);
    const crowd = Array.from({ length: 20 }, () => place());
    await Promise.all(crowd);
    await turnHot(world.parts, await find(), 8);
    expect(await find()).toMatchObject({ shards: 4, away: expect.any(Number), available: 0 });
    expect(await shares()).toHaveLength(4);
  });

  it("are as many as was wanted while a crowd was spreading it over another number @long", async () => {
    const wish = () => shopThat("does not wait").inventory.change(itemId, { shards: 5 }, admin);
    const database = just("stock.spread", wish);
    await turnHot({ ...world.parts, database }, await find(), 8);
    expect(await find()).toMatchObject({ shards: 5, available: 0 });
    expect(await find()).not.toHaveProperty("coolsAfterMs");
    expect(await shares()).toEqual([8, 8, 8, 8, 8]);
  });

  it("stay where they were wanted while somebody found that the crowd is gone @long", async () => {
    await turnHot(world.parts, await find(), 8);
    time.advance(400_000);
    const wish = () => shopThat("waits").inventory.change(itemId, { shards: 5 }, admin);
    await coolDown({ ...world.parts, database: just("stock.cooled", wish) }, await find());
    expect(await find()).toMatchObject({ shards: 5 });
  });

  it("are those of the last one who wanted any @long", async () => {
    const second = () => shopThat("does not wait").inventory.change(itemId, { shards: 3 }, admin);
    const first = shopThat("waits", just("stock.spread", second));
    expect(await first.inventory.change(itemId, { shards: 8 }, admin)).toMatchObject({ shards: 3 });
    expect(await shares()).toEqual([14, 13, 13]);
    const none = () => shopThat("waits").inventory.change(itemId, { shards: 1 }, admin);
    const again = shopThat("waits", just("stock.spread", none));
    expect(await again.inventory.change(itemId, { shards: 8 }, admin)).not.toHaveProperty("shards");
    expect(await find()).toMatchObject({ available: 40, away: 0 });
  });

  it("are refused of an exclusive item, and nothing else of that change is done", async () => {
    itemId = `item-${(serial += 1)}`;
    await giveItem(world, { itemId, holdPolicy: "exclusive" });
    const before = await find();
    const { inventory } = shopThat("waits");
    const refused = await errorOf(inventory.change(itemId, { name: "Other", shards: 2 }, admin));
    expect(refused["code"]).toBe("INVALID_REQUEST");
    expect(await find()).toEqual(before);
    const both = { holdPolicy: "counted", shards: 2 } as const;
    expect(await inventory.change(itemId, both, admin)).toMatchObject({ ...both, available: 10 });
  });

  it("are told in the trail as the deed of who wanted them", async () => {
    const written: unknown[] = [];
    const database: typeof world.database = {
      ...world.database,
      async apply(write, ...more) {
        written.push(write);
        return world.database.apply(write, ...more);
      },
    };
    await shopThat("waits", database).inventory.change(itemId, { shards: 2 }, admin);
    expect(JSON.stringify(written[0])).toMatch(/"item\.change".*"admin"/u);
  });
});
