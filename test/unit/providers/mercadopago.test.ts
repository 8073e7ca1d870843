/** Mercado Pago against its stand-in: exact amounts, one refund, pages that close, and whose notification counts. */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  mercadopagoDelivery,
  mercadopagoKeys,
  type MercadopagoStandIn,
  startMercadopago,
} from "../../../local/providers/mercadopago.ts";
import { findIsoDecimals } from "../../../shared/base/currency.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { createMercadopago } from "../../../shared/providers/mercadopago.ts";
import { mercadopagoCurrencies } from "../../../shared/providers/mercadopago-currencies.ts";
import { type PaymentProvider, ProviderFailed } from "../../../shared/providers/provider.ts";

const orderId = "ord_0123456789abcdefghijkl";
const expiresAtMs = epochMs(1_800_000_000_000);
const wish = { orderId, amountMinor: 1_999, currency: "BRL", expiresAtMs };
const patience = { firstBackoffMs: 1, attemptMs: 1_000, failuresToOpen: 100 };

let side: MercadopagoStandIn;
let mercadopago: PaymentProvider;

beforeAll(async () => {
  side = await startMercadopago();
});
afterAll(() => side.stop());
beforeEach(() => {
  side.faultFor = () => undefined;
  for (const books of [side.preferences, side.payments]) books.clear();
  const keys = async () => [mercadopagoKeys] as const;
  mercadopago = createMercadopago({ keys, baseUrl: side.url, patience });
});

const paid = (amount = 19.99, status = "approved") =>
  side.pay({ reference: orderId, amount, currency: "BRL" }, status);
const refundOf = (
  paymentId: string,
  more: { amountMinor?: number; idempotencyKey?: string } = {},
) =>
  mercadopago.refund({
    orderId,
    transactionId: orderId,
    paymentId,
    amountMinor: 1_999,
    currency: "BRL",
    reason: "test",
    idempotencyKey: "refund-1",
    ourRefundId: "rfd_1",
    ...more,
  });

describe("a checkout page", () => {
  it("takes no money once it is closed, or its time is over", async () => {
    await mercadopago.create(wish);
    const [open] = side.list();
    expect(open?.actions).toContain("pay");
    await mercadopago.cancel(orderId);
    const [closed] = side.list();
    expect(closed).toMatchObject({ status: "closed", actions: [] });
    expect(() => side.act(closed!.id, "pay")).toThrow("cannot happen");
  });

  it("asks for the order's amount, names the order, and closes when the holds end", async () => {
    const made = await mercadopago.create(wish);
    expect(made).toMatchObject({ transactionId: orderId, publicKey: mercadopagoKeys.publicKey });
    const [preference] = side.preferences.values();
    expect(made.redirectUrl).toContain(preference!.id);
    expect(preference).toMatchObject({
      items: [{ quantity: 1, unit_price: 19.99, currency_id: "BRL" }],
      external_reference: orderId,
      expires: true,
      expiration_date_to: new Date(expiresAtMs).toISOString(),
    });
  });

  it("asks exactly, and is read exactly, in every currency it takes @long", async () => {
    const codes = Object.keys(mercadopagoCurrencies);
    const amounts = fc.record({
      amountMinor: fc.integer({ min: 1, max: 99_999_999 }),
      currency: fc.constantFrom(...codes),
    });
    await fc.assert(
      fc.asyncProperty(amounts, async ({ amountMinor, currency }) => {
        const reason = await mercadopago.whyNot({ amountMinor, currency });
        const step = 10 ** (findIsoDecimals(currency) - mercadopagoCurrencies[currency]!.decimals);
        expect(reason).toBe(amountMinor % step === 0 ? undefined : "amount_not_representable");
        if (reason) return;
        await mercadopago.create({ ...wish, amountMinor, currency });
        const { unit_price: amount } = [...side.preferences.values()].at(-1)!.items[0]!;
        expect(Math.round(amount * 10 ** findIsoDecimals(currency))).toBe(amountMinor);
        const { id } = side.pay({ reference: orderId, amount, currency }, "approved");
        const fact = await mercadopago.fetch({ transactionId: orderId, paymentId: String(id) });
        expect(fact).toMatchObject({ amountMinor, currency });
      }),
      { numRuns: 200 },
    );
  });

  it("is refused for pesos with centavos, and for a currency of elsewhere, asking nobody", async () => {
    const before = side.requests.length;
    const whyNot = (amountMinor: number, currency: string) =>
      mercadopago.whyNot({ amountMinor, currency });
    expect(await whyNot(200_050, "COP")).toBe("amount_not_representable");
    expect(await whyNot(1_000, "EUR")).toBe("currency_unsupported");
    const bare = createMercadopago({ keys: async () => [{}] });
    expect(await bare.whyNot(wish)).toBe("not_configured");
    expect(side.requests.length).toBe(before);
  });

  it("closes when the order is cancelled, with what was under way", async () => {
    await mercadopago.create(wish);
    await mercadopago.create(wish);
    const open = paid(19.99, "pending");
    const beforeMs = Date.now();
    expect(await mercadopago.cancel(orderId)).toBe("cancelled");
    expect(open.status).toBe("cancelled");
    const pages = [...side.preferences.values()];
    expect(pages.map(({ items }) => items.length)).toEqual([1, 1]);
    for (const { expiration_date_to: until } of pages) {
      expect(Date.parse(until!)).toBeGreaterThanOrEqual(beforeMs - 1_000);
      expect(Date.parse(until!)).toBeLessThanOrEqual(Date.now());
    }
    paid();
    expect(await mercadopago.cancel(orderId)).toBe("too_late");
  });
});

