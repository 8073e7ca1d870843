/** What one shopper may withhold, on the real engine: so many orders, so many units, so often in vain. */
import { beforeAll, describe, expect, inject, it } from "vitest";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { PlaceOrder } from "../../../shared/orders/order-request.ts";
import type { ShopperLimits } from "../../../shared/orders/shopper.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { parseShopper } from "../../../shared/orders/shopper-store.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments } from "../../support/payments.ts";
import { createWorld, errorOf, giveItem, metered, type World } from "../../support/world.ts";

const limits: ShopperLimits = {
  maxOpenOrders: 3,
  maxUnitsPerLine: 10,
  maxUnpaidOrders: 3,
  unpaidPauseMs: 900_000,
};

let world: World;
let time: TestClock;
let money: ReturnType<typeof createPayments>;
let serial = 0;
let itemId: string;
const unique = (name: string): string => `${name}-${(serial += 1)}`;
const sweeper = { id: "system:sweep" };

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  const parts = { ...world.parts, settings: { ...world.parts.settings, limits } };
  money = createPayments({ ...world, parts });
  itemId = unique("item");
  await giveItem(world, { itemId, quantity: 1_000 });
});

function wish(userId: string, more: Partial<PlaceOrder> = {}): PlaceOrder {
  const source = { kind: "items", items: [{ itemId, quantity: 1 }] } as const;
  const key = { idempotencyKey: unique("key") };
  return { userId, actor: { id: userId }, source, paymentMethod: "sandbox", ...key, ...more };
}

const place = async (userId: string): Promise<Order> =>
  (await money.orders.place(wish(userId))).order;
const refusal = (userId: string) => errorOf(money.orders.place(wish(userId)));
const asOwner = (userId: string) => [{ userId, isAdmin: false }, { id: userId }] as const;
const cancel = ({ orderId, userId }: Order) => money.orders.cancel(orderId, ...asOwner(userId));
const start = ({ orderId, userId }: Order) => {
  const [caller, actor] = asOwner(userId);
  return money.payments.initiate({ orderId, caller, actor });
};
const shopperRow = async (userId: string) =>
  parseShopper(await world.database.get("Shoppers", { shopperId: userId }));
const tooManyOpen = {
  code: "LIMIT_EXCEEDED",
  fields: { limit: { name: "maxOpenOrders", value: 3 } },
};
const paused = {
  code: "LIMIT_EXCEEDED",
  fields: { limit: { name: "maxUnpaidOrders", value: 3 } },
};

