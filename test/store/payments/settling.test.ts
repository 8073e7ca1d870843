/** What money does to orders, on the real engine: paid, failed, late, twice, wrong, or not at all. */
import { beforeAll, describe, expect, inject, it } from "vitest";
import { liveBuckets } from "../../../shared/inventory/buckets.ts";
import { bucketKey, deadlineAfter, gridStepMs } from "../../../shared/inventory/deadline.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import { findCart } from "../../../shared/carts/storage/cart-store.ts";
import { askAheadMs } from "../../../shared/orders/due-shards.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { listRefunds, refundReasons } from "../../../shared/payments/refunds/refund.ts";
import { inventoryService } from "../../../shared/shop.ts";
import { fillCart } from "../../support/carts.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments, type Payments } from "../../support/payments.ts";
import {
  createWorld,
  errorOf,
  giveItem,
  lateMoneyMs,
  maxHoldMs,
  metered,
  paymentMs,
  unitsOf,
  wholeHoldMs,
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

/** After so long every payment's time is over. */
const wholePaymentMs = paymentMs + gridStepMs(paymentMs);

let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;

async function place(itemIds: readonly string[], quantity = 1): Promise<Order> {
  const userId = unique("user");
  const items = itemIds.map((itemId) => ({ itemId, quantity }));
  const source = { kind: "items", items } as const;
  const actor = { id: userId };
  return (await world.orders.place({ userId, actor, source, paymentMethod: "sandbox" })).order;
}

async function item(quantity: number): Promise<string> {
  return (await giveItem(world, { itemId: unique("item"), quantity })).itemId;
}

const callerOf = ({ userId }: Order) => ({
  caller: { userId, isAdmin: false },
  actor: { id: userId },
});
const start = (order: Order) =>
  money.payments.initiate({ orderId: order.orderId, ...callerOf(order) });
const read = async ({ orderId }: Order) => (await findOrder(world.database, orderId))!;
const statusOf = async (order: Order) => (await read(order)).status;
const sweeper = { id: "system:sweep" };

async function levels(itemId: string) {
  const stock = (await findStock(world.database, itemId))!;
  expect(unitsOf(stock)).toBe(stock.received);
  return { available: stock.available, sold: stock.sold, held: stock.held };
}

describe("starting a payment", () => {
  it("costs two requests and extends order and holds to the payment's deadline", async () => {
    const itemId = await item(1);
    const order = await place([itemId]);
    const { result, meter } = await metered(() => start(order));
    expect(meter.requests).toBe(2);
    expect(result.expiresAtMs).toBe(deadlineAfter(time.clock(), paymentMs));
    const stored = await read(order);
    expect(stored).toMatchObject({
      expiresAtMs: result.expiresAtMs,
      dueAtMs: result.expiresAtMs - askAheadMs,
    });
    expect(stored.payment?.transactionId).toBe(result.transactionId);
    const stock = (await findStock(world.database, itemId))!;
    expect(liveBuckets(stock, time.clock())).toEqual([
      { key: bucketKey(result.expiresAtMs), endsAtMs: result.expiresAtMs, quantity: 1 },
    ]);
  });

  it("repeated it is the same transaction, and time altogether is bounded", async () => {
    const order = await place([await item(1)]);
    const first = await start(order);
    time.advance(paymentMs - 1);
    const second = await start(order);
    expect(second.transactionId).toBe(first.transactionId);
    for (let repetition = 0; repetition < 10; repetition += 1) {
      time.advance(paymentMs - 1);
      const started = await start(order).catch((error: Error) => error);
      if (started instanceof Error) break;
      expect(started.expiresAtMs).toBeLessThanOrEqual(order.createdAtMs + maxHoldMs);
    }
    expect((await errorOf(start(order)))["code"]).toBe("ORDER_NOT_PAYABLE");
  });

  it("an order whose time is over is not payable, and neither is somebody else's", async () => {
    const order = await place([await item(1)]);
    const other = { caller: { userId: "other", isAdmin: false }, actor: { id: "other" } };
    const { orderId } = order;
    const theirs = await errorOf(money.payments.initiate({ orderId, ...other }));
    expect(theirs["code"]).toBe("ORDER_NOT_FOUND");
    time.advance(wholeHoldMs);
    const late = await errorOf(start(order));
    expect(late).toMatchObject({ code: "ORDER_NOT_PAYABLE", fields: { orderStatus: "expired" } });
  });
});

describe("money in time", () => {
  it("pays the order in two requests; a repetition costs one", async () => {
    const itemId = await item(3);
    const order = await place([itemId], 2);
    await start(order);
    const event = money.eventOf(order, "payment.captured");
    const first = await metered(() => money.send(event, "m1"));
    expect(first.meter.requests).toBe(2);
    expect(await statusOf(order)).toBe("paid");
    expect(await levels(itemId)).toEqual({ available: 1, sold: 2, held: 0 });
    const second = await metered(() => money.send(event, "m1"));
    expect(second.meter).toMatchObject({ requests: 1, writeUnits: 0 });
    expect((await read(order)).dueAtMs).toBeUndefined();
  });

  it("twenty deliveries at once have one effect", async () => {
    const itemId = await item(5);
    const order = await place([itemId]);
    await start(order);
    const event = money.eventOf(order, "payment.captured");
    await Promise.all(Array.from({ length: 20 }, () => money.send(event, "m2")));
    expect(await levels(itemId)).toEqual({ available: 4, sold: 1, held: 0 });
    expect(listRefunds(await read(order))).toEqual([]);
  });

  it("an event of an order that is not ours is kept and acknowledged", async () => {
    const order = await place([await item(1)]);
    const foreign = money.eventOf({ ...order, orderId: "ord_unknown" }, "payment.captured");
    await money.send(foreign, "msg_1");
    await money.send(foreign, "msg_1");
    const { rows } = await money.payments.listEvents({ orderId: foreign.data.orderId, limit: 5 });
    expect(rows).toMatchObject([{ kind: "captured", type: "payment.captured", did: "nothing" }]);
  });

  it("an expired hold that nobody wanted still becomes the sale", async () => {
    const itemId = await item(1);
    const order = await place([itemId]);
    await start(order);
    time.advance(wholePaymentMs + 1);
    await money.send(money.eventOf(order, "payment.captured"));
    expect(await statusOf(order)).toBe("paid");
    expect(await levels(itemId)).toEqual({ available: 0, sold: 1, held: 0 });
  });
});

describe("money that failed", () => {
  it("ends the order and gives everything back", async () => {
    const itemId = await item(2);
    const order = await place([itemId], 2);
    await start(order);
    await money.send(money.eventOf(order, "payment.failed"));
    expect(await statusOf(order)).toBe("failed");
    expect(await levels(itemId)).toEqual({ available: 2, sold: 0, held: 0 });
  });

  it("leaves the order open where another card may be tried", async () => {
    const keeping = createPayments(world, { policy: "keep" });
    const itemId = await item(1);
    const order = await place([itemId]);
    await start(order);
    await keeping.send(keeping.eventOf(order, "payment.failed"));
    expect(await read(order)).toMatchObject({ status: "pending" });
    expect(await levels(itemId)).toEqual({ available: 0, sold: 0, held: 1 });
    await keeping.send(keeping.eventOf(order, "payment.captured"));
    expect(await statusOf(order)).toBe("paid");
  });
});

describe("late money", () => {
  it("takes the units again when they are there, also from expired holds of others", async () => {
    const itemId = await item(1);
    const order = await place([itemId]);
    await start(order);
    time.advance(wholePaymentMs);
    await world.orders.expire(await read(order), sweeper);
    const rival = await place([itemId]);
    time.advance(wholeHoldMs);
    await money.send(money.eventOf(order, "payment.captured"));
    expect(await statusOf(order)).toBe("paid");
    expect(await levels(itemId)).toEqual({ available: 0, sold: 1, held: 0 });
    expect(await statusOf(rival)).toBe("pending");
    await start(rival).catch(() => {});
    await money.send(money.eventOf(rival, "payment.captured"));
    expect(await statusOf(rival)).toBe("refunded");
  });

  it("is paid back at once when a hold was taken over, and the other lines are let go", async () => {
    const [gone, kept] = [await item(1), await item(1)];
    const order = await place([gone, kept]);
    await start(order);
    time.advance(wholePaymentMs);
    await place([gone]);
    await money.send(money.eventOf(order, "payment.captured"));
    const stored = await read(order);
    expect(stored).toMatchObject({ status: "refunded" });
    expect(listRefunds(stored)).toMatchObject([{ status: "done" }]);
    expect(await levels(kept)).toEqual({ available: 1, sold: 0, held: 0 });
    expect(await levels(gone)).toEqual({ available: 0, sold: 0, held: 1 });
  });

  it("is paid back once, however often and however badly that goes", async () => {
    const itemId = await item(1);
    const order = await place([itemId]);
    await start(order);
    time.advance(wholePaymentMs);
    await place([itemId]);
    await money.send(money.eventOf(order, "payment.captured"));
    const due = await read(order);
    await Promise.all([1, 2, 3].map(() => money.payments.retryRefunds(due, sweeper)));
    const refunded = await read(order);
    expect(refunded.status).toBe("refunded");
    const [refund] = listRefunds(refunded);
    expect(refund).toMatchObject({ status: "done" });
    expect(money.counting.refunds.get(refund!.refundId)?.amountMinor).toBe(order.totalMinor);
    expect(refunded.dueAtMs).toBeUndefined();
    await money.send(money.eventOf(order, "payment.captured"));
    expect(await statusOf(order)).toBe("refunded");
  });
});

describe("late money, which has its time and its price,", () => {
  const change = (itemId: string, amountMinor: number, more: { shards?: number } = {}) =>
    inventoryService(world.parts).change(
      itemId,
      { price: { amountMinor, currency: "EUR" }, ...more },
      { id: "root" },
    );

  async function started(itemIds: readonly string[]): Promise<Order> {
    const order = await place(itemIds);
    await start(order);
    return read(order);
  }

  const end = async (order: Order) => world.orders.expire(await read(order), sweeper);

  /** Why the money of an order went back; undefined where it bought. */
  async function pay(order: Order): Promise<string | undefined> {
    await money.send(money.eventOf(order, "payment.captured"));
    const settled = await read(order);
    const [refund] = listRefunds(settled);
    expect(settled.status).toBe(refund ? "refunded" : "paid");
    expect(refund?.status ?? "done").toBe("done");
    return refund?.reason;
  }

  it("buys up to the end of the grace time after the deadline, and not at that instant", async () => {
    const [early, out] = [await item(1), await item(1)];
    const orders = [await started([early]), await started([out])] as const;
    time.to(orders[0].expiresAtMs);
    for (const order of orders) await end(order);
    time.to(orders[0].expiresAtMs + lateMoneyMs - 1);
    expect(await pay(orders[0])).toBeUndefined();
    time.to(orders[1].expiresAtMs + lateMoneyMs);
    expect(await pay(orders[1])).toBe(refundReasons.tooLate);
    expect(await levels(out)).toMatchObject({ sold: 0 });
  });

  it("the grace time ends without any sweep, and then what is still held is let go", async () => {
    const itemId = await item(1);
    const order = await started([itemId]);
    time.to(order.expiresAtMs + lateMoneyMs);
    expect(await pay(order)).toBe(refundReasons.tooLate);
    expect(await levels(itemId)).toEqual({ available: 1, sold: 0, held: 0 });
  });

  it("once something costs more all of it goes back, and nothing is sold", async () => {
    const [dearer, same] = [await item(1), await item(1)];
    const order = await started([dearer, same]);
    time.to(order.expiresAtMs);
    await end(order);
    await change(dearer, 1_001);
    expect(await pay(order)).toBe(refundReasons.priceRose);
    for (const itemId of [dearer, same]) expect(await levels(itemId)).toMatchObject({ sold: 0 });
  });

  it("a discount that a cart was given is had once, however many orders were made of it", async () => {
    const userId = unique("user");
    const cart = { userId, sessionId: "default" };
    const at = { ...cart, instance: "main", actor: { id: userId } };
    const itemId = await item(9);
    const given = {
      name: "sorry",
      type: "discount",
      target: "total",
      value: "-500",
      order: 0,
    } as const;
    const startedCart = async (): Promise<Order> => {
      const source = { kind: "cart", sessionId: "default" } as const;
      const wish = { userId, actor: { id: userId }, source, paymentMethod: "sandbox" } as const;
      const { order } = await world.orders.place(wish);
      await start(order);
      return read(order);
    };
    const cancel = async ({ orderId }: Order) =>
      world.orders.cancel(orderId, { userId, isAdmin: false }, { id: userId });
    await world.carts.addLine(at, { itemId, quantity: 1 });
    await world.carts.setCondition(at, given);
    const orders = [await startedCart()];
    await cancel(orders[0]!);
    orders.push(await startedCart());
    await cancel(orders[1]!);
    orders.push(await startedCart());
    expect(orders.map(({ totalMinor }) => totalMinor)).toEqual([500, 500, 500]);
    // While the cart is paid for again, when it was bought, and when it was bought late.
    expect(await pay(orders[0]!)).toBe(refundReasons.priceRose);
    await cancel(orders[2]!);
    expect(await pay(orders[1]!)).toBeUndefined();
    expect(await pay(orders[2]!)).toBe(refundReasons.priceRose);
    expect(await levels(itemId)).toEqual({ available: 8, sold: 1, held: 0 });
  });

  it("once a discount is over it is given no more, and up to that instant it is", async () => {
    const endsAtMs = time.clock() + 3_600_000;
    const sale = {
      name: "Sale",
      type: "discount",
      target: "total",
      value: "-10%",
      order: 0,
    } as const;
    const facts = { ...sale, automatic: true, combinable: true, active: true };
    await world.promotions.put("until-then", { ...facts, endsAtMs }, { id: "root" });
    try {
      const orders = [];
      for (let each = 0; each < 3; each += 1) orders.push(await started([await item(1)]));
      const [early, out, held] = orders as [Order, Order, Order];
      expect(early).toMatchObject({ totalMinor: 900, discountsEndAtMs: endsAtMs });
      time.to(early.expiresAtMs);
      for (const order of [early, out]) await end(order);
      time.to(endsAtMs - 1);
      expect(await pay(early)).toBeUndefined();
      time.to(endsAtMs);
      expect(await pay(out)).toBe(refundReasons.priceRose);
      // What nobody has ended and nobody has taken was promised at its price.
      expect(await pay(held)).toBeUndefined();
    } finally {
      await world.promotions.delete("until-then", { id: "root" });
    }
  });

  it("a discount that is ended, lowered or taken away meanwhile is given no more, and what is held keeps it @long", async () => {
    const facts = {
      name: "Sale",
      type: "discount",
      target: "total",
      value: "-10%",
      order: 0,
      automatic: true,
      combinable: true,
      active: true,
    } as const;
    const root = { id: "root" };
    const put = (more: object = {}) => world.promotions.put("sale", { ...facts, ...more }, root);
    const changes = {
      "ended before its time": () => put({ endsAtMs: time.clock() }),
      "taken away": () => world.promotions.delete("sale", root),
      "switched off": () => put({ active: false }),
      "begins later": () => put({ startsAtMs: time.clock() + 1 }),
      "gives less": () => put({ value: "-5%" }),
      "is for codes now": () => put({ automatic: false }),
    };
    for (const [how, alter] of Object.entries(changes)) {
      await put();
      const orders = [];
      for (let each = 0; each < 3; each += 1) orders.push(await started([await item(1)]));
      const [early, out, held] = orders as [Order, Order, Order];
      time.to(early.expiresAtMs);
      for (const order of [early, out]) await end(order);
      // Another name for it makes no difference.
      await put({ name: "Bargains" });
      expect([how, await pay(early)]).toEqual([how, undefined]);
      await alter();
      expect([how, await pay(out)]).toEqual([how, refundReasons.priceRose]);
      expect([how, await pay(held)]).toEqual([how, undefined]);
      await world.promotions.delete("sale", root).catch(() => {});
    }
  });

  it("what is looked at of discounts costs no request", async () => {
    const root = { id: "root" };
    const facts = { name: "Sale", type: "discount", target: "total", value: "-10%" } as const;
    const more = { order: 0, automatic: true, combinable: true, active: true };
    const plain = await started([await item(1)]);
    await world.promotions.put("sale", { ...facts, ...more }, root);
    const reduced = await started([await item(1)]);
    time.to(Math.max(plain.expiresAtMs, reduced.expiresAtMs));
    const requests: number[] = [];
    for (const order of [plain, reduced]) {
      await end(order);
      const event = money.eventOf(order, "payment.captured");
      requests.push((await metered(() => money.send(event))).meter.requests);
      expect(await statusOf(order)).toBe("paid");
    }
    await world.promotions.delete("sale", root);
    expect(requests[1]).toBe(requests[0]);
  });

  it("what costs less by now, or the same again, is bought for what was ordered", async () => {
    const [cheaper, same] = [await item(1), await item(1)];
    const order = await started([cheaper, same]);
    time.to(order.expiresAtMs);
    await end(order);
    await change(cheaper, 999);
    await change(same, 1_500);
    await change(same, 1_000);
    expect(await pay(order)).toBeUndefined();
    expect((await read(order)).payment).toMatchObject({ capturedMinor: 2_000 });
  });

  it("an order that was cancelled buys nothing at yesterday's price", async () => {
    const itemId = await item(1);
    const order = await started([itemId]);
    await money.cancelling.cancel({ orderId: order.orderId, ...callerOf(order) });
    await change(itemId, 2_000);
    expect(await pay(order)).toBe(refundReasons.priceRose);
  });

  it("units that are still held were promised at their price; those taken over were not", async () => {
    const [held, taken] = [await item(1), await item(1)];
    const [lucky, late] = [await started([held]), await started([taken])];
    time.to(late.expiresAtMs);
    await place([taken]);
    time.advance(wholeHoldMs);
    for (const itemId of [held, taken]) await change(itemId, 1_100);
    expect(await pay(lucky)).toBeUndefined();
    expect(await pay(late)).toBe(refundReasons.priceRose);
  });

  it("an item in several rows is no way around it", async () => {
    const itemId = await item(8);
    const order = await started([itemId]);
    time.to(order.expiresAtMs);
    await end(order);
    await change(itemId, 1_100, { shards: 2 });
    expect(await pay(order)).toBe(refundReasons.priceRose);
    await change(itemId, 1_000);
    const [again, moved] = [await started([itemId]), await started([itemId])];
    time.to(again.expiresAtMs);
    for (const each of [again, moved]) await end(each);
    expect(await pay(again)).toBeUndefined();
    await change(itemId, 1_100);
    expect(await pay(moved)).toBe(refundReasons.priceRose);
  });

  it("a price that rises while the money arrives is met by the sale itself", async () => {
    const itemId = await item(1);
    const order = await started([itemId]);
    time.to(order.expiresAtMs);
    await end(order);
    const { database } = world;
    const rising = createPayments({
      ...world,
      parts: {
        ...world.parts,
        database: {
          ...database,
          async transact(...given) {
            await change(itemId, 1_001);
            return database.transact(...given);
          },
        },
      },
    });
    await rising.send(rising.eventOf(order, "payment.captured"));
    expect(await read(order)).toMatchObject({ status: "refunded" });
    expect(await levels(itemId)).toMatchObject({ sold: 0 });
  });
});

describe("wrong money", () => {
  it.each([
    ["another amount", { amountMinor: 1 }],
    ["another currency", { currency: "USD" }],
  ])("%s sells nothing, is paid back at once and raises an alarm", async (_, wrong) => {
    const itemId = await item(1);
    const order = await place([itemId]);
    await start(order);
    const before = money.alarms.length;
    await money.send(money.eventOf(order, "payment.captured", wrong));
    expect(await statusOf(order)).toBe("refunded");
    expect(await levels(itemId)).toEqual({ available: 1, sold: 0, held: 0 });
    expect(money.alarms.length - before).toBe(1);
  });

  it("a second payment of a paid order is paid back once, and the order stays paid", async () => {
    const order = await place([await item(1)]);
    await start(order);
    await money.send(money.eventOf(order, "payment.captured"));
    const second = money.eventOf(order, "payment.captured", { paymentId: "second" });
    await Promise.all([money.send(second), money.send(second)]);
    expect(await statusOf(order)).toBe("paid");
    const after = await read(order);
    const [extra] = listRefunds(after);
    expect(extra).toMatchObject({ paymentId: "second", status: "done" });
    expect(money.counting.refunds.has(extra!.refundId)).toBe(true);
    expect(after.dueAtMs).toBeUndefined();
  });
});

describe("a refund", () => {
  const admin = { id: "root" };

  it("pays a paid order back and returns its units", async () => {
    const itemId = await item(2);
    const order = await place([itemId]);
    await start(order);
    await money.send(money.eventOf(order, "payment.captured"));
    const wish = { orderId: order.orderId, reason: "damaged", actor: admin };
    const [one, other] = await Promise.all([
      money.payments.refund(wish),
      money.payments.refund(wish),
    ]);
    expect([one.status, other.status]).toContain("refunded");
    expect((await money.payments.refund(wish)).status).toBe("refunded");
    expect(await levels(itemId)).toEqual({ available: 2, sold: 0, held: 0 });
  });

  it("that the provider cannot do is written down when the money went back otherwise", async () => {
    const itemId = await item(1);
    const order = await place([itemId]);
    await start(order);
    await money.send(money.eventOf(order, "payment.captured"));
    const wish = { orderId: order.orderId, reason: "by bank transfer", actor: admin };
    const done = await money.payments.refund({ ...wish, outside: true });
    expect(done).toMatchObject({ status: "refunded" });
    const [written] = listRefunds(done);
    expect(written).toMatchObject({ reason: "by bank transfer", attempts: 0, status: "done" });
    expect(money.counting.refunds.has(written!.refundId)).toBe(false);
    expect(await levels(itemId)).toEqual({ available: 1, sold: 0, held: 0 });
  });

  it("of an order without money is refused", async () => {
    const { orderId } = await place([await item(1)]);
    const refused = await errorOf(money.payments.refund({ orderId, reason: "no", actor: admin }));
    expect(refused["code"]).toBe("ORDER_NOT_PAYABLE");
  });

  it("told before the capture ends like the other way round", async () => {
    const itemId = await item(1);
    const order = await place([itemId]);
    await start(order);
    await money.send(money.eventOf(order, "payment.refunded"));
    await money.send(money.eventOf(order, "payment.captured"));
    expect(await statusOf(order)).toBe("refunded");
    expect(await levels(itemId)).toEqual({ available: 1, sold: 0, held: 0 });
  });
});

describe("the cart of an order", () => {
  async function placeCart(itemId: string): Promise<Order> {
    const userId = unique("shopper");
    await fillCart(world, { userId, sessionId: "default", instance: "retail", itemId });
    const source = { kind: "cart", sessionId: "default" } as const;
    const actor = { id: userId };
    return (await world.orders.place({ userId, actor, source, paymentMethod: "sandbox" })).order;
  }
  const cartOf = ({ cart }: Order) => findCart(world.database, cart!.cartId);

  it("is locked with the transaction while it is paid, and emptied when it is", async () => {
    const order = await placeCart(await item(1));
    const { transactionId, expiresAtMs } = await start(order);
    expect((await cartOf(order)).lock).toMatchObject({ transactionId, expiresAtMs });
    await money.send(money.eventOf(order, "payment.captured"));
    const cart = await cartOf(order);
    expect(cart.lock).toBeUndefined();
    expect([...cart.instances.values()].flatMap(({ lines }) => lines)).toEqual([]);
  });

  it("is unlocked with everything in it when the payment fails", async () => {
    const order = await placeCart(await item(1));
    await start(order);
    await money.send(money.eventOf(order, "payment.failed"));
    const cart = await cartOf(order);
    expect(cart.lock).toBeUndefined();
    expect([...cart.instances.values()].flatMap(({ lines }) => lines)).toHaveLength(1);
  });
});
