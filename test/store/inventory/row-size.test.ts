/** How large the row of a plain item gets that many hold: every order writes it, and a kilobyte is a write unit. */
import { randomUUID } from "node:crypto";
import { beforeAll, expect, inject, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import { manyBuckets } from "../../../shared/inventory/buckets.ts";
import { holdWrite } from "../../../shared/inventory/hold-store.ts";
import { createShop } from "../../../shared/shop.ts";
import { copyOfMap, sizeOfItem } from "../../sim/engine/values.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createWorld, metered, type World } from "../../support/world.ts";

let world: World;
let time: TestClock;

beforeAll(async () => {
  // A time of today, so that instants have as many digits as they have in a shop.
  time = createTestClock(Date.UTC(2026, 10, 26));
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
});

interface Named {
  readonly itemId: string;
  readonly name: string;
  readonly kind: string;
  readonly vendorId: string;
}

const letters = (letter: string, count: number): string => letter.repeat(count);
const limited = {
  limits: { perOrder: 4, perShopper: 8 },
  sale: { startsAtMs: Date.UTC(2026, 0, 1), endsAtMs: Date.UTC(2027, 0, 1) },
};

/** A shopper orders one of the item, with holds that end at as many instants as a row has before it is tidied. */
async function order(names: Named, more: Partial<typeof limited>, userId: string = randomUUID()) {
  const { itemId } = names;
  const shop = createShop(world.parts);
  const price = { amountMinor: 4_999, currency: "EUR" };
  const quantity = 1_000_000;
  const item = { ...names, ...more, price, quantity, holdPolicy: "counted" } as const;
  await shop.inventory.create(item, { id: "admin" });
  const nowMs = time.clock();
  const note = { action: "order.placed", actor: "crowd", atMs: nowMs } as const;
  // Not on the grid of such orders: none of these is the instant of the order to come.
  const ends = Array.from({ length: manyBuckets - 1 }, (_, at) =>
    epochMs(nowMs + at * 60_000 + 1_000),
  );
  for (const expiresAtMs of ends) {
    const hold = { itemId, orderId: "crowd", quantity: 9_999, expiresAtMs, nowMs, note };
    await world.database.transact([holdWrite(hold)]);
  }
  const placed = await metered(() =>
    shop.orders.place({
      userId,
      actor: { id: userId, requestId: randomUUID() },
      source: { kind: "items", items: [{ itemId, quantity: 1 }] },
      paymentMethod: "sandbox",
      idempotencyKey: "once",
    }),
  );
  const [row] = await world.database.getMany("Stock", [{ itemId, shard: 0 }]);
  expect(Object.keys(row!["due"] as object)).toHaveLength(manyBuckets);
  return { bytes: sizeOfItem(copyOfMap(row!)), ...placed.meter };
}

const usual = (letter: string): Named => ({
  itemId: letters(letter, 20),
  name: letters(letter, 60),
  kind: "Ticket",
  vendorId: letters(letter, 20),
});

/** As long as the API takes them. */
const longest = (letter: string): Named => ({
  itemId: letters(letter, 128),
  name: letters(letter, 200),
  kind: letters(letter, 64),
  vendorId: letters(letter, 128),
});

it("is below a kilobyte with usual names, whatever holds it: an order costs 8 write units", async () => {
  const { bytes, ...meter } = await order(usual("a"), {});
  expect(bytes).toBeLessThan(1_024);
  expect(meter).toMatchObject({ requests: 2, writeUnits: 8 });
});

it("is as large as docs/stock.md says with limits, a sale and the longest names @long", async () => {
  const [more, long, wide] = [
    await order(usual("b"), limited),
    await order(longest("c"), limited),
    await order(longest("字"), limited, letters("字", 128)),
  ];
  expect(more!.bytes).toBeLessThan(1_100);
  expect(long!.bytes).toBeLessThan(1_536);
  expect(wide!.bytes).toBeLessThan(2_900);
});
