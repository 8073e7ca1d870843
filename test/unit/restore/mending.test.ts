/** Tables that came back each as of another instant, and what mending has to make of them, step by step. */
import { describe, expect, it } from "vitest";
import { openShop, bringBack, root } from "./torn-shop.ts";

const quiet = {
  stock: { items: [], ended: [], short: new Map(), spread: new Set() },
  ledger: { entered: 0, removed: 0 },
};

describe("stock follows the orders", () => {
  it("an order is paid, and its item has not sold the unit", async () => {
    const shop = openShop();
    await shop.give("mug", 10);
    const before = shop.contents();
    await shop.pay(await shop.place("ann", { mug: 2 }));
    const back = bringBack(shop, before, ["Stock"]);
    expect(await back.stockOf("mug")).toMatchObject({ sold: 0 });
    expect(await back.mend()).toMatchObject({ stock: { items: ["mug"], ended: [] } });
    expect(await back.stockOf("mug")).toMatchObject({ available: 8, held: 0, sold: 2, due: {} });
    expect(back.soldInLedger("mug")).toBe(2);
    expect(await back.mend()).toMatchObject(quiet);
  });

  it("an item has sold a unit, and the order is gone; the ledger forgets it, too", async () => {
    const shop = openShop();
    await shop.give("mug", 10);
    const before = shop.contents();
    await shop.pay(await shop.place("ann", { mug: 2 }));
    await shop.mend();
    expect(shop.soldInLedger("mug")).toBe(2);
    const back = bringBack(shop, before, ["Orders"]);
    expect(await back.mend()).toMatchObject({
      stock: { items: ["mug"], short: new Map() },
      ledger: { entered: 0, removed: 1 },
    });
    expect(await back.stockOf("mug")).toMatchObject({ available: 10, held: 0, sold: 0 });
    expect(back.soldInLedger("mug")).toBe(0);
    expect(await back.mend()).toMatchObject(quiet);
  });

  it("sales and returns outside of orders, and adjustments, stay as they are", async () => {
    const shop = openShop();
    await shop.give("mug", 10);
    await shop.move("mug", "sold", 3);
    await shop.move("mug", "returned", 1);
    await shop.move("mug", "adjusted", 5);
    const before = shop.contents();
    await shop.pay(await shop.place("ann", { mug: 2 }));
    const back = bringBack(shop, before, ["Stock"]);
    await back.mend();
    expect(await back.stockOf("mug")).toMatchObject({ available: 11, sold: 4, adjusted: 5 });
    expect(back.soldInLedger("mug")).toBe(4);
  });

  it("what went back into stock with a refund is not sold", async () => {
    const shop = openShop();
    await shop.give("mug", 10);
    const order = await shop.place("ann", { mug: 3 });
    await shop.pay(order);
    const before = shop.contents();
    const lines = [{ lineId: "mug", quantity: 2, restock: true }];
    const { orderId } = order;
    await shop.money.payments.refund({ orderId, reason: "broken", actor: root, lines });
    expect(await shop.stockOf("mug")).toMatchObject({ available: 9, sold: 1 });
    const back = bringBack(shop, before, ["Stock"]);
    await back.mend();
    expect(await back.stockOf("mug")).toMatchObject({ available: 9, sold: 1 });
    expect(back.soldInLedger("mug")).toBe(1);
  });
});

