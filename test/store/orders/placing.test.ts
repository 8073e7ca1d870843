/** Placing orders on the real engine: what is held, refused, repeated and counted. */
import { beforeAll, describe, expect, inject, it } from "vitest";
import { holdWrite } from "../../../shared/inventory/hold-store.ts";
import { findStock, findStocks } from "../../../shared/inventory/stock-store.ts";
import { findOrder, listDueOrders } from "../../../shared/orders/order-store.ts";
import { changeNote } from "../../../shared/base/actor.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { manyBuckets } from "../../../shared/inventory/buckets.ts";
import { bucketKey, deadlineAfter } from "../../../shared/inventory/deadline.ts";
import { pickDueShard } from "../../../shared/orders/due-shards.ts";
import { orderView } from "../../../shared/orders/order-view.ts";
import type { PlaceOrder } from "../../../shared/orders/order-request.ts";
import { inventoryService } from "../../../shared/shop.ts";
import { copyOfMap, sizeOfItem } from "../../sim/engine/values.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import {
  createWorld,
  createWorldOver,
  errorOf,
  giveItem,
  holdMs,
  metered,
  unitsOf,
  wholeHoldMs,
  type World,
} from "../../support/world.ts";

let world: World;
let time: TestClock;

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
});

/** Order, its two index entries and the item, twice each in a transaction; a cart would be two more. */
const unitsOfOrder = 8;
/** The same without the entry by user. */
const unitsOfCancel = 6;

let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;

function inline(
  lines: readonly (readonly [itemId: string, quantity: number])[],
  more: Partial<PlaceOrder> = {},
): PlaceOrder {
  const items = lines.map(([itemId, quantity]) => ({ itemId, quantity }));
  const userId = more.userId ?? unique("user");
  const source = { kind: "items", items } as const;
  return { userId, actor: { id: userId }, source, paymentMethod: "sandbox", ...more };
}

describe("an order of inline items", () => {
  it("holds every line and costs two requests, with 1 line and with 20", async () => {
    for (const size of [1, 20]) {
      const ids = Array.from({ length: size }, () => unique("item"));
      await Promise.all(ids.map((itemId) => giveItem(world, { itemId })));
      const request = inline(ids.map((id) => [id, 2]));
      const { result, meter } = await metered(() => world.orders.place(request));
      expect(meter.requests).toBe(2);
      expect(result.order).toMatchObject({ status: "pending", totalMinor: size * 2_000 });
      for (const stock of (await findStocks(world.database, ids)).values()) {
        expect(stock.available).toBe(8);
        expect(stock.due).toEqual({ [bucketKey(result.order.expiresAtMs)]: 2 });
        expect(unitsOf(stock)).toBe(10);
      }
    }
  });

  it("adds lines of the same item up to one hold", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item") });
    const { order } = await world.orders.place(
      inline([
        [itemId, 3],
        [itemId, 4],
      ]),
    );
    const stock = await findStock(world.database, itemId);
    expect(stock?.due).toEqual({ [bucketKey(order.expiresAtMs)]: 7 });
  });

  it("is refused in two requests naming every failed line, and holds none", async () => {
    const good = await giveItem(world, { itemId: unique("item") });
    const scarce = await giveItem(world, { itemId: unique("item"), quantity: 1 });
    const busy = await giveItem(world, { itemId: unique("item"), holdPolicy: "exclusive" });
    await world.orders.place(inline([[busy.itemId, 1]]));
    const request = inline([
      [good.itemId, 1],
      [scarce.itemId, 2],
      [busy.itemId, 1],
    ]);
    const { result, meter } = await metered(() => errorOf(world.orders.place(request)));
    expect(meter.requests).toBe(2);
    expect(result["code"]).toBe("ITEMS_UNAVAILABLE");
    expect(result.message).toBe("Item is currently being processed by another user");
    expect(result["failedItems"]).toEqual([
      { itemId: scarce.itemId, reason: "insufficient_stock", available: 1, requested: 2 },
      {
        itemId: busy.itemId,
        reason: "locked",
        available: 9,
        requested: 1,
        lockedUntilMs: deadlineAfter(time.clock(), holdMs),
      },
    ]);
    expect(await findStock(world.database, good.itemId)).toMatchObject({ held: 0, due: {} });
  });

  it("names an item that does not exist, or is of another kind", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item") });
    const source = {
      kind: "items",
      items: [
        { itemId: "nothing", quantity: 1 },
        { itemId, quantity: 1, kind: "Ticket" },
      ],
    } as const;
    const error = await errorOf(world.orders.place(inline([], { source })));
    expect(error["failedItems"]).toMatchObject([
      { itemId: "nothing", reason: "not_found" },
      { itemId, reason: "not_found" },
    ]);
  });

  it("refuses more than 90 different items @long", async () => {
    const ids = Array.from({ length: 91 }, () => unique("item"));
    await Promise.all(ids.map((itemId) => giveItem(world, { itemId })));
    const refused = await errorOf(world.orders.place(inline(ids.map((id) => [id, 1]))));
    expect(refused).toMatchObject({ code: "TOO_LARGE", fields: { limit: 90 } });
    const { order } = await world.orders.place(inline(ids.slice(1).map((id) => [id, 1])));
    expect(order.lines).toHaveLength(90);
  });
});

