/** What an order costs is decided by the shop alone: a shopper who tries to pay less pays the same. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectStatus, openShop, type Shop, type Shopper } from "../support/shop.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let shop: Shop;

beforeAll(async () => {
  server = await startServer({
    context: { sweep: "off" },
    tablePrefix: `prices-${process.pid}-`,
  });
  shop = openShop(server);
});

afterAll(async () => {
  await server?.stop();
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

describe("a shopper", () => {
  it("cannot set a discount, nor take the shop's tax away", async () => {
    const { shopper } = await taxedShopper();
    const conditions = "/carts/me/default/main/conditions";
    const gift = { type: "discount", target: "total", value: "-99.99%" };
    for (const [route, options] of [
      [`PUT ${conditions}/gift`, { body: gift }],
      [`PUT ${conditions}/vat`, { body: { ...gift, value: "+0" } }],
      [`DELETE ${conditions}/vat`, {}],
    ] as const) {
      expect(await shopper.send(route, options)).toMatchObject({
        status: 403,
        body: { code: "FORBIDDEN" },
        cost: { requests: 0 },
      });
    }
    expect((await shopper.mustOrder()).totalMinor).toBe(taxed);
  });

  it("keeps the shop's tax through clearing, replacing and removing", async () => {
    const { shopper, itemId } = await taxedShopper();
    const main = "/carts/me/default/main";
    const wanted = { itemId, quantity: 1 };
    expectStatus(await shopper.send(`DELETE ${main}/items/${itemId}`), 200);
    expectStatus(await shopper.send(`PUT ${main}/items`, { body: [wanted] }), 200);
    expectStatus(await shopper.send(`PUT ${main}/items`, { body: [] }), 200);
    expectStatus(await shopper.send(`DELETE ${main}`), 200);
    expectStatus(await shopper.send(`DELETE ${main}`), 200);
    expectStatus(await shopper.send(`POST ${main}/items`, { body: wanted }), 200);
    expect((await shopper.mustOrder()).totalMinor).toBe(taxed);
  });

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

  it("cannot credit an order to a vendor who does not sell its goods", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item();
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    for (const what of [{}, { items: [{ itemId, quantity: 1 }] }]) {
      expect(await shopper.order({ ...what, vendorId: "my-own-shop" })).toMatchObject({
        status: 400,
        body: { code: "INVALID_REQUEST", issues: [{ path: "vendorId" }] },
      });
    }
    expect(await shop.levels(itemId)).toEqual({ available: 10, held: 0, sold: 0 });
  });
});