describe("holds", () => {
  it("an order is pending, and its item holds nothing for it", async () => {
    const shop = openShop();
    await shop.give("mug", 10);
    const before = shop.contents();
    const order = await shop.place("ann", { mug: 2 });
    const { due } = await shop.stockOf("mug");
    const back = bringBack(shop, before, ["Stock"]);
    expect(await back.mend()).toMatchObject({ stock: { items: ["mug"], ended: [] } });
    expect(await back.stockOf("mug")).toMatchObject({ available: 8, held: 2, sold: 0, due });
    expect(await back.statusOf(order)).toBe("pending");
    expect(await back.mend()).toMatchObject(quiet);
  });

  it("whose units are others' by now is not given them again", async () => {
    const shop = openShop();
    await shop.give("mug", 1);
    const late = await shop.place("ann", { mug: 1 });
    shop.time.advance(3_600_000);
    await shop.pay(await shop.place("bob", { mug: 1 }));
    const back = bringBack(shop, {}, []);
    expect(await back.mend()).toMatchObject({ stock: quiet.stock });
    expect(await back.stockOf("mug")).toMatchObject({ available: 0, held: 0, sold: 1 });
    expect(await back.statusOf(late)).toBe("pending");
  });

  it("too few units: who came first keeps them, the other order ends with all of its lines", async () => {
    const shop = openShop();
    await shop.give("mug", 2);
    await shop.give("jug", 5);
    const before = shop.contents();
    const first = await shop.place("ann", { mug: 1 });
    const second = await shop.place("bob", { mug: 1, jug: 4 });
    const shrunk = openShop(before, shop.time);
    await shrunk.move("mug", "adjusted", -1);
    const back = bringBack(shop, shrunk.contents(), ["Stock", "Movements"]);
    const { stock } = await back.mend();
    expect(stock).toMatchObject({ ended: [second.orderId], short: new Map() });
    expect(await back.statusOf(first)).toBe("pending");
    expect(await back.statusOf(second)).toBe("cancelled");
    expect(await back.stockOf("mug")).toMatchObject({ available: 0, held: 1, sold: 0 });
    expect(await back.stockOf("jug")).toMatchObject({ available: 5, held: 0, sold: 0 });
    const row = back.rowsOf("Orders").find(({ orderId }) => orderId === second.orderId);
    expect(row).not.toHaveProperty("dueShard");
    expect(await back.mend()).toMatchObject(quiet);
  });

  it("more was sold than there is: that is said, and nobody buys any more", async () => {
    const shop = openShop();
    await shop.give("mug", 3);
    const before = shop.contents();
    await shop.pay(await shop.place("ann", { mug: 3 }));
    const shrunk = openShop(before, shop.time);
    await shrunk.move("mug", "adjusted", -2);
    const back = bringBack(shop, shrunk.contents(), ["Stock", "Movements"]);
    expect((await back.mend()).stock.short).toEqual(new Map([["mug", 2]]));
    expect(await back.stockOf("mug")).toMatchObject({ available: -2, sold: 3 });
    await expect(back.place("bob", { mug: 1 })).rejects.toMatchObject({
      code: "ITEMS_UNAVAILABLE",
    });
  });
});

describe("what only grows", () => {
  it("a lock that was had is over, and its next fence is above all that were handed out since", async () => {
    const shop = openShop();
    const wish = { resource: "document/prices", leaseMs: 600_000 };
    await shop.locks.acquire({ ...wish, owner: { userId: "ann" } });
    const before = shop.contents();
    shop.time.advance(3_000_000);
    const lost = await shop.locks.acquire({ ...wish, owner: { userId: "bob" } });
    const back = bringBack(shop, before, ["Locks"]);
    expect(await back.mend()).toMatchObject({ locks: 1 });
    const next = await back.locks.acquire({ ...wish, owner: { userId: "eve" } });
    expect(next.fence).toBeGreaterThan(lost.fence);
    expect((await back.mend()).locks).toBe(1);
    expect((await back.mend()).locks).toBe(0);
  });

  it("a cart's version is above all that were told since", async () => {
    const shop = openShop();
    await shop.give("mug", 9);
    const cart = { userId: "ann", sessionId: "default", instance: "menu", actor: { id: "ann" } };
    await shop.carts.addLine(cart, { itemId: "mug", quantity: 1 });
    const before = shop.contents();
    shop.time.advance(60_000);
    const told = await shop.carts.addLine(cart, { itemId: "mug", quantity: 1 });
    const back = bringBack(shop, before, ["Carts"]);
    expect((await back.mend()).carts).toBe(1);
    const [row] = back.rowsOf("Carts");
    expect(Number(row!["version"])).toBeGreaterThan(told.version);
  });

  it("the last event of a resource is told again above all that can have been told since", async () => {
    const time = openShop().time;
    const occurredAtMs = time.clock() - 10_000;
    const events = [1, 2].map((sequence) => {
      return { resource: "order/o", sequence, id: `evt_${sequence}`, occurredAtMs };
    });
    const left = { resource: "cart/c", sequence: 0, through: 7 };
    const back = openShop({ Outbox: [...events, left] as never }, time);
    expect((await back.mend()).resources).toBe(2);
    const rows = back.rowsOf("Outbox");
    const again = rows.filter(({ id }) => id === "evt_2").map(({ sequence }) => Number(sequence));
    expect(again).toEqual([2, expect.any(Number)]);
    expect(again[1]).toBeGreaterThanOrEqual(2 + 10_000);
    const leftOf = (name: string) =>
      rows.find(({ resource, sequence }) => resource === name && sequence === 0)?.["through"];
    expect(leftOf("order/o")).toBe(again[1]);
    expect(leftOf("cart/c")).toBeGreaterThan(7 + 86_400_000);
  });
});

it("items in several rows are named, and neither they nor their ledger are touched", async () => {
  const shop = openShop();
  await shop.give("mug", 10);
  await shop.inventory.change("mug", { shards: 2 }, root);
  await shop.pay(await shop.place("ann", { mug: 1 }));
  const before = [shop.rowsOf("Stock"), shop.rowsOf("Movements")];
  expect((await shop.mend()).stock).toMatchObject({ items: [], spread: new Set(["mug"]) });
  expect([shop.rowsOf("Stock"), shop.rowsOf("Movements")]).toEqual(before);
});