describe("an idempotency key", () => {
  it("answers a repetition with the same order, in two requests, and holds once", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item") });
    const request = inline([[itemId, 1]], { idempotencyKey: "k" });
    const first = await world.orders.place(request);
    const { result, meter } = await metered(() => world.orders.place(request));
    expect(meter.requests).toBe(2);
    expect(result).toMatchObject({ replayed: true, order: first.order });
    expect((await findStock(world.database, itemId))?.available).toBe(9);
  });

  it("refuses another body and changes nothing", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item") });
    const request = inline([[itemId, 1]], { idempotencyKey: "k" });
    await world.orders.place(request);
    const other = inline([[itemId, 2]], { idempotencyKey: "k", userId: request.userId });
    expect(await errorOf(world.orders.place(other))).toMatchObject({
      code: "IDEMPOTENCY_KEY_REUSED",
    });
    expect((await findStock(world.database, itemId))?.available).toBe(9);
  });

  it("belongs to one user", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item") });
    const one = await world.orders.place(inline([[itemId, 1]], { idempotencyKey: "same" }));
    const other = await world.orders.place(inline([[itemId, 1]], { idempotencyKey: "same" }));
    expect(one.order.orderId).not.toBe(other.order.orderId);
  });

  it("makes 50 parallel requests one order with 50 equal answers @long", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item") });
    const request = inline([[itemId, 1]], { idempotencyKey: "burst" });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => world.orders.place(request)),
    );
    expect(new Set(answers.map(({ order }) => JSON.stringify(orderView(order)))).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect((await findStock(world.database, itemId))?.available).toBe(9);
  });
});

