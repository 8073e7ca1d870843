/** Disputes: on record whatever order they are told in, never paid back besides, and no unit moves by them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { orderView as viewSchema } from "../../../shared/api/orders.ts";
import { findIsoDecimals } from "../../../shared/base/currency.ts";
import { orderView } from "../../../shared/orders/order-view.ts";
import { maxDisputes } from "../../../shared/payments/disputes/dispute.ts";
import type { SandboxEvent } from "../../../shared/providers/sandbox.ts";
import { tellDispute } from "../../../shared/providers/razorpay-disputes.ts";
import {
  razorpayCurrencies,
  razorpayAmounts,
} from "../../../shared/providers/razorpay-currencies.ts";
import { stripeAmounts, stripeCurrencies } from "../../../shared/providers/stripe-currencies.ts";
import { findDisputed } from "../../../shared/providers/stripe-disputes.ts";
import { mercadopagoDelivery } from "../../../local/providers/mercadopago.ts";
import { razorpayDelivery } from "../../../local/providers/razorpay.ts";
import type { ProviderAction, StandInDelivery } from "../../../local/providers/stand-in.ts";
import { stripeDelivery } from "../../../local/providers/stripe.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { startedOrder } from "../../support/providers/started-order.ts";
import { createMemoryWorld } from "../../support/memory-world.ts";
import { createPayments } from "../../support/payments.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { giveItem } from "../../support/world.ts";

const nowMs = 1_800_000_000_000;
const root = { id: "root" };
const names = ["stripe", "razorpay", "mercadopago"] as const;

let bench: Bench;
beforeAll(async () => {
  bench = await startBench({ now: () => nowMs });
});
afterAll(() => bench.stop());

/** Every order of these. */
function ordersOf<T>(all: readonly T[]): T[][] {
  if (all.length < 2) return [[...all]];
  return all.flatMap((one, index) =>
    ordersOf(all.toSpliced(index, 1)).map((rest) => [one, ...rest]),
  );
}

/** An order that was paid at a provider, and what its stand-in sends about it from now on. */
async function paidAt(name: (typeof names)[number]) {
  const started = await startedOrder(bench, name);
  await started.tell("captured");
  const sent: StandInDelivery[] = [];
  const standIn = bench[name];
  const { payment } = await started.read();
  const id = name === "stripe" ? payment!.transactionId : payment!.paymentId!;
  Object.assign(standIn, { onEvent: (delivery: StandInDelivery) => sent.push(delivery) });
  return {
    ...started,
    /** What happens at the provider; nothing of it is told yet. */
    act(action: ProviderAction, amount?: number) {
      sent.length = 0;
      standIn.act(id, action, amount);
      return [...sent];
    },
    receive: (delivery: StandInDelivery) => started.shop.payments.receive(name, delivery),
    refund: (wish: object = {}) =>
      started.shop.payments.refund({
        orderId: started.orderId,
        reason: "asked",
        actor: root,
        ...wish,
      }),
  };
}

