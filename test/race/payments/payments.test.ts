/** Everything that can happen to an order at once: however it goes, no money and no unit is lost. */
import { beforeAll, expect, inject, it } from "vitest";
import type { Order } from "../../../shared/orders/order.ts";
import { liveBuckets } from "../../../shared/inventory/buckets.ts";
import { findStocks } from "../../../shared/inventory/stock-store.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { listRefunds } from "../../../shared/payments/refunds/refund.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments, type Payments } from "../../support/payments.ts";
import {
  createWorld,
  giveItem,
  paymentMs,
  unitsOf,
  wholeHoldMs,
  type World,
} from "../../support/world.ts";
import { effort } from "../../support/effort.ts";

let world: World;
let time: TestClock;
let money: Payments;
const sweeper = { id: "system:sweep" };

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  money = createPayments(world);
});

async function place(userId: string, itemIds: readonly string[]): Promise<Order> {
  const items = itemIds.map((itemId) => ({ itemId, quantity: 1 }));
  const source = { kind: "items", items } as const;
  const request = { userId, actor: { id: userId }, source, paymentMethod: "sandbox" } as const;
  return (await world.orders.place(request)).order;
}

/** A refusal is an answer; a fault is not. */
const answered = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error: { code?: string }) => {
    if (error.code === undefined || error.code === "TRY_AGAIN") throw error;
  });

const read = async ({ orderId }: Order) => (await findOrder(world.database, orderId))!;

async function begin(round: string): Promise<{ order: Order; itemIds: string[] }> {
  const itemIds = [`${round}-a`, `${round}-b`];
  await Promise.all(itemIds.map((itemId) => giveItem(world, { itemId, quantity: 1 })));
  const order = await place(`shopper-${round}`, itemIds);
  const caller = { userId: order.userId, isAdmin: false };
  await money.payments.initiate({ orderId: order.orderId, caller, actor: { id: order.userId } });
  return { order: await read(order), itemIds };
}

const rounds = Array.from({ length: effort({ part: 5, all: 12 }) }, (_, round) => round);

it.each(rounds)(
  "captured, failed, cancelled, expired and taken over at once (%i)",
  async (round) => {
    const { order, itemIds } = await begin(`r${round}`);
    const caller = { userId: order.userId, isAdmin: false };
    const actor = { id: order.userId };
    if (round % 2 === 1) time.advance(2 * paymentMs);
    const captured = money.eventOf(order, "payment.captured");
    const second = money.eventOf(order, "payment.captured", { paymentId: "second" });
    const failed = money.eventOf(order, "payment.failed");
    await Promise.all([
      ...Array.from({ length: 5 }, () => answered(money.send(captured, "m1"))),
      answered(money.send(second, "m2")),
      answered(money.send(failed, "m3")),
      answered(world.orders.cancel(order.orderId, caller, actor)),
      answered(world.orders.expire(order, sweeper)),
      answered(place(`rival-${round}`, [itemIds[0]!])),
      answered(money.payments.initiate({ orderId: order.orderId, caller, actor })),
    ]);
    time.advance(wholeHoldMs + 2 * paymentMs);
    await money.payments.retryRefunds(await read(order), sweeper);

    const final = await read(order);
    const refunds = [...money.counting.refunds.values()].filter(({ transactionId }) =>
      transactionId.endsWith(order.orderId),
    );
    const stocks = [...(await findStocks(world.database, itemIds)).values()];
    for (const stock of stocks) expect(unitsOf(stock)).toBe(stock.received);
    // Two payments were captured: one of them bought the order or both went back.
    expect(["paid", "refunded"]).toContain(final.status);
    expect(refunds).toHaveLength(final.status === "paid" ? 1 : 2);
    for (const stock of stocks) expect(liveBuckets(stock, time.clock())).toEqual([]);
    expect(final.dueAtMs).toBeUndefined();
    const soldToUs = final.status === "paid" ? 1 : 0;
    expect(stocks.find(({ itemId }) => itemId.endsWith("-b"))?.sold).toBe(soldToUs);
  },
);

it("fifty deliveries of one event at once: one effect, all acknowledged", async () => {
  const { order, itemIds } = await begin("fifty");
  const event = money.eventOf(order, "payment.captured");
  await Promise.all(Array.from({ length: 50 }, () => money.send(event, "m4")));
  expect(await read(order)).toMatchObject({ status: "paid", revision: 2 });
  const stocks = await findStocks(world.database, itemIds);
  expect([...stocks.values()].map(({ sold }) => sold)).toEqual([1, 1]);
});

it("several further payments at once: each is remembered, and goes back", async () => {
  const { order } = await begin("several");
  await money.send(money.eventOf(order, "payment.captured"));
  const payments = Array.from({ length: 8 }, (_, index) => `further-${index}`);
  const events = payments.map((paymentId) =>
    money.eventOf(order, "payment.captured", { paymentId }),
  );
  await Promise.all(events.map((event) => money.send(event)));
  const further = listRefunds(await read(order)).map(({ paymentId }) => paymentId);
  expect(further.toSorted()).toEqual(payments);
  await money.payments.retryRefunds(await read(order), sweeper);
  const settled = await read(order);
  expect(listRefunds(settled).every((refund) => refund.status === "done")).toBe(true);
  expect(settled.status).toBe("paid");
});
