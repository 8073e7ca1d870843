/** A store that was recorded in layout 1 is carried over: on the way of orders, and as a whole. */
import { readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { PutItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { beforeEach, describe, expect, inject, it } from "vitest";
import { ROOT } from "../../local/root.ts";
import { bucketKey } from "../../shared/inventory/deadline.ts";
import { carryingOver, carryOverAll, isOldLayout } from "../../shared/inventory/old-layout.ts";
import { findStock } from "../../shared/inventory/stock-store.ts";
import type { Order } from "../../shared/orders/order.ts";
import type { PlaceOrder } from "../../shared/orders/order-request.ts";
import { inventoryService, orderService, stockCheckService } from "../../shared/shop.ts";
import { createTestClock, type TestClock } from "../support/clock.ts";
import { createWorld, unitsOf, type World } from "../support/world.ts";

const recorded = JSON.parse(
  readFileSync(join(ROOT, "test/support/stores/schema-1.json"), "utf8"),
) as { recordedAtMs: number; tables: Record<string, Record<string, never>[]> };

let time: TestClock;
let world: World;
let shop: ReturnType<typeof open>;

/** Services that meet the old store, as functions do. */
function open() {
  const parts = { ...world.parts, database: carryingOver(world.database, time.clock) };
  const [orders, inventory] = [orderService(parts), inventoryService(parts)];
  return { orders, inventory, stockCheck: stockCheckService(parts) };
}

beforeEach(async () => {
  time = createTestClock(recorded.recordedAtMs);
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  const client = world.client as unknown as DynamoDBClient;
  for (const [name, rows] of Object.entries(recorded.tables)) {
    const TableName = world.tables[name as keyof typeof world.tables];
    for (const Item of rows) await client.send(new PutItemCommand({ TableName, Item }));
  }
  shop = open();
});

const levelsOf = async (itemId: string) => {
  const { available, held, sold } = (await findStock(world.database, itemId))!;
  return { available, held, sold };
};
const rowOf = (itemId: string) => world.database.get("Stock", { itemId, shard: 0 });

function wish(itemId: string, quantity: number, key: string): PlaceOrder {
  const source = { kind: "items", items: [{ itemId, quantity }] } as const;
  const userId = `buyer-${key}`;
  return { userId, actor: { id: userId }, source, paymentMethod: "sandbox", idempotencyKey: key };
}

async function oldOrder(userId: string): Promise<Order> {
  const [order] = (await shop.orders.list({ userId, limit: 1 })).rows;
  return order!;
}

const cancel = async (userId: string) => {
  const { orderId } = await oldOrder(userId);
  return shop.orders.cancel(orderId, { userId, isAdmin: false }, { id: userId });
};

describe("a store of layout 1", () => {
  it("is read as it is, with the levels that it always had", async () => {
    expect(isOldLayout(await rowOf("mug"))).toBe(true);
    expect(await levelsOf("mug")).toEqual({ available: 6, held: 5, sold: 2 });
    expect(await shop.inventory.get("seat")).toMatchObject({ available: 2, held: 1 });
    expect((await shop.stockCheck.run()).violations).toEqual([]);
  });

  it("is carried over by the first order of an item, which takes expired holds as well @long", async () => {
    const { order } = await shop.orders.place(wish("mug", 7, "new"));
    const stock = (await findStock(world.database, "mug"))!;
    expect(await rowOf("mug")).toMatchObject({ schemaVersion: 2 });
    expect(stock.due[bucketKey(order.expiresAtMs)]).toBe(7);
    expect(unitsOf(stock)).toBe(stock.received + stock.adjusted);
    expect(await levelsOf("mug")).toEqual({ available: 0, held: 11, sold: 2 });
  });

  it("lets old orders be cancelled, and gives nothing back for those whose time was over @long", async () => {
    await cancel("pending");
    expect(await levelsOf("mug")).toEqual({ available: 8, held: 3, sold: 2 });
    await cancel("expired");
    expect(await levelsOf("mug")).toEqual({ available: 8, held: 3, sold: 2 });
    await shop.inventory.reclaim(["mug", "lamp"]);
    expect(await levelsOf("mug")).toEqual({ available: 9, held: 2, sold: 2 });
    expect(await levelsOf("lamp")).toEqual({ available: 2, held: 0, sold: 0 });
  });

  it("is spread over rows by hand like any other, and no unit is lost on the way @long", async () => {
    const changed = await shop.inventory.change("mug", { shards: 2 }, { id: "admin" });
    expect(changed).toMatchObject({ shards: 2, available: 6, held: 5, sold: 2 });
    await shop.orders.place(wish("mug", 6, "spread"));
    await cancel("pending");
    expect(await shop.inventory.get("mug")).toMatchObject({ available: 2, held: 9, sold: 2 });
    expect((await shop.stockCheck.run()).violations).toEqual([]);
  });

  it("keeps an exclusive item for who holds it, until the deadline that was told @long", async () => {
    await expect(shop.orders.place(wish("seat", 1, "rival"))).rejects.toMatchObject({
      failedItems: [{ itemId: "seat", reason: "locked" }],
    });
    time.to((await oldOrder("holder")).expiresAtMs + 1_000);
    await shop.orders.place(wish("seat", 1, "rival"));
    expect(await levelsOf("seat")).toEqual({ available: 2, held: 1, sold: 0 });
  });

  it("is carried over as a whole while orders are taken, once, however often that is started @long", async () => {
    const orders = Array.from({ length: 6 }, (_, index) =>
      shop.orders.place(wish("mug", 1, `crowd-${index}`)),
    );
    const runs = await Promise.all([
      carryOverAll(world.database, time.clock),
      carryOverAll(world.database, time.clock),
      ...orders,
    ]);
    const carried = runs.slice(0, 2) as { rows: number; carried: number }[];
    expect(carried.map(({ rows }) => rows)).toEqual([4, 4]);
    expect(await carryOverAll(world.database, time.clock)).toEqual({ rows: 4, carried: 0 });
    for (const itemId of ["mug", "seat", "lamp", "untouched"]) {
      const stock = (await findStock(world.database, itemId))!;
      expect(unitsOf(stock)).toBe(stock.received + stock.adjusted);
      expect(await rowOf(itemId)).not.toHaveProperty("holds");
    }
    expect(await levelsOf("mug")).toMatchObject({ sold: 2, available: 0 });
    expect((await shop.stockCheck.run()).violations).toEqual([]);
  });

  it("is what the command does, which can be run again and says when there is no such table @long", () => {
    const run = (table: string) => {
      const given = ["--table", table, "--endpoint", inject("dynamoDbEndpoint")];
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(ROOT, "scripts/migrate.ts"), ...given],
        { encoding: "utf8" },
      );
      return { status, said: (stdout + stderr).trim().split("\n").at(-1) };
    };
    const done = (carried: number) => ({
      status: 0,
      said: `Done: ${carried} of 4 rows were of the old layout and are carried over.`,
    });
    expect(run(world.tables.Stock)).toEqual(done(4));
    expect(run(world.tables.Stock)).toEqual(done(0));
    expect(run("nothing-here")).toEqual({
      status: 1,
      said: expect.stringMatching(/^There is no table nothing-here at http/),
    });
  });
});
