/** Razorpay: orders and payments by the official SDK; signatures checked here, in constant time. */
import * as z from "zod";
import { currencyCode, foreignId, foreignWords } from "./foreign.ts";
import { systemClock } from "../base/time.ts";
import { createAvailability, refundable } from "./availability.ts";
import { createGuard } from "./guard.ts";
import {
  BadSignature,
  type PaymentFact,
  type PaymentProvider,
  type ProviderKeys,
} from "./provider.ts";
import {
  createRazorpayApi,
  type RazorpayApi,
  type RazorpayOrder,
  type RazorpayPayment,
} from "./razorpay-api.ts";
import { parseRazorpayEvent, pickOrdered } from "./razorpay-events.ts";
import { refundState, tellRefund } from "./razorpay-refunds.ts";
import { listRazorpay } from "./razorpay-recent.ts";
import { razorpayAmounts } from "./razorpay-currencies.ts";
import { hmacHex, matchesAny } from "./signatures.ts";
import type { ProviderOptions } from "./provider-options.ts";

/** A payment that was tried again keeps its id: late authorization after a failure is legal. */
const paymentKinds = foreignWords<PaymentFact["kind"]>({
  authorized: "processing",
  captured: "captured",
  refunded: "refunded",
  failed: "failed",
});

/** What of a payment is kept. */
const named = z.object({
  id: foreignId,
  currency: currencyCode,
  order_id: foreignId,
  receipt: foreignId,
});

function parseFact(payment: RazorpayPayment, order: RazorpayOrder): PaymentFact | undefined {
  const { receipt } = order;
  if (!named.safeParse({ ...payment, receipt }).success) return undefined;
  const kind = paymentKinds[payment.status];
  const amountMinor = razorpayAmounts.fromProvider(Number(payment.amount), payment.currency);
  if (!kind || !receipt || !payment.order_id || amountMinor === undefined) return undefined;
  return {
    kind,
    provider: "razorpay",
    orderId: receipt,
    transactionId: payment.order_id,
    paymentId: payment.id,
    amountMinor,
    currency: payment.currency,
    type: payment.status,
    certain: true,
    // What is all back was captured before, and may be heard of first.
    ...(kind === "captured" || kind === "refunded" ? pickOrdered(order, payment.currency) : {}),
  };
}

function signatures(keys: readonly ProviderKeys[], name: string, message: string | Buffer) {
  return keys.flatMap(({ [name]: secret }) => (secret ? [hmacHex(secret, message)] : []));
}

/** Which of the attempts to pay an order was captured, or else is about to be. */
async function fetchPaid(api: RazorpayApi, orderId: string): Promise<PaymentFact | undefined> {
  const [order, payments] = await Promise.all([api.fetchOrder(orderId), api.listPayments(orderId)]);
  const [captured, authorized] = ["captured", "authorized"].map((wanted) =>
    payments.find(({ status }) => status === wanted),
  );
  const paid = captured ?? authorized;
  return paid && parseFact(paid, order);
}

/** Razorpay takes no answer to a webhook after 5 s, so whatever we ask it meanwhile has to be quicker. */
const withinWebhook = { attemptMs: 1_900, totalMs: 4_000 };

/** Razorpay as a payment provider. */
export function createRazorpay(options: ProviderOptions): PaymentProvider {
  const { keys, clock = systemClock } = options;
  const patience = { ...withinWebhook, ...options.patience };
  const api = createRazorpayApi(options, createGuard("razorpay", patience));
  const { whyNot, payable } = createAvailability({
    name: "razorpay",
    keys,
    neededKeys: ["keyId", "keySecret"],
    amounts: razorpayAmounts,
  });

  async function readWebhook({ body, headers }: Parameters<PaymentProvider["readWebhook"]>[0]) {
    const given = headers["x-razorpay-signature"] ?? "";
    const expected = signatures(await keys(), "webhookSecret", body);
    if (!matchesAny(given, expected)) throw new BadSignature("razorpay");
    return parseRazorpayEvent(body);
  }

  const provider: PaymentProvider = {
    name: "razorpay",
    steps: razorpayAmounts.steps,
    readWebhook,
    whyNot,
    async create({ orderId, amountMinor, currency, transactionId }) {
      const amount = await payable({ amountMinor, currency });
      const [{ keyId = "" }] = await keys();
      const wish = { amount, currency, receipt: orderId, notes: { orderId } };
      const id = transactionId ?? (await api.createOrder(wish)).id;
      return { transactionId: id, publicKey: keyId };
    },
    async readReturn({ transactionId }, returned) {
      const {
        razorpay_order_id: paidOrder,
        razorpay_payment_id: paymentId,
        razorpay_signature: given = "",
      } = returned;
      const expected = signatures(await keys(), "keySecret", `${paidOrder}|${paymentId}`);
      const isOurs = paidOrder !== undefined && paidOrder === transactionId;
      const isSigned = matchesAny(given, expected);
      if (!isOurs || !paymentId || !isSigned) throw new BadSignature("razorpay");
      return provider.fetch({ transactionId: paidOrder, paymentId });
    },
    async fetch({ paymentId }) {
      const payment = await api.fetchPayment(paymentId);
      if (!paymentKinds[payment.status] || !payment.order_id) return undefined;
      const fact = parseFact(payment, await api.fetchOrder(payment.order_id));
      if (fact?.kind !== "refunded") return fact;
      return { ...fact, refunds: await provider.listRefunds(fact) };
    },
    findPayment: (transactionId) => fetchPaid(api, transactionId),
    listRecent: (query) => listRazorpay({ api, parse: parseFact, nowMs: clock() }, query),
    async cancel() {
      // Razorpay's orders cannot be cancelled: a payment that comes late is paid back.
      return "impossible";
    },
    async refund({ paymentId, amountMinor, currency, idempotencyKey, ...names }) {
      const { ourRefundId, refundId } = names;
      if (refundId) return refundState(await api.fetchRefund(paymentId, refundId));
      const amount = refundable("razorpay", razorpayAmounts, { amountMinor, currency });
      const wish = { amount, notes: { refundId: ourRefundId } };
      return refundState(await api.refund(paymentId, wish, idempotencyKey));
    },
    listRefunds: async ({ paymentId }) =>
      (await api.listRefunds(paymentId)).flatMap((refund) => tellRefund(refund) ?? []),
  };
  return provider;
}
