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

  it("puts back what was read, alone or in a list, without a change", async () => {
    const route = `/promotions/${fresh("back")}`;
    const put = await shop.admin.send(`PUT ${route}`, { body: { ...sale, maxUses: 5 } });
    const shown = expectStatus(put, 200) as { code: string };
    for (const body of [shown, { ...shown, uses: null }]) {
      expect(await shop.admin.send(`PUT ${route}`, { body })).toMatchObject({
        status: 200,
        body: shown,
        cost: { writeUnits: 0 },
      });
    }
    const body = { ...shown, code: "OTHER" };
    expect(await shop.admin.send(`PUT ${route}`, { body })).toMatchObject({
      status: 400,
      body: { issues: [{ path: "code" }] },
      cost: { requests: 0 },
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

describe("a shopper", () => {
  const main = "/carts/me/default/main";
  const put = async (code: string, more: object = {}): Promise<void> => {
    expectStatus(
      await shop.admin.send(`PUT /promotions/${code}`, { body: { ...sale, ...more } }),
      200,
    );
  };
  const withLine = async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item({ amountMinor: 1_000 });
    await shopper.putInCart([{ itemId, quantity: 2 }]);
    return shopper;
  };

  it("enters a code, sees it among the conditions and what it comes to, and pays just that", async () => {
    const code = fresh("code").toUpperCase();
    await put(code, { maxUsesPerShopper: 1 });
    const shopper = await withLine();
    const body = { code: code.toLowerCase() };
    const entered = expectStatus(await shopper.send(`POST ${main}/codes`, { body }), 200);
    expect(entered).toMatchObject({
      conditions: [{ name: "Sale", type: "discount", value: "-10%", code }],
      subtotalMinor: 2_000,
      totalMinor: 1_800,
    });
    expect(await shopper.cart()).toEqual(entered);
    const order = await shopper.mustOrder();
    expect(order).toMatchObject({
      totalMinor: 1_800,
      adjustments: [{ code, amountMinor: -200, shares: [-200] }],
    });
    await shop.pay(shopper, order);
    const itemId = await shop.item();
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    expect(await shopper.send(`POST ${main}/codes`, { body })).toMatchObject({
      status: 409,
      body: { code: "CODE_NOT_ACCEPTED", reason: "used_by_you", promotionCode: code },
    });
    await put(code, { maxUsesPerShopper: 2 });
    expectStatus(await shopper.send(`POST ${main}/codes`, { body }), 200);
    expect((await shopper.mustOrder()).totalMinor).toBe(900);
  });

  it("sees a code that does not count any more, and is refused with the reason until it is taken back", async () => {
    const code = fresh("gone").toUpperCase();
    await put(code);
    const shopper = await withLine();
    expectStatus(await shopper.send(`POST ${main}/codes`, { body: { code } }), 200);
    await put(code, { maxUsesPerShopper: 1, value: "-50%" });
    expect(await shopper.cart()).toMatchObject({ totalMinor: 1_000 });
    await put(code, { minSubtotalMinor: 2_001 });
    expect(await shopper.cart()).toMatchObject({
      conditions: [{ code, refused: "minimum_not_reached" }],
      totalMinor: 2_000,
    });
    expect(await shopper.order()).toMatchObject({
      status: 409,
      body: { code: "CODE_NOT_ACCEPTED", reason: "minimum_not_reached" },
    });
    expectStatus(await shopper.send(`DELETE ${main}/codes/${code}`), 200);
    expect((await shopper.mustOrder()).totalMinor).toBe(2_000);
  });

  it("whose code got a limit of its own meanwhile still orders, at the price of now", async () => {
    const code = fresh("late").toUpperCase();
    await put(code);
    const shopper = await withLine();
    expectStatus(await shopper.send(`POST ${main}/codes`, { body: { code } }), 200);
    await put(code, { maxUsesPerShopper: 1, value: "-50%" });
    expect((await shopper.mustOrder()).totalMinor).toBe(1_000);
  });

  it("is charged what applies by itself, in a cart and without one, as it was shown", async () => {
    const code = fresh("vat").toUpperCase();
    const shopper = await withLine();
    await put(code, { name: "VAT", type: "tax", value: "+19%", automatic: true });
    const shown = await shopper.cart();
    expect(shown).toMatchObject({
      conditions: [{ name: "VAT", automatic: true, code }],
      totalMinor: 2_380,
    });
    expect(await shopper.order({ expectedTotalMinor: 2_380 })).toMatchObject({
      status: 201,
      cost: { requests: 2 },
    });
    expectStatus(await shop.admin.send(`DELETE /promotions/${code}`), 200);
  });

  it("who has a cart already is told when a code in it has changed what it comes to", async () => {
    const code = fresh("tag").toUpperCase();
    await put(code, {});
    const shopper = shop.shopper();
    await shopper.putInCart([{ itemId: await shop.item(), quantity: 1 }]);
    expectStatus(await shopper.send(`POST ${main}/codes`, { body: { code } }), 200);
    const before = await shopper.send(`GET ${main}`);
    expectStatus(await shop.admin.send(`DELETE /promotions/${code}`), 200);
    const headers = { "if-none-match": before.headers.get("etag")! };
    const after = await shopper.send(`GET ${main}`, { headers });
    expect(after.status).toBe(200);
    expect(after.body.totalMinor).toBeGreaterThan(before.body.totalMinor);
  });

  it("is one of a hundred who want a code with three uses at once: three get it @long", async () => {
    const code = fresh("three").toUpperCase();
    await put(code, { maxUses: 3 });
    const itemId = await shop.item({ quantity: 1_000 });
    const shoppers = Array.from({ length: 100 }, () => shop.shopper());
    await Promise.all(
      shoppers.map(async (shopper) => {
        await shopper.putInCart([{ itemId, quantity: 1 }]);
        expectStatus(await shopper.send(`POST ${main}/codes`, { body: { code } }), 200);
      }),
    );
    const answers = await Promise.all(
      shoppers.map(async (shopper) => {
        // Whoever only met others tries again.
        for (;;) {
          const answer = await shopper.order();
          if (answer.status !== 503) return answer;
        }
      }),
    );
    const placed = answers.filter(({ status }) => status === 201);
    expect(placed).toHaveLength(3);
    expect(placed.map(({ body }) => body.totalMinor)).toEqual([900, 900, 900]);
    const others = answers.filter(({ status }) => status !== 201);
    expect(new Set(others.map(({ body }) => `${body["code"]} ${body["reason"]}`))).toEqual(
      new Set(["CODE_NOT_ACCEPTED used_up"]),
    );
    expect(await shop.admin.send(`GET /promotions/${code}`)).toMatchObject({
      body: { uses: { left: 0, held: 3, used: 0 } },
    });
  }, 3_000_000);
});
