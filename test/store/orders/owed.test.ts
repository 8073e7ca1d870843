/** Orders whose money goes back, on the real engine: found among however many others, owed for longest first. */
import { beforeEach, describe, expect, inject, it } from "vitest";
import type { Order } from "../../../shared/orders/order.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments, type Payments } from "../../support/payments.ts";
import { createWorld, errorOf, giveItem, metered, type World } from "../../support/world.ts";

let world: World;
let time: TestClock;
let money: Payments;

beforeEach(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  money = createPayments(world);
  await giveItem(world, { itemId: "chair", quantity: 100 });
});

const actor = { id: "root" };

async function paidOrder(userId: string): Promise<Order> {
  const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
  const by = { userId, actor: { id: userId } };
  const { order } = await world.orders.place({ ...by, source, paymentMethod: "sandbox" });
  const { orderId } = order;
  await money.payments.initiate({ orderId, caller: { userId, isAdmin: false }, actor });
  await money.send(money.eventOf(order, "payment.captured"));
  return (await findOrder(world.database, orderId))!;
}

const refund = ({ orderId }: Order) =>
  money.payments.refund({ orderId, reason: "damaged", actor }).catch(() => undefined);

/** Paid orders that must go back and do not, because the provider is away; a minute between two. */
async function owedOrders(count: number): Promise<Order[]> {
  const orders: Order[] = [];
  for (let nth = 0; nth < count; nth += 1) orders.push(await paidOrder(`owed-${nth}`));
  money.counting.setDown(true);
  for (const order of orders) {
    time.advance(60_000);
    await refund(order);
  }
  money.counting.setDown(false);
  return orders;
}

/** Other orders around them, under names of all kinds. */
async function crowd(pattern: Order, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, nth) => `ord_crowd-${nth}`);
  await world.database.strew("Orders", { put: names.map((orderId) => ({ ...pattern, orderId })) });
}

const list = (more: { limit: number; cursor?: string }) =>
  money.orders.list({ status: "refund_due", ...more });

async function listAll(limit: number): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    ids.push(...page.rows.map(({ orderId }) => orderId));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return ids;
}

const idsOf = (orders: readonly Order[]) => orders.map(({ orderId }) => orderId);

describe("orders whose money goes back", () => {
  it("are on the first page beside hundreds of others, owed for longest first, for six requests", async () => {
    const owed = await owedOrders(3);
    await crowd(await paidOrder("bystander"), 300);
    const { result, meter } = await metered(() => list({ limit: 50 }));
    expect(idsOf(result.rows)).toEqual(idsOf(owed));
    expect(meter.requests).toBe(6);
  });

  it("are each told once in pages of any size", async () => {
    const owed = await owedOrders(7);
    await crowd(await paidOrder("bystander"), 30);
    for (const limit of [1, 2, 7, 20]) expect(await listAll(limit)).toEqual(idsOf(owed));
  });

  it("stand there since the first refund, however often it is tried, and leave when it is done", async () => {
    const [order] = await owedOrders(1);
    const read = async () => (await findOrder(world.database, order!.orderId))!;
    const { owedAtMs } = await read();
    expect(owedAtMs).toBe(time.clock());
    time.advance(3_600_000);
    await money.sweep(actor);
    expect(await read()).toMatchObject({ status: "refunded" });
    expect(await read()).not.toHaveProperty("owedShard");
    expect(await listAll(10)).toEqual([]);
  });

  it("are found behind the others when an earlier release changed them last", async () => {
    const [old, known] = await owedOrders(2);
    const {
      owedShard: _shard,
      owedAtMs: _atMs,
      ...row
    } = (await findOrder(world.database, old!.orderId))!;
    await world.database.strew("Orders", { put: [row] });
    await crowd(await paidOrder("bystander"), 30);
    expect(await listAll(5)).toEqual(idsOf([known!, old!]));
    expect(await listAll(1)).toEqual(idsOf([known!, old!]));
  });

  it.each(["bm9uc2Vuc2U", "e30", btoa('{"shard":9,"at":1,"after":"x"}'), btoa('{"shard":0}')])(
    "are not listed behind a cursor of another list: %s",
    async (cursor) => {
      expect((await errorOf(list({ limit: 2, cursor })))["code"]).toBe("INVALID_REQUEST");
    },
  );
});