describe.each(names)("a dispute at %s", (name) => {
  it("is on the order, moves nothing, and costs two requests to tell", async () => {
    const { act, receive, read, countRequests, shop, stock } = await paidAt(name);
    const before = await stock();
    for (const delivery of act("dispute")) {
      expect(await countRequests(() => receive(delivery))).toBeLessThanOrEqual(2);
    }
    const order = await read();
    const { disputes } = viewSchema.parse(orderView(order)).payment!;
    expect(disputes).toEqual([
      { disputeId: expect.any(String), status: expect.any(String), amountMinor: 700 },
    ]);
    expect(order).toMatchObject({ status: "paid", payment: { refundableMinor: 0 } });
    expect(await stock()).toEqual(before);
    expect(shop.alarms).toEqual(["PaymentDisputed"]);
  });

  it.each(["winDispute", "loseDispute"] as const)(
    "ends alike in every order (%s) @long",
    async (end) => {
      const ends = new Set<string>();
      let cases = 0;
      const { act } = await paidAt(name);
      const length = act("dispute").length + act(end).length;
      for (const order of ordersOf(Array.from({ length }, (_unused, index) => index))) {
        const paid = await paidAt(name);
        const told = [...paid.act("dispute"), ...paid.act(end)];
        for (const index of [...order, ...order]) await paid.receive(told[index]!);
        const { status, payment } = await paid.read();
        const [dispute] = Object.values(payment!.disputes!);
        const { refundableMinor } = payment!;
        ends.add(JSON.stringify({ status, refundableMinor, told: dispute!.status }));
        cases += 1;
      }
      console.log(`${name}, ${end}: ${cases} orders of ${length} events, each told twice`);
      expect([...ends].map((text) => JSON.parse(text))).toEqual([
        {
          status: "paid",
          refundableMinor: end === "winDispute" ? 700 : 0,
          told: expect.any(String),
        },
      ]);
    },
  );

  it("takes away what could be paid back, and gives it back when it is won", async () => {
    const { act, receive, refund, read } = await paidAt(name);
    for (const delivery of act("dispute")) await receive(delivery);
    await expect(refund({ amountMinor: 100 })).rejects.toMatchObject({
      code: "REFUND_EXCEEDED",
      fields: { refundableMinor: 0 },
    });
    for (const delivery of act("winDispute")) await receive(delivery);
    expect(await read()).toMatchObject({ payment: { refundableMinor: 700 } });
  });

  it("implies a payment that no webhook told of", async () => {
    const started = await startedOrder(bench, name);
    const sent: StandInDelivery[] = [];
    Object.assign(bench[name], { onEvent: (delivery: StandInDelivery) => sent.push(delivery) });
    await started.happen("captured");
    const { payment } = await started.read();
    const listed = bench[name].list().findLast(({ about }) => about === started.orderId)!;
    sent.length = 0;
    bench[name].act(name === "stripe" ? payment!.transactionId : listed.id, "dispute");
    await started.shop.payments.receive(name, sent.at(-1)!);
    expect(await started.read()).toMatchObject({
      status: "paid",
      payment: { capturedMinor: 700, refundableMinor: 0 },
    });
  });
});

/** An order that the sandbox was paid for, and what it tells of its dispute. */
async function paidAtSandbox(quantity = 1) {
  const world = createMemoryWorld(() => epochMs(nowMs));
  await giveItem(world as never, {
    itemId: "chair",
    quantity,
    amountMinor: 10_000 / quantity,
    currency: "EUR",
  });
  const shop = createPayments(world);
  const actor = { id: "alice" };
  const source = { kind: "items", items: [{ itemId: "chair", quantity }] } as const;
  const { order } = await shop.orders.place({
    userId: "alice",
    actor,
    source,
    paymentMethod: "sandbox",
  });
  const { orderId } = order;
  await shop.payments.initiate({ orderId, caller: { userId: "alice", isAdmin: false }, actor });
  const captured = shop.eventOf(order, "payment.captured");
  type Told = NonNullable<SandboxEvent["data"]["dispute"]>;
  const dispute = (status: Told["status"], told: Partial<Told> = {}) =>
    shop.send(
      shop.eventOf(order, "payment.disputed", {
        dispute: { disputeId: "dp_1", amountMinor: 10_000, changedAtMs: 1_000, status, ...told },
      }),
    );
  const wish = { orderId, reason: "damaged", actor: root };
  const read = async () => (await findOrder(world.database, orderId))!;
  return {
    ...shop,
    world,
    order,
    read,
    dispute,
    pay: () => shop.send(captured),
    refund: (amountMinor?: number) =>
      shop.payments.refund({ ...wish, ...(amountMinor === undefined ? {} : { amountMinor }) }),
    giveBack: (units: number) =>
      shop.payments.refund({
        ...wish,
        lines: [{ lineId: "chair", quantity: units, restock: true }],
      }),
    carryOn: async () => shop.payments.retryRefunds(await read(), { id: "system:sweep" }),
    paidBack: () =>
      [...shop.counting.refunds.values()].reduce((sum, each) => sum + each.amountMinor, 0),
  };
}