describe("open orders", () => {
  it("are at most so many, counted in the order's own transaction, at no request more", async () => {
    const userId = unique("user");
    const counted = await metered(() => money.orders.place(wish(userId)));
    expect(counted.meter.requests).toBe(2);
    await place(userId);
    await place(userId);
    const held = (await findStock(world.database, itemId))!.held;
    const refused = await metered(() => refusal(userId));
    expect(refused.result).toMatchObject(tooManyOpen);
    expect(refused.meter.requests).toBe(2);
    expect((await findStock(world.database, itemId))!.held).toBe(held);
    expect((await place(unique("user"))).status).toBe("pending");
  });

  it("are at most so many when all come at once", async () => {
    const userId = unique("user");
    const tries = await Promise.allSettled(Array.from({ length: 12 }, () => place(userId)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect((await shopperRow(userId)).open).toBe(3);
  });

  it("make room when they are paid, cancelled or ended by the shop, at no request more @long", async () => {
    const userId = unique("user");
    const [first, second, third] = [await place(userId), await place(userId), await place(userId)];
    await start(first);
    const payment = money.eventOf(first, "payment.captured");
    expect((await metered(() => money.send(payment))).meter.requests).toBe(2);
    expect((await metered(() => cancel(second))).meter.requests).toBe(2);
    await money.orders.cancel(
      third.orderId,
      { userId: "root", isAdmin: true },
      { id: "root" },
      "by hand",
    );
    expect(await shopperRow(userId)).toMatchObject({ open: 0, unpaid: 1 });
    for (let count = 0; count < 3; count += 1) await place(userId);
    expect(await refusal(userId)).toMatchObject(tooManyOpen);
  });

  it("count no more from the instant at which their time is over, with no sweep at all @long", async () => {
    const userId = unique("user");
    const orders = [await place(userId), await place(userId), await place(userId)];
    const { expiresAtMs } = orders[0]!;
    time.to(expiresAtMs - 1);
    expect(await refusal(userId)).toMatchObject({
      fields: { limit: { untilMs: expiresAtMs } },
    });
    time.to(expiresAtMs);
    // All three came to nothing: that is for the pause to say, not for the count.
    expect(await refusal(userId)).toMatchObject(paused);
    time.advance(limits.unpaidPauseMs);
    const after = await metered(() => money.orders.place(wish(userId)));
    expect(after.meter.requests).toBe(3);
    expect(await shopperRow(userId)).toMatchObject({ open: 1, unpaid: 3 });
  });

  it("stay counted while their payment has extended them @long", async () => {
    const userId = unique("user");
    const orders = [await place(userId), await place(userId), await place(userId)];
    const started = await metered(() => start(orders[0]!));
    expect(started.meter.requests).toBe(2);
    time.to(orders[1]!.expiresAtMs);
    await place(userId);
    await place(userId);
    expect(await refusal(userId)).toMatchObject(tooManyOpen);
  });

  it("cannot be paid for any more once they were taken out as over", async () => {
    const userId = unique("user");
    const orders = [await place(userId), await place(userId), await place(userId)];
    const deadlineMs = orders[0]!.expiresAtMs;
    time.to(deadlineMs + limits.unpaidPauseMs);
    await place(userId);
    // Somebody whose clock is behind.
    time.to(deadlineMs - 1);
    expect(await errorOf(start(orders[0]!))).toMatchObject({ code: "ORDER_NOT_PAYABLE" });
    time.to(deadlineMs + limits.unpaidPauseMs);
  });

  it("answer a repeated request with its order, however many there are by now", async () => {
    const userId = unique("user");
    const request = wish(userId);
    const { order } = await money.orders.place(request);
    await place(userId);
    await place(userId);
    const again = await money.orders.place(request);
    expect(again).toMatchObject({ replayed: true, order: { orderId: order.orderId } });
  });
});

describe("orders that come to nothing, one after the other", () => {
  it("make a shopper pause, so that cancelling and ordering anew does not keep the stock @long", async () => {
    const userId = unique("user");
    for (let count = 0; count < 3; count += 1) await cancel(await place(userId));
    expect(await refusal(userId)).toMatchObject(paused);
    time.advance(limits.unpaidPauseMs - 1);
    expect(await refusal(userId)).toMatchObject(paused);
    time.advance(1);
    await cancel(await place(userId));
    expect(await refusal(userId)).toMatchObject(paused);
  });

  it("count with cards that are refused, so that failing and ordering anew does not keep the stock @long", async () => {
    const userId = unique("user");
    for (let count = 0; count < 3; count += 1) {
      const order = await place(userId);
      await start(order);
      await money.send(money.eventOf(order, "payment.failed"));
      expect((await findOrder(world.database, order.orderId))!.status).toBe("failed");
    }
    expect(await shopperRow(userId)).toMatchObject({ open: 0, unpaid: 3 });
    expect(await refusal(userId)).toMatchObject(paused);
    time.advance(limits.unpaidPauseMs);
    expect((await place(userId)).status).toBe("pending");
  });

  it("make a shopper pause also when no sweep has seen them and others are still open", async () => {
    const userId = unique("user");
    await cancel(await place(userId));
    await place(userId);
    const lapsed = await place(userId);
    time.to(lapsed.expiresAtMs);
    expect(await refusal(userId)).toMatchObject(paused);
    time.advance(limits.unpaidPauseMs);
    const open = await place(userId);
    await start(open);
    await money.send(money.eventOf(open, "payment.captured"));
    // Far from a pause, nobody is looked at twice.
    const { meter } = await metered(() => place(userId));
    expect(meter.requests).toBe(2);
  });

  it("are forgotten when one is paid, and counted once where a sweep saw them first", async () => {
    const userId = unique("user");
    await cancel(await place(userId));
    const lapsed = await place(userId);
    time.to(lapsed.expiresAtMs);
    await money.orders.expire(lapsed, sweeper);
    expect(await shopperRow(userId)).toMatchObject({ open: 0, unpaid: 2 });
    const paid = await place(userId);
    await start(paid);
    await money.send(money.eventOf(paid, "payment.captured"));
    expect(await shopperRow(userId)).toMatchObject({ open: 0, unpaid: 0 });
  });
});

describe("units", () => {
  it("of one item are at most so many in an order, all lines together; nothing is held", async () => {
    const userId = unique("user");
    const order = (quantities: number[]) => {
      const items = quantities.map((quantity) => ({ itemId, quantity }));
      return money.orders.place(wish(userId, { source: { kind: "items", items } }));
    };
    expect(await errorOf(order([6, 5]))).toMatchObject({
      code: "LIMIT_EXCEEDED",
      fields: { limit: { name: "maxUnitsPerLine", value: 10, itemId } },
    });
    expect((await order([6, 4])).order.status).toBe("pending");
  });
});

describe("one request that wants a whole shop", () => {
  it("holds nothing of 90 items by 1,000,000 units @long", async () => {
    const itemIds = Array.from({ length: 90 }, () => unique("item"));
    for (const each of itemIds) await giveItem(world, { itemId: each, quantity: 1_000_000 });
    const items = itemIds.map((each) => ({ itemId: each, quantity: 1_000_000 }));
    const order = money.orders.place(wish(unique("user"), { source: { kind: "items", items } }));
    expect(await errorOf(order)).toMatchObject({
      code: "LIMIT_EXCEEDED",
      fields: { limit: { name: "maxUnitsPerLine", value: 10, itemId: itemIds[0] } },
    });
    const stocks = await Promise.all(itemIds.map((each) => findStock(world.database, each)));
    expect(stocks.every((stock) => stock?.held === 0 && stock.available === 1_000_000)).toBe(true);
  });
});

describe("an order from before the limits", () => {
  it("is paid and cancelled as before", async () => {
    const userId = unique("user");
    const { order } = await world.orders.place(wish(userId));
    await start(order);
    await money.send(money.eventOf(order, "payment.captured"));
    const { order: other } = await world.orders.place(wish(userId));
    expect((await cancel(other)).status).toBe("cancelled");
    expect(await shopperRow(userId)).toMatchObject({ open: 0, unpaid: 0 });
  });
});
