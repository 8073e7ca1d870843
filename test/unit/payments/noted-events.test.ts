/** Every event that a provider sent about an order is listed, with what it did. */
import { describe, expect, it } from "vitest";
import { listPaymentEvents } from "../../../shared/api/payment-admin.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { SandboxEvent } from "../../../shared/providers/sandbox.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import type { WebhookDelivery } from "../../../shared/providers/provider.ts";
import type { ProviderAction } from "../../../local/providers/stand-in.ts";
import { startBench } from "../../support/providers/bench.ts";
import { startedOrder as startedProviderOrder } from "../../support/providers/started-order.ts";
import { createMemoryWorld } from "../../support/memory-world.ts";
import { createPayments, type PaymentsGiven } from "../../support/payments.ts";
import { giveItem } from "../../support/world.ts";

/** An order whose payment has started; every event comes a second after the one before. */
async function startedOrder(given: PaymentsGiven = {}) {
  let nowMs = 1_800_000_000_000;
  let requests = 0;
  const clock = () => epochMs(nowMs);
  const world = createMemoryWorld(clock, {}, (execute) => {
    requests += 1;
    return execute();
  });
  const price = { amountMinor: 700, currency: "EUR" };
  await giveItem(world as never, { itemId: "chair", quantity: 1, ...price });
  const shop = createPayments(world, given);
  const actor = { id: "alice" };
  const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
  const wish = { userId: "alice", actor, source, paymentMethod: "sandbox" } as const;
  const { order } = await shop.orders.place(wish);
  const { orderId } = order;
  await shop.payments.initiate({ orderId, caller: { userId: "alice", isAdmin: false }, actor });
  const counted = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const before = requests;
    const result = await work();
    return [result, requests - before];
  };
  return {
    ...shop,
    orderId,
    order,
    read: async () => (await findOrder(world.database, orderId))!,
    list: (more: { cursor?: string; limit?: number } = {}) =>
      counted(() => shop.payments.listEvents({ orderId, limit: 20, ...more })),
    /** Tells of something, and says how many requests that took. */
    tell(type: string, data: Partial<SandboxEvent["data"]> = {}, id?: string) {
      nowMs += 1_000;
      const event = shop.eventOf(order, type as SandboxEvent["type"], data);
      return counted(() => shop.send(event, id)).then(([, cost]) => cost);
    },
  };
}

describe("the events of an order", () => {
  it("tell what each did, newest first, by two requests", async () => {
    const { tell, list, orderId } = await startedOrder();
    const dispute = {
      disputeId: "dp_1",
      amountMinor: 700,
      status: "open",
      changedAtMs: 1,
    } as const;
    await tell("payment.processing");
    await tell("payment.captured");
    await tell("payment.failed", { paymentId: "another" });
    await tell("payment.disputed", { dispute });
    await tell("payment.blessed", {}, "msg_1");
    await tell("payment.captured", { amountMinor: "much" as never }, "msg_2");
    const [{ rows, cursor }, requests] = await list();
    expect(requests).toBe(2);
    const sandbox = `sbx_${orderId}`;
    expect(rows.map(({ kind, id, type, did }) => [kind, id, type, did])).toEqual([
      ["noted", "msg_2", "payment.captured", "nothing"],
      ["noted", "msg_1", "payment.blessed", "nothing"],
      ["disputed", "dp_1", "payment.disputed", "payment.disputed"],
      ["failed", "another", "payment.failed", "nothing"],
      ["captured", sandbox, "payment.captured", "order.paid"],
      ["processing", sandbox, "payment.processing", "payment.processing"],
    ]);
    expect(rows.map(({ isUnreadable = false }) => isUnreadable).slice(0, 2)).toEqual([true, false]);
    const answer = { events: rows, cursor: cursor ?? null };
    expect(listPaymentEvents.answers[200].parse(answer)).toEqual(answer);
  });

  it("are noted once: what did nothing costs two requests, and what is known one", async () => {
    const { tell, list } = await startedOrder();
    expect(await tell("payment.captured", {}, "msg_1")).toBe(2);
    expect(await tell("payment.captured", {}, "msg_1")).toBe(1);
    for (let each = 0; each < 3; each += 1) {
      expect(await tell("payment.failed", { paymentId: "another" }, "msg_2")).toBe(2);
    }
    // The same money, told by another event: it is on record, too.
    expect(await tell("payment.captured", {}, "msg_3")).toBe(2);
    const [{ rows }] = await list();
    expect(rows.map(({ kind, did }) => [kind, did])).toEqual([
      ["captured", "nothing"],
      ["failed", "nothing"],
      ["captured", "order.paid"],
    ]);
  });

  it("go on page by page, one request each", async () => {
    const { tell, list } = await startedOrder();
    await tell("payment.captured");
    for (let each = 0; each < 5; each += 1) await tell("payment.failed", { paymentId: `p${each}` });
    const ids: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page === 0 || cursor !== undefined; page += 1) {
      const [{ rows, cursor: next }, requests] = await list({
        limit: 2,
        ...(cursor && { cursor }),
      });
      expect(requests).toBe(page === 0 ? 2 : 1);
      ids.push(...rows.filter(({ did }) => did === "nothing").map(({ id }) => id));
      cursor = next;
    }
    expect(ids).toEqual(["p4", "p3", "p2", "p1", "p0"]);
  });

  it("that name an order which is not here are listed by its name", async () => {
    const { payments, send, eventOf, order } = await startedOrder();
    const limit = { limit: 20 };
    await send(eventOf({ ...order, orderId: "ord_gone" }, "payment.captured"));
    const { rows } = await payments.listEvents({ orderId: "ord_gone", ...limit });
    expect(rows).toMatchObject([{ kind: "captured", did: "nothing" }]);
    const nobody = payments.listEvents({ orderId: "ord_nobody", ...limit });
    await expect(nobody).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
  });

  it("never make an order's row grow: of a thousand cards that are refused it remembers some", async () => {
    const { tell, read, list } = await startedOrder({ policy: "keep" });
    for (let each = 0; each < 60; each += 1)
      await tell("payment.failed", { paymentId: `p${each}` });
    expect(Object.keys((await read()).events!)).toHaveLength(50);
    await tell("payment.captured");
    expect(await read()).toMatchObject({ status: "paid", payment: { capturedMinor: 700 } });
    const [{ rows }] = await list({ limit: 100 });
    expect(rows).toHaveLength(61);
    expect(rows.find(({ kind }) => kind === "captured")).toMatchObject({ did: "order.paid" });
  });
});

