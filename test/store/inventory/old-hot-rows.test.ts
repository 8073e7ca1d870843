/** Rows of a hot item that a build has left which did not note which settlement rows it opened: recorded with that build. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { beforeEach, describe, expect, inject, it } from "vitest";
import { ROOT } from "../../../local/root.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { findRows, findWhole } from "../../../shared/inventory/hot/rows-store.ts";
import { createShop, stockCheckService } from "../../../shared/shop.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments } from "../../support/payments.ts";
import { createWorld, errorOf, wholeHoldMs, type World } from "../../support/world.ts";

const recorded = JSON.parse(
  readFileSync(join(ROOT, "test/support/stores/hot-rows.json"), "utf8"),
) as { recordedAtMs: number; tables: Record<string, Record<string, never>[]> };

/** Of 30 units in two rows 12 were sold, 2 are being paid for, and 3 are held; all of these orders are over in an hour. */
const itemId = "gig";
const hourMs = 3_600_000;

let time: TestClock;
let world: World;
let shop: ReturnType<typeof createShop>;

beforeEach(async () => {
  time = createTestClock(recorded.recordedAtMs);
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  const client = world.client as unknown as DynamoDBClient;
  for (const [name, rows] of Object.entries(recorded.tables)) {
    const TableName = world.tables[name as keyof typeof world.tables];
    for (const Item of rows) await client.send(new PutItemCommand({ TableName, Item }));
  }
  shop = createShop(world.parts);
});

async function place(quantity: number, idempotencyKey: string): Promise<Order> {
  const source = { kind: "items", items: [{ itemId, quantity }] } as const;
  const request = { userId: "buyer", actor: { id: "buyer" }, source, idempotencyKey };
  return (await shop.orders.place({ ...request, paymentMethod: "sandbox" })).order;
}

const levels = async () => {
  const { available, held, sold } = (await findWhole(world.database, itemId))!;
  return { available, held, sold };
};

const listViolations = async () => (await stockCheckService(world.parts).run()).violations;

describe("an item that an earlier build has spread over rows", () => {
  it("sells what was neither sold nor is held, and nothing of what was sold then", async () => {
    expect(await levels()).toEqual({ available: 13, held: 17, sold: 0 });
    time.advance(hourMs);
    await place(18, "rest");
    const refused = await errorOf(place(1, "more"));
    expect(refused).toMatchObject({ code: "ITEMS_UNAVAILABLE" });
    await shop.inventory.reclaim([itemId]);
    expect(await levels()).toEqual({ available: 0, held: 18, sold: 12 });
    expect(await listViolations()).toEqual([]);
  });

  it("counts money for its orders that comes now, and what is ordered and paid from now on @long", async () => {
    const { payments, send, eventOf } = createPayments(world);
    const find = async (userId: string) => (await shop.orders.list({ userId, limit: 1 })).rows[0]!;
    for (const userId of ["waiter", "starter"]) {
      await send(eventOf(await find(userId), "payment.captured"));
      expect(await find(userId)).toMatchObject({ status: "paid" });
    }
    const order = await place(4, "new");
    const caller = { userId: "buyer", isAdmin: false };
    await payments.initiate({ orderId: order.orderId, caller, actor: { id: "buyer" } });
    await send(eventOf(await find("buyer"), "payment.captured"));
    time.advance(hourMs);
    await place(9, "rest");
    expect(await errorOf(place(1, "more"))).toMatchObject({ code: "ITEMS_UNAVAILABLE" });
    await shop.inventory.reclaim([itemId]);
    expect(await levels()).toEqual({ available: 0, held: 9, sold: 21 });
  });

  it.each([
    ["first", 0],
    ["second", 0.99],
  ])(
    "is like any other once all of that is over, whoever buys from its %s row @long",
    async (_row, random) => {
      shop = createShop({ ...world.parts, random: () => random });
      time.advance(hourMs);
      await place(1, "first");
      await shop.inventory.reclaim([itemId]);
      time.advance(2 * wholeHoldMs);
      await shop.inventory.reclaimSpread(() => true);
      const { rows } = (await findRows(world.database, { itemId }))!;
      expect(rows.map(({ notesOpenings }) => notesOpenings)).toEqual([true, true]);
      expect(await levels()).toEqual({ available: 18, held: 0, sold: 12 });
    },
  );
});