describe("money that is disputed", () => {
  it("is not asked for again when it is lost: all the rest goes back, and the goods come", async () => {
    const { pay, dispute, refund, paidBack, world } = await paidAtSandbox();
    await pay();
    await dispute("lost", { amountMinor: 4_000 });
    expect(await refund()).toMatchObject({ status: "refunded", payment: { refundableMinor: 0 } });
    expect(paidBack()).toBe(6_000);
    expect(await findStock(world.database, "chair")).toMatchObject({ available: 1, sold: 0 });
  });

  it("a refund of all waits for the decision: won, everything goes back, lost, the rest", async () => {
    for (const [end, back] of [
      ["won", 10_000],
      ["lost", 6_000],
    ] as const) {
      const { pay, dispute, refund, carryOn, paidBack, read } = await paidAtSandbox();
      await pay();
      await dispute("open", { amountMinor: 4_000 });
      expect(await refund()).toMatchObject({ status: "refund_due" });
      expect(paidBack()).toBe(0);
      const [waiting] = orderView(await read()).payment!.refunds;
      expect(waiting).toMatchObject({ status: "due", lastError: "disputed", attempts: 0 });
      await dispute(end, { amountMinor: 4_000, changedAtMs: 2_000 });
      expect(await read()).toMatchObject({ dueAtMs: nowMs });
      expect(await carryOn()).toMatchObject({ status: "refunded" });
      expect(paidBack()).toBe(back);
    }
  });

  it("goods that come back while it is waited for are owed: won, all of it, lost, the rest", async () => {
    for (const [units, end, takenMinor, back] of [
      [2, "won", 10_000, 10_000],
      [2, "lost", 10_000, 0],
      [2, "lost", 4_000, 6_000],
      [1, "won", 10_000, 5_000],
      [1, "lost", 10_000, 0],
      [1, "lost", 6_000, 4_000],
    ] as const) {
      const { pay, dispute, giveBack, carryOn, paidBack, read, world } = await paidAtSandbox(2);
      await pay();
      await dispute("open");
      await giveBack(units);
      expect(paidBack()).toBe(0);
      const [waiting] = orderView(await read()).payment!.refunds;
      const amountMinor = 5_000 * units;
      expect(waiting).toMatchObject({ status: "due", amountMinor, lastError: "disputed" });
      expect(await findStock(world.database, "chair")).toMatchObject({ available: units });
      // The same words again are the same refund.
      await giveBack(units);
      await dispute(end, { amountMinor: takenMinor, changedAtMs: 2_000 });
      await carryOn();
      expect(paidBack()).toBe(back);
      const { status, payment } = await read();
      expect(status).toBe(units === 2 ? "refunded" : "paid");
      const lostMinor = end === "lost" ? takenMinor : 0;
      expect(payment).toMatchObject({ refundableMinor: 10_000 - lostMinor - back });
    }
  });

  it("goods that come back are paid at once with what a dispute leaves, and only then wait", async () => {
    const { pay, dispute, giveBack, paidBack, read } = await paidAtSandbox(2);
    await pay();
    await dispute("open", { amountMinor: 5_000 });
    await giveBack(1);
    expect(paidBack()).toBe(5_000);
    expect(await read()).toMatchObject({ status: "paid", payment: { refundableMinor: 0 } });
  });

  it("that was lost and is won after all goes back where all was to go back", async () => {
    const { pay, dispute, refund, carryOn, paidBack, read } = await paidAtSandbox();
    await pay();
    await dispute("lost");
    expect(await refund()).toMatchObject({ status: "refunded" });
    expect(paidBack()).toBe(0);
    await dispute("won", { changedAtMs: 2_000 });
    expect(await read()).toMatchObject({ status: "refund_due" });
    await carryOn();
    expect(await read()).toMatchObject({ status: "refunded" });
    expect(paidBack()).toBe(10_000);
    // What is older than the decision changes nothing.
    await dispute("open", { changedAtMs: 1_999 });
    expect(await read()).toMatchObject({ status: "refunded", payment: { refundableMinor: 0 } });
  });

  it("may be opened again by a newer telling, and by no older one", async () => {
    const { pay, dispute, read } = await paidAtSandbox();
    await pay();
    await dispute("won", { changedAtMs: 5_000 });
    await dispute("open", { changedAtMs: 4_999 });
    expect(await read()).toMatchObject({ payment: { refundableMinor: 10_000 } });
    await dispute("open", { changedAtMs: 5_001 });
    expect(await read()).toMatchObject({ payment: { refundableMinor: 0 } });
  });

  it("of an order keeps its row small, however many there are and whatever they are called", async () => {
    const { pay, dispute, read, alarms } = await paidAtSandbox();
    await pay();
    for (let each = 0; each < maxDisputes + 5; each += 1) {
      await dispute("open", { disputeId: `${each}-${"x".repeat(200)}`, amountMinor: 1 });
    }
    const { payment } = await read();
    const kept = Object.keys(payment!.disputes!);
    expect(kept).toHaveLength(maxDisputes);
    expect(Math.max(...kept.map((key) => key.length))).toBeLessThanOrEqual(64);
    expect(payment!.refundableMinor).toBe(10_000 - maxDisputes);
    expect(alarms).toHaveLength(maxDisputes + 5);
  });
});