/** What a provider tells while something happens to its only payment, by hand, twice of each. */
async function playedTwice(
  name: "stripe" | "mercadopago",
  play: (act: (action: ProviderAction, amount?: number) => Promise<void>) => Promise<void>,
) {
  let passedMs = 0;
  const bench = await startBench({ now: () => 1_800_000_000_000 + passedMs });
  try {
    const { shop, orderId, passTime } = await startedProviderOrder(bench, name);
    const standIn = bench[name];
    const told: string[] = [];
    await play(async (action, amount) => {
      passTime(1_000);
      passedMs += 1_000;
      const deliveries: WebhookDelivery[] = [];
      standIn.onEvent = (delivery) => deliveries.push(delivery);
      standIn.act(standIn.list()[0]!.id, action, amount);
      for (const delivery of deliveries) {
        await shop.payments.receive(name, delivery);
        await shop.payments.receive(name, delivery);
        told.push(String(delivery.body));
      }
    });
    const { rows } = await shop.payments.listEvents({ orderId, limit: 100 });
    return { rows, told: new Set(told).size };
  } finally {
    await bench.stop();
  }
}

describe("of a provider each event is listed once, and repetitions are not", () => {
  it("Stripe's of several refunds, and of a dispute from its beginning to its end", async () => {
    const { rows, told } = await playedTwice("stripe", async (act) => {
      await act("pay");
      await act("refund", 100);
      await act("refund", 200);
      await act("failRefund");
      await act("dispute", 300);
      await act("winDispute");
    });
    expect(rows).toHaveLength(told);
    expect(rows.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        "payment_intent.succeeded",
        "refund.created",
        "charge.refunded",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
      ]),
    );
    const moved = rows.filter(({ kind, did }) => kind === "refunded" && did === "refund.told");
    // Two parts that went back and one that came home; what else was told of them was known.
    expect(moved).toHaveLength(3);
  });

  it("Mercado Pago's of several refunds, and of a chargeback", async () => {
    const { rows } = await playedTwice("mercadopago", async (act) => {
      await act("pay");
      await act("refund", 1);
      await act("refund", 2);
      await act("dispute", 3);
      await act("loseDispute");
    });
    expect(rows.filter(({ kind, did }) => kind === "refunded" && did !== "nothing")).toHaveLength(
      2,
    );
    expect(rows.filter(({ kind, did }) => kind === "disputed" && did !== "nothing")).toHaveLength(
      2,
    );
  });
});
