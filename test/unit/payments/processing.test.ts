/** A bank is at work: the shopper has paid, the money takes its time, and what is held stays held. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bucketKey } from "../../../shared/inventory/deadline.ts";
import { askAheadMs } from "../../../shared/orders/due-shards.ts";
import { orderView } from "../../../shared/orders/order-view.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { realNames, startedOrder } from "../../support/providers/started-order.ts";
import { errorOf, holdMs, maxHoldMs, paymentMs } from "../../support/world.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

const names = [...realNames, "sandbox"] as const;
/** When these orders were placed. */
const startMs = 1_800_000_000_000;
const isBusy = { code: "ORDER_NOT_PAYABLE", fields: { reason: "payment_processing" } };

describe.each(names)("%s", (name) => {
  it("holds the units up to the method's limit, and neither cancels nor starts again", async () => {
    const shop = await startedOrder(bench, name);
    const { tell, read, stock, cancel, initiate, passTime, sweep, countRequests } = shop;
    // One more is the test's own look at the order.
    expect(await countRequests(() => tell("authorized"))).toBe(2 + 1);
    const order = await read();
    expect(orderView(order).payment).toMatchObject({ state: "processing" });
    expect(order.dueAtMs).toBe(order.expiresAtMs - askAheadMs);
    expect(order.expiresAtMs - order.createdAtMs).toBeGreaterThan(holdMs + paymentMs);
    expect(order.expiresAtMs - order.createdAtMs).toBeLessThanOrEqual(maxHoldMs);
    expect((await stock()).due).toMatchObject({ [bucketKey(order.expiresAtMs)]: 1 });
    expect(await errorOf(cancel())).toMatchObject(isBusy);
    expect(await errorOf(initiate())).toMatchObject(isBusy);
    passTime(holdMs + paymentMs);
    expect(await sweep()).toMatchObject({ expiredOrders: 0, failures: 0 });
    expect(await read()).toEqual(order);
  });

  it("ends as the bank says: paid, or failed with the units given back", async () => {
    const paid = await startedOrder(bench, name);
    await paid.tell("authorized");
    await paid.tell("captured");
    expect(orderView(await paid.read())).toMatchObject({
      status: "paid",
      payment: { state: "captured" },
    });
    expect(await paid.stock()).toMatchObject({ sold: 1, held: 0 });
    const failed = await startedOrder(bench, name);
    await failed.tell("authorized");
    await failed.tell("failed");
    expect(orderView(await failed.read())).toMatchObject({
      status: "failed",
      payment: { state: "failed" },
    });
    expect(await failed.stock()).toMatchObject({ available: 1, held: 0 });
  });

  it("ends at the limit while the bank still says nothing; money that comes then is late money", async () => {
    const { tell, read, passTime, sweep } = await startedOrder(bench, name);
    await tell("authorized");
    passTime(maxHoldMs);
    expect(await sweep()).toMatchObject({ expiredOrders: 1, failures: 0 });
    expect(await read()).toMatchObject({ status: "expired" });
    await tell("captured");
    expect(await read()).toMatchObject({ status: "paid" });
  });

  it("after a failure that keeps the order open, another attempt starts anew", async () => {
    const { tell, read, initiate } = await startedOrder(bench, name, { policy: "keep" });
    await tell("failed");
    expect(orderView(await read()).payment).toMatchObject({ state: "failed" });
    await initiate();
    expect(orderView(await read()).payment).toMatchObject({ state: "started" });
  });
});

describe.each(realNames)("%s, unheard", (name) => {
  it("is found by a sweep ahead of the deadline, and the order has its time", async () => {
    const { happen, read, passTime, sweep } = await startedOrder(bench, name);
    await happen("authorized");
    passTime((await read()).expiresAtMs - startMs - 1_000);
    expect(await sweep()).toMatchObject({ expiredOrders: 0, settledOrders: 0, lagMs: 0 });
    const order = await read();
    expect(order).toMatchObject({ status: "pending", payment: { state: "processing" } });
    expect(order.expiresAtMs - order.createdAtMs).toBeGreaterThan(holdMs + paymentMs);
  });

  it("is noted without more time once somebody else has the units, and ends", async () => {
    const { happen, read, passTime, sweep, place } = await startedOrder(bench, name);
    await happen("authorized");
    passTime(holdMs + paymentMs);
    await place("rival");
    expect(await sweep()).toMatchObject({ expiredOrders: 1, failures: 0 });
    expect(await read()).toMatchObject({ status: "expired" });
  });
});
