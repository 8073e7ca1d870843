/** Razorpay's offers and fees: another amount than was ordered, by which the order is paid in full all the same. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { orderView } from "../../../shared/orders/order-view.ts";
import type { StandInDelivery } from "../../../local/providers/stand-in.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { startedOrder } from "../../support/providers/started-order.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

/** A shopper pays this much beside what was ordered; hands out what Razorpay tells of it. */
async function payWith(differenceMinor: number) {
  const started = await startedOrder(bench, "razorpay");
  const { payment, totalMinor } = await started.read();
  const told: StandInDelivery[] = [];
  Object.assign(bench.razorpay, { onEvent: (delivery: StandInDelivery) => told.push(delivery) });
  const amount = totalMinor + differenceMinor;
  const paid = bench.razorpay.attempt(payment!.transactionId, "created", undefined, amount);
  bench.razorpay.act(paid.id, "pay", amount);
  Object.assign(bench.razorpay, { onEvent: () => {} });
  return { ...started, paid, told, amount, totalMinor };
}

const cases = [-100, 35].flatMap((difference) =>
  [false, true].map((isReversed) => [difference, isReversed] as const),
);

it.each(cases)(
  "%i beside the order is a sale (events reversed: %s)",
  async (difference, isReversed) => {
    const { told, shop, read, stock, amount, totalMinor } = await payWith(difference);
    expect(told).toHaveLength(2);
    for (const event of isReversed ? told.toReversed() : told) {
      await shop.payments.receive("razorpay", event);
    }
    const { status, payment, ...order } = orderView(await read());
    expect(status).toBe("paid");
    expect(order.totalMinor).toBe(totalMinor);
    expect(payment).toMatchObject({ capturedMinor: amount, refunds: [] });
    expect(await stock()).toMatchObject({ sold: 1, held: 0 });
    expect(shop.alarms).toEqual([]);
  },
);

it("is a sale when no event comes and Razorpay is asked", async () => {
  const { sweep, read, passTime, world, amount } = await payWith(-100);
  passTime((await read()).expiresAtMs - world.clock() - 1_000);
  expect(await sweep()).toMatchObject({ settledOrders: 1 });
  expect(await read()).toMatchObject({ status: "paid", payment: { capturedMinor: amount } });
});

it.each([
  ["is not paid in full", { status: "attempted", amount_due: 100 }],
  ["is of another total", { amount: 100 }],
])("goes back when Razorpay's order %s", async (_why, changes) => {
  const { told, shop, read, stock } = await payWith(-100);
  const { transactionId } = (await read()).payment!;
  Object.assign(bench.razorpay.orders.get(transactionId)!, changes);
  await shop.payments.receive("razorpay", told[0]!);
  expect(["refund_due", "refunded"]).toContain((await read()).status);
  expect(await stock()).toMatchObject({ sold: 0, held: 0 });
  expect(shop.alarms).toContain("AmountMismatch");
});