describe("an expired hold", () => {
  it("is taken over in three requests at the very instant it ends, not before", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item"), quantity: 1 });
    const { order } = await world.orders.place(inline([[itemId, 1]]));
    time.to(order.expiresAtMs - 1);
    const early = await errorOf(world.orders.place(inline([[itemId, 1]])));
    expect(early["code"]).toBe("ITEMS_UNAVAILABLE");
    time.advance(1);
    const { result, meter } = await metered(() => world.orders.place(inline([[itemId, 1]])));
    expect(meter.requests).toBe(3);
    const stock = await findStock(world.database, itemId);
    expect(stock!.due).toEqual({ [bucketKey(result.order.expiresAtMs)]: 1 });
    expect(stock!.reclaimedThroughMs).toBe(order.expiresAtMs);
    expect(unitsOf(stock!)).toBe(1);
  });

  it("of an exclusive item lets the next buyer proceed", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item"), holdPolicy: "exclusive" });
    await world.orders.place(inline([[itemId, 1]]));
    time.advance(wholeHoldMs);
    const { order } = await world.orders.place(inline([[itemId, 2]]));
    const stock = await findStock(world.database, itemId);
    expect(stock!.due).toEqual({ [bucketKey(order.expiresAtMs)]: 2 });
    expect(stock!.available).toBe(8);
    expect(await errorOf(world.orders.place(inline([[itemId, 1]])))).toMatchObject({
      failedItems: [{ reason: "locked", lockedUntilMs: order.expiresAtMs }],
    });
  });

  it("cannot be sold any more once it was taken over, and its order's end gives nothing back", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item"), quantity: 2 });
    const request = inline([[itemId, 2]]);
    const { order } = await world.orders.place(request);
    time.to(order.expiresAtMs);
    await world.orders.place(inline([[itemId, 2]]));
    const caller = { userId: request.userId, isAdmin: false };
    await world.orders.cancel(order.orderId, caller, request.actor);
    expect(await findStock(world.database, itemId)).toMatchObject({ available: 0, held: 2 });
  });

  it("of a caller whose clock is far behind begins at the time that others have reached", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item"), quantity: 1 });
    const behind = world.clock();
    const { order } = await world.orders.place(inline([[itemId, 1]]));
    time.to(order.expiresAtMs + 1);
    const rival = inline([[itemId, 1]]);
    const { order: second } = await world.orders.place(rival);
    await world.orders.cancel(second.orderId, { ...rival, isAdmin: false }, rival.actor);
    const slow = createWorldOver({ ...world, clock: () => behind });
    const { order: late } = await slow.orders.place(inline([[itemId, 1]]));
    expect(late.expiresAtMs).toBeGreaterThan(order.expiresAtMs);
    expect((await findStock(world.database, itemId))!.due).toMatchObject({
      [bucketKey(late.expiresAtMs)]: 1,
    });
  });
});

describe("an item that many hold", () => {
  const lineOf = (itemId: string) => inline([[itemId, 1]]);

  /** As if so many orders held one unit each, spread over all instants that a deadline can have. */
  async function crowded(holds: number): Promise<string> {
    const { itemId } = await giveItem(world, { itemId: unique("crowded"), quantity: holds + 50 });
    const ends = new Set(
      Array.from({ length: 30 }, (_, index) => {
        const lengthMs = index < 15 ? holdMs : 600_000;
        return deadlineAfter(epochMs(time.clock() - index * 20_000), lengthMs);
      }).filter((endMs) => endMs > time.clock()),
    );
    const each = Math.floor(holds / ends.size);
    for (const [index, expiresAtMs] of [...ends].entries()) {
      const quantity = index === 0 ? holds - each * (ends.size - 1) : each;
      if (quantity === 0) continue;
      const note = changeNote("order.placed", { id: "crowd" }, time.clock());
      const hold = { itemId, orderId: "crowd", quantity, expiresAtMs, nowMs: time.clock(), note };
      await world.database.transact([holdWrite(hold)]);
    }
    return itemId;
  }

  it("costs an order the same with 1, 100, 2,000 and 100,000 others: 2 requests, 8 write units @long", async () => {
    for (const holds of [1, 100, 2_000, 100_000]) {
      const itemId = await crowded(holds);
      const placed = await metered(() => world.orders.place(lineOf(itemId)));
      expect(placed.meter).toMatchObject({ requests: 2, writeUnits: unitsOfOrder });
      const { order } = placed.result;
      const cancelled = await metered(() =>
        world.orders.cancel(order.orderId, { ...order, isAdmin: false }, { id: order.userId }),
      );
      expect(cancelled.meter).toMatchObject({ requests: 2, writeUnits: unitsOfCancel });
    }
  });

  it("costs a product page half a read unit", async () => {
    const itemId = await crowded(100_000);
    const inventory = inventoryService(world.parts);
    const { result, meter } = await metered(() => inventory.look(itemId));
    expect(result).toMatchObject({ available: 50, held: 100_000 });
    expect(meter).toMatchObject({ requests: 1, readUnits: 0.5 });
  });

  it("keeps its row below one write unit, whatever holds it", async () => {
    const itemId = await crowded(100_000);
    const [row] = await world.database.getMany("Stock", [{ itemId, shard: 0 }]);
    expect(sizeOfItem(copyOfMap(row!))).toBeLessThan(1_024);
  });

  it("takes 10,000 expired holds over in three requests", async () => {
    const itemId = await crowded(10_000);
    time.advance(660_000);
    const all = inline([[itemId, 10_050]]);
    const { result, meter } = await metered(() => world.orders.place(all));
    // A refused attempt is billed as well: the order and the item were prepared.
    expect(meter).toMatchObject({ requests: 3, writeUnits: unitsOfOrder + 2 });
    expect((await findStock(world.database, itemId))!.due).toEqual({
      [bucketKey(result.order.expiresAtMs)]: 10_050,
    });
  });

  it("drops what is over of the many instants that were paid or cancelled long ago @long", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item"), quantity: 5 });
    for (let index = 0; index < 60; index += 1) {
      const request = lineOf(itemId);
      const { order } = await world.orders.place(request);
      await world.orders.cancel(order.orderId, { ...order, isAdmin: false }, request.actor);
      time.advance(20_000);
      const { due } = (await findStock(world.database, itemId))!;
      expect(Object.keys(due).length).toBeLessThanOrEqual(manyBuckets);
    }
  });
});

