/**
 * Mercado Pago: Checkout Pro, whose page a preference opens, signed notifications, and refunds, by its official SDK.
 *
 * Its payments name an order by `external_reference`, which only who has the access token can set. So a
 * transaction of ours is known there by the order's own id, however many preferences were made for it.
 */
import { foreignWords } from "./foreign.ts";
import * as z from "zod";
import { createAvailability, refundable } from "./availability.ts";
import { createGuard } from "./guard.ts";
import {
  createMercadopagoApi,
  findBy,
  type MercadopagoApi,
  type MercadopagoPayment,
  type MercadopagoRefund,
  type PreferenceWish,
} from "./mercadopago-api.ts";
import { fromDecimal, mercadopagoAmounts as amounts, toDecimal } from "./mercadopago-currencies.ts";
import { chargebackTopic, readChargeback } from "./mercadopago-disputes.ts";
import { loadMercadopagoValidator } from "./mercadopago-sdk.ts";
import {
  BadSignature,
  type Cancellation,
  type NotedEvent,
  type PaymentEvent,
  type PaymentFact,
  type PaymentProvider,
  type ProviderKeys,
  type RefundState,
  type ToldRefund,
  type TransactionRequest,
  type WebhookDelivery,
} from "./provider.ts";
import type { ProviderOptions } from "./provider-options.ts";
import { listMercadopagoPayments } from "./recent-payments.ts";
import { parseJson, sha256Hex } from "./signatures.ts";

const notificationSchema = z.object({
  type: z.string().max(128),
  data: z.object({ id: z.string().regex(/^[\w-]{1,128}$/) }),
});

/** Ids of chargebacks are numbers with more digits than a number keeps: they are taken as they are written. */
function parseNotification(body: Buffer): z.infer<typeof notificationSchema> | undefined {
  const written = body.toString().replaceAll(/("id"\s*:\s*)(\d{1,128})(?=\s*[,}])/g, '$1"$2"');
  return notificationSchema.safeParse(parseJson(written)).data;
}

const kinds = foreignWords<PaymentFact["kind"]>({
  // Under review, or reserved on a card: the shopper has paid.
  in_process: "processing",
  authorized: "processing",
  approved: "captured",
  // It was captured before somebody wanted it back; the dispute is told by itself.
  in_mediation: "captured",
  charged_back: "captured",
  rejected: "failed",
  cancelled: "failed",
  refunded: "refunded",
});
/** Nothing is decided yet, so it can still be stopped. */
const openStatuses = new Set(["pending", "in_process", "authorized"]);
const refundStatuses = foreignWords<RefundState["status"]>({
  approved: "done",
  rejected: "failed",
  cancelled: "failed",
});

function refundState({ id, status }: MercadopagoRefund): RefundState {
  return { refundId: id, status: refundStatuses[status ?? ""] ?? "requested" };
}

/** Where its amount cannot be read, somebody has to look: it is nothing that we asked for. */
function tellRefund(
  { id, amount, status }: MercadopagoRefund,
  currency: string,
): ToldRefund | undefined {
  const amountMinor = fromDecimal(amount, currency);
  if (amountMinor === undefined) return undefined;
  return { ...refundState({ id, amount, status }), amountMinor, isNameless: true };
}

function listTold({ refunds, currency_id: currency }: MercadopagoPayment): ToldRefund[] {
  return (refunds ?? []).flatMap((refund) => tellRefund(refund, currency) ?? []);
}

/** What a payment says; one of which a part went back is still approved. */
function parseFact(payment: MercadopagoPayment): PaymentFact | undefined {
  const { id, status, external_reference: orderId, currency_id: currency } = payment;
  const kind = kinds[status];
  const amountMinor = fromDecimal(payment.transaction_amount, currency);
  // Other systems of the same account have references of their own.
  if (!kind || !orderId?.startsWith("ord_") || amountMinor === undefined) return undefined;
  const named = { orderId, transactionId: orderId, paymentId: id, certain: true };
  const money = { provider: "mercadopago", ...named, amountMinor, currency, type: status } as const;
  const refunds = listTold(payment);
  if (refunds.length === 0 || kind === "failed") return { kind, ...money };
  return { kind: "refunded", ...money, refunds };
}

/**
 * Whether one of our secrets signed the notification. What is signed is the payment's id, the request's and a
 * time, not the body; an old one, sent again, only makes us look again.
 */
async function isGenuine(
  { headers }: WebhookDelivery,
  dataId: string,
  keys: readonly ProviderKeys[],
): Promise<boolean> {
  const validator = await loadMercadopagoValidator();
  const [xSignature, xRequestId] = [headers["x-signature"], headers["x-request-id"]];
  return keys.some(({ webhookSecret: secret }) => {
    if (!secret) return false;
    try {
      validator.validate({ xSignature, xRequestId, dataId, secret });
      return true;
    } catch {
      return false;
    }
  });
}

