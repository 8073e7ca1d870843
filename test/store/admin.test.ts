/** Administration on the real engine: live locks and holds of every kind, and clearing them all. */
import { BatchWriteCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { beforeEach, describe, expect, inject, test } from "vitest";
import type { LiveLock } from "../../shared/admin/live-lock.ts";
import { createClearingService } from "../../shared/admin/clearing-service.ts";
import { overviewService, stockCheckService } from "../../shared/shop.ts";
import { action, exists, pathsOf } from "../../shared/table/expression.ts";
import { dueShards } from "../../shared/orders/due-shards.ts";
import { newMeter, runOperation } from "../../shared/table/operation.ts";
import { update } from "../../shared/table/write.ts";
import { findStock, stockRow } from "../../shared/inventory/stock-store.ts";
import { seededRandom } from "../sim/random.ts";
import type { Stock } from "../../shared/inventory/stock.ts";
import { createTestClock } from "../support/clock.ts";
import { effort } from "../support/effort.ts";
import type { Order } from "../../shared/orders/order.ts";
import { createCancelling } from "../../shared/payments/cancel-service.ts";
import { inParallel } from "../support/http.ts";
import { createWorld, errorOf, giveItem, type World } from "../support/world.ts";

const at = pathsOf<Stock>();
const root = { id: "root" };

async function open() {
  const { clock, advance } = createTestClock();
  const world = await createWorld(inject("dynamoDbEndpoint"), clock);
  const { parts, locks, orders } = world;
  const abandoned: string[] = [];
  const payments = {
    recheck: async (order: Order) => order,
    async abandon(order: Order) {
      abandoned.push(order.orderId);
      return order;
    },
  };
  const cancelling = createCancelling({ ...parts, orders, payments });
  const clearing = createClearingService({ ...parts, locks, cancelling });
  const [overview, stockCheck] = [overviewService(parts), stockCheckService(parts)];
  return { ...world, advance, overview, clearing, stockCheck, abandoned };
}

let shop: Awaited<ReturnType<typeof open>>;
beforeEach(async () => {
  shop = await open();
});

function place({ orders }: Pick<World, "orders">, userId: string, itemIds: readonly string[]) {
  return orders.place({
    userId,
    actor: { id: userId },
    source: { kind: "items", items: itemIds.map((itemId) => ({ itemId, quantity: 2 })) },
    paymentMethod: "sandbox",
    vendorId: undefined,
    idempotencyKey: undefined,
  });
}

async function listAll(query: { kind?: LiveLock["kind"]; owner?: string; limit: number }) {
  const found: LiveLock[] = [];
  let cursor: string | undefined;
  do {
    const page = await shop.overview.list({ ...query, cursor });
    expect(page.rows.length).toBeLessThanOrEqual(query.limit);
    found.push(...page.rows);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

async function fill() {
  for (const itemId of ["a", "b", "c"]) await giveItem(shop, { itemId });
  const { locks } = shop;
  const owner = { userId: "alice" };
  await locks.acquire({ resource: "document/1", owner, kind: "document" });
  await locks.acquire({ resource: "document/2", owner: { userId: "bob" }, kind: "document" });
  await locks.acquire({ resource: "export", owner });
  await place(shop, "alice", ["a", "b", "c"]);
  await place(shop, "bob", ["a"]);
}

/** Copies of a lock that was really taken: thousands of acquisitions would only take time. */
async function copyLock(resource: string, count: number): Promise<string[]> {
  const row = (await shop.database.get("Locks", { resource }))!;
  const rows = Array.from({ length: count }, (_, index) => {
    const name = `lock-${String(index).padStart(5, "0")}`;
    return { ...row, resource: name, kindShard: `custom-${index % 4}` };
  });
  const batches = Array.from({ length: Math.ceil(rows.length / 25) }, (_, index) =>
    rows.slice(index * 25, index * 25 + 25),
  );
  await inParallel(batches, 8, async (batch) => {
    const puts = batch.map((Item) => ({ PutRequest: { Item } }));
    await shop.client.send(new BatchWriteCommand({ RequestItems: { [shop.tables.Locks]: puts } }));
  });
  return rows.map(({ resource: name }) => name);
}

describe("the list of thousands of locks", () => {
  const owner = { userId: "alice" };
  const [lease, longer, shorter] = [3_600_000, 7_200_000, 60_000];

  test("for an owner who has none costs few requests a page, and comes to an end @long", async () => {
    await shop.locks.acquire({ resource: "lock", owner, leaseMs: lease });
    await copyLock("lock", effort({ part: 1_000, all: 5_000 }));
    let pages = 0;
    let cursor: string | undefined;
    do {
      const meter = newMeter();
      const deadlineMs = shop.clock() + 29_000;
      const page = await runOperation({ meter, deadlineMs }, () =>
        shop.overview.list({ owner: "nobody", limit: 20, cursor }),
      );
      expect(page.rows).toEqual([]);
      // The last page has looked into every partition of pending orders, sixteen at a time.
      expect(meter.requests).toBeLessThan(dueShards.length + 14);
      pages += 1;
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(pages).toBeLessThan(15);
  });

  test("tells every lock that lives throughout, while leases are renewed between the pages @long", async () => {
    await shop.locks.acquire({ resource: "lock", owner, leaseMs: lease });
    const names = await copyLock("lock", effort({ part: 400, all: 5_000 }));
    const random = seededRandom(11);
    const told: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await shop.overview.list({ kind: "custom", limit: 50, cursor });
      told.push(...page.rows.map(({ resource }) => resource));
      cursor = page.cursor;
      shop.advance(1_000);
      const renewed = Array.from({ length: 40 }, () => random.pick(names));
      await inParallel([...new Set(renewed)], 8, (resource) =>
        shop.locks.renew({ resource, owner, leaseMs: random.pick([longer, shorter + 60_000]) }),
      );
    } while (cursor !== undefined);
    expect(told.toSorted()).toEqual(["lock", ...names].toSorted());
  });

  test("picks an owner's locks while others come and go @long", async () => {
    await shop.locks.acquire({ resource: "lock", owner, leaseMs: lease });
    const names = await copyLock("lock", 300);
    const told: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await shop.overview.list({ owner: "alice", limit: 7, cursor });
      told.push(...page.rows.map(({ resource }) => resource));
      cursor = page.cursor;
      // Told already, or a lock of its own name in front of the page: neither moves what is to come.
      const last = told.at(-1);
      if (last !== undefined && last !== "lock") {
        await shop.locks.acquire({ resource: `${last}.new`, owner: { userId: "bob" } });
      }
    } while (cursor !== undefined);
    expect(told.toSorted()).toEqual(["lock", ...names].toSorted());
  });
});

describe("the list of live locks and holds", () => {
  test.each([1, 2, 100])("has every one of them once in pages of %i", async (limit) => {
    await fill();
    const found = await listAll({ limit });
    const named = found.map(({ kind, resource, owner }) => `${kind} ${resource} ${owner}`);
    expect(named.toSorted()).toEqual([
      "custom export alice",
      "document document/1 alice",
      "document document/2 bob",
      "item a alice",
      "item a bob",
      "item b alice",
      "item c alice",
    ]);
  });

  test("can be had by kind and by owner @long", async () => {
    await fill();
    expect(await listAll({ kind: "document", limit: 1 })).toHaveLength(2);
    expect(await listAll({ kind: "item", limit: 2 })).toHaveLength(4);
    expect(await listAll({ kind: "item", owner: "bob", limit: 1 })).toHaveLength(1);
    expect(await listAll({ owner: "alice", limit: 2 })).toHaveLength(5);
    expect(await listAll({ kind: "cart", limit: 2 })).toHaveLength(0);
  });

  test("leaves out what is over, though no sweep has touched it @long", async () => {
    await fill();
    shop.advance(300_000);
    expect(await listAll({ limit: 10 })).toEqual([]);
  });

  test("refuses a cursor that is none of its own", async () => {
    const error = await errorOf(shop.overview.list({ limit: 2, cursor: "bm9uc2Vuc2U" }));
    expect(error["code"]).toBe("INVALID_REQUEST");
  });
});

describe("what ends next", () => {
  const owner = { userId: "alice" };

  test("is some of both, locks and holds, the next to end first, for one request a partition @long", async () => {
    await fill();
    await shop.locks.acquire({ resource: "lock", owner, leaseMs: 120_000 });
    await copyLock("lock", 60);
    const meter = newMeter();
    const deadlineMs = shop.clock() + 29_000;
    const { rows, cursor } = await runOperation({ meter, deadlineMs }, () =>
      shop.overview.listNext({ limit: 20 }),
    );
    expect([rows.length, cursor]).toEqual([20, undefined]);
    expect(rows.filter(({ kind }) => kind === "item")).toHaveLength(4);
    const ends = rows.map(({ expiresAtMs }) => expiresAtMs);
    expect(ends).toEqual(ends.toSorted((one, other) => one - other));
    // Twelve partitions of locks, four of due orders, and the rows of both.
    expect(meter.requests).toBe(18);
  });

  test("has half of its room for each where there are many of both @long", async () => {
    await fill();
    await shop.locks.acquire({ resource: "lock", owner });
    await copyLock("lock", 60);
    const { rows } = await shop.overview.listNext({ limit: 6 });
    expect(rows.filter(({ orderId }) => orderId !== null)).toHaveLength(3);
    expect(rows).toHaveLength(6);
  });

  test("can be had by kind, without what is over @long", async () => {
    await fill();
    const count = async (kind: LiveLock["kind"]) =>
      (await shop.overview.listNext({ kind, limit: 20 })).rows.length;
    expect([await count("document"), await count("custom"), await count("item")]).toEqual([
      2, 1, 4,
    ]);
    expect(await count("cart")).toBe(0);
    shop.advance(400_000);
    expect((await shop.overview.listNext({ limit: 20 })).rows).toEqual([]);
  });

  test.each([{ owner: "alice" }, { cursor: "bm9uc2Vuc2U" }])(
    "is one page of everybody's: %o is refused",
    async (more) => {
      const error = await errorOf(shop.overview.listNext({ limit: 2, ...more }));
      expect(error).toMatchObject({
        code: "INVALID_REQUEST",
        fields: { issues: [{ path: `query.${Object.keys(more)[0]}` }] },
      });
    },
  );
});

describe("the statistics", () => {
  test("count by kind, and units that are held @long", async () => {
    await fill();
    const stats = await shop.overview.stats();
    expect(stats).toMatchObject({
      totalActiveLocks: 7,
      byKind: { document: 2, cart: 0, item: 4, custom: 1 },
      activeHolds: 4,
      heldUnits: 8,
      expiringSoon: 0,
      cursor: null,
    });
    shop.advance(250_000);
    expect((await shop.overview.stats()).expiringSoon).toBe(7);
  });

  test("of 1,000 live locks cost few requests, and go on behind a cursor @long", async () => {
    await shop.locks.acquire({ resource: "lock", owner: { userId: "alice" } });
    await copyLock("lock", 1_049);
    const meter = newMeter();
    const deadlineMs = shop.clock() + 29_000;
    const stats = await runOperation({ meter, deadlineMs }, () => shop.overview.stats());
    expect(stats.totalActiveLocks).toBe(1_000);
    expect(stats.locks).toHaveLength(20);
    expect((await shop.overview.stats(stats.cursor!)).totalActiveLocks).toBe(50);
    expect(meter.requests).toBeLessThan(30);
  });

  test("tell which orders hold an item", async () => {
    await fill();
    const { holds } = await shop.overview.item("a");
    expect(holds.map(({ userId, quantity }) => `${userId} ${quantity}`).toSorted()).toEqual([
      "alice 2",
      "bob 2",
    ]);
  });
});

describe("clearing everything", () => {
  const wish = { confirm: "clear all locks", reason: "a drill", actor: root };

  test.each([{}, { confirm: "Clear all locks", reason: "x" }, { confirm: "clear all locks" }])(
    "without the exact words and a reason only counts (%o)",
    async (given) => {
      await fill();
      const error = await errorOf(shop.clearing.clearAll({ ...given, actor: root }));
      expect(error).toMatchObject({
        code: "INVALID_REQUEST",
        fields: { dryRun: { releasedLocks: 3, endedOrders: 2 } },
      });
      expect(await listAll({ limit: 10 })).toHaveLength(7);
    },
  );

  test("ends every lock and order, and every former holder's next write is refused @long", async () => {
    await fill();
    const held = await shop.locks.acquire({ resource: "document/3", owner: { userId: "alice" } });
    expect(await shop.clearing.clearAll(wish)).toEqual({
      releasedLocks: 4,
      endedOrders: 2,
      complete: true,
    });
    expect(await listAll({ limit: 10 })).toEqual([]);
    for (const itemId of ["a", "b", "c"]) {
      expect(await findStock(shop.database, itemId)).toMatchObject({ available: 10, held: 0 });
    }
    await giveItem(shop, { itemId: "guarded" });
    const guarded = update({
      ...stockRow("guarded"),
      change: { set: [action`${at("name")} = ${"written"}`] },
      condition: exists(at("itemId")),
      refused: () => new Error("not this one") as never,
    });
    const write = shop.database.transact([...shop.locks.checkWrites(held), guarded]);
    const error = await errorOf(write);
    expect(error["code"]).toBe("LOCK_NOT_OWNED");
    expect((await errorOf(shop.locks.renew(held)))["code"]).toBe("LOCK_NOT_OWNED");
    expect(await findStock(shop.database, "guarded")).toMatchObject({ name: "The guarded" });
    expect(shop.abandoned).toHaveLength(2);
  });

  test("that is cut short says so, and repeating it does the rest @long", async () => {
    await fill();
    const late = { meter: newMeter(), deadlineMs: shop.clock() + 1_000 };
    const first = await runOperation(late, () => shop.clearing.clearAll(wish));
    expect(first).toEqual({ releasedLocks: 0, endedOrders: 0, complete: false });
    expect(await shop.clearing.clearAll(wish)).toMatchObject({ complete: true, endedOrders: 2 });
    expect(await shop.clearing.clearAll(wish)).toEqual({
      releasedLocks: 0,
      endedOrders: 0,
      complete: true,
    });
  });
});

describe("clearing everything while a bank is at work on a payment", () => {
  test("ends all others, and says that it is not complete until the bank has answered @long", async () => {
    await fill();
    const { order } = await place(shop, "carol", ["b"]);
    const row = (await shop.database.get("Orders", { orderId: order.orderId }))!;
    const tell = (payment: object) =>
      shop.client.send(
        new PutCommand({ TableName: shop.tables.Orders, Item: { ...row, payment } }),
      );
    await tell({ provider: "stripe", transactionId: "pi_1", state: "processing" });
    const wish = { confirm: "clear all locks", reason: "a drill", actor: root };
    expect(await shop.clearing.clearAll(wish)).toMatchObject({ endedOrders: 2, complete: false });
    expect(await shop.clearing.clearAll(wish)).toMatchObject({ endedOrders: 0, complete: false });
    await tell({ provider: "stripe", transactionId: "pi_1", state: "failed" });
    expect(await shop.clearing.clearAll(wish)).toMatchObject({ endedOrders: 1, complete: true });
  });
});

describe("the stock check", () => {
  test("names the items that break the law, and what is wrong with them", async () => {
    await fill();
    await giveItem(shop, { itemId: "broken" });
    expect(await shop.stockCheck.run()).toEqual({ items: 4, violations: [] });
    const taken = update({
      ...stockRow("broken"),
      change: { set: [action`${at("available")} = ${-3}`] },
      condition: exists(at("itemId")),
      refused: () => new Error("not this one") as never,
    });
    await shop.database.apply(taken);
    const { violations } = await shop.stockCheck.run();
    expect(violations).toMatchObject([
      { itemId: "broken", problem: "13 units missing; available is below zero", available: -3 },
    ]);
  });

  test("goes on behind its cursor when there are more items than it has time for @long", async () => {
    const ids = Array.from({ length: 130 }, (_, index) => `i-${index}`);
    await Promise.all(ids.map((itemId) => giveItem(shop, { itemId })));
    const late = { meter: newMeter(), deadlineMs: shop.clock() };
    const first = await runOperation(late, () => shop.stockCheck.run());
    expect(first.items).toBe(100);
    expect(await shop.stockCheck.run(first.cursor)).toEqual({ items: 30, violations: [] });
  });
});