describe("cancelling and expiring", () => {
  it("releases the holds in two requests, once", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item") });
    const request = inline([[itemId, 4]]);
    const { order } = await world.orders.place(request);
    const caller = { userId: request.userId, isAdmin: false };
    const cancel = () => world.orders.cancel(order.orderId, caller, { id: request.userId });
    const { result, meter } = await metered(cancel);
    expect(meter.requests).toBe(2);
    expect(result.status).toBe("cancelled");
    expect((await cancel()).status).toBe("cancelled");
    expect(await findStock(world.database, itemId)).toMatchObject({ available: 10, held: 0 });
  });

  it("is not for others: they learn nothing", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item") });
    const { order } = await world.orders.place(inline([[itemId, 1]]));
    const stranger = { userId: "mallory", isAdmin: false };
    const error = await errorOf(world.orders.cancel(order.orderId, stranger, { id: "mallory" }));
    expect(error["code"]).toBe("ORDER_NOT_FOUND");
  });

  it("expires an order whose hold was taken over without returning anything twice", async () => {
    const { itemId } = await giveItem(world, { itemId: unique("item"), quantity: 1 });
    const { order } = await world.orders.place(inline([[itemId, 1]]));
    const sweeper = { id: "system:sweep" };
    expect(await errorOf(world.orders.expire(order, sweeper))).toMatchObject({
      code: "ORDER_NOT_PAYABLE",
    });
    time.to(order.expiresAtMs);
    const { order: next } = await world.orders.place(inline([[itemId, 1]]));
    const query = { throughMs: time.clock(), limit: 1_000, dueShard: pickDueShard(order) };
    const due = (await listDueOrders(world.database, query)).rows;
    expect(due.map(({ orderId }) => orderId)).toContain(order.orderId);
    await world.orders.expire(order, sweeper);
    const stock = await findStock(world.database, itemId);
    expect(stock!.due).toEqual({ [bucketKey(next.expiresAtMs)]: 1 });
    expect(unitsOf(stock!)).toBe(1);
    expect((await findOrder(world.database, order.orderId))?.status).toBe("expired");
    expect((await listDueOrders(world.database, query)).rows).not.toContainEqual(
      expect.objectContaining({ orderId: order.orderId }),
    );
  });
});
