/** Exact amounts: what a shopper pays at a provider is the order's total, in every currency of each. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  mercadopagoDelivery,
  mercadopagoKeys,
  type MercadopagoStandIn,
  startMercadopago,
} from "../../../local/providers/mercadopago.ts";
import {
  type RazorpayStandIn,
  razorpayDecimalText,
  razorpayDelivery,
  razorpayKeys,
  startRazorpay,
} from "../../../local/providers/razorpay.ts";
import {
  startStripe,
  stripeDecimalText,
  stripeDelivery,
  stripeKeys,
  type StripeStandIn,
} from "../../../local/providers/stripe.ts";
import {
  startWompi,
  wompiDelivery,
  wompiEvent,
  wompiKeys,
  type WompiStandIn,
} from "../../../local/providers/wompi.ts";
import { currencyField } from "../../../shared/api/fields.ts";
import { findIsoDecimals } from "../../../shared/base/currency.ts";
import { epochMs } from "../../../shared/base/time.ts";
import {
  type Amount,
  createAmounts,
  type CurrencyTable,
} from "../../../shared/providers/amounts.ts";
import type { PaymentFact, PaymentProvider } from "../../../shared/providers/provider.ts";
import { razorpayCurrencies } from "../../../shared/providers/razorpay-currencies.ts";
import { mercadopagoCurrencies } from "../../../shared/providers/mercadopago-currencies.ts";
import { createMercadopago } from "../../../shared/providers/mercadopago.ts";
import { createRazorpay } from "../../../shared/providers/razorpay.ts";
import { stripeCurrencies } from "../../../shared/providers/stripe-currencies.ts";
import { createStripe } from "../../../shared/providers/stripe.ts";
import { wompiCurrencies } from "../../../shared/providers/wompi-currencies.ts";
import { createWompi } from "../../../shared/providers/wompi.ts";
import { effort } from "../../support/effort.ts";

const nowMs = 1_800_000_000_000;
const clock = () => epochMs(nowMs);
let stripeSide: StripeStandIn;
let razorpaySide: RazorpayStandIn;
let wompiSide: WompiStandIn;
let mercadopagoSide: MercadopagoStandIn;
let stripe: PaymentProvider;
let razorpay: PaymentProvider;
let wompi: PaymentProvider;
let mercadopago: PaymentProvider;

beforeAll(async () => {
  [stripeSide, razorpaySide, wompiSide, mercadopagoSide] = await Promise.all([
    startStripe(),
    startRazorpay(),
    startWompi(),
    startMercadopago(),
  ]);
  stripe = createStripe({ keys: async () => [stripeKeys], baseUrl: stripeSide.url, clock });
  razorpay = createRazorpay({ keys: async () => [razorpayKeys], baseUrl: razorpaySide.url });
  wompi = createWompi({ keys: async () => [wompiKeys], baseUrl: wompiSide.url });
  const { url: baseUrl } = mercadopagoSide;
  mercadopago = createMercadopago({ keys: async () => [mercadopagoKeys], baseUrl });
});
afterAll(() =>
  Promise.all([stripeSide, razorpaySide, wompiSide, mercadopagoSide].map((side) => side.stop())),
);

/** What the shop shows: the total with the decimals of ISO 4217, without zeros at its end. */
const shownBy = ({ amountMinor, currency }: Amount): number =>
  amountMinor / 10 ** findIsoDecimals(currency);

let serial = 0;
const wishOf = (amount: Amount) => ({
  orderId: `ord_${(serial += 1)}`,
  ...amount,
  expiresAtMs: epochMs(nowMs + 600_000),
});
const refundOf = (amount: Amount, transactionId: string, paymentId: string) => ({
  orderId: "ord_back",
  ...amount,
  transactionId,
  paymentId,
  reason: "test",
  idempotencyKey: `key-${serial}`,
  ourRefundId: `rfd_${serial}`,
});

/** Pays, hears of it both ways and pays back; what the provider's own books say each time. */
interface Journey {
  readonly asked: string;
  readonly told: PaymentFact | undefined;
  readonly fetched: PaymentFact | undefined;
  readonly paidBack: string;
  /** What the provider is read to have paid back, in minor units. */
  readonly readBack: number;
}

