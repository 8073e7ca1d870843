/** What a shopper is sure of when ordering: one order for two clicks, and no other price than was shown. */
import { describe, expect, it } from "vitest";
import { expectStatus, fresh } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { shop } = await openShopForFile();

const main = "/carts/me/default/main";

async function reprice(itemId: string, amountMinor: number) {
  const price = { amountMinor, currency: "EUR" };
  expectStatus(await shop.admin.send(`PATCH /items/${itemId}`, { body: { price } }), 200);
  return price;
}

describe("items ordered without a cart", () => {
  it("need an idempotency key, or two clicks would be two orders", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item();
    const body = { items: [{ itemId, quantity: 1 }], paymentMethod: "sandbox" };
    const refused = await shopper.send("POST /order/me", { body });
    expect(refused).toMatchObject({
      status: 400,
      body: { code: "INVALID_REQUEST", issues: [{ path: "header.idempotency-key" }] },
      cost: { requests: 0 },
    });
    const headers = { "idempotency-key": fresh("key") };
    const clicks = await Promise.all(
      [1, 2, 3].map(() => shopper.send("POST /order/me", { body, headers })),
    );
    expect(clicks.map(({ status }) => status).toSorted()).toEqual([200, 200, 201]);
    expect(await shop.levels(itemId)).toMatchObject({ available: 9, held: 1 });
  });
});

describe("an expected total", () => {
  it("is refused when the order comes to another one, with that one, and nothing is held", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item({ amountMinor: 700 });
    await shopper.putInCart([{ itemId, quantity: 2 }]);
    for (const what of [{}, { items: [{ itemId, quantity: 2 }] }]) {
      expect(await shopper.order({ ...what, expectedTotalMinor: 1_399 })).toMatchObject({
        status: 409,
        body: { code: "TOTAL_CHANGED", totalMinor: 1_400, currency: "EUR" },
      });
    }
    expect(await shop.levels(itemId)).toMatchObject({ held: 0 });
    const placed = await shopper.order({ expectedTotalMinor: 1_400 });
    expect(placed).toMatchObject({ status: 201, cost: { requests: 2 } });
  });

  it("finds the order of a repeated request, whatever the cart would come to by now", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item();
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    const key = fresh("key");
    const order = await shopper.mustOrder({ expectedTotalMinor: 1_000 }, key);
    await shopper.cancel(order.orderId);
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    const again = await shopper.order({ expectedTotalMinor: 1_000 }, key);
    expect(again).toMatchObject({ status: 200, body: { orderId: order.orderId } });
  });
});

