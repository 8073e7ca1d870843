/** Many at once, over HTTP: the last units, an exclusive item, one key fifty times, carts that cross. */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { readBooks } from "../support/books.ts";
import { effort } from "../support/effort.ts";
import { type Answer, byStatus } from "../support/http.ts";
import { fresh } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const shoppers = effort({ part: 100, all: 1_000 });
const units = shoppers / 10;

const { server, shop } = await openShopForFile({ maxWorkers: 4 });

beforeAll(async () => {
  // The workers that a crowd needs are there before it comes.
  const itemId = await shop.item();
  await Promise.all(Array.from({ length: 8 }, () => orderOne(itemId)));
});

function orderOne(itemId: string): Promise<Answer> {
  return shop.shopper().order({ items: [{ itemId, quantity: 1 }] });
}

/** Looks at an item's row again and again, past the crowd's queue, and hands back all that it saw. */
function watch(itemId: string) {
  const seen: { available: number; held: number; sold: number }[] = [];
  const over = new AbortController();
  async function look(): Promise<void> {
    while (!over.signal.aborted) {
      const { stock } = await readBooks(server);
      const { available, sold, held } = stock.find((item) => item.itemId === itemId)!;
      seen.push({ available, held, sold });
      await sleep(50);
    }
  }
  const looking = look();
  return {
    async stop() {
      over.abort();
      await looking;
      return seen;
    },
  };
}

async function crowd(itemId: string, number: number): Promise<Answer[]> {
  // Tokens are made beforehand, so that the requests really come at once.
  const people = Array.from({ length: number }, () => fresh("crowd"));
  const tokens = await Promise.all(people.map((userId) => server.token(userId)));
  const body = { items: [{ itemId, quantity: 1 }], paymentMethod: "sandbox" };
  return Promise.all(
    tokens.map((token) => {
      const headers = { authorization: `Bearer ${token}`, "idempotency-key": "once" };
      return shop.nobody.send("POST /order/me", { body, headers });
    }),
  );
}

describe(`${shoppers} shoppers at once`, () => {
  it("get exactly the units that there are, and no unit is ever missing", async () => {
    const itemId = await shop.item({ quantity: units });
    const watching = watch(itemId);
    const answers = await crowd(itemId, shoppers);
    const seen = [...(await watching.stop()), await shop.levels(itemId)];

    expect(byStatus(answers)).toEqual({ 201: units, 409: shoppers - units });
    const codes = answers.filter(({ status }) => status === 409).map(({ body }) => body.code);
    expect(new Set(codes)).toEqual(new Set(["ITEMS_UNAVAILABLE"]));
    const orders = answers.flatMap(({ body }) => body.orderId ?? []);
    expect(new Set(orders).size).toBe(units);

    expect(seen.length).toBeGreaterThan(5);
    for (const levels of seen) {
      expect({ ...levels, all: levels.available + levels.held + levels.sold }).toMatchObject({
        all: units,
      });
      expect(levels.available).toBeGreaterThanOrEqual(0);
    }
    // It was looked at while they came, not only before and after.
    expect(seen.some(({ held }) => held > 0 && held < units)).toBe(true);
    expect(seen.at(-1)).toEqual({ available: 0, held: units, sold: 0 });
  });

  it("get one order of an exclusive item @long", async () => {
    const itemId = await shop.item({ quantity: units, holdPolicy: "exclusive" });
    const answers = await crowd(itemId, shoppers);
    expect(byStatus(answers)).toEqual({ 201: 1, 409: shoppers - 1 });
    const details = answers.filter(({ status }) => status === 409).map(({ body }) => body.detail);
    expect(new Set(details)).toEqual(
      new Set(["Item is currently being processed by another user"]),
    );
    expect(await shop.levels(itemId)).toEqual({ available: units - 1, held: 1, sold: 0 });
  });
});

describe("one idempotency key, fifty requests at once", () => {
  it("makes one order and fifty equal answers, from inline items @long", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item({ quantity: 100 });
    const key = fresh("key");
    const items = [{ itemId, quantity: 2 }];
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => shopper.order({ items }, key)),
    );
    expect(byStatus(answers)).toEqual({ 201: 1, 200: 49 });
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await shop.levels(itemId)).toEqual({ available: 98, held: 2, sold: 0 });
  });

  it("makes one order and fifty equal answers, from a cart @long", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item({ quantity: 100 });
    await shopper.putInCart([{ itemId, quantity: 3 }]);
    const key = fresh("key");
    const answers = await Promise.all(Array.from({ length: 50 }, () => shopper.order({}, key)));
    expect(byStatus(answers)).toEqual({ 201: 1, 200: 49 });
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await shop.levels(itemId)).toEqual({ available: 97, held: 3, sold: 0 });
  });
});

