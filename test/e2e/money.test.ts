/** Money through the sandbox's signed webhook: repeated, late, contradictory, wrong; and what it does to stock and cart. */
import { describe, expect, it } from "vitest";
import { readBooks } from "../support/books.ts";
import { byStatus } from "../support/http.ts";
import { expectStatus, type OrderView, type Shopper } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { server, shop } = await openShopForFile();

interface Paying {
  shopper: Shopper;
  itemId: string;
  order: OrderView;
}

/** A shopper with three units in a cart that is being paid. */
async function paying(quantity = 3): Promise<Paying> {
  const shopper = shop.shopper();
  const itemId = await shop.item();
  await shopper.putInCart([{ itemId, quantity }]);
  const order = await shopper.mustOrder();
  await shopper.startPaying(order.orderId);
  return { shopper, itemId, order };
}

function statusOf({ shopper, order }: Paying): Promise<string> {
  return shopper.see(order.orderId).then(({ status }) => status);
}

function captured(order: OrderView, data?: Record<string, unknown>) {
  return shop.tell({ type: "payment.captured", order, ...(data ? { data } : {}) });
}

describe("starting to pay", () => {
  it("is safe to repeat: the same transaction, and never a shorter time", async () => {
    const { shopper, order } = await paying();
    const [one, other] = await Promise.all([
      shopper.startPaying(order.orderId),
      shopper.startPaying(order.orderId),
    ]);
    expect(other.transactionId).toBe(one.transactionId);
    const { expiresAtMs, payment } = await shopper.see(order.orderId);
    expect(expiresAtMs).toBe(Math.max(one.expiresAtMs, other.expiresAtMs));
    expect(payment).toMatchObject({ transactionId: one.transactionId });
  });

  it("is refused for an order that has ended, with its status", async () => {
    const { shopper, order } = await paying();
    await shopper.cancel(order.orderId);
    const body = { orderId: order.orderId };
    expect(await shopper.send("POST /payments/initiate", { body })).toMatchObject({
      status: 409,
      body: { code: "ORDER_NOT_PAYABLE", orderStatus: "cancelled" },
    });
  });
});

describe("a capture", () => {
  it("told fifty times at once sells once @long", async () => {
    const deal = await paying();
    const delivery = await shop.sign({ type: "payment.captured", order: deal.order });
    const answers = await Promise.all(Array.from({ length: 50 }, () => shop.deliver(delivery)));
    expect(byStatus(answers)).toEqual({ 200: 50 });
    expect(await statusOf(deal)).toBe("paid");
    expect(await shop.levels(deal.itemId)).toEqual({ available: 7, held: 0, sold: 3 });
  });

  it("that the sandbox delivers late and several times sells once", async () => {
    const deal = await paying();
    const more = { delayMs: 50, duplicates: 4 };
    const transactionId = `sbx_${deal.order.orderId}`;
    const told = await deal.shopper.payBySandbox(transactionId, "success", more);
    expect(byStatus(expectStatus(told, 200).deliveries)).toEqual({ 200: 5 });
    expect(await statusOf(deal)).toBe("paid");
    expect(await shop.levels(deal.itemId)).toEqual({ available: 7, held: 0, sold: 3 });
  });

  it("and a cancellation at the same instant: the money wins, and its units are sold @long", async () => {
    for (let round = 0; round < 4; round += 1) {
      const deal = await paying();
      const [told, cancelled] = await Promise.all([
        captured(deal.order),
        deal.shopper.cancel(deal.order.orderId),
      ]);
      expect(told.status).toBe(200);
      expect([200, 409]).toContain(cancelled.status);
      expect(await statusOf(deal)).toBe("paid");
      expect(await shop.levels(deal.itemId)).toEqual({ available: 7, held: 0, sold: 3 });
    }
  });

  it("and a failure, in any order: the money wins @long", async () => {
    const [first, second, both] = [await paying(), await paying(), await paying()];
    const failed = ({ order }: Paying) => shop.tell({ type: "payment.failed", order });
    expectStatus(await captured(first.order), 200);
    expectStatus(await failed(first), 200);
    expectStatus(await failed(second), 200);
    expect(await statusOf(second)).toBe("failed");
    expectStatus(await captured(second.order), 200);
    await Promise.all([captured(both.order), failed(both)]);
    for (const each of [first, second, both]) {
      expect(await statusOf(each)).toBe("paid");
      expect(await shop.levels(each.itemId)).toEqual({ available: 7, held: 0, sold: 3 });
      expect(await each.shopper.cart()).toMatchObject({ count: 0 });
    }
  });

  it.each([
    ["amount", { amountMinor: 2_999 }],
    ["currency", { currency: "USD" }],
  ])("of another %s buys nothing and is owed back", async (_, data) => {
    const deal = await paying();
    expectStatus(await captured(deal.order, data), 200);
    const order = await deal.shopper.see(deal.order.orderId);
    // Due until the next sweep.
    expect(["refund_due", "refunded"]).toContain(order.status);
    const amountMinor = "amountMinor" in data ? data.amountMinor : order.totalMinor;
    expect(order.payment).toMatchObject({ refunds: [{ amountMinor }] });
    expect(await shop.levels(deal.itemId)).toEqual({ available: 10, held: 0, sold: 0 });
    expect((await deal.shopper.add({ itemId: deal.itemId, quantity: 1 })).status).toBe(200);
  });

  it("of a second payment for a paid order is paid back, and the order stays paid @long", async () => {
    const deal = await paying();
    expectStatus(await captured(deal.order), 200);
    expectStatus(await captured(deal.order, { paymentId: "another-card" }), 200);
    expectStatus(await captured(deal.order, { paymentId: "another-card" }), 200);
    await shop.sweep();
    expect(await statusOf(deal)).toBe("paid");
    expect(await shop.levels(deal.itemId)).toEqual({ available: 7, held: 0, sold: 3 });
    const { orders } = await readBooks(server);
    const extra = orders.find(({ orderId }) => orderId === deal.order.orderId)?.payment?.refunds;
    expect(Object.values(extra ?? {})).toMatchObject([
      { of: { paymentId: "another-card" }, status: "done", amountMinor: 3_000 },
    ]);
  });
});

