/** The main job through the front door: items, carts, an order, its payment, its sale. */
import { describe, expect, it, test } from "vitest";
import { expectStatus, fresh } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";
import { smoke } from "../support/smoke.ts";

const cartLocked =
  "Cart is currently being processed. Please wait for your payment to complete before adding more items.";

const { server, shop, soldByHand } = await openShopForFile();

describe("items", () => {
  it("are created once, read and listed by anybody, and changed by administrators", async () => {
    const itemId = fresh("mug");
    const price = { amountMinor: 900, currency: "EUR" };
    const mug = { itemId, name: "Mug", kind: "Retail", vendorId: "potter", price, quantity: 12 };
    const created = await shop.admin.send("POST /items", { body: mug });
    const levels = { available: 12, held: 0, sold: 0, received: 12, adjusted: 0 };
    const { quantity: _, ...described } = mug;
    const view = { ...described, holdPolicy: "counted", ...levels };
    expect(created).toMatchObject({ status: 201, body: view });
    expect(await shop.admin.send("POST /items", { body: { ...mug, quantity: 5 } })).toMatchObject({
      status: 409,
      body: { code: "ITEM_EXISTS", status: 409, itemId },
    });
    expect((await shop.nobody.send(`GET /items/${itemId}`)).body).toEqual(view);

    const dearer = { price: { amountMinor: 1_100, currency: "EUR" }, holdPolicy: "exclusive" };
    const changed = await shop.admin.send(`PATCH /items/${itemId}`, { body: dearer });
    expect(changed).toMatchObject({ status: 200, body: { ...view, ...dearer } });
    expect(await shop.nobody.send(`GET /items/no-such-item`)).toMatchObject({
      status: 404,
      body: { code: "ITEM_NOT_FOUND", status: 404 },
    });
  });

  it("are listed page by page, each exactly once @long", async () => {
    const made = await shop.items(5);
    const seen: string[] = [];
    let cursor = "";
    do {
      const route = `GET /items?limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
      const page = expectStatus(await shop.nobody.send(route), 200);
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map(({ itemId }: { itemId: string }) => itemId));
      cursor = page.cursor ?? "";
    } while (cursor !== "");
    expect(seen).toEqual([...new Set(seen)].toSorted());
    expect(seen).toEqual(expect.arrayContaining(made));
  });

  it("have a ledger that adds up", async () => {
    const itemId = await shop.item({ quantity: 3 });
    soldByHand.push(itemId);
    const move = (how: string, body: unknown) =>
      shop.admin.send(`POST /inventory/${itemId}/${how}`, { body });
    expectStatus(await move("adjust", { delta: 2, reason: "found", reference: "count-1" }), 200);
    expectStatus(await move("decrement", { quantity: 4, reference: "till-1" }), 200);
    expectStatus(await move("decrement", { quantity: 4, reference: "till-1" }), 200);
    expectStatus(await move("increment", { quantity: 1, reference: "return-1" }), 200);
    expect(await move("decrement", { quantity: 3, reference: "till-2" })).toMatchObject({
      status: 409,
      body: { code: "INSUFFICIENT_STOCK", available: 2 },
    });
    expect(await shop.levels(itemId)).toEqual({ available: 2, held: 0, sold: 3 });
    const ledger = await shop.admin.send(`GET /inventory/${itemId}/movements`);
    const kinds = ledger.body.movements.map(({ kind }: { kind: string }) => kind);
    expect(kinds.toSorted()).toEqual(["adjusted", "received", "returned", "sold"]);
  });
});

describe("from cart to sale", () => {
  it("holds what is ordered, freezes every cart of the session, and sells when it is paid", async () => {
    const alice = shop.shopper();
    const ticket = await shop.item({ quantity: 3, amountMinor: 4_500, kind: "Ticket" });
    const soup = await shop.item({ quantity: 9, amountMinor: 650, kind: "Menu" });
    const scarf = await shop.item();
    await alice.putInCart([{ itemId: ticket, quantity: 2 }], { instance: "ticket" });
    await alice.putInCart([{ itemId: soup, quantity: 1 }], { instance: "menu" });
    await alice.putInCart([{ itemId: soup, quantity: 4 }], { sessionId: "phone" });

    const order = await alice.mustOrder({ instances: ["ticket"] }, "my-key");
    expect(order).toMatchObject({
      userId: alice.userId,
      status: "pending",
      totalMinor: 9_000,
      currency: "EUR",
      lines: [{ itemId: ticket, quantity: 2, unitPriceMinor: 4_500, lineTotalMinor: 9_000 }],
    });
    expect(await shop.levels(ticket)).toEqual({ available: 1, held: 2, sold: 0 });
    expect(await shop.levels(soup)).toEqual({ available: 9, held: 0, sold: 0 });

    // Every instance of this session is frozen, the other session is not.
    for (const instance of ["ticket", "menu", "brand-new"]) {
      const refused = await alice.add({ itemId: scarf, quantity: 1 }, { instance });
      expect(refused).toMatchObject({
        status: 423,
        body: {
          code: "CART_LOCKED",
          detail: cartLocked,
          error: cartLocked,
          orderId: order.orderId,
          lockedUntilMs: order.expiresAtMs,
        },
      });
      const leftSeconds = (order.expiresAtMs - Date.now()) / 1000;
      const retryAfter = Number(refused.headers.get("retry-after"));
      expect(Math.abs(retryAfter - Math.ceil(leftSeconds))).toBeLessThanOrEqual(1);
    }
    expect((await alice.add({ itemId: scarf, quantity: 1 }, { sessionId: "phone" })).status).toBe(
      200,
    );

    const started = await alice.startPaying(order.orderId);
    expect(started.expiresAtMs).toBeGreaterThan(order.expiresAtMs);
    const lock = await alice.send("GET /carts/me/default/lock");
    expect(lock.body).toMatchObject({
      isLocked: true,
      lock: {
        orderId: order.orderId,
        transactionId: started.transactionId,
        expiresAtMs: started.expiresAtMs,
      },
    });
    const paid = await alice.payBySandbox(started.transactionId, "success");
    expect(paid).toMatchObject({ status: 200, body: { deliveries: [{ status: 200 }] } });

    expect(await alice.see(order.orderId)).toMatchObject({
      status: "paid",
      payment: { capturedMinor: 9_000, transactionId: started.transactionId },
    });
    expect(await shop.levels(ticket)).toEqual({ available: 1, held: 0, sold: 2 });
    expect(await alice.send("GET /carts/me/default/lock")).toMatchObject({
      body: { isLocked: false, lock: null },
    });
    // What was bought is gone, what was not is still there.
    expect(await alice.cart({ instance: "ticket" })).toMatchObject({ items: [], count: 0 });
    expect(await alice.cart({ instance: "menu" })).toMatchObject({ count: 1, totalMinor: 650 });
    expect((await alice.add({ itemId: scarf, quantity: 1 })).status).toBe(200);
  });

  it("answers a repeated key with its order long after the cart was emptied", async () => {
    const bob = shop.shopper();
    const itemId = await shop.item();
    await bob.putInCart([{ itemId, quantity: 3 }]);
    const order = await bob.mustOrder({}, "pay-day");
    await shop.pay(bob, order);
    const again = await bob.order({}, "pay-day");
    expect(again.status).toBe(200);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.body).toMatchObject({ orderId: order.orderId, status: "paid", totalMinor: 3_000 });
    expect(await shop.levels(itemId)).toEqual({ available: 7, held: 0, sold: 3 });
    // And when the cart has been filled anew.
    await bob.putInCart([{ itemId, quantity: 1 }]);
    expect((await bob.order({}, "pay-day")).body.orderId).toBe(order.orderId);
    expect((await bob.mustOrder({}, "next-day")).orderId).not.toBe(order.orderId);
  });

  it("sells inline items without a cart", async () => {
    const carol = shop.shopper();
    const itemId = await shop.item({ quantity: 5 });
    const order = await carol.mustOrder({ items: [{ itemId, quantity: 5, kind: "Retail" }] });
    expect(await shop.levels(itemId)).toEqual({ available: 0, held: 5, sold: 0 });
    await shop.pay(carol, order);
    expect(await shop.levels(itemId)).toEqual({ available: 0, held: 0, sold: 5 });
  });

  it("lists a shopper's own orders, newest first, by status", async () => {
    const dave = shop.shopper();
    const itemId = await shop.item();
    const placed: string[] = [];
    for (const quantity of [1, 2, 3]) {
      placed.unshift((await dave.mustOrder({ items: [{ itemId, quantity }] })).orderId);
    }
    await dave.cancel(placed[1]!);
    const idsOf = async (query: string): Promise<string[]> =>
      expectStatus(await dave.send(`GET /orders${query}`), 200).orders.map(
        ({ orderId }: { orderId: string }) => orderId,
      );
    expect(await idsOf("")).toEqual(placed);
    expect(await idsOf("?status=cancelled")).toEqual([placed[1]]);
    expect(await idsOf("?limit=2")).toEqual(placed.slice(0, 2));
  });
});

test(
  "the smoke test does all of it, says each step, and leaves nothing behind",
  { timeout: 240_000 },
  async () => {
    const { code, stdout, stderr } = await smoke(server.url);
    expect([code, stderr]).toEqual([0, ""]);
    const steps = ["health", "lock", "order", "payment", "event", "live", "refund", "alarm"];
    expect(stdout.match(/(?<=✓ )\w+/g)).toEqual(steps);
    const [, orderId] = /order: (\S+)/.exec(stdout)!;
    const order = expectStatus(await shop.admin.send(`GET /orders/${orderId}`), 200);
    expect(order).toMatchObject({ status: "refunded" });
    const { itemId } = order.lines[0];
    const item = expectStatus(await shop.admin.send(`GET /items/${itemId}`), 200);
    expect(item).toMatchObject({ held: 0, archived: true });
    const { body } = await shop.admin.send("GET /admin/locks?prefix=smoke");
    expect(JSON.stringify(body)).not.toContain("smoke/");
  },
);