describe("amounts of disputes", () => {
  it("are read by Stripe's own units in each of its currencies", () => {
    for (const currency of Object.keys(stripeCurrencies)) {
      const amountMinor = 123_400 * 10 ** findIsoDecimals(currency);
      const amount = stripeAmounts.toProvider({ amountMinor, currency })!;
      const object = {
        id: "dp_1",
        amount,
        currency: currency.toLowerCase(),
        status: "lost",
        payment_intent: "pi_1",
      };
      const event = { id: "evt", type: "charge.dispute.closed", created: 7, object };
      const told = { disputeId: "dp_1", status: "lost", isOver: true, toldAtMs: 7_000 };
      expect(findDisputed(event)).toEqual({
        intentId: "pi_1",
        currency,
        dispute: { ...told, amountMinor, takenMinor: amountMinor },
      });
    }
  });

  it("are read by Razorpay's in each of its", () => {
    for (const currency of Object.keys(razorpayCurrencies)) {
      const amountMinor = 1_000 * 10 ** findIsoDecimals(currency);
      const amount = razorpayAmounts.toProvider({ amountMinor, currency })!;
      const entity = { id: "disp_1", amount, amount_deducted: amount, currency, status: "open" };
      expect(tellDispute(entity, { event: "payment.dispute.lost", created_at: 7 })).toEqual({
        disputeId: "disp_1",
        status: "lost",
        amountMinor,
        takenMinor: amountMinor,
        isOver: true,
        toldAtMs: 7_000,
      });
    }
  });

  it("of an inquiry take nothing", () => {
    const entity = {
      id: "disp_1",
      amount: 700,
      currency: "INR",
      status: "open",
      phase: "retrieval",
    };
    const asked = tellDispute(entity, { event: "payment.dispute.created", created_at: 7 });
    expect(asked).toMatchObject({ amountMinor: 700, takenMinor: 0, isOver: false });
    const object = {
      id: "dp_1",
      amount: 700,
      currency: "eur",
      status: "warning_needs_response",
      payment_intent: "pi_1",
    };
    const event = { id: "evt", type: "charge.dispute.created", created: 7, object };
    expect(findDisputed(event)).toMatchObject({ dispute: { amountMinor: 700, takenMinor: 0 } });
  });

  it("that cannot be read, or are of another currency, wake somebody and change nothing", async () => {
    for (const name of names) {
      const { act, receive, read, shop } = await paidAt(name);
      act("dispute");
      const before = await read();
      const odd = oddDeliveries(name);
      for (const delivery of odd) await receive(delivery);
      expect(await read()).toEqual(before);
      expect(shop.alarms).toEqual(odd.map(() => "UnreadablePaymentEvent"));
    }
  });
});

/** A dispute in a currency that is not its payment's, and one without an amount. */
function oddDeliveries(name: (typeof names)[number]): StandInDelivery[] {
  const changes = [{ currency: "USD" }, { amount: "much" }];
  if (name === "stripe") {
    const dispute = bench.stripe.disputes.at(-1)!;
    return changes.map((change) =>
      stripeDelivery("charge.dispute.created", { ...dispute, ...change }, { atMs: nowMs }),
    );
  }
  if (name === "razorpay") {
    const dispute = bench.razorpay.disputes.at(-1)!;
    const payment = bench.razorpay.payments.get(dispute.payment_id)!;
    return changes.map((change) =>
      razorpayDelivery("payment.dispute.created", { payment, dispute: { ...dispute, ...change } }),
    );
  }
  const chargeback = bench.mercadopago.chargebacks.at(-1)!;
  Object.assign(chargeback, { currency: "ARS" });
  return [mercadopagoDelivery(chargeback.id, { atMs: nowMs, type: "topic_chargebacks_wh" })];
}

it("a refund whose answer was lost counts as it was given, though less is owed since", async () => {
  const { act, receive, refund, read, shop } = await paidAt("stripe");
  const { stripe } = bench;
  // It is given, but nobody hears of it.
  stripe.faultFor = ({ method, path }) =>
    method === "POST" && path === "/v1/refunds" ? "lose" : undefined;
  await refund({ amountMinor: 500 });
  stripe.faultFor = () => undefined;
  for (const delivery of act("dispute", 400)) await receive(delivery);
  for (const delivery of act("loseDispute")) await receive(delivery);
  await shop.payments.retryRefunds(await read(), { id: "system:sweep" });
  const [given] = orderView(await read()).payment!.refunds;
  expect(given).toMatchObject({ status: "done", amountMinor: 500 });
});