describe("an order of a cart", () => {
  it("leaves the wishlist and what is saved for later where they are", async () => {
    const shopper = shop.shopper();
    const [itemId, wished] = await shop.items(2);
    await shopper.putInCart([{ itemId: itemId!, quantity: 1 }]);
    await shopper.putInCart([{ itemId: wished!, quantity: 1 }], { instance: "wishlist" });
    await shopper.putInCart([{ itemId: wished!, quantity: 1 }], { instance: "saved" });
    const order = await shopper.mustOrder();
    expect(order.lines.map((line) => line.itemId)).toEqual([itemId]);
    await shop.pay(shopper, order);
    expect(await shopper.cart({ instance: "wishlist" })).toMatchObject({ count: 1 });
    expect(await shopper.order()).toMatchObject({ status: 409, body: { code: "CART_EMPTY" } });
    expect((await shopper.mustOrder({ instances: ["saved"] })).totalMinor).toBe(1_000);
  });

  it("goes through on the second try after a price change, which the cart tells before", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item({ amountMinor: 700 });
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    const price = await reprice(itemId, 800);
    const items = [{ itemId, unitPriceMinor: 800, previousUnitPriceMinor: 700 }];
    const shown = { items, subtotalMinor: 800, totalMinor: 800 };
    expect(await shopper.send(`GET ${main}`)).toMatchObject({ body: shown, cost: { requests: 2 } });
    expect(await shopper.send("GET /carts/me/default")).toMatchObject({
      body: { instances: [shown], totals: [{ totalMinor: 800 }], totalMinor: 800 },
    });
    expect(await shopper.order({ expectedTotalMinor: 800 })).toMatchObject({
      status: 409,
      body: { failedItems: [{ itemId, reason: "price_changed", price }] },
    });
    expect(await shopper.cart()).toMatchObject(shown);
    expect((await shopper.mustOrder({ expectedTotalMinor: 800 })).totalMinor).toBe(800);
    await reprice(itemId, 900);
    expect(await shopper.cart()).toMatchObject(shown);
  });

  it("is not refused for ever by a code whose minimum the shown prices reach", async () => {
    const code = fresh("least").toUpperCase();
    const promotion = {
      name: "Least",
      type: "discount",
      target: "subtotal",
      value: "-10%",
      minSubtotalMinor: 900,
    };
    expectStatus(await shop.admin.send(`PUT /promotions/${code}`, { body: promotion }), 200);
    const shopper = shop.shopper();
    const itemId = await shop.item({ amountMinor: 1_000 });
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    expectStatus(await shopper.send(`POST ${main}/codes`, { body: { code } }), 200);
    await reprice(itemId, 500);
    expect((await shopper.order()).body).toMatchObject({ code: "ITEMS_UNAVAILABLE" });
    expect((await shopper.order()).body).toMatchObject({ code: "CODE_NOT_ACCEPTED" });
    const price = await reprice(itemId, 1_000);
    expect(await shopper.cart()).toMatchObject({ totalMinor: 900 });
    expect((await shopper.order()).body).toMatchObject({
      failedItems: [{ itemId, reason: "price_changed", price }],
    });
    expect((await shopper.mustOrder()).totalMinor).toBe(900);
  });

  it("is of a cart whose tag hides no price, neither a new one nor the former one again", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item({ amountMinor: 700 });
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    const { headers } = await shopper.send(`GET ${main}`);
    const readAgain = () =>
      shopper.send(`GET ${main}`, { headers: { "if-none-match": headers.get("etag")! } });
    for (const amountMinor of [800, 700]) {
      await reprice(itemId, amountMinor);
      expect(await readAgain()).toMatchObject({ status: 200, body: { totalMinor: amountMinor } });
    }
  });
});

describe("what an order remembers", () => {
  it("is what the shopper said, and what is too much or wrong is named", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item();
    const items = [{ itemId, quantity: 1, attributes: { engraving: "Ada" } }];
    const said = {
      customer: { email: "ada@example.com", name: "Ada", phone: "+44 20" },
      shipTo: { lines: ["12 St James's Square"], city: "London" },
      note: "Please ring\ntwice",
      metadata: { campaign: "spring" },
    };
    const order = await shopper.mustOrder({ items, ...said });
    expect(await shopper.see(order.orderId)).toMatchObject({
      ...said,
      lines: [{ attributes: { engraving: "Ada" } }],
    });
    const wrong: [Record<string, unknown>, string][] = [
      [{ customer: { email: "nobody" } }, "customer.email"],
      [{ customer: { shoeSize: 7 } }, "customer.shoeSize"],
      [{ shipTo: { street: "x".repeat(2_048) } }, "shipTo"],
      [{ note: "x".repeat(1_001) }, "note"],
      [{ metadata: { blob: "x".repeat(4_096) } }, "metadata"],
    ];
    for (const [more, path] of wrong) {
      expect(await shopper.order({ items, ...more })).toMatchObject({
        status: 400,
        body: { issues: [{ path }] },
        cost: { requests: 0 },
      });
    }
  });

  it("has a line for every choice, also when the cart is paid for and emptied", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item();
    for (const engraving of ["Ada", "Bob"]) {
      const body = { itemId, quantity: 1, attributes: { engraving } };
      expectStatus(await shopper.send("POST /carts/me/default/main/items", { body }), 200);
    }
    const order = await shopper.mustOrder();
    expect(order.lines).toHaveLength(2);
    expect(await shop.levels(itemId)).toMatchObject({ held: 2 });
    await shop.pay(shopper, order);
    expect((await shopper.cart()).items).toEqual([]);
  });
});
