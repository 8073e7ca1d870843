/** An item from its announcement to its end, on the real engine: told about, on sale, withdrawn, brought back. */
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { cartInstanceView } from "../../../shared/carts/model/cart-view.ts";
import { noPromotions } from "../../../shared/promotions/price-list.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { createShop } from "../../../shared/shop.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { effort } from "../../support/effort.ts";
import { createPayments, type Payments } from "../../support/payments.ts";
import { createWorld, errorOf, metered, type World } from "../../support/world.ts";

let world: World;
let time: TestClock;
let money: Payments;
let shop: ReturnType<typeof createShop>;
let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;
const admin = { id: "admin" };

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
});

/** Every test has a process of its own, which remembers nothing. */
beforeEach(() => {
  world = { ...world, parts: { ...world.parts } };
  shop = createShop(world.parts);
  money = createPayments(world);
});

type New = Parameters<typeof shop.inventory.create>[0];

async function item(more: Partial<New> = {}): Promise<string> {
  const itemId = unique("item");
  const facts = { itemId, name: itemId, kind: "Ticket", quantity: 100 };
  const price = { amountMinor: 1_000, currency: "EUR" };
  await shop.inventory.create({ ...facts, price, holdPolicy: "counted", ...more }, admin);
  return itemId;
}

async function place(itemId: string, userId = unique("user")): Promise<Order> {
  const source = { kind: "items", items: [{ itemId, quantity: 1 }] } as const;
  const request = { userId, actor: { id: userId }, source, idempotencyKey: unique("key") };
  return (await shop.orders.place({ ...request, paymentMethod: "sandbox" })).order;
}

const at = (userId: string) => {
  return { userId, sessionId: "default", instance: "main", actor: { id: userId } };
};
const withdraw = (itemId: string) => shop.inventory.change(itemId, { archived: true }, admin);
const start = ({ orderId, userId }: Order) =>
  money.payments.initiate({ orderId, caller: { userId, isAdmin: false }, actor: { id: userId } });
const capture = (order: Order) => money.send(money.eventOf(order, "payment.captured"));
const read = async ({ orderId }: Order) => (await findOrder(world.database, orderId))!;
const notForSale = (itemId: string) => {
  return {
    code: "ITEMS_UNAVAILABLE",
    fields: { failedItems: [{ itemId, reason: "not_for_sale", requested: 1 }] },
  };
};

describe.each([
  ["plain", {}],
  ["hot", { shards: 5 }],
] as const)("a %s item", (_, rows) => {
  it("is not sold any more once its withdrawal has answered, and again when it is back", async () => {
    const itemId = await item(rows);
    await place(itemId);
    await withdraw(itemId);
    expect(await errorOf(place(itemId))).toMatchObject(notForSale(itemId));
    await shop.inventory.change(itemId, { archived: false }, admin);
    expect((await place(itemId)).status).toBe("pending");
  });

  it("is not sold to anybody who begins after the answer, whatever else runs at that instant @long", async () => {
    for (let round = 0; round < effort({ part: 2, all: 5 }); round += 1) {
      const itemId = await item(rows);
      await place(itemId);
      let isWithdrawn = false;
      const late: boolean[] = [];
      const buyers = Array.from({ length: 8 }, async () => {
        for (let count = 0; count < 4; count += 1) {
          const beganLate = isWithdrawn;
          const outcome = await place(itemId).catch((error: Error) => error);
          if (beganLate) late.push(!(outcome instanceof Error));
        }
      });
      await withdraw(itemId);
      isWithdrawn = true;
      await Promise.all(buyers);
      expect(await errorOf(place(itemId))).toMatchObject(notForSale(itemId));
      expect(late.filter(Boolean)).toEqual([]);
    }
  });

  it("goes on being paid for and given back where it was ordered before @long", async () => {
    const itemId = await item(rows);
    const [paid, left] = [await place(itemId), await place(itemId)];
    await withdraw(itemId);
    await start(paid);
    await capture(paid);
    expect((await read(paid)).status).toBe("paid");
    await shop.orders.cancel(left.orderId, { userId: "root", isAdmin: true }, admin);
    await money.payments.refund({ orderId: paid.orderId, reason: "damaged", actor: admin });
    expect((await shop.stockCheck.run()).violations).toEqual([]);
    expect((await shop.inventory.movements(itemId, { limit: 5 })).rows.length).toBeGreaterThan(0);
  });

  it("sends late money back that would buy it anew", async () => {
    const itemId = await item(rows);
    const late = await place(itemId);
    await start(late);
    await shop.orders.cancel(late.orderId, { userId: late.userId, isAdmin: false }, admin);
    await withdraw(itemId);
    await capture(late);
    expect(["refund_due", "refunded"]).toContain((await read(late)).status);
  });

  it("is sold from the first instant of its sale to the last, and not at its end @long", async () => {
    const startsAtMs = time.clock() + 60_000;
    const itemId = await item({ ...rows, sale: { startsAtMs, endsAtMs: startsAtMs + 60_000 } });
    expect(await errorOf(place(itemId))).toMatchObject(notForSale(itemId));
    time.to(startsAtMs - 1);
    expect(await errorOf(place(itemId))).toMatchObject(notForSale(itemId));
    time.to(startsAtMs);
    expect((await place(itemId)).status).toBe("pending");
    time.to(startsAtMs + 60_000 - 1);
    expect((await place(itemId)).status).toBe("pending");
    time.to(startsAtMs + 60_000);
    expect(await errorOf(place(itemId))).toMatchObject(notForSale(itemId));
    await shop.inventory.change(itemId, { sale: null }, admin);
    expect((await place(itemId)).status).toBe("pending");
  });
});

