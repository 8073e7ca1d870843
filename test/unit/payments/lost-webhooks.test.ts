/** Every webhook may be lost for good: before an order ends for want of money, its provider is asked. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { realNames, startedOrder } from "../../support/providers/started-order.ts";
import { errorOf, holdMs, paymentMs } from "../../support/world.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

describe.each(realNames)("%s", (name) => {
  it("was paid, but no webhook came: the order is settled instead of expired, and an alarm rings", async () => {
    const { read, sweep, happen, passTime, shop } = await startedOrder(bench, name);
    await happen("captured");
    passTime(holdMs + paymentMs);
    expect(await sweep()).toMatchObject({ settledOrders: 1, expiredOrders: 0 });
    expect(await read()).toMatchObject({ status: "paid" });
    expect(shop.alarms).toEqual(["UntoldCapture"]);
  });

  it("was paid: it is settled ahead of its deadline, so that nobody else gets the units", async () => {
    const { read, sweep, happen, passTime, place, stock, world } = await startedOrder(bench, name);
    await happen("captured");
    passTime((await read()).expiresAtMs - world.clock() - 1);
    expect(await sweep()).toMatchObject({ settledOrders: 1, expiredOrders: 0 });
    expect(await errorOf(place("rival"))).toMatchObject({ code: "ITEMS_UNAVAILABLE" });
    expect(await stock()).toMatchObject({ sold: 1, held: 0 });
  });

  it("was paid and paid back, both unheard: the order ends refunded, and the units are free", async () => {
    const { read, sweep, happen, passTime, stock, world } = await startedOrder(bench, name);
    await happen("captured");
    await happen("refunded");
    passTime((await read()).expiresAtMs - world.clock());
    await sweep();
    expect(["refunded", "expired"]).toContain((await read()).status);
    expect(await stock()).toMatchObject({ sold: 0 });
  });

  it("was not paid: the order expires, and what it held goes back", async () => {
    const { read, sweep, happen, passTime } = await startedOrder(bench, name);
    await happen("failed");
    passTime(holdMs + paymentMs);
    expect(await sweep()).toMatchObject({ settledOrders: 0, expiredOrders: 1 });
    expect(await read()).toMatchObject({ status: "expired" });
  });

  it("cannot be asked: the order waits for an hour, then ends; late money is dealt with anyway", async () => {
    const { read, sweep, passTime } = await startedOrder(bench, name);
    bench[name].faultFor = () => "error";
    passTime(holdMs + paymentMs);
    expect(await sweep()).toMatchObject({ settledOrders: 0, expiredOrders: 0 });
    expect(await read()).toMatchObject({ status: "pending" });
    passTime(3_600_000);
    expect(await sweep()).toMatchObject({ expiredOrders: 1 });
    bench[name].faultFor = () => undefined;
    expect(await read()).toMatchObject({ status: "expired" });
  });

  it("was paid, but somebody else took the units when the time was over: the money goes back", async () => {
    const { read, sweep, happen, passTime, place } = await startedOrder(bench, name);
    await happen("captured");
    passTime(holdMs + paymentMs);
    await place("rival");
    expect(await sweep()).toMatchObject({ settledOrders: 1 });
    expect(["refund_due", "refunded"]).toContain((await read()).status);
  });

  it("was paid when the shopper cancels: the order is settled, and the shopper told so", async () => {
    const { cancel, happen, read } = await startedOrder(bench, name);
    await happen("captured");
    expect(await errorOf(cancel())).toMatchObject({
      code: "ORDER_NOT_PAYABLE",
      fields: { orderStatus: "paid" },
    });
    expect(await read()).toMatchObject({
      status: "paid",
      payment: { capturedMinor: expect.any(Number) },
    });
  });

  it("cannot be asked when the shopper cancels: the order is cancelled all the same", async () => {
    const { cancel } = await startedOrder(bench, name);
    bench[name].faultFor = () => "error";
    expect(await cancel()).toMatchObject({ status: "cancelled" });
    bench[name].faultFor = () => undefined;
  });
});

it("what went back unheard is not sold for, though it could not be asked for at first", async () => {
  const { read, sweep, happen, passTime, stock, world } = await startedOrder(bench, "stripe");
  await happen("captured");
  await happen("refunded");
  passTime((await read()).expiresAtMs - world.clock() - 1);
  bench.stripe.faultFor = ({ path }) => (path.includes("/refunds") ? "error" : undefined);
  await sweep();
  expect(await read()).toMatchObject({ status: "pending" });
  bench.stripe.faultFor = () => undefined;
  passTime(600_000);
  await sweep();
  expect(["refunded", "expired"]).toContain((await read()).status);
  expect(await stock()).toMatchObject({ sold: 0 });
});

/** Its money has come, and of all that is asked only what went back is not told. */
async function paidUnlistable() {
  const started = await startedOrder(bench, "stripe");
  await started.happen("captured");
  bench.stripe.faultFor = ({ path }) => (path.includes("/refunds") ? "error" : undefined);
  return started;
}

it("money that came keeps a shopper from cancelling, though what went back cannot be asked for", async () => {
  const { read, cancel } = await paidUnlistable();
  expect(await errorOf(cancel())).toMatchObject({
    code: "PAYMENT_PROVIDER_ERROR",
    fields: { provider: "stripe", retriable: true },
  });
  expect(await read()).toMatchObject({ status: "pending" });
  bench.stripe.faultFor = () => undefined;
  expect(await errorOf(cancel())).toMatchObject({ fields: { orderStatus: "paid" } });
  expect(await read()).toMatchObject({ status: "paid" });
});

it("money that came keeps an order from expiring, however long what went back cannot be asked for", async () => {
  const { read, sweep, passTime } = await paidUnlistable();
  passTime(holdMs + paymentMs + 2 * 3_600_000);
  expect(await sweep()).toMatchObject({ expiredOrders: 0 });
  expect(await read()).toMatchObject({ status: "pending" });
  bench.stripe.faultFor = () => undefined;
  await sweep();
  expect(await read()).toMatchObject({ payment: { capturedMinor: 700 } });
});

it("money that comes while an order is cancelled is settled, though what went back cannot be asked for", async () => {
  const { read, cancel } = await startedOrder(bench, "stripe");
  const order = await read();
  bench.stripe.faultFor = ({ path }) => {
    if (path.endsWith("/cancel")) bench.delivery("stripe", order, "captured", 1);
    return path.includes("/refunds") ? "error" : undefined;
  };
  expect(await errorOf(cancel())).toMatchObject({ fields: { orderStatus: "paid" } });
  bench.stripe.faultFor = () => undefined;
});

it("a payment that succeeds while it is cancelled is settled: the refused cancel is not swallowed", async () => {
  const { cancel, read, shop } = await startedOrder(bench, "stripe");
  const order = await read();
  bench.stripe.faultFor = ({ path }) => {
    if (path.endsWith("/cancel")) bench.delivery("stripe", order, "captured", 1);
    return undefined;
  };
  expect(await errorOf(cancel())).toMatchObject({ fields: { orderStatus: "paid" } });
  bench.stripe.faultFor = () => undefined;
  expect(await read()).toMatchObject({ status: "paid" });
  expect(shop.alarms).toEqual(["UntoldCapture"]);
});
