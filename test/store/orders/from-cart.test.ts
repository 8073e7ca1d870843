/** Ordering a cart on the real engine: it stands still while it is paid for, and comes back if it is not. */
import { beforeAll, describe, expect, inject, it } from "vitest";
import { changeNote } from "../../../shared/base/actor.ts";
import { cartInstanceView } from "../../../shared/carts/model/cart-view.ts";
import { makeCartId } from "../../../shared/carts/model/cart.ts";
import type { PlaceOrder } from "../../../shared/orders/order-request.ts";
import type { Price } from "../../../shared/inventory/stock.ts";
import { findStock, findStocks, patchStockWrites } from "../../../shared/inventory/stock-store.ts";
import { findCart } from "../../../shared/carts/storage/cart-store.ts";
import { completeWrite } from "../../../shared/carts/checkout/cart-checkout-store.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createWorld, errorOf, giveItem, metered, type World } from "../../support/world.ts";

let world: World;
let time: TestClock;
let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
});

/** A shopper with lines in the instance `menu`, at 10.00 each. */
async function shopperWith(lines: Readonly<Record<string, number>>, instance = "menu") {
  const userId = unique("user");
  const at = { userId, sessionId: "s", instance, actor: { id: userId } };
  for (const [itemId, quantity] of Object.entries(lines)) {
    await world.carts.addLine(at, { itemId, quantity });
  }
  return { userId, at, cartId: makeCartId(userId, "s") };
}

function orderOf(userId: string, more: Partial<PlaceOrder> = {}): PlaceOrder {
  const source = { kind: "cart", sessionId: "s" } as const;
  return { userId, actor: { id: userId }, source, paymentMethod: "sandbox", ...more };
}

async function anItem(quantity = 10): Promise<string> {
  return (await giveItem(world, { itemId: unique("item"), quantity })).itemId;
}

async function changePrice(itemId: string, price: Price): Promise<void> {
  const note = changeNote("item.change", { id: "root" }, time.clock());
  await world.database.transact(patchStockWrites({ itemId }, { price }, note));
}

describe("ordering a cart", () => {
  it("costs two requests, locks it, and leaves its contents and version alone", async () => {
    const [one, other] = [await anItem(), await anItem()];
    const { userId, cartId, at } = await shopperWith({ [one]: 2, [other]: 1 });
    const before = await findCart(world.database, cartId);
    const { result, meter } = await metered(() => world.orders.place(orderOf(userId)));
    expect(meter.requests).toBe(2);
    expect(result.order.totalMinor).toBe(3_000);
    const after = await findCart(world.database, cartId);
    expect(after.instances).toEqual(before.instances);
    expect(after.version).toBe(before.version);
    expect(after.lock).toMatchObject({ orderId: result.order.orderId });
    const edit = await metered(() => errorOf(world.carts.removeLine(at, one)));
    expect(edit.meter.requests).toBe(1);
    expect(edit.result["code"]).toBe("CART_LOCKED");
  });

  it.each([1, 20])("of %i plain items costs two requests", async (count) => {
    const items = await Promise.all(Array.from({ length: count }, () => anItem()));
    const { userId } = await shopperWith(Object.fromEntries(items.map((itemId) => [itemId, 1])));
    const { result, meter } = await metered(() => world.orders.place(orderOf(userId)));
    expect(result.order.lines).toHaveLength(count);
    expect(meter.requests).toBe(2);
  });

  it("that is empty is refused", async () => {
    const error = await errorOf(world.orders.place(orderOf(unique("user"))));
    expect(error["code"]).toBe("CART_EMPTY");
  });

  it("is refused in two requests when a line cannot be had, and the cart stays open", async () => {
    const itemId = await anItem(1);
    const { userId, cartId } = await shopperWith({ [itemId]: 2 });
    const { result, meter } = await metered(() => errorOf(world.orders.place(orderOf(userId))));
    expect(meter.requests).toBe(2);
    expect(result["failedItems"]).toMatchObject([{ itemId, reason: "insufficient_stock" }]);
    expect((await findCart(world.database, cartId)).lock).toBeUndefined();
  });

  it("is refused when a price has changed since it was put there, with the new price", async () => {
    const itemId = await anItem();
    const { userId } = await shopperWith({ [itemId]: 1 });
    const price = { amountMinor: 1_200, currency: "EUR" };
    await changePrice(itemId, price);
    const error = await errorOf(world.orders.place(orderOf(userId)));
    expect(error["failedItems"]).toMatchObject([{ itemId, reason: "price_changed", price }]);
  });

  it("goes through on the second try after a price change: the cart shows it, one request more", async () => {
    const [changed, other] = [await anItem(), await anItem()];
    const { userId, at, cartId } = await shopperWith({ [changed]: 2, [other]: 1 });
    await changePrice(changed, { amountMinor: 1_200, currency: "EUR" });
    const refused = await metered(() => errorOf(world.orders.place(orderOf(userId))));
    expect(refused.meter.requests).toBe(3);
    const cart = await findCart(world.database, cartId);
    expect(cart.lock).toBeUndefined();
    const shown = cartInstanceView(cart, at.instance).items;
    expect(shown.find(({ itemId }) => itemId === changed)).toMatchObject({
      quantity: 2,
      unitPriceMinor: 1_200,
      previousUnitPriceMinor: 1_000,
    });
    expect(shown.find(({ itemId }) => itemId === other)).not.toHaveProperty(
      "previousUnitPriceMinor",
    );
    const { result, meter } = await metered(() => world.orders.place(orderOf(userId)));
    expect(meter.requests).toBe(2);
    expect(result.order.totalMinor).toBe(3_400);
    expect(result.order.lines[0]).not.toHaveProperty("previousUnitPriceMinor");
  });

  it("says no more of a price that came back, and keeps a line of another currency as it is @long", async () => {
    const itemId = await anItem();
    const { userId, at, cartId } = await shopperWith({ [itemId]: 1 });
    await changePrice(itemId, { amountMinor: 1_200, currency: "EUR" });
    await errorOf(world.orders.place(orderOf(userId)));
    await changePrice(itemId, { amountMinor: 1_000, currency: "EUR" });
    await errorOf(world.orders.place(orderOf(userId)));
    const back = cartInstanceView(await findCart(world.database, cartId), at.instance);
    expect(back.items[0]).not.toHaveProperty("previousUnitPriceMinor");
    const other = await anItem();
    await world.carts.addLine(at, { itemId: other, quantity: 1 });
    await changePrice(itemId, { amountMinor: 900, currency: "USD" });
    await errorOf(world.orders.place(orderOf(userId)));
    const mixed = cartInstanceView(await findCart(world.database, cartId), at.instance);
    expect([mixed.currency, mixed.totalMinor]).toEqual(["EUR", 2_000]);
    await world.carts.removeLine(at, other);
    await errorOf(world.orders.place(orderOf(userId)));
    expect((await world.orders.place(orderOf(userId))).order).toMatchObject({
      totalMinor: 900,
      currency: "USD",
    });
  });
});

