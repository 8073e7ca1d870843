/** Promotions over HTTP: administrators put, read, list and delete them; what cannot be meant is refused. */
import { describe, expect, it } from "vitest";
import { expectStatus, fresh } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { shop } = await openShopForFile();

const sale = { name: "Sale", type: "discount", target: "total", value: "-10%" };

describe("an administrator", () => {
  it("puts a promotion, reads it whatever the case of its code, and puts another in its place", async () => {
    const code = fresh("sale");
    const route = `/promotions/${code}`;
    const body = { ...sale, maxUses: 5, maxUsesPerShopper: 1, endsAtMs: 4_000_000_000_000 };
    const put = expectStatus(await shop.admin.send(`PUT ${route}`, { body }), 200);
    const defaults = { order: 0, automatic: false, combinable: false, active: true };
    const shown = { code: code.toUpperCase(), ...body, ...defaults };
    expect(put).toEqual({ ...shown, uses: { left: 5, held: 0, used: 0 } });
    expect(await shop.admin.send(`GET ${route.toLowerCase()}`)).toMatchObject({ body: put });

    const more = { ...body, maxUses: 7 };
    expect(await shop.admin.send(`PUT ${route}`, { body: more })).toMatchObject({
      status: 200,
      body: { maxUses: 7, uses: { left: 7, held: 0, used: 0 } },
    });
    const { maxUses: _most, ...endless } = body;
    expect(await shop.admin.send(`PUT ${route}`, { body: endless })).toMatchObject({
      status: 200,
      body: { uses: null },
    });
  });

  it("says the same twice without a change, and for the price of a look", async () => {
    const route = `PUT /promotions/${fresh("again")}`;
    expect(await shop.admin.send(route, { body: sale })).toMatchObject({ cost: { requests: 2 } });
    expect(await shop.admin.send(route, { body: sale })).toMatchObject({
      status: 200,
      cost: { requests: 2, writeUnits: 0 },
    });
  });

  it("lists promotions by code, and deletes one for good", async () => {
    const codes = [fresh("list"), fresh("list")].map((code) => code.toUpperCase());
    for (const code of codes) {
      expectStatus(await shop.admin.send(`PUT /promotions/${code}`, { body: sale }), 200);
    }
    const listed = async (): Promise<string[]> => {
      const { promotions } = expectStatus(
        await shop.admin.send("GET /promotions?limit=100"),
        200,
      ) as { promotions: { code: string }[] };
      return promotions.map(({ code }) => code).filter((code) => codes.includes(code));
    };
    expect(await listed()).toEqual(codes.toSorted());
    expectStatus(await shop.admin.send(`DELETE /promotions/${codes[0]}`), 200);
    expect(await listed()).toEqual([codes[1]]);
    for (const method of ["GET", "DELETE"]) {
      expect(await shop.admin.send(`${method} /promotions/${codes[0]}`)).toMatchObject({
        status: 404,
        body: { code: "PROMOTION_NOT_FOUND" },
      });
    }
  });

  it.each([
    ["value", { value: "10%" }],
    ["itemId", { itemId: "mug" }],
    ["kind", { kind: "Retail" }],
    ["maxUses", { automatic: true, maxUses: 3 }],
    ["maxUsesPerShopper", { automatic: true, maxUsesPerShopper: 3 }],
    ["combinable", { automatic: true, combinable: true }],
    ["endsAtMs", { startsAtMs: 5, endsAtMs: 5 }],
    ["maxUses", { maxUses: 0 }],
    ["minSubtotalMinor", { minSubtotalMinor: -1 }],
  ])("is told of %s what cannot be meant", async (path, more) => {
    const route = `PUT /promotions/${fresh("odd")}`;
    expect(await shop.admin.send(route, { body: { ...sale, ...more } })).toMatchObject({
      status: 400,
      body: { code: "INVALID_REQUEST", issues: [{ path }] },
      cost: { requests: 0 },
    });
  });

  it("finds the making and the deleting of a promotion in the trail", async () => {
    const code = fresh("trail").toUpperCase();
    const body = { ...sale, maxUses: 1 };
    expectStatus(await shop.admin.send(`PUT /promotions/${code}`, { body }), 200);
    expectStatus(await shop.admin.send(`DELETE /promotions/${code}`), 200);
    await expect
      .poll(
        async () => {
          const route = `GET /admin/audit?subject=promotion/${code}`;
          const { entries } = expectStatus(await shop.admin.send(route), 200) as {
            entries: { action: string }[];
          };
          return entries.map(({ action }) => action);
        },
        { timeout: 20_000 },
      )
      .toEqual(["promotion.deleted", "promotion.set"]);
  });
});

it("shoppers and passers-by are refused at the door", async () => {
  const shopper = shop.shopper();
  for (const route of ["PUT /promotions/X", "GET /promotions/X", "GET /promotions"]) {
    const options = route.startsWith("PUT") ? { body: sale } : {};
    expect(await shopper.send(route, options)).toMatchObject({
      status: 403,
      cost: { requests: 0 },
    });
    expect((await shop.nobody.send(route, options)).status).toBe(401);
  }
});
