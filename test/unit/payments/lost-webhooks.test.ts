/** Every webhook may be lost for good: before an order ends for want of money, its provider is asked. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { createMemoryWorld } from "../../support/memory-world.ts";
import { createPayments } from "../../support/payments.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { giveItem, holdMs, paymentMs } from "../../support/world.ts";

const sweeper = { id: "system:sweep" };
const names = ["stripe", "razorpay", "wompi"] as const;

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

/** An order whose payment was started, and its deadline then. */
async function startedOrder(name: (typeof names)[number]) {
  let nowMs = 1_800_000_000_000;
  const clock = () => epochMs(nowMs);
  const world = createMemoryWorld(clock);
  await giveItem(world as never, { itemId: "chair", quantity: 1, ...bench.priceOf(name) });
  const userId = `${name}-shopper`;
  const actor = { id: userId };
  const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
  const shop = createPayments(world, { providers: bench.providers(clock) });
  const { order } = await shop.orders.place({ userId, actor, source, paymentMethod: name });
  const { orderId } = order;
  const caller = { userId, isAdmin: false };
  await shop.payments.initiate({ orderId, caller, actor });
  const read = async () => (await findOrder(world.database, orderId))!;
  return {
    read,
    sweep: () => shop.sweep(sweeper),
    passTime: (durationMs: number) => (nowMs += durationMs),
  };
}

describe.each(names)("%s", (name) => {
  it("was paid, but no webhook came: the order is settled instead of expired", async () => {
    const { read, sweep, passTime } = await startedOrder(name);
    // The provider's books have the money; what would have told of it is dropped.
    bench.delivery(name, await read(), "captured", 1);
    passTime(holdMs + paymentMs);
    expect(await sweep()).toMatchObject({ settledOrders: 1, expiredOrders: 0 });
    expect(await read()).toMatchObject({ status: "paid" });
  });

  it("was not paid: the order expires, and what it held goes back", async () => {
    const { read, sweep, passTime } = await startedOrder(name);
    bench.delivery(name, await read(), "failed", 1);
    passTime(holdMs + paymentMs);
    expect(await sweep()).toMatchObject({ settledOrders: 0, expiredOrders: 1 });
    expect(await read()).toMatchObject({ status: "expired" });
  });

  it("cannot be asked: the order waits for an hour, then ends; late money is dealt with anyway", async () => {
    const { read, sweep, passTime } = await startedOrder(name);
    bench[name].faultFor = () => "error";
    passTime(holdMs + paymentMs);
    expect(await sweep()).toMatchObject({ settledOrders: 0, expiredOrders: 0 });
    expect(await read()).toMatchObject({ status: "pending" });
    passTime(3_600_000);
    expect(await sweep()).toMatchObject({ expiredOrders: 1 });
    bench[name].faultFor = () => undefined;
    expect(await read()).toMatchObject({ status: "expired" });
  });
});