describe("without a key", () => {
  it("a double click makes one order, one after the other and at once", async () => {
    const itemId = await anItem();
    const { userId } = await shopperWith({ [itemId]: 1 });
    const clicks = await Promise.all([1, 2, 3].map(() => world.orders.place(orderOf(userId))));
    clicks.push(await world.orders.place(orderOf(userId)));
    expect(new Set(clicks.map(({ order }) => order.orderId)).size).toBe(1);
    expect((await findStock(world.database, itemId))?.available).toBe(9);
  });

  it("another way to pay is refused while the first is being paid", async () => {
    const itemId = await anItem();
    const { userId } = await shopperWith({ [itemId]: 1 });
    await world.orders.place(orderOf(userId));
    const error = await errorOf(world.orders.place(orderOf(userId, { paymentMethod: "stripe" })));
    expect(error["code"]).toBe("CART_LOCKED");
  });

  it.each(["cancelled", "expired"] as const)(
    "a cart can be ordered again once it was %s",
    async (end) => {
      const itemId = await anItem();
      const { userId, at } = await shopperWith({ [itemId]: 1 });
      const { order } = await world.orders.place(orderOf(userId));
      const caller = { userId, isAdmin: false };
      if (end === "cancelled") await world.orders.cancel(order.orderId, caller, { id: userId });
      else time.to(order.expiresAtMs);
      await world.carts.changeQuantity(at, itemId, 1);
      const again = await world.orders.place(orderOf(userId));
      expect(again.replayed).toBe(false);
      expect(again.order.orderId).not.toBe(order.orderId);
    },
  );

  it("an untouched cart can be ordered again at the instant its lock ends, with no sweep", async () => {
    const itemId = await anItem();
    const { userId } = await shopperWith({ [itemId]: 1 });
    const first = await world.orders.place(orderOf(userId));
    time.to(first.order.expiresAtMs - 1);
    expect((await world.orders.place(orderOf(userId))).order.orderId).toBe(first.order.orderId);
    time.advance(1);
    expect((await world.orders.place(orderOf(userId))).replayed).toBe(false);
  });
});

describe("with a key", () => {
  it("a repetition answers with the order in two requests, also when the cart is empty by now", async () => {
    const itemId = await anItem();
    const { userId, cartId } = await shopperWith({ [itemId]: 1 });
    const request = orderOf(userId, { idempotencyKey: "k" });
    const { order } = await world.orders.place(request);
    const note = changeNote("cart.paid", { id: "test" }, time.clock());
    const bought = [{ instance: "menu", lineId: itemId }];
    const purchase = {
      cartId,
      orderId: order.orderId,
      version: 1,
      bought,
      instances: ["menu"],
      note,
    };
    await world.database.apply(completeWrite(purchase));
    const { result, meter } = await metered(() => world.orders.place(request));
    expect(meter.requests).toBe(2);
    expect(result).toMatchObject({ replayed: true, order: { orderId: order.orderId } });
  });

  it("another order of the session waits its turn, whichever instance it is of", async () => {
    const itemId = await anItem();
    const { userId, at } = await shopperWith({ [itemId]: 1 });
    await world.carts.addLine({ ...at, instance: "ticket" }, { itemId, quantity: 1 });
    const of = (instance: string): PlaceOrder =>
      orderOf(userId, {
        idempotencyKey: instance,
        source: { kind: "cart", sessionId: "s", instances: [instance] },
      });
    const { order } = await world.orders.place(of("ticket"));
    const error = await errorOf(world.orders.place(of("menu")));
    expect(error).toMatchObject({ code: "CART_LOCKED", fields: { orderId: order.orderId } });
  });
});

it("carts [A, B] and [B, A] that meet at the last unit of both make one whole order, never half @long", async () => {
  for (let round = 0; round < 10; round += 1) {
    const [a, b] = [await anItem(1), await anItem(1)];
    const one = await shopperWith({ [a]: 1, [b]: 1 });
    const other = await shopperWith({ [b]: 1, [a]: 1 });
    const outcomes = await Promise.allSettled([
      world.orders.place(orderOf(one.userId)),
      world.orders.place(orderOf(other.userId)),
    ]);
    const placed = outcomes.filter(({ status }) => status === "fulfilled");
    expect(placed).toHaveLength(1);
    for (const stock of (await findStocks(world.database, [a, b])).values()) {
      expect(stock).toMatchObject({ available: 0, held: 1 });
    }
  }
});
