/** What we ask providers for, against stand-ins: once only, within time, and never with a secret told. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import { type PaymentProvider, ProviderFailed } from "../../../shared/providers/provider.ts";
import { createRazorpay } from "../../../shared/providers/razorpay.ts";
import { createStripe } from "../../../shared/providers/stripe.ts";
import { createWompi, signCheckout } from "../../../shared/providers/wompi.ts";
import {
  type RazorpayStandIn,
  razorpayKeys,
  startRazorpay,
} from "../../../local/providers/razorpay.ts";
import type { Fault } from "../../../local/providers/stand-in.ts";
import { startStripe, type StripeStandIn, stripeKeys } from "../../../local/providers/stripe.ts";
import { startWompi, type WompiStandIn, wompiKeys } from "../../../local/providers/wompi.ts";

const orderId = "ord_0123456789abcdefghijkl";
const money = {
  orderId,
  amountMinor: 500,
  currency: "INR",
  expiresAtMs: epochMs(1_800_000_000_000),
};
const pesos = { ...money, amountMinor: 200_000, currency: "COP" };
const patience = { firstBackoffMs: 1, attemptMs: 300, failuresToOpen: 100 };

let stripeSide: StripeStandIn;
let razorpaySide: RazorpayStandIn;
let wompiSide: WompiStandIn;
let stripe: PaymentProvider;
let razorpay: PaymentProvider;
let wompi: PaymentProvider;

beforeAll(async () => {
  [stripeSide, razorpaySide, wompiSide] = await Promise.all([
    startStripe(),
    startRazorpay(),
    startWompi(),
  ]);
});

afterAll(() => Promise.all([stripeSide.stop(), razorpaySide.stop(), wompiSide.stop()]));

beforeEach(() => {
  for (const side of [stripeSide, razorpaySide, wompiSide]) side.faultFor = () => undefined;
  stripe = createStripe({ keys: async () => [stripeKeys], baseUrl: stripeSide.url, patience });
  razorpay = createRazorpay({
    keys: async () => [razorpayKeys],
    baseUrl: razorpaySide.url,
    patience,
  });
  wompi = createWompi({ keys: async () => [wompiKeys], baseUrl: wompiSide.url, patience });
});

/** The given faults, one a request, then none. */
function faults(...list: Fault[]): () => Fault {
  const left = [...list];
  return () => left.shift();
}

const refundOf = (paymentId: string, transactionId = paymentId) => ({
  orderId,
  transactionId,
  paymentId,
  amountMinor: 500,
  currency: "INR",
  reason: "test",
  idempotencyKey: `${orderId}-${paymentId}`,
  ourRefundId: `rfd_${paymentId}`,
});

