/** Items over HTTP: what is told about them, their limits, their sale, and their withdrawal. */
import { describe, expect, it } from "vitest";
import { expectStatus, fresh } from "../support/shop.ts";
import { openUnsweptShop } from "../support/shop-for-file.ts";

const { shop } = await openUnsweptShop();

const facts = () => {
  const price = { amountMinor: 4_900, currency: "EUR" };
  return { itemId: fresh("chair"), name: "Chair", kind: "Retail", price, quantity: 50 };
};
const create = async (more: object) =>
  expectStatus(await shop.admin.send("POST /items", { body: { ...facts(), ...more } }), 201);
const change = async (itemId: string, body: object) =>
  expectStatus(await shop.admin.send(`PATCH /items/${itemId}`, { body }), 200);
const see = async (itemId: string) =>
  expectStatus(await shop.nobody.send(`GET /items/${itemId}`), 200);

describe("an item", () => {
  it("shows what it was given, and nothing that was taken away", async () => {
    const about = { description: "Oak,\noiled by hand.", imageUrl: "https://shop.example/c.jpg" };
    const rules = { limits: { perOrder: 4, perShopper: 8 }, sale: { startsAtMs: 1 } };
    const { itemId } = await create({ ...about, ...rules });
    expect(await see(itemId)).toMatchObject({ ...about, ...rules });
    await change(itemId, { description: null, limits: { perOrder: 2 }, sale: null });
    const { description, imageUrl, limits, sale } = await see(itemId);
    expect({ description, imageUrl, limits, sale }).toEqual({
      description: undefined,
      imageUrl: about.imageUrl,
      limits: { perOrder: 2 },
      sale: undefined,
    });
  });

  it("may be kept for a second by who shows it, alone and in lists; what changes it may not", async () => {
    const { itemId } = await create({});
    for (const page of [`GET /items/${itemId}`, "GET /items"]) {
      const { headers } = await shop.nobody.send(page);
      expect(headers.get("cache-control"), page).toBe("public, max-age=1");
    }
    const changed = await shop.admin.send(`PATCH /items/${itemId}`, { body: { name: "Stool" } });
    expect(changed.headers.get("cache-control")).toBe("no-store");
    const missing = await shop.nobody.send(`GET /items/${fresh("none")}`);
    expect(missing.headers.get("cache-control")).not.toContain("max-age");
  });

  it.each([
    ["imageUrl", { imageUrl: "javascript:alert(1)" }],
    ["description", { description: "x".repeat(2_001) }],
    ["limits.perOrder", { limits: { perOrder: 0 } }],
    ["limits.perUser", { limits: { perUser: 1 } }],
    ["sale.endsAtMs", { sale: { startsAtMs: 2_000, endsAtMs: 2_000 } }],
  ])("refuses a %s that cannot be", async (path, body) => {
    const refused = await shop.admin.send("POST /items", { body: { ...facts(), ...body } });
    expect(refused).toMatchObject({ status: 400, body: { code: "INVALID_REQUEST" } });
    expect(JSON.stringify(refused.body.issues)).toContain(path.split(".").at(-1));
    const { itemId } = await create({});
    expect((await shop.admin.send(`PATCH /items/${itemId}`, { body })).status).toBe(400);
  });

  it("is withdrawn: not listed, not sold, named in carts; and is brought back @long", async () => {
    const { itemId } = await create({});
    const shopper = shop.shopper();
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    const path = `/items/${itemId}`;
    expect(await shop.nobody.send(`DELETE ${path}`)).toMatchObject({ status: 401 });
    expect(await shopper.send(`DELETE ${path}`)).toMatchObject({ status: 403 });
    const withdrawn = { status: 200, body: { itemId, archived: true } };
    expect(await shop.admin.send(`DELETE ${path}`)).toMatchObject(withdrawn);
    expect(await shop.admin.send(`DELETE ${path}`)).toMatchObject(withdrawn);
    expect(await see(itemId)).toMatchObject({ archived: true });
    const cart = await shopper.send("GET /carts/me/default/main");
    expect(cart.body.items).toMatchObject([{ itemId, unavailable: "not_for_sale" }]);
    const tag = { "if-none-match": cart.headers.get("etag")! };
    expect((await shopper.send("GET /carts/me/default/main", { headers: tag })).status).toBe(200);
    const failedItems = [{ itemId, reason: "not_for_sale", requested: 1, available: 50 }];
    for (const refused of [
      await shopper.order(),
      await shopper.order({ items: [{ itemId, quantity: 1 }] }),
      await shop.shopper().add({ itemId, quantity: 1 }),
    ]) {
      expect(refused).toMatchObject({
        status: 409,
        body: { code: "ITEMS_UNAVAILABLE", failedItems },
      });
    }
    const listed = await shop.nobody.send("GET /items?archived=true&limit=100");
    expect(listed.body.items).toMatchObject([{ itemId, archived: true }]);
    await change(itemId, { archived: false });
    expect((await see(itemId)).archived).toBeUndefined();
    await shopper.mustOrder();
  });

  it("gives one shopper no more than its limits, with 2 requests an order @long", async () => {
    const { itemId } = await create({ limits: { perOrder: 2, perShopper: 3 } });
    const shopper = shop.shopper();
    const order = (quantity: number) => shopper.order({ items: [{ itemId, quantity }] });
    expect(await order(3)).toMatchObject({
      status: 409,
      body: { code: "LIMIT_EXCEEDED", limit: { name: "perOrder", value: 2, itemId } },
    });
    const first = await order(2);
    expect(first).toMatchObject({ status: 201, cost: { requests: 2 } });
    await shop.pay(shopper, first.body);
    await shopper.putInCart([{ itemId, quantity: 2 }]);
    const refused = await shopper.order();
    expect(refused).toMatchObject({
      status: 409,
      body: { code: "LIMIT_EXCEEDED", limit: { name: "perShopper", value: 3, itemId } },
      cost: { requests: 2 },
    });
    const last = await order(1);
    expect(last).toMatchObject({ status: 201, cost: { requests: 2 } });
    expectStatus(await shopper.cancel(last.body.orderId), 200);
    expect((await order(1)).status).toBe(201);
  });
});
