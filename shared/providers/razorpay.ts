/** Razorpay: orders and payments by the official SDK; signatures checked here, in constant time. */
import { z } from "zod";
import { createAvailability, refundable } from "./availability.ts";
import { createGuard } from "./guard.ts";
import {
  BadSignature,
  type PaymentEvent,
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
import { refundEntity, refundState, statusIn, tellRefund } from "./razorpay-refunds.ts";
import { listRazorpayPayments } from "./recent-payments.ts";
import { razorpayAmounts } from "./razorpay-currencies.ts";
import { hmacHex, parseJson, matchesAny, sha256Hex } from "./signatures.ts";
import type { ProviderOptions } from "./provider-options.ts";

const notes = z
  .union([z.object({ orderId: z.string().optional() }), z.array(z.unknown())])
  .nullish();

const paymentEntity = z.object({
  id: z.string().min(1).max(255),
  amount: z.int(),
  currency: z.string(),
  order_id: z.string().min(1).max(255),
  notes,
});

const orderEntity = z.object({
  receipt: z.string().nullish(),
  status: z.string().optional(),
  amount: z.int().optional(),
  amount_due: z.int().optional(),
});

/** What an order asked for, if it is paid in full: then the payment may be below it by an offer, or above by a fee. */
function pickOrdered(
  order: Partial<Omit<RazorpayOrder, "receipt">> | undefined,
  currency: string,
): { orderedMinor?: number } {
  const isPaid = order?.status === "paid" && Number(order.amount_due) === 0;
  const amountMinor = isPaid && razorpayAmounts.fromProvider(Number(order.amount), currency);
  return typeof amountMinor === "number" ? { orderedMinor: amountMinor } : {};
}

const eventSchema = z.object({
  event: z.string(),
  payload: z.object({
    payment: z.object({ entity: paymentEntity }),
    order: z.object({ entity: orderEntity }).optional(),
    refund: z.object({ entity: refundEntity }).optional(),
  }),
});

type Payload = z.infer<typeof eventSchema>["payload"];

const kinds: Readonly<Record<string, PaymentFact["kind"]>> = {
  // The shopper has paid; it is captured without our doing.
  "payment.authorized": "processing",
  "payment.captured": "captured",
  "order.paid": "captured",
  "payment.failed": "failed",
  "refund.created": "refunded",
  "refund.processed": "refunded",
  "refund.failed": "refunded",
};

/**
 * The order that an event is about. The receipt of a Razorpay order takes our secret key to write; the
 * notes of a payment can be set by the shopper's browser, so they are only a hint.
 */
function orderNamedIn({ payment, order }: Payload): { orderId: string; certain: boolean } {
  const receipt = order?.entity.receipt;
  if (receipt) return { orderId: receipt, certain: true };
  const { notes: noted } = payment.entity;
  const hint = noted && !Array.isArray(noted) ? noted.orderId : undefined;
  return { orderId: hint ?? "", certain: false };
}

function factIn(body: Buffer): PaymentFact | undefined {
  const event = eventSchema.safeParse(parseJson(body)).data;
  const kind = event && kinds[event.event];
  if (!event || !kind) return undefined;
  const { entity } = event.payload.payment;
  const amountMinor = razorpayAmounts.fromProvider(entity.amount, entity.currency);
  const refund = event.payload.refund?.entity;
  const told = refund && tellRefund({ ...refund, ...statusIn(event.event) });
  if (amountMinor === undefined || (kind === "refunded" && !told)) return undefined;
  return {
    kind,
    provider: "razorpay",
    ...orderNamedIn(event.payload),
    transactionId: entity.order_id,
    paymentId: entity.id,
    amountMinor,
    currency: entity.currency,
    type: event.event,
    ...(kind === "captured" ? pickOrdered(event.payload.order?.entity, entity.currency) : {}),
    ...(kind === "refunded" && told ? { refunds: [told], refundId: told.refundId } : {}),
  };
}

const outline = z.object({
  event: z.string(),
  payload: z
    .object({ payment: z.object({ entity: z.object({ order_id: z.unknown() }) }) })
    .optional()
    .catch(undefined),
});

/**
 * What an event is called, and whether it is about an order's money without saying what it must. A
 * payment without an order (of a link or a page of Razorpay's own) is none of ours.
 */
function parseOutline(body: Buffer): { type: string; isUnreadable?: true } {
  const told = outline.safeParse(parseJson(body)).data;
  if (!told) return { type: "unknown", isUnreadable: true };
  const type = told.event;
  if (!Object.hasOwn(kinds, type)) return { type };
  const { payment } = told.payload ?? {};
  const isForeign = payment !== undefined && !payment.entity.order_id;
  const { data } = eventSchema.safeParse(parseJson(body));
  const isReadable = data !== undefined && (kinds[type] !== "refunded" || data.payload.refund);
  return isForeign || isReadable ? { type } : { type, isUnreadable: true };
}

/** A payment that was tried again keeps its id: late authorization after a failure is legal. */
const paymentKinds: Readonly<Record<string, PaymentFact["kind"]>> = {
  authorized: "processing",
  captured: "captured",
  refunded: "refunded",
  failed: "failed",
};

function parseFact(payment: RazorpayPayment, order: RazorpayOrder): PaymentFact | undefined {
  const { receipt } = order;
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
    ...(kind === "captured" ? pickOrdered(order, payment.currency) : {}),
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
  const { keys } = options;
  const patience = { ...withinWebhook, ...options.patience };
  const api = createRazorpayApi(options, createGuard("razorpay", patience));
  const { whyNot, payable } = createAvailability({
    name: "razorpay",
    keys,
    neededKeys: ["keyId", "keySecret"],
    amounts: razorpayAmounts,
  });

  /** The id header of a webhook is not signed, so events are told apart by what is. */
  async function readWebhook({ body, headers }: Parameters<PaymentProvider["readWebhook"]>[0]) {
    const given = headers["x-razorpay-signature"] ?? "";
    const expected = signatures(await keys(), "webhookSecret", body);
    if (!matchesAny(given, expected)) throw new BadSignature("razorpay");
    const fact = factIn(body);
    if (fact) return fact;
    const eventId = sha256Hex(body);
    return { kind: "noted", provider: "razorpay", eventId, ...parseOutline(body) } as PaymentEvent;
  }

  const provider: PaymentProvider = {
    name: "razorpay",
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
    listRecent: (query) => listRazorpayPayments(api, query, parseFact),
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
