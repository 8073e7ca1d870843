/** Paying back in parts and by line, and saying what was sent, on the real engine: exact, counted, once. */
import { beforeAll, describe, expect, inject, it } from "vitest";
import { createFulfilmentService } from "../../../shared/orders/fulfilments/fulfilment-service.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { orderView } from "../../../shared/orders/order-view.ts";
import { listRefunds } from "../../../shared/payments/refunds/refund.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments, type Payments } from "../../support/payments.ts";
import {
  createWorld,
  errorOf,
  giveItem,
  metered,
  unitsOf,
  type World,
} from "../../support/world.ts";

let world: World;
let time: TestClock;
let money: Payments;

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  money = createPayments(world);
});

const actor = { id: "root" };
let serial = 0;

/** A paid order of three chairs and a table, 40.00 altogether, and the names of its items. */
async function paidOrder() {
  const name = (serial += 1);
  const [chair, table] = [`chair-${name}`, `table-${name}`];
  for (const itemId of [chair, table]) await giveItem(world, { itemId, quantity: 5 });
  const userId = `user-${name}`;
  const source = {
    kind: "items",
    items: [
      { itemId: chair, quantity: 3 },
      { itemId: table, quantity: 1 },
    ],
  } as const;
  const by = { userId, actor: { id: userId } };
  const { order } = await world.orders.place({ ...by, source, paymentMethod: "sandbox" });
  const { orderId } = order;
  const caller = { userId, isAdmin: false };
  await money.payments.initiate({ orderId, caller, actor: by.actor });
  await money.send(money.eventOf(order, "payment.captured"));
  const refund = (more: object = {}) =>
    money.payments.refund({ orderId, reason: "damaged", actor, ...more });
  const read = async (): Promise<Order> => (await findOrder(world.database, orderId))!;
  const levels = async (itemId: string) => {
    const stock = (await findStock(world.database, itemId))!;
    expect(unitsOf(stock)).toBe(stock.received);
    return { available: stock.available, sold: stock.sold };
  };
  const line = (itemId: string, quantity: number, restock = true) => {
    return { lineId: itemId, quantity, restock };
  };
  return { orderId, chair, table, refund, read, levels, line };
}