async function sumBack(provider: PaymentProvider, transactionId: string, paymentId: string) {
  const refunds = await provider.listRefunds({ transactionId, paymentId });
  return refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

const journeys: Record<string, (amount: Amount) => Promise<Journey>> = {
  async stripe(amount) {
    const { transactionId } = await stripe.create(wishOf(amount));
    const intent = stripeSide.pay(transactionId);
    const asked = stripeDecimalText(intent.amount, amount.currency);
    const delivery = stripeDelivery("payment_intent.succeeded", intent, { atMs: nowMs });
    const told = (await stripe.readWebhook(delivery)) as PaymentFact;
    const fetched = await stripe.fetch({ transactionId, paymentId: transactionId });
    await stripe.refund(refundOf(amount, transactionId, transactionId));
    const paidBack = stripeDecimalText(
      stripeSide.refundedCharge(transactionId).amount_refunded,
      amount.currency,
    );
    const readBack = await sumBack(stripe, transactionId, transactionId);
    return { asked, told, fetched, paidBack, readBack };
  },
  async razorpay(amount) {
    const { transactionId } = await razorpay.create(wishOf(amount));
    const payment = razorpaySide.attempt(transactionId, "captured");
    const asked = razorpayDecimalText(payment.amount, amount.currency);
    const order = razorpaySide.orders.get(transactionId);
    const told = (await razorpay.readWebhook(
      razorpayDelivery("order.paid", { payment, order }),
    )) as PaymentFact;
    const fetched = await razorpay.fetch({ transactionId, paymentId: payment.id });
    await razorpay.refund(refundOf(amount, transactionId, payment.id));
    const paidBack = razorpayDecimalText(payment.amount_refunded, amount.currency);
    const readBack = await sumBack(razorpay, transactionId, payment.id);
    return { asked, told, fetched, paidBack, readBack };
  },
  async wompi(amount) {
    const { redirectUrl, transactionId } = await wompi.create(wishOf(amount));
    const url = new URL(redirectUrl!);
    expect((await fetch(new URL(url.search, `${wompiSide.url}/p/`))).status).toBe(200);
    const transaction = [...wompiSide.transactions.values()].find(
      ({ reference }) => reference === transactionId,
    )!;
    const asked = (transaction.amount_in_cents / 100).toFixed(2);
    wompiSide.move(transaction, "APPROVED");
    const told = (await wompi.readWebhook(wompiDelivery(wompiEvent(transaction)))) as PaymentFact;
    const fetched = await wompi.fetch({ transactionId, paymentId: transaction.id });
    await wompi.refund(refundOf(amount, transactionId, transaction.id));
    const paidBack = transaction.status === "VOIDED" ? asked : "0";
    const readBack = await sumBack(wompi, transactionId, transaction.id);
    return { asked, told, fetched, paidBack, readBack };
  },
  async mercadopago(amount) {
    const { transactionId } = await mercadopago.create(wishOf(amount));
    const page = mercadopagoSide.list().find(({ about }) => about === transactionId);
    mercadopagoSide.act(page!.id, "pay");
    const payment = [...mercadopagoSide.payments.values()].find(
      ({ external_reference: reference }) => reference === transactionId,
    )!;
    const paymentId = String(payment.id);
    const told = (await mercadopago.readWebhook(mercadopagoDelivery(payment.id))) as PaymentFact;
    const fetched = await mercadopago.fetch({ transactionId, paymentId });
    await mercadopago.refund(refundOf(amount, transactionId, paymentId));
    const { transaction_amount: asked, transaction_amount_refunded: paidBack } = payment;
    const readBack = await sumBack(mercadopago, transactionId, paymentId);
    return { asked: String(asked), told, fetched, paidBack: String(paidBack), readBack };
  },
};

const tables: Readonly<Record<string, CurrencyTable>> = {
  stripe: stripeCurrencies,
  razorpay: razorpayCurrencies,
  wompi: wompiCurrencies,
  mercadopago: mercadopagoCurrencies,
};

/** Amounts of ours that the table says can be sent. */
function sendable(currency: string, table: CurrencyTable): fc.Arbitrary<Amount> {
  const { decimals, step = 1, smallest = 1, largest = 90_000_000 } = table[currency]!;
  const first = Math.ceil(smallest / step);
  const last = Math.floor(Math.min(largest, 90_000_000) / step);
  const factor = 10 ** (findIsoDecimals(currency) - decimals);
  return fc
    .integer({ min: first, max: last })
    .map((steps) => ({ amountMinor: Math.round(steps * step * factor), currency }));
}

describe.each(Object.entries(tables))("every currency of %s", (name, table) => {
  it(
    "is asked for, told, fetched and paid back at exactly the order's total",
    { timeout: 3_000_000 },
    async () => {
      const currencies = Object.keys(table);
      for (const currency of currencies) {
        await fc.assert(
          fc.asyncProperty(sendable(currency, table), async (amount) => {
            const { asked, told, fetched, paidBack, readBack } = await journeys[name]!(amount);
            expect([Number(asked), Number(paidBack)]).toEqual([shownBy(amount), shownBy(amount)]);
            expect(told).toMatchObject({ kind: "captured", ...amount });
            expect(fetched).toMatchObject(amount);
            expect(readBack).toBe(amount.amountMinor);
          }),
          { numRuns: effort({ part: 1, all: 20 }) },
        );
      }
      console.log(`${name}: ${currencies.length} currencies there and back`);
    },
  );

  it("can be the currency of a price", () => {
    const foreign = Object.keys(table).filter((code) => !currencyField.safeParse(code).success);
    expect(foreign).toEqual([]);
  });

  it("has a number if it is whole steps, and only then", () => {
    const { toProvider, steps } = createAmounts(table);
    const amounts = fc.record({
      amountMinor: fc.integer({ min: 0, max: 10 ** 6 }),
      currency: fc.constantFrom(...Object.keys(table), ...Object.keys(steps), "XTS"),
    });
    fc.assert(
      fc.property(amounts, (amount) => {
        const isWhole = amount.amountMinor % (steps[amount.currency] ?? 1) === 0;
        expect(toProvider(amount) !== undefined).toBe(isWhole);
      }),
      { numRuns: 2_000 },
    );
  });

  it("goes through the border and back unchanged, or does not go at all", () => {
    const { toProvider, fromProvider, whyNot } = createAmounts(table);
    const amounts = fc.record({
      amountMinor: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      currency: fc.constantFrom(...Object.keys(table), "XTS"),
    });
    fc.assert(
      fc.property(amounts, (amount) => {
        const sent = toProvider(amount);
        if (sent === undefined) expect(whyNot(amount)).toBeDefined();
        else expect(fromProvider(sent, amount.currency)).toBe(amount.amountMinor);
      }),
      { numRuns: 2_000 },
    );
  });
});

it.each([
  // Known from bug reports: each was charged a hundredth, a hundredfold, or refused.
  ["ISK", 2_000, 200_000],
  ["UGX", 5_000, 500_000],
  ["MGA", 500_000, 5_000],
  ["JPY", 500, 500],
  ["KWD", 1_230, 1_230],
  ["HUF", 20_000, 20_000],
  ["EUR", 4_999, 4_999],
])("Stripe is sent %s %i as %i", async (currency, amountMinor, amount) => {
  const { transactionId } = await stripe.create(wishOf({ amountMinor, currency }));
  expect(stripeSide.intents.get(transactionId)).toMatchObject({ amount });
});

it.each([
  // Beyond eight digits shoppers pay by card, beyond nine not by American Express; Stripe knows which.
  ["USD", 100_000_000, 100_000_000],
  ["COP", 999_999_999_999, 999_999_999_999],
  ["HUF", 999_999_999_999, 999_999_999_999],
  ["JPY", 999_999_999_999, 999_999_999_999],
  ["KWD", 999_999_999_990, 999_999_999_990],
  ["MGA", 99_999_999_999_900, 999_999_999_999],
])("Stripe is sent %s %i, which only some ways of paying take", async (currency, ours, theirs) => {
  const { transactionId } = await stripe.create(wishOf({ amountMinor: ours, currency }));
  expect(stripeSide.intents.get(transactionId)).toMatchObject({ amount: theirs });
});

it("what only Stripe's account is too large for is refused with the reason, not an outage", async () => {
  stripeSide.settings.smallest = 1_000;
  const wish = wishOf({ amountMinor: 900, currency: "USD" });
  await expect(stripe.create(wish)).rejects.toMatchObject({
    code: "PAYMENT_METHOD_UNAVAILABLE",
    fields: { reason: "amount_too_small", paymentMethod: "stripe" },
  });
  stripeSide.settings.smallest = 0;
  // The refusal is remembered under its key, as every answer of Stripe's is.
  await expect(stripe.create(wish)).rejects.toMatchObject({ code: "PAYMENT_METHOD_UNAVAILABLE" });
});

it.each([
  ["stripe", "EUR", 49, "amount_too_small"],
  ["stripe", "KRW", 49, "amount_too_small"],
  ["stripe", "EUR", 1_000_000_000_000, "amount_too_large"],
  ["stripe", "JPY", 1_000_000_000_000, "amount_too_large"],
  ["stripe", "MGA", 100_000_000_000_000, "amount_too_large"],
  ["stripe", "KWD", 1_234, "amount_not_representable"],
  ["stripe", "MGA", 12_345, "amount_not_representable"],
  ["stripe", "IRR", 50_000, "currency_unsupported"],
  ["stripe", "constructor", 50_000, "currency_unsupported"],
  ["razorpay", "INR", 99, "amount_too_small"],
  ["razorpay", "OMR", 1_001, "amount_not_representable"],
  ["razorpay", "XAF", 1_000, "currency_unsupported"],
  ["wompi", "COP", 149_900, "amount_too_small"],
  ["wompi", "COP", 200_050, "amount_not_representable"],
  ["wompi", "USD", 200_000, "currency_unsupported"],
] as const)("%s refuses %s %i: %s", async (name, currency, amountMinor, reason) => {
  const provider = { stripe, razorpay, wompi }[name];
  const sides = [stripeSide, razorpaySide, wompiSide];
  const asked = () => sides.reduce((sum, { requests }) => sum + requests.length, 0);
  const before = asked();
  expect(await provider.whyNot({ amountMinor, currency })).toBe(reason);
  await expect(provider.create(wishOf({ amountMinor, currency }))).rejects.toMatchObject({
    code: "PAYMENT_METHOD_UNAVAILABLE",
    fields: { reason, paymentMethod: name },
  });
  expect(asked()).toBe(before);
});