describe("one idempotency key for two different orders at once", () => {
  it("places one of them; whoever wanted the other is told so @long", async () => {
    for (let round = 0; round < 3; round += 1) {
      const shopper = shop.shopper();
      const [a, b] = [await shop.item(), await shop.item()];
      const key = fresh("key");
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, number) =>
          shopper.order({ items: [{ itemId: number % 2 === 0 ? a : b, quantity: 1 }] }, key),
        ),
      );
      expect(byStatus(answers)).toEqual({ 200: 5, 201: 1, 422: 6 });
      const held = await Promise.all([a, b].map(async (id) => (await shop.levels(id)).held));
      expect(held.toSorted()).toEqual([0, 1]);
    }
  });
});

describe("two carts for the last unit of two items", () => {
  it("end with one order or the other, never with half of each @long", async () => {
    for (let round = 0; round < 8; round += 1) {
      const [a, b] = await Promise.all([shop.item({ quantity: 1 }), shop.item({ quantity: 1 })]);
      const [one, other] = [shop.shopper(), shop.shopper()];
      await Promise.all([
        one.putInCart([a, b].map((itemId) => ({ itemId, quantity: 1 }))),
        other.putInCart([b, a].map((itemId) => ({ itemId, quantity: 1 }))),
      ]);
      const answers = await Promise.all([one.order(), other.order()]);
      expect(byStatus(answers)).toEqual({ 201: 1, 409: 1 });
      for (const itemId of [a, b]) {
        expect(await shop.levels(itemId)).toEqual({ available: 0, held: 1, sold: 0 });
      }
      const loser = answers[0]!.status === 409 ? one : other;
      expect((await loser.send("GET /carts/me/default/lock")).body.isLocked).toBe(false);
    }
  });

  it("also when it comes to many carts and few units of several items @long", async () => {
    const items = await shop.items(4, { quantity: 5 });
    const answers = await Promise.all(
      Array.from({ length: 24 }, async (_, number) => {
        const shopper = shop.shopper();
        // Each starts at another item and goes round in one direction or the other.
        const turned = items.map((_id, index) => {
          const step = number % 2 === 0 ? index : -index;
          return items[(((number + step) % 4) + 4) % 4]!;
        });
        return shopper.order({ items: turned.map((itemId) => ({ itemId, quantity: 1 })) });
      }),
    );
    expect(byStatus(answers)).toEqual({ 201: 5, 409: 19 });
    for (const itemId of items) {
      expect(await shop.levels(itemId)).toEqual({ available: 0, held: 5, sold: 0 });
    }
  });
});

describe("one cart under many hands", () => {
  it("is ordered as it stood at one instant, whatever edits come at the same time @long", async () => {
    for (let round = 0; round < 5; round += 1) {
      const shopper = shop.shopper();
      const [a, b] = [await shop.item({ quantity: 50 }), await shop.item({ quantity: 50 })];
      await shopper.putInCart([{ itemId: a, quantity: 1 }]);
      const [order, ...edits] = await Promise.all([
        shopper.order(),
        shopper.add({ itemId: a, quantity: 1 }),
        shopper.add({ itemId: b, quantity: 1 }),
        shopper.send(`PATCH /carts/me/default/main/items/${a}`, { body: { quantity: 5 } }),
      ]);
      expect(order!.status).toBe(201);
      for (const { status } of edits) expect([200, 423]).toContain(status);
      // What is ordered is what the frozen cart shows, and what is held.
      const cart = await shopper.cart();
      const shown = (lines: readonly { itemId: string; quantity: number }[]) =>
        lines.map(({ itemId, quantity }) => `${itemId} ${quantity}`).toSorted();
      expect(shown(order!.body.lines)).toEqual(shown(cart.items));
      expect(order!.body.totalMinor).toBe(cart.totalMinor);
      for (const { itemId, quantity } of cart.items) {
        expect(await shop.levels(itemId)).toMatchObject({ held: quantity });
      }
    }
  });
});