/** A notification says only where to look, and has another signature when it is sent again: what was seen names it. */
const named = (fact: PaymentFact): PaymentFact => ({
  ...fact,
  eventId: sha256Hex(JSON.stringify(fact)),
});

/** What a checkout page of Mercado Pago's is made from: one line, and closed when the holds end. */
function makePreference(
  { orderId, currency, expiresAtMs }: TransactionRequest,
  amount: number,
): PreferenceWish {
  const until = new Date(expiresAtMs).toISOString();
  const item = { id: orderId, title: orderId, quantity: 1, currency_id: currency };
  return {
    items: [{ ...item, unit_price: toDecimal(amount, currency) }],
    external_reference: orderId,
    expires: true,
    expiration_date_to: until,
    date_of_expiration: until,
  };
}

/** The attempt that was paid, or else one that is being looked at. */
function paymentIn(attempts: readonly MercadopagoPayment[]): PaymentFact | undefined {
  const facts = attempts.flatMap((each) => parseFact(each) ?? []);
  const of = (wanted: PaymentFact["kind"]) => facts.find(({ kind }) => kind === wanted);
  return of("captured") ?? of("refunded") ?? of("processing");
}

/** Closes every page, then stops every payment that is under way. */
async function cancelAll(
  api: MercadopagoApi,
  orderId: string,
  nowMs: number,
): Promise<Cancellation> {
  const at = new Date(nowMs).toISOString();
  for (const id of await api.listPreferences(orderId)) await api.closePreference(id, at);
  const payments = await api.listPayments(orderId);
  for (const { id, status } of payments) {
    if (openStatuses.has(status)) await api.cancelPayment(id);
  }
  return payments.some(({ status }) => status === "approved") ? "too_late" : "cancelled";
}

/** Mercado Pago as a payment provider. */
export function createMercadopago(options: ProviderOptions): PaymentProvider {
  const { keys, clock = Date.now } = options;
  const api = createMercadopagoApi(options, createGuard("mercadopago", options.patience));
  const neededKeys = ["publicKey", "accessToken"];
  const { whyNot, payable } = createAvailability({
    name: "mercadopago",
    keys,
    neededKeys,
    amounts,
  });

  async function readWebhook(delivery: WebhookDelivery): Promise<PaymentEvent> {
    const told = parseNotification(delivery.body);
    if (!told || !(await isGenuine(delivery, told.data.id, await keys()))) {
      throw new BadSignature("mercadopago");
    }
    const eventId = sha256Hex(delivery.headers["x-signature"] ?? "");
    const noted: NotedEvent = { kind: "noted", provider: "mercadopago", eventId, type: told.type };
    // Its type is not signed: what it is about is known by whether there is such a payment.
    if (told.type === chargebackTopic) {
      const event = await readChargeback(api, parseFact, { id: told.data.id, noted });
      if (event) return event.kind === "noted" ? event : named(event);
      throw new BadSignature("mercadopago");
    }
    const payment = await findBy(api.fetchPayment, told.data.id);
    if (!payment && told.type === "payment") throw new BadSignature("mercadopago");
    const fact = payment && parseFact(payment);
    return fact ? named(fact) : noted;
  }

  return {
    name: "mercadopago",
    steps: amounts.steps,
    whyNot,
    readWebhook,
    async create(request) {
      const amount = await payable(request);
      const [{ publicKey = "" }] = await keys();
      const { init_point: redirectUrl } = await api.makePreference(makePreference(request, amount));
      return { transactionId: request.orderId, redirectUrl, publicKey };
    },
    async readReturn({ orderId }, { payment_id: paymentId, collection_id: collectionId }) {
      const id = paymentId ?? collectionId;
      if (!id || !/^[\w-]{1,128}$/.test(id)) throw new BadSignature("mercadopago");
      const payment = await findBy(api.fetchPayment, id);
      if (payment?.external_reference !== orderId) throw new BadSignature("mercadopago");
      return parseFact(payment);
    },
    fetch: async ({ paymentId }) => parseFact(await api.fetchPayment(paymentId)),
    findPayment: async (orderId) => paymentIn(await api.listPayments(orderId)),
    listRecent: (query) => listMercadopagoPayments(api, query, parseFact),
    cancel: (orderId) => cancelAll(api, orderId, clock()),
    async refund({ paymentId, amountMinor, currency, idempotencyKey, refundId }) {
      if (refundId) return refundState(await api.fetchRefund(paymentId, refundId));
      const amount = refundable("mercadopago", amounts, { amountMinor, currency });
      return refundState(await api.refund(paymentId, toDecimal(amount, currency), idempotencyKey));
    },
    listRefunds: async ({ paymentId }) => listTold(await api.fetchPayment(paymentId)),
  };
}
