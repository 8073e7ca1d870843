/** Orders that cost nothing, on the real engine: paid when they are placed, with no provider and no hold. */
import { beforeAll, describe, expect, inject, it } from "vitest";
import { makeCartId } from "../../../shared/carts/model/cart.ts";
import { findCart } from "../../../shared/carts/storage/cart-store.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import { inventoryService } from "../../../shared/shop.ts";
import { orderView } from "../../../shared/orders/order-view.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import type { PlaceOrder } from "../../../shared/orders/order-request.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments, type Payments } from "../../support/payments.ts";
import { createWorld, errorOf, giveItem, metered, type World } from "../../support/world.ts";

let world: World;
let time: TestClock;
let money: Payments;
let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  money = createPayments(world);
});

async function freeItem(quantity = 5, holdPolicy: "counted" | "exclusive" = "counted") {
  const itemId = unique("gift");
  return (await giveItem(world, { itemId, quantity, amountMinor: 0, holdPolicy })).itemId;
}

function inline(itemId: string, quantity = 1, userId = unique("user")): PlaceOrder {
  const source = { kind: "items", items: [{ itemId, quantity }] } as const;
  return { userId, actor: { id: userId }, source, paymentMethod: "sandbox", idempotencyKey: "k" };
}

async function levels(itemId: string) {
  const { available, held, sold } = (await findStock(world.database, itemId))!;
  return { available, held, sold };
}

describe("an order whose total is 0", () => {
  it("is paid in its own transaction, in two requests, and its repetition meets it", async () => {
    const itemId = await freeItem();
    const request = inline(itemId, 2);
    const { result, meter } = await metered(() => world.orders.place(request));
    expect(meter.requests).toBe(2);
    expect(result.order).toMatchObject({ status: "paid", totalMinor: 0 });
    expect(await levels(itemId)).toEqual({ available: 3, held: 0, sold: 2 });
    const again = await world.orders.place(request);
    expect(again).toMatchObject({ replayed: true, order: { status: "paid" } });
    expect(await levels(itemId)).toEqual({ available: 3, held: 0, sold: 2 });
    // Nothing is due: no sweep ever looks at it.
    expect(await findOrder(world.database, result.order.orderId)).not.toHaveProperty("dueAtMs");
  });

  it("takes what it bought out of the cart at once; everything else stays, and no lock", async () => {
    const [gift, other] = [await freeItem(), await freeItem()];
    const userId = unique("user");
    const at = { userId, sessionId: "s", instance: "menu", actor: { id: userId } };
    await world.carts.addLine(at, { itemId: gift, quantity: 1 });
    await world.carts.addLine({ ...at, instance: "wishlist" }, { itemId: other, quantity: 1 });
    const request = {
      userId,
      actor: { id: userId },
      source: { kind: "cart", sessionId: "s" },
      paymentMethod: "sandbox",
    } as const;
    const { result, meter } = await metered(() => world.orders.place(request));
    expect([result.order.status, meter.requests]).toEqual(["paid", 2]);
    const cart = await findCart(world.database, makeCartId(userId, "s"));
    expect(cart.lock).toBeUndefined();
    expect([...cart.instances.keys()]).toEqual(["wishlist"]);
    expect(await errorOf(world.orders.place(request))).toMatchObject({ code: "CART_EMPTY" });
    expect(await levels(gift)).toEqual({ available: 4, held: 0, sold: 1 });
  });

  it("is refused while the cart is being paid for, and when the units are not there", async () => {
    const [gift, dear] = [await freeItem(1), unique("dear")];
    await giveItem(world, { itemId: dear, quantity: 5 });
    const userId = unique("user");
    const at = { userId, sessionId: "s", instance: "menu", actor: { id: userId } };
    await world.carts.addLine(at, { itemId: gift, quantity: 1 });
    await world.carts.addLine({ ...at, instance: "ticket" }, { itemId: dear, quantity: 1 });
    const place = (instance: string) =>
      world.orders.place({
        userId,
        actor: { id: userId },
        source: { kind: "cart", sessionId: "s", instances: [instance] },
        paymentMethod: "sandbox",
      });
    const { order } = await place("ticket");
    expect(await errorOf(place("menu"))).toMatchObject({ code: "CART_LOCKED" });
    await world.orders.cancel(order.orderId, { userId, isAdmin: false }, { id: userId });
    await world.orders.place(inline(gift));
    expect(await errorOf(place("menu"))).toMatchObject({
      failedItems: [{ itemId: gift, reason: "insufficient_stock" }],
    });
  });

  it("waits like any other while somebody else holds an exclusive item", async () => {
    const itemId = await freeItem(3, "exclusive");
    const price = { amountMinor: 500, currency: "EUR" };
    await inventoryService(world.parts).change(itemId, { price }, { id: "root" });
    await world.orders.place({ ...inline(itemId), paymentMethod: "sandbox" });
    await inventoryService(world.parts).change(
      itemId,
      { price: { ...price, amountMinor: 0 } },
      { id: "root" },
    );
    expect(await errorOf(world.orders.place(inline(itemId)))).toMatchObject({
      failedItems: [{ itemId, reason: "locked" }],
    });
  });

  it("never sells more than there is, to many at once", async () => {
    const itemId = await freeItem(3);
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () => world.orders.place(inline(itemId))),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect(await levels(itemId)).toEqual({ available: 0, held: 0, sold: 3 });
  });

  it("is given back without asking any provider: its units return", async () => {
    const itemId = await freeItem();
    const { order } = await world.orders.place({ ...inline(itemId), paymentMethod: "sandbox" });
    const { orderId } = order;
    const refund = { orderId, reason: "damaged", actor: { id: "root" } };
    expect(orderView(order).payment).toBeNull();
    const back = await money.payments.refund(refund);
    expect(orderView(back)).toMatchObject({
      status: "refunded",
      payment: {
        provider: "none",
        capturedMinor: 0,
        refunds: [{ amountMinor: 0, status: "done" }],
      },
    });
    expect(money.counting.refunds.size).toBe(0);
    expect(await levels(itemId)).toEqual({ available: 5, held: 0, sold: 0 });
  });
});