describe("a notification", () => {
  const vector = { requestId: "2066ca19-c6f1-498a-be75-1923005edd06", ts: "1742505638683" };
  const secret = mercadopagoKeys.webhookSecret;

  it("is signed over id, request and time, as its SDK's own tests have it", async () => {
    const { id } = paid();
    const { requestId, ts } = vector;
    const manifest = `id:${id};request-id:${requestId};ts:${ts};`;
    const v1 = createHmac("sha256", secret).update(manifest).digest("hex");
    const { body } = mercadopagoDelivery(id);
    const headers = { "x-signature": `ts=${ts},v1=${v1}`, "x-request-id": requestId };
    expect(await mercadopago.readWebhook({ body, headers })).toMatchObject({
      kind: "captured",
      provider: "mercadopago",
      orderId,
      transactionId: orderId,
      paymentId: String(id),
      amountMinor: 1_999,
      currency: "BRL",
      type: "approved",
      certain: true,
    });
    const other = { ...headers, "x-request-id": "another" };
    await expect(mercadopago.readWebhook({ body, headers: other })).rejects.toMatchObject({
      code: "BAD_SIGNATURE",
    });
  });

  it("says what the provider says now, whatever the notification was about", async () => {
    const payment = paid(19.99, "pending");
    const read = () => mercadopago.readWebhook(mercadopagoDelivery(payment.id));
    expect(await read()).toMatchObject({ kind: "noted" });
    for (const [status, kind] of [
      ["in_process", "processing"],
      ["rejected", "failed"],
      ["approved", "captured"],
      ["refunded", "refunded"],
    ] as const) {
      payment.status = status;
      expect(await read()).toMatchObject({ kind, orderId });
    }
  });

  it("about a payment that does not exist was made up; about anything else it is noted", async () => {
    const made = mercadopago.readWebhook(mercadopagoDelivery(1));
    await expect(made).rejects.toMatchObject({ code: "BAD_SIGNATURE" });
    const topic = mercadopagoDelivery(1, { type: "merchant_order" });
    expect(await mercadopago.readWebhook(topic)).toMatchObject({ kind: "noted" });
  });

  it("about a payment of another system of the same account is noted, and lists leave it out", async () => {
    const { id } = side.pay({ reference: "invoice-7", amount: 5, currency: "BRL" }, "approved");
    expect(await mercadopago.readWebhook(mercadopagoDelivery(id))).toMatchObject({ kind: "noted" });
    const everything = { sinceMs: 0, untilMs: Date.now() + 60_000 };
    expect((await mercadopago.listRecent(everything)).facts).toEqual([]);
  });

  it("is believed with the secret before while it rotates, and with no empty one", async () => {
    const { id } = paid();
    const withKeys = (...all: { webhookSecret: string }[]) =>
      createMercadopago({
        keys: async () => all.map((key) => ({ ...mercadopagoKeys, ...key })) as never,
        baseUrl: side.url,
      });
    const rotating = withKeys({ webhookSecret: "new" }, { webhookSecret: secret });
    expect(await rotating.readWebhook(mercadopagoDelivery(id))).toMatchObject({ orderId });
    const unset = withKeys({ webhookSecret: "" });
    const forged = unset.readWebhook(mercadopagoDelivery(id, { secret: "" }));
    await expect(forged).rejects.toMatchObject({ code: "BAD_SIGNATURE" });
  });
});

