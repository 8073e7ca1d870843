/** Which webhooks are genuine: rotation, tolerance, schemes, encodings, and what each event says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../../local/root.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { PaymentProvider, WebhookDelivery } from "../../../shared/providers/provider.ts";
import { razorpayEventTypes } from "../../../shared/providers/razorpay-events.ts";
import { createRazorpay } from "../../../shared/providers/razorpay.ts";
import { createSandbox } from "../../../shared/providers/sandbox.ts";
import { stripeEventTypes } from "../../../shared/providers/stripe-events.ts";
import { createStripe } from "../../../shared/providers/stripe.ts";
import { razorpayDelivery, razorpayKeys } from "../../../local/providers/razorpay.ts";
import { signStripe, stripeDelivery, stripeKeys } from "../../../local/providers/stripe.ts";

const nowMs = 1_800_000_000_000;
const clock = () => epochMs(nowMs);
const orderId = "ord_a";

const stripe = createStripe({ keys: async () => [stripeKeys], clock });
const razorpay = createRazorpay({ keys: async () => [razorpayKeys], clock });

const intent = {
  id: "pi_1",
  amount: 500,
  amount_received: 500,
  currency: "eur",
  metadata: { orderId },
};
const paid = (atMs = nowMs) => stripeDelivery("payment_intent.succeeded", intent, { atMs });
const isRefused = (provider: PaymentProvider, delivery: WebhookDelivery) =>
  expect(provider.readWebhook(delivery)).rejects.toMatchObject({ code: "BAD_SIGNATURE" });
const page = readFileSync(join(ROOT, "docs/go-live.md"), "utf8");

it.each([...stripeEventTypes, "charge.dispute.created", ...razorpayEventTypes])(
  "whoever goes live is told to have %s sent",
  (type) => {
    const [whole, kind] = /^(\w+\.dispute)\.\w+$/.exec(type) ?? [type, type];
    expect(page, whole).toContain(`\`${kind}\``);
  },
);

const withSignature = (delivery: WebhookDelivery, signature: string): WebhookDelivery => ({
  ...delivery,
  headers: { "stripe-signature": signature },
});

describe("Stripe", () => {
  it("accepts an event of its own and reads it", async () => {
    expect(await stripe.readWebhook(paid())).toMatchObject({
      kind: "captured",
      provider: "stripe",
      orderId,
      transactionId: "pi_1",
      paymentId: "pi_1",
      amountMinor: 500,
      currency: "EUR",
      type: "payment_intent.succeeded",
      certain: true,
    });
  });

  it("takes an event of test mode for nothing once its key is live, also by the secret of before", async () => {
    const live = { secretKey: "rk_live_1", webhookSecret: "whsec_live" };
    const gone = createStripe({ keys: async () => [live, stripeKeys], clock });
    const refund = { id: "re_1", object: "refund", payment_intent: "pi_1" };
    const told = [
      ["payment_intent.succeeded", intent],
      ["refund.failed", refund],
      ["charge.dispute.created", { ...refund, id: "dp_1", status: "lost", amount: 1 }],
    ] as const;
    for (const [type, object] of told) {
      const event = await gone.readWebhook(stripeDelivery(type, object, { atMs: nowMs }));
      expect(event).toMatchObject({ kind: "noted", type });
    }
    const real = stripeDelivery("payment_intent.succeeded", intent, { atMs: nowMs, isLive: true });
    expect(await gone.readWebhook(real)).toMatchObject({ kind: "captured" });
    expect(await stripe.readWebhook(real)).toMatchObject({ kind: "noted" });
  });

  it("tolerates 300 seconds both ways, and not one more", async () => {
    for (const seconds of [-300, 300]) {
      expect(await stripe.readWebhook(paid(nowMs + seconds * 1000))).toBeDefined();
    }
    for (const seconds of [-301, 301]) await isRefused(stripe, paid(nowMs + seconds * 1000));
  });

  it("takes any matching v1 among several, and no other scheme", async () => {
    const delivery = paid();
    const [timestamp = "", good = ""] = delivery.headers["stripe-signature"]!.split(",");
    const wrong = `v1=${"0".repeat(64)}`;
    const both = withSignature(delivery, [timestamp, wrong, good].join(","));
    expect(await stripe.readWebhook(both)).toBeDefined();
    const other = good.replace("v1=", "v0=");
    await isRefused(stripe, withSignature(delivery, [timestamp, other].join(",")));
    expect(
      await stripe.readWebhook(withSignature(delivery, [timestamp, good, other].join(","))),
    ).toBeDefined();
  });

  it("takes the version before while a secret rotates, and no empty secret", async () => {
    const delivery = paid();
    const rotating = createStripe({
      keys: async () => [{ webhookSecret: "whsec_new" }, stripeKeys],
      clock,
    });
    expect(await rotating.readWebhook(delivery)).toBeDefined();
    const empty = createStripe({ keys: async () => [{ webhookSecret: "" }], clock });
    await isRefused(
      empty,
      withSignature(delivery, signStripe(delivery.body.toString(), "", nowMs)),
    );
  });

  it("notes what it does not handle, and money that is not ours", async () => {
    for (const [type, object] of [
      ["payment_intent.created", intent],
      ["payment_intent.succeeded", { ...intent, metadata: {} }],
      ["charge.refunded", { ...intent, amount_refunded: 1, payment_intent: null }],
    ] as const) {
      const event = await stripe.readWebhook(stripeDelivery(type, object, { atMs: nowMs }));
      expect(event.kind).toBe("noted");
    }
  });
});

describe("Razorpay", () => {
  const payment = {
    id: "pay_1",
    amount: 500,
    amount_refunded: 0,
    currency: "INR",
    order_id: "order_1",
    notes: { orderId },
  };
  const order = { id: "order_1", receipt: orderId };

  it("trusts the order's receipt and takes a payment's notes for a hint", async () => {
    const byOrder = await razorpay.readWebhook(razorpayDelivery("order.paid", { payment, order }));
    expect(byOrder).toMatchObject({ kind: "captured", orderId, certain: true });
    const byNotes = await razorpay.readWebhook(razorpayDelivery("payment.captured", { payment }));
    expect(byNotes).toMatchObject({ kind: "captured", orderId, certain: false });
  });

  it("tells events apart by what is signed, not by the header beside it", async () => {
    const delivery = razorpayDelivery("payment.authorized", { payment });
    const again = {
      ...delivery,
      headers: { ...delivery.headers, "x-razorpay-event-id": "forged" },
    };
    expect(await razorpay.readWebhook(again)).toEqual(await razorpay.readWebhook(delivery));
  });

  it("reads which refund an event is about, how far that is, and whether it is ours", async () => {
    const refund = { id: "rfnd_1", amount: 300, currency: "INR", status: "pending", notes: [] };
    const read = (event: string, entity: object) =>
      razorpay.readWebhook(razorpayDelivery(event, { payment, refund: entity }));
    const told = { refundId: "rfnd_1", amountMinor: 300 };
    const fact = { kind: "refunded", amountMinor: 500, refundId: "rfnd_1" };
    for (const [event, status] of [
      ["refund.created", "requested"],
      ["refund.processed", "done"],
      ["refund.failed", "failed"],
    ] as const) {
      const refunds = [{ ...told, status }];
      expect(await read(event, refund)).toMatchObject({ ...fact, refunds });
    }
    const ours = { ...refund, notes: { refundId: "rfd_1" } };
    const refunds = [{ ...told, status: "done", ourRefundId: "rfd_1" }];
    expect(await read("refund.processed", ours)).toMatchObject({ ...fact, refunds });
    const without = await razorpay.readWebhook(razorpayDelivery("refund.processed", { payment }));
    expect(without).toMatchObject({ kind: "noted", isUnreadable: true });
  });
});

describe("the sandbox", () => {
  it("speaks Standard Webhooks: the official library accepts what it signs", async () => {
    const { signSandboxEvent } = await import("../../../shared/providers/sandbox.ts");
    const webhookSecret = Buffer.alloc(33, 7).toString("base64");
    const data = { orderId, transactionId: "t", paymentId: "t", amountMinor: 1, currency: "EUR" };
    const message = { id: "msg_1", at: new Date() };
    const signed = signSandboxEvent({ webhookSecret }, { type: "payment.captured", data }, message);
    expect(new Webhook(webhookSecret).verify(signed.body, { ...signed.headers })).toMatchObject({
      data,
    });
    const sandbox = createSandbox({ keys: async () => [{ webhookSecret }] });
    const delivery = { body: Buffer.from(signed.body), headers: signed.headers };
    expect(await sandbox.readWebhook(delivery)).toMatchObject({ kind: "captured", orderId });
    const stretched = {
      ...signed.headers,
      "webhook-timestamp": `${Date.now()}`.slice(0, 10) + "x",
    };
    await isRefused(sandbox, { ...delivery, headers: stretched });
  });
});
