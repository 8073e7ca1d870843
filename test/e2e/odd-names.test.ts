/** Names that trip programs up: of JavaScript's own, of other scripts, full of separators; from shelf to sale. */
import { describe, expect, it } from "vitest";
import { effort } from "../support/effort.ts";
import { expectStatus, fresh } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { shop } = await openShopForFile();

const names = [
  "__proto__",
  "constructor",
  "toString",
  " ",
  "a:b/c%2Fd#e?f&g=h+i",
  "line:main:x",
  "\u00e9 as one, e\u0301 as two",
  "\u05e9\u05dc\u05d5\u05dd \u202e\u0645\u0631\u062d\u0628\u0627",
  "\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud83c\udff4\u200d\u2620\ufe0f",
  "\u200b\ufeff",
  "\u6f22".repeat(128),
  "'; DROP TABLE stock; --",
];

describe.each(names.slice(0, effort({ part: 5, all: names.length })))(
  "an item called %j",
  (itemId) => {
    it("is made, put in a cart, ordered, paid and found again", async () => {
      await shop.item({ itemId, quantity: 5, kind: itemId.slice(0, 60) });
      const shopper = shop.shopper(fresh(itemId.slice(0, 60)));
      await shopper.putInCart([{ itemId, quantity: 2 }]);
      const line = `/carts/me/default/main/items/${encodeURIComponent(itemId)}`;
      expectStatus(await shopper.send(`PATCH ${line}`, { body: { quantity: 3 } }), 200);
      const order = await shopper.mustOrder({}, "key");
      expect(order.lines).toMatchObject([{ itemId, quantity: 3 }]);
      expect(await shop.levels(itemId)).toEqual({ available: 2, held: 3, sold: 0 });
      await shop.pay(shopper, order);
      expect(await shop.levels(itemId)).toEqual({ available: 2, held: 0, sold: 3 });
      expect((await shopper.cart()).items).toEqual([]);
      expect((await shopper.order({}, "key")).body.orderId).toBe(order.orderId);
    });

    it("names visits, discounts, notes and keys just as well", async () => {
      const shopper = shop.shopper();
      const item = await shop.item();
      const sessionId = itemId;
      const cart = `/carts/me/${encodeURIComponent(sessionId)}/main`;
      expectStatus(
        await shopper.send(`POST ${cart}/items`, { body: { itemId: item, quantity: 1 } }),
        200,
      );
      const name = encodeURIComponent(itemId.slice(0, 64));
      const discount = { type: itemId.slice(0, 60), target: "total", value: "-10%" };
      const address = `${encodeURIComponent(shopper.userId)}/${encodeURIComponent(sessionId)}`;
      const put = await shop.admin.send(`PUT /carts/${address}/main/conditions/${name}`, {
        body: discount,
      });
      const noted = await shopper.send(`PUT ${cart}/metadata/${name}`, {
        body: { [`x${itemId}`]: 1 },
      });
      expect([200, 400]).toContain(put.status);
      expect([200, 400]).toContain(noted.status);
      const seen = expectStatus(await shopper.send(`GET ${cart}`), 200);
      expect(seen.totalMinor).toBe(put.status === 200 ? 900 : 1_000);
      expect(Object.keys(seen.metadata)).toHaveLength(noted.status === 200 ? 1 : 0);
      const order = await shopper.mustOrder({ sessionId });
      expect(order.totalMinor).toBe(seen.totalMinor);
      await shop.pay(shopper, order);
      expect((await shopper.send(`GET ${cart}`)).body.items).toEqual([]);
    });
  },
);

describe("users whose names look alike", () => {
  it("have carts and keys of their own @long", async () => {
    const itemId = await shop.item({ quantity: 100 });
    const alike = ["a/b", "a", "a%2Fb", "A/b", "a/b ", "a\u0301/b", "\u00e1/b"];
    const sessions = ["c", "b/c", "c", "c", "c", "c", "c"];
    const orders = await Promise.all(
      alike.map(async (userId, index) => {
        const shopper = shop.shopper(userId);
        const sessionId = sessions[index]!;
        const path = `/carts/me/${encodeURIComponent(sessionId)}/main/items`;
        const body = { itemId, quantity: index + 1 };
        expectStatus(await shopper.send(`POST ${path}`, { body }), 200);
        return shopper.mustOrder({ sessionId }, "same key");
      }),
    );
    expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(alike.length);
    expect(orders.map(({ lines }) => lines[0]!.quantity)).toEqual(
      alike.map((_, index) => index + 1),
    );
  });

  it("`me` is a word of the path and not somebody's name", async () => {
    const [me, other] = [shop.shopper("me"), shop.shopper()];
    const itemId = await shop.item();
    await me.putInCart([{ itemId, quantity: 1 }]);
    await other.putInCart([{ itemId, quantity: 2 }]);
    expect((await me.cart()).count).toBe(1);
    expect((await other.cart()).count).toBe(2);
    expect((await me.mustOrder()).userId).toBe("me");
    expect((await other.mustOrder()).userId).toBe(other.userId);
  });
});