describe("what the browser brings", () => {
  it("counts only for the order's own payment", async () => {
    const { id } = paid();
    const own = { orderId, transactionId: orderId };
    const returned = { payment_id: String(id) };
    expect(await mercadopago.readReturn(own, returned)).toMatchObject({ kind: "captured" });
    for (const [order, brought] of [
      [{ ...own, orderId: "ord_other" }, returned],
      [own, { payment_id: "1" }],
      [own, { payment_id: "../x" }],
      [own, {}],
    ] as const) {
      const reading = mercadopago.readReturn(order, brought);
      await expect(reading).rejects.toMatchObject({ code: "BAD_SIGNATURE" });
    }
  });
});

describe("money that goes back", () => {
  it("goes back once for each key, also when the answer was lost", async () => {
    const payment = paid();
    const lost = ["lose"] as const;
    const faults = [...lost];
    side.faultFor = () => faults.shift() as never;
    const done = await refundOf(String(payment.id));
    expect(done.status).toBe("done");
    expect(await refundOf(String(payment.id))).toEqual(done);
    expect(payment).toMatchObject({ status: "refunded", transaction_amount_refunded: 19.99 });
  });

  it("is the rest after a part went back outside, and a refusal is final", async () => {
    const payment = paid();
    side.act(String(payment.id), "refund", 5);
    const payments = { transactionId: orderId, paymentId: String(payment.id) };
    const outside = [
      { refundId: expect.any(String), amountMinor: 500, status: "done", isNameless: true },
    ];
    expect(await mercadopago.listRefunds(payments)).toEqual(outside);
    const fact = await mercadopago.fetch(payments);
    expect(fact).toMatchObject({ kind: "refunded", amountMinor: 1_999, refunds: outside });
    const refused = await refundOf(String(payment.id)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ProviderFailed);
    expect(refused).toMatchObject({ retriable: false, reason: "cause_2063" });
    expect(JSON.stringify(refused)).not.toContain("told in words");
    const rest = await refundOf(String(payment.id), { amountMinor: 1_499, idempotencyKey: "2" });
    expect(rest.status).toBe("done");
    const all = await mercadopago.listRefunds(payments);
    expect(all.map(({ amountMinor }) => amountMinor)).toEqual([500, 1_499]);
  });
});

it("finds what came of an order: the paid attempt before the one that is looked at", async () => {
  expect(await mercadopago.findPayment(orderId)).toBeUndefined();
  paid(19.99, "rejected");
  expect(await mercadopago.findPayment(orderId)).toBeUndefined();
  paid(19.99, "in_process");
  expect(await mercadopago.findPayment(orderId)).toMatchObject({ kind: "processing" });
  const { id } = paid();
  const found = { kind: "captured", paymentId: String(id) };
  expect(await mercadopago.findPayment(orderId)).toMatchObject(found);
});
