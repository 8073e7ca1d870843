/** Refunds as they really go, against providers' stand-ins: they fail, are refused, or went back elsewhere. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import type { Order, Refund } from "../../../shared/orders/order.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { listRefunds } from "../../../shared/payments/refunds/refund.ts";
import { razorpayDelivery } from "../../../local/providers/razorpay.ts";
import { stripeDelivery } from "../../../local/providers/stripe.ts";
import type { ProviderName } from "../../../shared/providers/provider.ts";
import { createMemoryWorld } from "../../support/memory-world.ts";
import { type SandboxEvent, signSandboxEvent } from "../../../shared/providers/sandbox.ts";
import { createPayments } from "../../support/payments.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { giveItem, sandboxKeys } from "../../support/world.ts";

const nowMs = 1_800_000_000_000;
const clock = () => epochMs(nowMs);
const root = { id: "root" };
const sweeper = { id: "system:sweep" };

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

let serial = 0;

/** A shop with one order, paid by a provider. */
async function paidOrder(name: ProviderName) {
  const world = createMemoryWorld(clock);
  const price = bench.priceOf(name);
  await giveItem(world as never, { itemId: "chair", quantity: 1, ...price });
  const userId = `alice-${(serial += 1)}`;
  const actor = { id: userId };
  const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
  const { orders, payments, alarms } = createPayments(world, { providers: bench.providers(clock) });
  const { order } = await orders.place({ userId, actor, source, paymentMethod: name });
  const { orderId } = order;
  await payments.initiate({ orderId, caller: { userId, isAdmin: false }, actor });
  const read = async () => (await findOrder(world.database, orderId))!;
  await payments.receive(name, bench.delivery(name, await read(), "captured", nowMs));
  const { transactionId, paymentId } = (await read()).payment!;
  const refund = () => payments.refund({ orderId, reason: "damaged", actor: root });
  const sweep = async () => payments.retryRefunds(await read(), sweeper);
  return { payments, alarms, read, refund, sweep, transactionId, paymentId: paymentId!, ...price };
}

it("Wompi gives back all or nothing: a part is refused for good and says why, the whole goes back @long", async () => {
  const { payments, read, refund, sweep, alarms, amountMinor } = await paidOrder("wompi");
  const { orderId } = await read();
  const part = { orderId, reason: "scratched", reference: "r1", amountMinor: 100_000, actor: root };
  const { payment } = await payments.refund(part);
  expect(Object.values(payment!.refunds!)).toMatchObject([
    { status: "failed", lastError: "only_in_full", amountMinor: 100_000 },
  ]);
  expect([alarms, bench.wompi.countVoided()]).toEqual([["RefundRefused"], 0]);
  // It is not asked for again by itself, and stands in nobody's way.
  await sweep();
  expect(await read()).toMatchObject({ status: "paid", payment: { refundableMinor: amountMinor } });
  expect((await refund()).status).toBe("refunded");
  expect([bench.wompi.countVoided(), (await read()).dueShard]).toEqual([1, undefined]);
});

/** A chair and a stool, paid at Stripe in Kuwait's dinars, of whose three decimals it takes two. */
async function paidInDinars() {
  const world = createMemoryWorld(clock);
  for (const [itemId, amountMinor] of [
    ["chair", 9_667],
    ["stool", 9_663],
  ] as const) {
    await giveItem(world as never, { itemId, quantity: 1, amountMinor, currency: "KWD" });
  }
  const userId = `alice-${(serial += 1)}`;
  const actor = { id: userId };
  const items = ["chair", "stool"].map((itemId) => ({ itemId, quantity: 1 }));
  const { orders, payments, alarms } = createPayments(world, { providers: bench.providers(clock) });
  const source = { kind: "items", items } as const;
  const { order } = await orders.place({ userId, actor, source, paymentMethod: "stripe" });
  const { orderId } = order;
  await payments.initiate({ orderId, caller: { userId, isAdmin: false }, actor });
  const read = async () => (await findOrder(world.database, orderId))!;
  await payments.receive("stripe", bench.delivery("stripe", await read(), "captured", nowMs));
  const { transactionId } = (await read()).payment!;
  return {
    read,
    alarms,
    refund: (wish: object = {}) =>
      payments.refund({ orderId, reason: "damaged", actor: root, ...wish }),
    giveBack: (lineId: string) => ({ lines: [{ lineId, quantity: 1, restock: true }] }),
    paidBack: () => bench.stripe.account.sumRefunded(transactionId),
    stockOf: async (itemId: string) => (await findStock(world.database, itemId))!,
  };
}