describe("a part of the money", () => {
  it("costs two requests, repeated one, and leaves the order paid with all of its units", async () => {
    const { refund, levels, chair, read } = await paidOrder();
    const wish = { amountMinor: 1_500, reference: "goodwill" };
    const { result, meter } = await metered(() => refund(wish));
    expect(meter.requests).toBe(2);
    expect(result).toMatchObject({ status: "paid", payment: { refundableMinor: 2_500 } });
    expect(listRefunds(result)).toMatchObject([{ amountMinor: 1_500, status: "done" }]);
    const again = await metered(() => refund(wish));
    expect(again.meter).toMatchObject({ requests: 1 });
    expect(again.result).toEqual(await read());
    expect(await levels(chair)).toEqual({ available: 2, sold: 3 });
    expect((await errorOf(refund({ ...wish, amountMinor: 1 })))["code"]).toBe(
      "IDEMPOTENCY_KEY_REUSED",
    );
  });

  it("is never more than is left: of two at once that are too much together one is refused", async () => {
    const { refund, read } = await paidOrder();
    const both = await Promise.allSettled([
      refund({ amountMinor: 2_500, reference: "a" }),
      refund({ amountMinor: 2_500, reference: "b" }),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const refused = both.find((each) => each.status === "rejected") as PromiseRejectedResult;
    expect(refused.reason).toMatchObject({
      code: "REFUND_EXCEEDED",
      fields: { refundableMinor: 1_500, requestedMinor: 2_500 },
    });
    await Promise.all(
      [1, 2, 3].map((index) => refund({ amountMinor: 500, reference: `${index}` })),
    );
    expect(await read()).toMatchObject({ status: "refunded", payment: { refundableMinor: 0 } });
    expect((await errorOf(refund({ amountMinor: 1 })))["code"]).toBe("REFUND_EXCEEDED");
  });

  it("and then all of it: only the rest goes back", async () => {
    const { refund, levels, chair } = await paidOrder();
    await refund({ amountMinor: 1_000 });
    const done = await refund();
    expect(done.status).toBe("refunded");
    expect(new Set(listRefunds(done).map(({ amountMinor }) => amountMinor))).toEqual(
      new Set([1_000, 3_000]),
    );
    expect(await levels(chair)).toEqual({ available: 5, sold: 0 });
  });
});

describe("lines that come back", () => {
  it("are paid back what they cost, and go into stock or not, in one transaction", async () => {
    const { refund, levels, line, chair, table } = await paidOrder();
    const lines = [line(chair, 1), line(chair, 1, false), line(table, 1)];
    const { result, meter } = await metered(() => refund({ lines, reference: "r1" }));
    expect(meter.requests).toBe(3);
    expect(listRefunds(result)).toMatchObject([{ amountMinor: 3_000, status: "done", lines }]);
    expect(result.status).toBe("paid");
    expect(await levels(chair)).toEqual({ available: 3, sold: 2 });
    expect(await levels(table)).toEqual({ available: 5, sold: 0 });
    await refund({ lines, reference: "r1" });
    expect(await levels(chair)).toEqual({ available: 3, sold: 2 });
    const more = await errorOf(refund({ lines: [line(chair, 2)], reference: "r2" }));
    expect(more).toMatchObject({ code: "RETURN_EXCEEDED", fields: { returnable: 1 } });
    const unknown = await errorOf(refund({ lines: [line("sofa", 1)] }));
    expect(unknown["code"]).toBe("INVALID_REQUEST");
    const last = await refund({ lines: [line(chair, 1)] });
    expect(last).toMatchObject({ status: "refunded", payment: { refundableMinor: 0 } });
  });

  it("of two at once that are too many together one is refused", async () => {
    const { refund, levels, line, chair } = await paidOrder();
    const both = await Promise.allSettled(
      ["a", "b"].map((reference) => refund({ lines: [line(chair, 2)], reference })),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await levels(chair)).toEqual({ available: 4, sold: 1 });
  });

  it("can still come back when all of the money is back, for nothing", async () => {
    const { refund, levels, line, chair } = await paidOrder();
    await refund({ amountMinor: 4_000 });
    const done = await refund({ lines: [line(chair, 3)] });
    expect(done.status).toBe("refunded");
    expect(
      listRefunds(done)
        .map(({ amountMinor }) => amountMinor)
        .toSorted(),
    ).toEqual([0, 4_000]);
    expect(await levels(chair)).toEqual({ available: 5, sold: 0 });
  });

  it("of an order that was paid back as a whole are back already", async () => {
    const { refund, line, chair } = await paidOrder();
    await refund();
    const none = await errorOf(refund({ lines: [line(chair, 1)] }));
    expect(none).toMatchObject({ code: "RETURN_EXCEEDED", fields: { returnable: 0 } });
  });
});

describe("what was sent", () => {
  const send = (orderId: string, reference: string, lineId: string, quantity: number) =>
    createFulfilmentService(world.parts).add({
      orderId,
      reference,
      lines: [{ lineId, quantity }],
      tracking: JSON.stringify({ number: reference }),
      actor,
    });

  it("costs two requests, is said once, and never more than was bought and is not back @long", async () => {
    const { orderId, refund, line, chair, table, read } = await paidOrder();
    expect(orderView(await read()).fulfilmentStatus).toBe("unfulfilled");
    const { result, meter } = await metered(() => send(orderId, "p1", chair, 2));
    expect(meter.requests).toBe(2);
    expect(result.replayed).toBe(false);
    expect(orderView(result.order)).toMatchObject({
      fulfilmentStatus: "partial",
      fulfilments: [{ reference: "p1", tracking: { number: "p1" } }],
    });
    const again = await metered(() => send(orderId, "p1", chair, 2));
    expect(again.meter.requests).toBe(1);
    expect(again.result.replayed).toBe(true);
    expect((await errorOf(send(orderId, "p1", chair, 1)))["code"]).toBe("IDEMPOTENCY_KEY_REUSED");
    // The unit that is not sent yet is what comes back first.
    await refund({ lines: [line(chair, 1)] });
    expect(await errorOf(send(orderId, "p2", chair, 1))).toMatchObject({
      code: "FULFILMENT_EXCEEDED",
      fields: { fulfillable: 0 },
    });
    const both = await Promise.allSettled(
      ["p3", "p4"].map((reference) => send(orderId, reference, table, 1)),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(orderView(await read()).fulfilmentStatus).toBe("fulfilled");
    await refund();
    expect((await errorOf(send(orderId, "p5", table, 1)))["code"]).toBe("ORDER_NOT_PAYABLE");
  });
});
