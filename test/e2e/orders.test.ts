/** Placing orders: who gets what, why a line is refused, and what a repeated request is answered with. */
import { describe, expect, it } from "vitest";
import { expectStatus, fresh, type Shopper } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { shop } = await openShopForFile();

describe("a refused order", () => {
  it("names every failed line with its reason, and holds nothing", async () => {
    const eve = shop.shopper();
    const [plenty, scarce] = await Promise.all([
      shop.item({ quantity: 10 }),
      shop.item({ quantity: 2 }),
    ]);
    const only = await shop.item({ quantity: 4, holdPolicy: "exclusive" });
    const busy = await shop.shopper().mustOrder({ items: [{ itemId: only, quantity: 1 }] });
    const fickle = await shop.item({ amountMinor: 700 });
    await eve.putInCart([
      { itemId: plenty, quantity: 1 },
      { itemId: scarce, quantity: 3 },
      { itemId: only, quantity: 1 },
      { itemId: fickle, quantity: 1 },
    ]);
    const price = { amountMinor: 800, currency: "EUR" };
    expectStatus(await shop.admin.send(`PATCH /items/${fickle}`, { body: { price } }), 200);

    const { status, body, headers } = await eve.order();
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: "ITEMS_UNAVAILABLE",
      detail: "Item is currently being processed by another user",
      error: "Item is currently being processed by another user",
      status: 409,
    });
    const { failedItems } = body as unknown as { failedItems: { itemId: string }[] };
    const byItem = Object.fromEntries(failedItems.map((failed) => [failed.itemId, failed]));
    expect(byItem).toEqual({
      [scarce]: { itemId: scarce, reason: "insufficient_stock", available: 2, requested: 3 },
      [only]: {
        itemId: only,
        reason: "locked",
        available: 3,
        requested: 1,
        lockedUntilMs: busy.expiresAtMs,
      },
      [fickle]: expect.objectContaining({ reason: "price_changed", requested: 1 }),
    });
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
    for (const itemId of [plenty, scarce, fickle]) {
      expect(await shop.levels(itemId)).toMatchObject({ held: 0 });
    }
    // Refused means that the cart was never locked.
    expect((await eve.send("GET /carts/me/default/lock")).body.isLocked).toBe(false);
  });

  it("names items that are not there or of another kind", async () => {
    const itemId = await shop.item({ kind: "Ticket" });
    const items = [
      { itemId: "no-such-item", quantity: 1 },
      { itemId, quantity: 1, kind: "Menu" },
    ];
    const { status, body } = await shop.shopper().order({ items });
    expect({ status, code: (body as { code?: string }).code }).toEqual({
      status: 409,
      code: "ITEMS_UNAVAILABLE",
    });
    expect((body as { failedItems?: unknown }).failedItems).toMatchObject([
      { itemId: "no-such-item", reason: "not_found" },
      { itemId, reason: "not_found" },
    ]);
  });

  it("says so when there is nothing to order, too much, or two currencies @long", async () => {
    const frank = shop.shopper();
    expect(await frank.order()).toMatchObject({ status: 409, body: { code: "CART_EMPTY" } });
    const many = await shop.items(91);
    const items = many.map((itemId) => ({ itemId, quantity: 1 }));
    expect(await frank.order({ items })).toMatchObject({
      status: 413,
      body: { code: "TOO_LARGE", limit: 90 },
    });
    // The largest order that there can be goes all the way: every step is still one transaction.
    const largest = await frank.mustOrder({ items: items.slice(0, 90) });
    await shop.pay(frank, largest);
    expect((await frank.see(largest.orderId)).status).toBe("paid");
    const dollars = await shop.item({ currency: "USD" });
    const mixed = [...items.slice(90), { itemId: dollars, quantity: 1 }];
    expect(await frank.order({ items: mixed })).toMatchObject({
      status: 409,
      body: { code: "CURRENCY_MISMATCH" },
    });
  });
});