describe("what a provider has no number for", () => {
  it("is refused where it was named: nothing comes back, nothing is written @long", async () => {
    const { read, refund, giveBack, paidBack, alarms, stockOf } = await paidInDinars();
    const before = await read();
    for (const wish of [
      { amountMinor: 3_333 },
      { amountMinor: 3_333, ...giveBack("chair") },
      { amountMinor: 3_333, reference: "r1" },
    ]) {
      await expect(refund(wish)).rejects.toMatchObject({
        code: "PAYMENT_METHOD_UNAVAILABLE",
        message: "amountMinor: stripe pays back multiples of 10 only in KWD",
        fields: { reason: "amount_not_representable", paymentMethod: "stripe", stepMinor: 10 },
      });
    }
    expect([await read(), alarms, paidBack()]).toEqual([before, [], 0]);
    expect(await stockOf("chair")).toMatchObject({ available: 0, sold: 1 });
    await refund({ amountMinor: 3_330, reference: "r1" });
    expect(paidBack()).toBe(3_330);
  });

  it("is paid back as far as it has one where it is the share of lines; the rest can still go back", async () => {
    const { refund, giveBack, paidBack, alarms, stockOf } = await paidInDinars();
    const chair = await refund(giveBack("chair"));
    expect(listRefunds(chair)).toMatchObject([{ status: "done", amountMinor: 9_660 }]);
    expect(await stockOf("chair")).toMatchObject({ available: 1, sold: 0 });
    const stool = await refund(giveBack("stool"));
    expect(stool).toMatchObject({ status: "paid", payment: { refundableMinor: 10 } });
    expect(paidBack()).toBe(19_320);
    expect((await refund()).status).toBe("refunded");
    expect([paidBack(), alarms]).toEqual([19_330, []]);
  });

  it("may have gone back by other means; what is left then goes as far as it can", async () => {
    const { refund, paidBack, alarms } = await paidInDinars();
    await refund({ amountMinor: 3_333, outside: true });
    const rest = await refund();
    expect(rest).toMatchObject({ status: "refund_due", payment: { refundableMinor: 7 } });
    expect(paidBack()).toBe(15_990);
    const last = await refund({ amountMinor: 7, outside: true });
    expect([last.status, paidBack(), alarms]).toEqual(["refunded", 15_990, []]);
  });
});

/** What of the order's money went back, by whom it was asked for. */
const amountsOf = (order: Order) => {
  const done = listRefunds(order).filter(({ status }) => status === "done");
  const amounts = (each: Refund[]) => each.map(({ amountMinor }) => amountMinor);
  return {
    ours: amounts(done.filter(({ isOutside }) => !isOutside)),
    outside: amounts(done.filter(({ isOutside }) => isOutside)),
  };
};

const razorpayTold = (event: string, refund: unknown, paymentId: string) =>
  razorpayDelivery(event, { refund, payment: bench.razorpay.payments.get(paymentId) });

describe("money given back in the dashboard counts", () => {
  it("at Stripe: a full refund ends with the rest", async () => {
    const { refund, transactionId, alarms } = await paidOrder("stripe");
    bench.stripe.act(transactionId, "refund", 300);
    const done = await refund();
    expect(done).toMatchObject({
      status: "refunded",
      payment: { refundableMinor: 0 },
    });
    expect(amountsOf(done)).toEqual({ ours: [400], outside: [300] });
    expect(bench.stripe.account.sumRefunded(transactionId)).toBe(700);
    expect(alarms).toEqual([]);
  });

  it("at Razorpay: likewise", async () => {
    const { refund, paymentId } = await paidOrder("razorpay");
    bench.razorpay.act(paymentId, "refund", 300);
    const done = await refund();
    expect(done).toMatchObject({ status: "refunded" });
    expect(amountsOf(done)).toEqual({ ours: [400], outside: [300] });
    expect(bench.razorpay.payments.get(paymentId)).toMatchObject({ amount_refunded: 700 });
  });
});

it("a refund that the provider refuses for good is shown, alarmed and not asked for again", async () => {
  const { refund, sweep, read, transactionId, alarms } = await paidOrder("stripe");
  bench.stripe.act(transactionId, "dispute");
  const refused = await refund();
  expect(refused.status).toBe("refund_due");
  expect(listRefunds(refused)).toMatchObject([{ status: "failed", lastError: "charge_disputed" }]);
  expect(alarms).toEqual(["RefundRefused"]);
  expect((await read()).dueAtMs).toBeUndefined();
  const asked = bench.stripe.requests.length;
  await sweep();
  expect(bench.stripe.requests.length).toBe(asked);
  bench.stripe.act(transactionId, "winDispute");
  expect(await refund()).toMatchObject({ status: "refunded" });
});

