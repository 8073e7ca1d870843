/**
 * Somebody says that money which was due has gone back by other means. The provider may have been asked for it before,
 * by who died before it wrote that down, or by who is at it still: the money goes back one way, and the books say which.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { stripeDelivery } from "../../../local/providers/stripe.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { listRefunds, longestTryMs, refundKey } from "../../../shared/payments/refunds/refund.ts";
import { createMemoryWorld } from "../../support/memory-world.ts";
import { createPayments } from "../../support/payments.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { giveItem } from "../../support/world.ts";

const root = { id: "root" };
let nowMs = 1_800_000_000_000;
const clock = () => epochMs(nowMs);

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());
afterEach(() => {
  bench.stripe.faultFor = () => undefined;
});

let serial = 0;

/** An order that Stripe was paid for and whose refund is due: its first try was sent, and came to this. */
async function dueRefund(firstTry: "lose" | "error") {
  const world = createMemoryWorld(clock);
  await giveItem(world as never, { itemId: "chair", quantity: 1, ...bench.priceOf("stripe") });
  const userId = `ann-${(serial += 1)}`;
  const actor = { id: userId };
  const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
  const providers = bench.providers(clock);
  const { orders, payments } = createPayments(world, { providers });
  const { order } = await orders.place({ userId, actor, source, paymentMethod: "stripe" });
  const { orderId } = order;
  await payments.initiate({ orderId, caller: { userId, isAdmin: false }, actor });
  const read = async () => (await findOrder(world.database, orderId))!;
  await payments.receive("stripe", bench.delivery("stripe", await read(), "captured", nowMs));
  bench.stripe.faultFor = ({ method }) => (method === "POST" ? firstTry : undefined);
  await payments.refund({ orderId, reason: "damaged", actor: root });
  bench.stripe.faultFor = () => undefined;
  const [refund] = listRefunds(await read());
  expect(refund).toMatchObject({ status: "due" });
  return {
    read,
    payments,
    noteOutside: () =>
      payments.refund({ orderId, reason: "paid in cash", outside: true, actor: root }),
    retry: async () => payments.retryRefunds(await read(), { id: "system:sweep" }),
    /** What the first try had sent arrives at Stripe. */
    arrive: () =>
      providers["stripe"]!.refund({
        ...refund!,
        orderId,
        refundId: undefined,
        ourRefundId: refund!.refundId,
        idempotencyKey: refundKey(refund!),
      }),
    hear: (type: string) => {
      const { transactionId } = refund!;
      const made = bench.stripe.refunds.find((each) => each.payment_intent === transactionId)!;
      return payments.receive("stripe", stripeDelivery(type, made, { atMs: nowMs }));
    },
    failAtStripe: () => bench.stripe.act(refund!.transactionId, "failRefund"),
    paidBack: () => bench.stripe.account.sumRefunded(refund!.transactionId),
  };
}

const isStripes = { status: "done", providerRefundId: expect.stringMatching(/^re_/) };

it("what the provider has carried out unheard is its refund, and that is said", async () => {
  const { read, noteOutside, payments } = await dueRefund("lose");
  const refusal = { code: "REFUND_AT_PROVIDER", fields: { provider: "stripe", status: "done" } };
  await expect(noteOutside()).rejects.toMatchObject(refusal);
  const [refund] = listRefunds(await read());
  expect(refund).toMatchObject(isStripes);
  expect(refund).not.toHaveProperty("isOutside");
  expect((await read()).status).toBe("refunded");
  await expect(noteOutside()).rejects.toMatchObject(refusal);
  expect(await payments.retryRefunds(await read(), root)).toEqual(await read());
});

it("while the provider cannot be asked nothing is noted", async () => {
  const { read, noteOutside } = await dueRefund("lose");
  const before = await read();
  bench.stripe.faultFor = () => "error";
  await expect(noteOutside()).rejects.toMatchObject({ code: "PAYMENT_PROVIDER_ERROR" });
  expect(await read()).toEqual(before);
});

describe("what the provider knows nothing of is noted", () => {
  it("and is done once no try from before can be under way any more", async () => {
    const { read, noteOutside, retry, paidBack } = await dueRefund("error");
    expect((await noteOutside()).status).toBe("refund_due");
    nowMs += longestTryMs - 1;
    await retry();
    expect(listRefunds(await read())).toMatchObject([{ status: "due", isOutside: true }]);
    nowMs += 1;
    await retry();
    const [refund] = listRefunds(await read());
    expect(refund).toMatchObject({ status: "done", isOutside: true });
    expect(refund).not.toHaveProperty("providerRefundId");
    expect([(await read()).status, (await read()).dueShard]).toEqual(["refunded", undefined]);
    expect(paidBack()).toBe(0);
  });

  it("by one request to the provider, and said once more it is the same by none", async () => {
    const { read, noteOutside } = await dueRefund("error");
    const asked = bench.stripe.requests.length;
    await noteOutside();
    expect(bench.stripe.requests.length).toBe(asked + 1);
    const noted = await read();
    nowMs += 1_000;
    await noteOutside();
    expect(bench.stripe.requests.length).toBe(asked + 1);
    expect(await read()).toEqual(noted);
  });

  it("and is the provider's where a try arrives later: nobody has to tell", async () => {
    const { read, noteOutside, arrive, retry } = await dueRefund("error");
    await noteOutside();
    await arrive();
    nowMs += longestTryMs;
    await retry();
    expect(listRefunds(await read())).toMatchObject([isStripes]);
    expect((await read()).status).toBe("refunded");
  });

  it.each(["before", "after"])(
    "and is the provider's where it tells so %s the look back",
    async (when) => {
      const { read, noteOutside, arrive, retry, hear } = await dueRefund("error");
      await noteOutside();
      if (when === "after") {
        nowMs += longestTryMs;
        await retry();
      }
      await arrive();
      await hear("refund.updated");
      expect(listRefunds(await read())).toMatchObject([isStripes]);
      expect((await read()).status).toBe("refunded");
    },
  );

  it.each(["before", "after"])(
    "and not owed again because a try came to nothing %s the look back",
    async (when) => {
      const { read, noteOutside, arrive, failAtStripe, retry, hear, paidBack } =
        await dueRefund("error");
      await noteOutside();
      if (when === "before") {
        await arrive();
        failAtStripe();
        await hear("refund.failed");
      }
      nowMs += longestTryMs;
      await retry();
      if (when === "after") {
        await arrive();
        failAtStripe();
        await hear("refund.failed");
      }
      expect(listRefunds(await read())).toMatchObject([{ status: "done", isOutside: true }]);
      expect([(await read()).status, paidBack()]).toEqual(["refunded", 0]);
    },
  );
});