describe("hold policies", () => {
  it("counted: as many buyers as there are units", async () => {
    const itemId = await shop.item({ quantity: 5 });
    const buy = (quantity: number) => shop.shopper().order({ items: [{ itemId, quantity }] });
    expect((await buy(2)).status).toBe(201);
    expect((await buy(2)).status).toBe(201);
    expect((await buy(2)).status).toBe(409);
    expect((await buy(1)).status).toBe(201);
    expect(await shop.levels(itemId)).toEqual({ available: 0, held: 5, sold: 0 });
  });

  it("exclusive: one buyer at a time, whatever the quantity", async () => {
    const itemId = await shop.item({ quantity: 5, holdPolicy: "exclusive" });
    const first = shop.shopper();
    const items = [{ itemId, quantity: 1 }];
    const order = await first.mustOrder({ items });
    expect((await shop.shopper().order({ items })).status).toBe(409);
    await first.cancel(order.orderId);
    const second = shop.shopper();
    await shop.pay(second, await second.mustOrder({ items }));
    // A sale is no hold: the next one may come.
    expect((await shop.shopper().order({ items })).status).toBe(201);
    expect(await shop.levels(itemId)).toEqual({ available: 3, held: 1, sold: 1 });
  });

  it("lines of the same item are one hold, and all of them count", async () => {
    const itemId = await shop.item({ quantity: 5 });
    const gina = shop.shopper();
    const twice = [
      { itemId, quantity: 2 },
      { itemId, quantity: 4 },
    ];
    expect((await gina.order({ items: twice })).status).toBe(409);
    await gina.putInCart([{ itemId, quantity: 2 }], { instance: "one" });
    await gina.putInCart([{ itemId, quantity: 3 }], { instance: "two" });
    const order = await gina.mustOrder();
    expect(order).toMatchObject({ totalMinor: 5_000 });
    expect(order.lines).toHaveLength(2);
    expect(await shop.levels(itemId)).toEqual({ available: 0, held: 5, sold: 0 });
    await shop.pay(gina, order);
    expect(await shop.levels(itemId)).toEqual({ available: 0, held: 0, sold: 5 });
  });
});

describe("idempotency", () => {
  it("the same key and body have one effect and one answer", async () => {
    const hugo = shop.shopper();
    const itemId = await shop.item();
    const items = [{ itemId, quantity: 2 }];
    const first = await hugo.order({ items }, "k-1");
    expect(first.status).toBe(201);
    const second = await hugo.order({ items }, "k-1");
    expect(second.status).toBe(200);
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(second.body).toEqual(first.body);
    expect(await shop.levels(itemId)).toEqual({ available: 8, held: 2, sold: 0 });
  });

  it("the same key with another body is refused and changes nothing", async () => {
    const ines = shop.shopper();
    const itemId = await shop.item();
    await ines.mustOrder({ items: [{ itemId, quantity: 1 }] }, "k-1");
    await ines.putInCart([{ itemId, quantity: 1 }]);
    const others = [
      { items: [{ itemId, quantity: 2 }] },
      { items: [{ itemId, quantity: 1 }], vendorId: "somebody" },
      { items: [{ itemId, quantity: 1 }], paymentMethod: "stripe" },
      {},
    ];
    for (const body of others) {
      expect(await ines.order(body, "k-1")).toMatchObject({
        status: 422,
        body: { code: "IDEMPOTENCY_KEY_REUSED" },
      });
    }
    expect(await shop.levels(itemId)).toEqual({ available: 9, held: 1, sold: 0 });
    expect((await ines.send("GET /carts/me/default/lock")).body.isLocked).toBe(false);
  });

  it("keys belong to one user", async () => {
    const itemId = await shop.item();
    const items = [{ itemId, quantity: 1 }];
    const [one, other] = [shop.shopper(), shop.shopper()];
    const mine = await one.mustOrder({ items }, "shared");
    const theirs = await other.mustOrder({ items }, "shared");
    expect(theirs.orderId).not.toBe(mine.orderId);
  });

  it("without a key a double click makes one order, and a cart that came back makes another", async () => {
    const jane = shop.shopper();
    await jane.putInCart([{ itemId: await shop.item(), quantity: 1 }]);
    const [first, second] = await Promise.all([jane.order(), jane.order()]);
    expect([first.status, second.status].toSorted()).toEqual([200, 201]);
    expect(second.body.orderId).toBe(first.body.orderId);
    await jane.cancel(first.body.orderId);
    expect((await jane.mustOrder()).orderId).not.toBe(first.body.orderId);
  });

  it("another way to order a cart that is being paid is refused with 423", async () => {
    const karl = shop.shopper();
    await karl.putInCart([{ itemId: await shop.item(), quantity: 1 }]);
    const order = await karl.mustOrder({}, "first");
    const refused = await karl.order({}, fresh("second"));
    expect(refused).toMatchObject({
      status: 423,
      body: { code: "CART_LOCKED", orderId: order.orderId },
    });
    expect(await karl.order({ instances: ["main"] })).toMatchObject({ status: 423 });
  });
});