describe("a refund that fails after it was done is due again, under a new key, with an alarm", () => {
  it("at Stripe", async () => {
    const { payments, refund, read, transactionId, alarms } = await paidOrder("stripe");
    await refund();
    bench.stripe.act(transactionId, "failRefund");
    const failed = bench.stripe.refunds.find((each) => each.payment_intent === transactionId);
    const told = stripeDelivery("refund.failed", failed, { atMs: nowMs });
    await payments.receive("stripe", told);
    const again = bench.stripe.refunds.filter((each) => each.payment_intent === transactionId);
    expect(again.map(({ status }) => status)).toEqual(["failed", "succeeded"]);
    expect((await read()).status).toBe("refunded");
    expect(listRefunds(await read())).toMatchObject([{ failures: 1, status: "done" }]);
    expect(alarms).toEqual(["RefundFailed"]);
    await payments.receive("stripe", told);
    const made = stripeDelivery("charge.refunded", bench.stripe.refundedCharge(transactionId), {
      atMs: nowMs,
    });
    await payments.receive("stripe", made);
    expect(
      bench.stripe.refunds.filter((each) => each.payment_intent === transactionId),
    ).toHaveLength(2);
  });

  it("at Razorpay", async () => {
    const { payments, refund, read, paymentId, alarms } = await paidOrder("razorpay");
    await refund();
    bench.razorpay.act(paymentId, "failRefund");
    const failed = bench.razorpay.refunds.find((each) => each.payment_id === paymentId);
    await payments.receive("razorpay", razorpayTold("refund.failed", failed, paymentId));
    expect((await read()).status).toBe("refunded");
    expect(listRefunds(await read())).toMatchObject([{ failures: 1, status: "done" }]);
    expect(alarms).toEqual(["RefundFailed"]);
    expect(bench.razorpay.payments.get(paymentId)).toMatchObject({ amount_refunded: 700 });
  });
});

it("charge.refunded of a refund that is only on its way ends nothing", async () => {
  const { payments, read, transactionId } = await paidOrder("stripe");
  const intent = bench.stripe.intents.get(transactionId)!;
  const made = bench.stripe.account.makeRefund(intent, 700, { status: "pending" });
  const told = () =>
    stripeDelivery("charge.refunded", bench.stripe.refundedCharge(transactionId), { atMs: nowMs });
  await payments.receive("stripe", told());
  expect(listRefunds(await read())).toMatchObject([{ status: "requested", amountMinor: 700 }]);
  expect((await read()).status).toBe("refund_due");
  bench.stripe.account.updateRefund(made, "succeeded");
  await payments.receive("stripe", stripeDelivery("refund.updated", made, { atMs: nowMs }));
  expect((await read()).status).toBe("refunded");
});

describe("events that say too much or too little", () => {
  const createSandboxShop = () => createPayments(createMemoryWorld(clock));
  const signed = (event: object, id: string) => {
    const message = { id, at: new Date(nowMs) };
    const { body, headers } = signSandboxEvent(sandboxKeys, event as SandboxEvent, message);
    return { body: Buffer.from(body), headers };
  };

  it("are answered, however long the names in them are", async () => {
    const { payments, alarms } = createSandboxShop();
    const long = "x".repeat(6_000);
    await payments.receive("sandbox", signed({ type: "payment.created", data: {} }, long));
    expect(alarms).toEqual([]);
    const ids = { orderId: "o", transactionId: "t", paymentId: "y".repeat(100_000) };
    const data = { ...ids, amountMinor: 1, currency: "EUR" };
    await payments.receive("sandbox", signed({ type: "payment.captured", data }, "msg_1"));
    expect(alarms).toEqual(["UnreadablePaymentEvent"]);
  });

  it.each([
    ["no currency", { amountMinor: 1 }],
    ["an amount in words", { amountMinor: "500", currency: "EUR" }],
  ])("raise an alarm when money comes with %s", async (_what, money) => {
    const { payments, alarms } = createSandboxShop();
    const data = { orderId: "o", transactionId: "t", paymentId: "t", ...money };
    await payments.receive("sandbox", signed({ type: "payment.captured", data }, "msg_1"));
    expect(alarms).toEqual(["UnreadablePaymentEvent"]);
  });

  it("raise an alarm at Stripe and Razorpay, too, but not when the money is another's", async () => {
    const { payments, alarms } = createPayments(createMemoryWorld(clock), {
      providers: bench.providers(clock),
    });
    const intent = { id: "pi_x", amount: "500", currency: "eur", metadata: { orderId: "ord_x" } };
    const stripeSays = (object: object) =>
      payments.receive(
        "stripe",
        stripeDelivery("payment_intent.succeeded", object, { atMs: nowMs }),
      );
    await stripeSays(intent);
    expect(alarms).toEqual(["UnreadablePaymentEvent"]);
    await stripeSays({ ...intent, metadata: {} });
    const payment = { id: "pay_x", amount: 500, currency: "INR", order_id: null, notes: [] };
    await payments.receive("razorpay", razorpayDelivery("payment.captured", { payment }));
    expect(alarms).toHaveLength(1);
    const textual = { ...payment, order_id: "order_x", amount: "500" };
    await payments.receive("razorpay", razorpayDelivery("payment.captured", { payment: textual }));
    expect(alarms).toHaveLength(2);
  });
});