describe("a failure", () => {
  it("ends the order: units and cart are free again", async () => {
    const deal = await paying();
    expect((await deal.shopper.payBySandbox(`sbx_${deal.order.orderId}`, "failure")).status).toBe(
      200,
    );
    expect(await statusOf(deal)).toBe("failed");
    expect(await shop.levels(deal.itemId)).toEqual({ available: 10, held: 0, sold: 0 });
    expect(await deal.shopper.cart()).toMatchObject({ count: 3 });
    const again = await deal.shopper.mustOrder();
    expect(again.orderId).not.toBe(deal.order.orderId);
  });
});

describe("money after the order has ended", () => {
  it("takes the units again when they are there, and empties the cart that is still as ordered", async () => {
    const deal = await paying();
    await deal.shopper.cancel(deal.order.orderId);
    expectStatus(await captured(deal.order), 200);
    expect(await statusOf(deal)).toBe("paid");
    expect(await shop.levels(deal.itemId)).toEqual({ available: 7, held: 0, sold: 3 });
    expect(await deal.shopper.cart()).toMatchObject({ count: 0 });
  });

  it("leaves a cart alone that was edited since", async () => {
    const deal = await paying();
    await deal.shopper.cancel(deal.order.orderId);
    await deal.shopper.putInCart([{ itemId: deal.itemId, quantity: 1 }]);
    expectStatus(await captured(deal.order), 200);
    expect(await statusOf(deal)).toBe("paid");
    expect(await deal.shopper.cart()).toMatchObject({ count: 4 });
  });

  it("does not touch the cart while another order of it is being paid", async () => {
    const deal = await paying();
    await deal.shopper.cancel(deal.order.orderId);
    const second = await deal.shopper.mustOrder();
    expectStatus(await captured(deal.order), 200);
    expect(await statusOf(deal)).toBe("paid");
    expect((await deal.shopper.add({ itemId: deal.itemId, quantity: 1 })).status).toBe(423);
    expect(await deal.shopper.cart()).toMatchObject({ count: 3 });
    await shop.pay(deal.shopper, second);
    expect(await shop.levels(deal.itemId)).toEqual({ available: 4, held: 0, sold: 6 });
    expect(await deal.shopper.cart()).toMatchObject({ count: 0 });
  });

  it("is refunded exactly once when a line is gone, however often it is told and swept @long", async () => {
    const deal = await paying();
    await deal.shopper.cancel(deal.order.orderId);
    await shop.shopper().mustOrder({ items: [{ itemId: deal.itemId, quantity: 8 }] });
    await Promise.all(Array.from({ length: 5 }, () => captured(deal.order)));
    expect(["refund_due", "refunded"]).toContain(await statusOf(deal));
    await Promise.all(Array.from({ length: 4 }, () => shop.sweep()));
    const refunded = await deal.shopper.see(deal.order.orderId);
    expect(refunded).toMatchObject({
      status: "refunded",
      payment: { capturedMinor: 3_000, refunds: [{ status: "done", amountMinor: 3_000 }] },
    });
    await captured(deal.order);
    await shop.sweep();
    expect(await deal.shopper.see(deal.order.orderId)).toEqual(refunded);
    expect(await shop.levels(deal.itemId)).toEqual({ available: 2, held: 8, sold: 0 });
  });
});

describe("a refund by an administrator", () => {
  it("brings units and money back once", async () => {
    const deal = await paying();
    expectStatus(await captured(deal.order), 200);
    const refund = () =>
      shop.admin.send(`POST /payments/${deal.order.orderId}/refund`, { body: { reason: "torn" } });
    const answers = await Promise.all([refund(), refund()]);
    expect(byStatus(answers)).toEqual({ 200: 2 });
    expect(await statusOf(deal)).toBe("refunded");
    expect(await shop.levels(deal.itemId)).toEqual({ available: 10, held: 0, sold: 0 });
    const pending = await paying();
    const tooEarly = `POST /payments/${pending.order.orderId}/refund`;
    expect(await shop.admin.send(tooEarly, { body: { reason: "no" } })).toMatchObject({
      status: 409,
      body: { code: "ORDER_NOT_PAYABLE", orderStatus: "pending" },
    });
  });
});

describe("a genuine event", () => {
  it("of a type that nobody knows, or about no order of ours, is taken and changes nothing", async () => {
    const deal = await paying();
    const odd = [
      await shop.sign({ type: "payment.blessed" as never, order: deal.order }),
      await shop.sign({ type: "payment.captured", order: { ...deal.order, orderId: "ord_none" } }),
      await shop.sign({ type: "payment.captured", order: { ...deal.order, orderId: "__proto__" } }),
      await shop.sign({
        type: "payment.captured",
        order: deal.order,
        data: { amountMinor: "3000" },
      }),
    ];
    for (const delivery of odd) {
      expect(await shop.deliver(delivery)).toMatchObject({ status: 200, body: { received: true } });
      expect((await shop.deliver(delivery)).status).toBe(200);
    }
    expect(await statusOf(deal)).toBe("pending");
  });
});