describe("a withdrawn item in a cart", () => {
  it("is named where the cart is read, and where it is ordered; it cannot be put there anew @long", async () => {
    const userId = unique("user");
    const [gone, stays] = [await item(), await item()];
    await shop.carts.putItems(at(userId), [
      { itemId: gone, quantity: 1 },
      { itemId: stays, quantity: 1 },
    ]);
    await withdraw(gone);
    const cart = await shop.carts.get(at(userId));
    const { meter, result } = await metered(() => shop.carts.lookAtSale(cart, { anew: true }));
    expect(meter).toMatchObject({ requests: 1, readUnits: 1 });
    const showing = { ...result, prices: noPromotions, nowMs: time.clock() };
    const { items } = cartInstanceView(cart, "main", showing);
    expect(items.map(({ itemId, unavailable }) => [itemId, unavailable])).toEqual([
      [gone, "not_for_sale"],
      [stays, undefined],
    ]);
    const order = shop.orders.place({
      userId,
      actor: { id: userId },
      source: { kind: "cart", sessionId: "default" },
      paymentMethod: "sandbox",
    });
    expect(await errorOf(order)).toMatchObject(notForSale(gone));
    const other = at(unique("user"));
    expect(await errorOf(shop.carts.addLine(other, { itemId: gone, quantity: 1 }))).toMatchObject(
      notForSale(gone),
    );
    // Whoever has it there may leave it there.
    await shop.carts.putItems(at(userId), [{ itemId: gone, quantity: 1 }]);
  });
});

describe("an item whose price was changed", () => {
  it("makes a cart's tag say too little, also when the price is the former one again", async () => {
    const userId = unique("user");
    const itemId = await item();
    await shop.carts.putItems(at(userId), [{ itemId, quantity: 1 }]);
    const cart = await shop.carts.get(at(userId));
    const mayChange = async () => (await shop.carts.lookAtSale(cart, { anew: true })).mayChange;
    expect(await mayChange()).toBe(false);
    const { amountMinor, currency } = await shop.inventory.get(itemId);
    for (const price of [
      { amountMinor: amountMinor + 1, currency },
      { amountMinor, currency },
    ]) {
      await shop.inventory.change(itemId, { price }, admin);
      expect(await mayChange()).toBe(true);
    }
  });
});

describe("what is told about an item", () => {
  it("is read with it in one request at half a read unit, and leaves its row small", async () => {
    const about = { description: "d".repeat(2_000), imageUrl: "https://shop.example/chair.jpg" };
    const [told, bare] = [await item(about), await item()];
    const seen = await metered(() => shop.inventory.look(told));
    expect(seen.result).toMatchObject(about);
    expect(seen.meter).toMatchObject({ requests: 1, readUnits: 0.5 });
    const [ofTold, ofBare] = [await metered(() => place(told)), await metered(() => place(bare))];
    expect(ofTold.meter.writeUnits).toBe(ofBare.meter.writeUnits);
    const changed = await shop.inventory.change(told, { description: null }, admin);
    expect(changed).toMatchObject({ imageUrl: about.imageUrl });
    expect(changed.description).toBeUndefined();
  });

  it("is in lists, too, which have what was withdrawn apart @long", async () => {
    const [told, gone] = [await item({ description: "Oak" }), await item()];
    await withdraw(gone);
    const all = async (catalog: "items" | "archived") => {
      const { rows } = await shop.inventory.list({ limit: 100, catalog });
      return new Map(rows.map((row) => [row.itemId, row.description]));
    };
    expect((await all("items")).get(told)).toBe("Oak");
    expect((await all("items")).has(gone)).toBe(false);
    expect([...(await all("archived")).keys()]).toContain(gone);
    await shop.inventory.change(gone, { archived: false }, admin);
    expect((await all("items")).has(gone)).toBe(true);
  });
});