describe("Stripe", () => {
  it("makes one intent for an order, whatever gets lost on the way", async () => {
    stripeSide.faultFor = faults("lose", "error");
    const first = await stripe.create({ ...money, orderId: "ord_lost" });
    expect(first).toMatchObject({
      publicKey: stripeKeys.publishableKey,
      clientSecret: `${first.transactionId}_secret_x`,
    });
    expect(await stripe.create({ ...money, orderId: "ord_lost" })).toEqual(first);
    const known = { ...money, orderId: "ord_lost", transactionId: first.transactionId };
    expect(await stripe.create(known)).toEqual(first);
    expect(stripeSide.intents.size).toBe(1);
  });

  it("reads what the browser brings from Stripe itself", async () => {
    const { transactionId } = await stripe.create(money);
    const order = { orderId, transactionId };
    expect(await stripe.readReturn(order, {})).toBeUndefined();
    stripeSide.decline(transactionId);
    expect(await stripe.readReturn(order, {})).toMatchObject({ kind: "failed" });
    stripeSide.pay(transactionId);
    const returned = { payment_intent: transactionId };
    expect(await stripe.readReturn(order, returned)).toMatchObject({ kind: "captured", orderId });
    const made = stripe.readReturn(order, { paymentIntentId: "pi_made_up" });
    await expect(made).rejects.toMatchObject({ code: "BAD_SIGNATURE" });
  });

  it("pays back once, also when the answer was lost, and lists it under our name", async () => {
    const { transactionId } = await stripe.create({ ...money, orderId: "ord_back" });
    stripeSide.pay(transactionId);
    stripeSide.faultFor = faults("lose");
    const part = { ...refundOf(transactionId), amountMinor: 200 };
    const done = await stripe.refund(part);
    expect(done).toMatchObject({ status: "done" });
    expect(await stripe.refund({ ...part, refundId: done.refundId })).toEqual(done);
    expect(stripeSide.refunds).toHaveLength(1);
    const payment = { transactionId, paymentId: transactionId };
    const told = { ...done, amountMinor: 200, ourRefundId: part.ourRefundId };
    expect(await stripe.listRefunds(payment)).toEqual([told]);
    stripeSide.act(transactionId, "refund", 100);
    expect(await stripe.listRefunds(payment)).toMatchObject([{ amountMinor: 100 }, told]);
    const toMuch = stripe.refund({ ...part, idempotencyKey: "b", amountMinor: 201 });
    await expect(toMuch).rejects.toMatchObject({ reason: "refused", retriable: false });
    await stripe.refund({ ...part, idempotencyKey: "c" });
    const none = stripe.refund({ ...part, idempotencyKey: "d", amountMinor: 1 });
    await expect(none).rejects.toMatchObject({ reason: "charge_already_refunded" });
  });

  it("cancels what is open and leaves what is paid", async () => {
    const open = await stripe.create({ ...money, orderId: "ord_open" });
    expect(await stripe.cancel(open.transactionId)).toBe("cancelled");
    const paid = await stripe.create({ ...money, orderId: "ord_paid" });
    stripeSide.pay(paid.transactionId);
    expect(await stripe.cancel(paid.transactionId)).toBe("too_late");
  });
});

describe("Razorpay", () => {
  it("makes an order with ours as its receipt, and uses it again", async () => {
    const first = await razorpay.create(money);
    expect(first).toEqual({
      transactionId: expect.stringMatching(/^order_/),
      publicKey: razorpayKeys.keyId,
    });
    expect(razorpaySide.orders.get(first.transactionId)).toMatchObject({ receipt: orderId });
    const count = razorpaySide.orders.size;
    expect(await razorpay.create({ ...money, transactionId: first.transactionId })).toEqual(first);
    expect(razorpaySide.orders.size).toBe(count);
  });

  it("believes the browser only with a signature, for the order's own transaction", async () => {
    const { transactionId } = await razorpay.create(money);
    const { id } = razorpaySide.attempt(transactionId, "captured");
    const returned = razorpaySide.returned(transactionId, id);
    const order = { orderId, transactionId };
    expect(await razorpay.readReturn(order, returned)).toMatchObject({
      kind: "captured",
      orderId,
      paymentId: id,
    });
    const refused = { code: "BAD_SIGNATURE" };
    const forged = { ...returned, razorpay_signature: "0".repeat(64) };
    await expect(razorpay.readReturn(order, forged)).rejects.toMatchObject(refused);
    const foreign = { orderId, transactionId: "order_other" };
    await expect(razorpay.readReturn(foreign, returned)).rejects.toMatchObject(refused);
  });

  it("pays back once, with the key in the header that Razorpay asks for", async () => {
    const { transactionId } = await razorpay.create(money);
    const { id } = razorpaySide.attempt(transactionId, "captured");
    razorpaySide.faultFor = faults("lose", "error");
    const done = await razorpay.refund(refundOf(id, transactionId));
    expect(done.status).toBe("done");
    expect(razorpaySide.requests.at(-1)?.headers["x-refund-idempotency"]).toBe(`${orderId}-${id}`);
    const forgotten = { ...refundOf(id, transactionId), idempotencyKey: "another-key" };
    await expect(razorpay.refund(forgotten)).rejects.toMatchObject({ reason: "fully_refunded" });
    expect(razorpaySide.refunds).toHaveLength(1);
    const told = { ...done, amountMinor: 500, ourRefundId: `rfd_${id}` };
    expect(await razorpay.listRefunds({ transactionId, paymentId: id })).toEqual([told]);
  });
});