describe("cancelling", () => {
  it("gives back units and cart at once, and is safe to repeat", async () => {
    const lena = shop.shopper();
    const itemId = await shop.item({ quantity: 1 });
    await lena.putInCart([{ itemId, quantity: 1 }]);
    const order = await lena.mustOrder();
    expect(await lena.cancel(order.orderId)).toMatchObject({
      status: 200,
      body: { status: "cancelled" },
    });
    expect((await lena.cancel(order.orderId)).status).toBe(200);
    expect(await shop.levels(itemId)).toEqual({ available: 1, held: 0, sold: 0 });
    expect((await lena.add({ itemId, quantity: 1 })).status).toBe(200);
    expect((await shop.shopper().order({ items: [{ itemId, quantity: 1 }] })).status).toBe(201);
  });

  it("is too late once the order is paid", async () => {
    const mona = shop.shopper();
    const order = await mona.mustOrder({ items: [{ itemId: await shop.item(), quantity: 1 }] });
    await shop.pay(mona, order);
    expect(await mona.cancel(order.orderId)).toMatchObject({
      status: 409,
      body: { code: "ORDER_NOT_PAYABLE", status: 409, orderStatus: "paid" },
    });
    expect((await mona.see(order.orderId)).status).toBe("paid");
  });
});

/** A shopper with a television in the cart, on which the shop has put its tax. */
async function taxedShopper(): Promise<{ shopper: Shopper; itemId: string }> {
  const shopper = shop.shopper();
  const itemId = await shop.item({ amountMinor: 199_900 });
  await shopper.putInCart([{ itemId, quantity: 1 }]);
  const tax = { type: "tax", target: "total", value: "+19%" };
  const route = `PUT /carts/${shopper.userId}/default/main/conditions/vat`;
  expectStatus(await shop.admin.send(route, { body: tax }), 200);
  return { shopper, itemId };
}

const taxed = 237_881;

describe("a shopper on whose cart the shop has put its tax", () => {
  it("keeps the conditions of both carts through merging, also those of one name", async () => {
    const { shopper, itemId } = await taxedShopper();
    const other = "/carts/me/phone";
    const address = `/carts/${shopper.userId}/phone/main/conditions/vat`;
    const fee = { type: "fee", target: "total", value: "+100" };
    expectStatus(await shop.admin.send(`PUT ${address}`, { body: fee }), 200);
    const merge = { body: { from: { sessionId: "default" } } };
    const merged = expectStatus(await shopper.send(`POST ${other}/merge`, merge), 200);
    expect(merged.instances[0].conditions).toHaveLength(2);
    expect(merged.instances[0].items).toMatchObject([{ itemId }]);
    // The fee stands first by name: (199,900 + 100) and 19 % on top.
    expect((await shopper.mustOrder({ sessionId: "phone" })).totalMinor).toBe(238_000);
  });

  it("keeps the shop's tax as a guest who becomes a member, once", async () => {
    const { shopper: guest, itemId } = await taxedShopper();
    const [member, thief] = [shop.shopper(), shop.shopper()];
    const offered = expectStatus(await guest.send("POST /carts/me/default/claims"), 201);
    expect(offered.expiresAtMs).toBeGreaterThan(Date.now());
    const theirs = `POST /carts/${guest.userId}/default/claims`;
    expect(await thief.send(theirs)).toMatchObject({ status: 403 });
    const body = { claim: offered.claim };
    const claimed = await member.send("POST /carts/me/default/claim", { body });
    expect(claimed).toMatchObject({ status: 200, cost: { requests: 3 } });
    expect(claimed.body.instances[0]).toMatchObject({ items: [{ itemId }], totalMinor: taxed });
    expect(await thief.send("POST /carts/me/default/claim", { body })).toMatchObject({
      status: 409,
      body: { code: "CLAIM_NOT_ACCEPTED", reason: "used" },
    });
    expect((await guest.send("GET /carts/me/default")).body.count).toBe(0);
    expect((await member.mustOrder()).totalMinor).toBe(taxed);
  });

  it("hands an order to the member who shows its claim, once, and sees it no more", async () => {
    const [guest, member, thief] = [shop.shopper(), shop.shopper(), shop.shopper()];
    const items = [{ itemId: await shop.item(), quantity: 1 }];
    const order = await guest.mustOrder({ items });
    const claims = `POST /orders/${order.orderId}/claims`;
    expect(await thief.send(claims)).toMatchObject({ status: 404 });
    const { claim } = expectStatus(await guest.send(claims), 201);
    const show = (who: Shopper) =>
      who.send(`POST /orders/${order.orderId}/claim`, { body: { claim } });
    expect(await show(member)).toMatchObject({
      status: 200,
      body: { orderId: order.orderId, userId: member.userId },
      cost: { requests: 1 },
    });
    expect(await show(thief)).toMatchObject({
      status: 409,
      body: { code: "CLAIM_NOT_ACCEPTED", reason: "used" },
    });
    expect(await guest.send(`GET /orders/${order.orderId}`)).toMatchObject({ status: 404 });
    await shop.pay(member, order);
    expect(await member.see(order.orderId)).toMatchObject({ status: "paid" });
  });
});