describe("Wompi", () => {
  it("sends shoppers to a signed checkout that closes when the holds end", async () => {
    const { transactionId, redirectUrl, integritySignature } = await wompi.create(pesos);
    expect(transactionId).toMatch(/^ord_.*\D$/);
    const query = new URL(redirectUrl!).searchParams;
    const expiration = new Date(money.expiresAtMs).toISOString();
    expect(query.get("expiration-time")).toBe(expiration);
    const signed = [query.get("reference")!, query.get("amount-in-cents")!, "COP", expiration];
    expect(integritySignature).toBe(signCheckout(signed, wompiKeys.integritySecret));
    expect(query.get("signature:integrity")).toBe(integritySignature);
  });

  it("voids once", async () => {
    const { transactionId } = await wompi.create(pesos);
    const { id } = wompiSide.checkOut(transactionId, pesos, "APPROVED");
    wompiSide.faultFor = faults(undefined, "lose");
    const refund = { ...refundOf(id, transactionId), amountMinor: 200_000, currency: "COP" };
    expect((await wompi.refund(refund).catch(() => undefined))?.status).not.toBe("failed");
    expect(await wompi.refund(refund)).toMatchObject({ status: "done" });
    expect(wompiSide.countVoided()).toBe(1);
  });

  it("says that it is done to both who void at once, though Wompi refuses one of them", async () => {
    const { transactionId } = await wompi.create(pesos);
    const { id } = wompiSide.checkOut(transactionId, pesos, "APPROVED");
    const before = wompiSide.countVoided();
    const refund = { ...refundOf(id, transactionId), amountMinor: 200_000, currency: "COP" };
    const ends = await Promise.all([wompi.refund(refund), wompi.refund(refund)]);
    expect(ends.map(({ status }) => status)).toEqual(["done", "done"]);
    expect(wompiSide.countVoided()).toBe(before + 1);
  });
});

describe("a provider in trouble", () => {
  it("is a failure that names no key, no text of the provider's and no address", async () => {
    stripeSide.faultFor = () => "error";
    const failure = await stripe.create({ ...money, orderId: "ord_down" }).catch((error) => error);
    expect(failure).toBeInstanceOf(ProviderFailed);
    const told = JSON.stringify({ ...failure, message: failure.message, cause: failure.cause });
    for (const secret of [...Object.values(stripeKeys), "stand-in", "127.0.0.1"]) {
      expect(told).not.toContain(secret);
    }
  });

  it("that hangs is given up in time", async () => {
    const slow = createWompi({
      keys: async () => [wompiKeys],
      // A port where nobody answers: TEST-NET-1 of RFC 5737.
      baseUrl: "http://192.0.2.1:81",
      patience: { ...patience, attemptMs: 50, totalMs: 120 },
    });
    // Its own operating system would try for two minutes.
    await expect(slow.fetch({ transactionId: "x", paymentId: "x" })).rejects.toMatchObject({
      code: "PAYMENT_PROVIDER_ERROR",
    });
  });

  it("is left alone for a while after several failures, then tried again", async () => {
    const broken = createWompi({
      keys: async () => [wompiKeys],
      baseUrl: wompiSide.url,
      patience: { firstBackoffMs: 1, retries: 0, failuresToOpen: 3, openMs: 50 },
    });
    const { id } = wompiSide.checkOut("x-ref", money, "APPROVED");
    const ask = () => broken.fetch({ transactionId: "x", paymentId: id });
    wompiSide.faultFor = () => "error";
    for (let attempt = 0; attempt < 3; attempt += 1) await ask().catch(() => {});
    const before = wompiSide.requests.length;
    await expect(ask()).rejects.toMatchObject({ reason: "circuit_open" });
    expect(wompiSide.requests.length).toBe(before);
    wompiSide.faultFor = () => undefined;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await ask()).toMatchObject({ kind: "captured" });
  });

  it("without keys is not configured, and asks nobody", async () => {
    for (const create of [createStripe, createRazorpay, createWompi]) {
      const provider = create({ keys: async () => [{}] });
      const wish = create === createWompi ? pesos : money;
      expect(await provider.whyNot(wish)).toBe("not_configured");
      await expect(provider.create(wish)).rejects.toMatchObject({
        code: "PAYMENT_METHOD_UNAVAILABLE",
        fields: { reason: "not_configured" },
      });
    }
  });
});
