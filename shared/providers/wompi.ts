/** Wompi: web checkout with integrity signature, events with checksum, and its REST API. */
import { currencyCode, foreignId, foreignWords } from "./foreign.ts";
import * as z from "zod";
import { createAvailability, refundable } from "./availability.ts";
import { createGuard } from "./guard.ts";
import {
  BadSignature,
  type PaymentEvent,
  type PaymentFact,
  type PaymentProvider,
  ProviderFailed,
  type ProviderKeys,
  type RefundRequest,
  type RefundState,
  type Transaction,
  type TransactionRequest,
  type WebhookDelivery,
} from "./provider.ts";
import { listWompiTransactions } from "./recent-payments.ts";
import { sha256Hex } from "./signatures.ts";
import type { ProviderOptions } from "./provider-options.ts";
import { genuineEvent } from "./wompi-events.ts";
import { createWompiApi, type WompiApi, type WompiTransaction } from "./wompi-api.ts";
import { wompiAmounts } from "./wompi-currencies.ts";

/** Where shoppers pay; a stand-in brings a checkout page of its own. */
const checkoutOrigin = "https://checkout.wompi.co";
/** A reference ends in no digit: what is signed joins it with the amount, and `…1` + `00` is `…10` + `0`. */
const ending = "-ref";

/** The reference under which Wompi knows an order. */
export function makeWompiReference(orderId: string): string {
  return orderId + ending;
}

/** The order behind a reference, or undefined when it is none of ours. */
function parseWompiReference(reference: string): string | undefined {
  return reference.endsWith(ending) ? reference.slice(0, -ending.length) : undefined;
}

/** Wompi's signature for a checkout: SHA-256 of everything joined, the secret last. */
export function signCheckout(parts: readonly (string | number)[], integritySecret: string): string {
  return sha256Hex([...parts, integritySecret].join(""));
}

const toldSchema = z.object({
  transaction: z.object({
    id: z.string().regex(/^[\w-]{1,128}$/),
    reference: foreignId,
    amount_in_cents: z.int(),
    currency: currencyCode,
    status: z.string(),
  }),
});

const kinds = foreignWords<PaymentFact["kind"]>({
  // Whether a bank is at work or the shopper still is, Wompi does not tell.
  PENDING: "processing",
  APPROVED: "captured",
  DECLINED: "failed",
  ERROR: "failed",
  VOIDED: "refunded",
});

const makeVoidId = (paymentId: string): string => `void-${paymentId}`;

function parseFact(transaction: WompiTransaction): PaymentFact | undefined {
  const { id, reference, status, amount_in_cents: amount, currency } = transaction;
  const kind = kinds[status];
  const orderId = parseWompiReference(reference);
  const amountMinor = wompiAmounts.fromProvider(amount, currency);
  if (!kind || orderId === undefined || amountMinor === undefined) return undefined;
  const named = { orderId, transactionId: reference, paymentId: id, certain: true };
  const fact = { kind, provider: "wompi", ...named, amountMinor, currency, type: status } as const;
  if (kind !== "refunded") return fact;
  return { ...fact, refunds: listVoids(transaction), refundId: makeVoidId(id) };
}

/** A checkout page of Wompi's for this order, signed, and closed when the holds end. */
function createCheckout(
  { orderId, currency, expiresAtMs }: TransactionRequest,
  { publicKey = "", integritySecret = "" }: ProviderKeys,
  { amount, origin }: { amount: number; origin: string },
): Transaction {
  const reference = makeWompiReference(orderId);
  const expiration = new Date(expiresAtMs).toISOString();
  const signed = [reference, amount, currency, expiration];
  const integritySignature = signCheckout(signed, integritySecret);
  const url = new URL("/p/", origin);
  url.search = new URLSearchParams({
    "public-key": publicKey,
    currency,
    "amount-in-cents": String(amount),
    reference,
    "signature:integrity": integritySignature,
    "expiration-time": expiration,
  }).toString();
  return { transactionId: reference, redirectUrl: url.href, publicKey, integritySignature };
}

/** The attempt that was paid, or else one that may yet be. */
function paymentIn(attempts: readonly WompiTransaction[]): PaymentFact | undefined {
  const [paid, open] = ["APPROVED", "PENDING"].map((wanted) =>
    attempts.find(({ status }) => status === wanted),
  );
  const found = paid ?? open;
  return found && parseFact(found);
}

/** All or nothing: a payment that was approved can be voided, once. */
function listVoids({ id, status, amount_in_cents: amount, currency }: WompiTransaction) {
  const amountMinor = wompiAmounts.fromProvider(amount, currency);
  if (status !== "VOIDED" || amountMinor === undefined) return [];
  return [{ refundId: makeVoidId(id), amountMinor, status: "done" } as const];
}

/** Gives a payment back, which is all or nothing: of a part there is no way but another one. */
async function voidWhole(
  api: WompiApi,
  { paymentId, amountMinor, currency }: RefundRequest,
): Promise<RefundState> {
  const amount = refundable("wompi", wompiAmounts, { amountMinor, currency });
  const refundId = makeVoidId(paymentId);
  const before = await api.fetchTransaction(paymentId);
  if (amount !== before.amount_in_cents) throw new ProviderFailed("wompi", "only_in_full", false);
  // Wompi knows no idempotency keys, but a transaction can be voided only once.
  if (before.status === "VOIDED") return { refundId, status: "done" };
  // Who voids it at the same time makes this refused: what counts is how it stands afterwards.
  const refused = await api.voidTransaction(paymentId, amount).catch((error: unknown) => error);
  const { status } = await api.fetchTransaction(paymentId);
  if (refused !== undefined && status !== "VOIDED") throw refused;
  return { refundId, status: status === "VOIDED" ? "done" : "requested" };
}

/** Wompi as a payment provider. */
export function createWompi(options: ProviderOptions): PaymentProvider {
  const { keys } = options;
  const api = createWompiApi(options, createGuard("wompi", options.patience));
  const { whyNot, payable } = createAvailability({
    name: "wompi",
    keys,
    neededKeys: ["publicKey", "privateKey", "integritySecret"],
    amounts: wompiAmounts,
  });

  /** The transaction as Wompi knows it; one that it does not know was made up. */
  async function known(id: string): Promise<WompiTransaction> {
    try {
      return await api.fetchTransaction(id);
    } catch (error) {
      const isUnknown = error instanceof ProviderFailed && error.reason === "not_found";
      throw isUnknown ? new BadSignature("wompi") : error;
    }
  }

  /**
   * The checksum covers neither reference nor currency, and says nothing about where one value ends
   * and the next begins. So nothing of an event counts but what Wompi itself says of the transaction.
   */
  async function readWebhook(delivery: WebhookDelivery): Promise<PaymentEvent> {
    const event = genuineEvent(delivery, await keys());
    if (!event) throw new BadSignature("wompi");
    const eventId = event.signature.checksum.toLowerCase();
    const noted = { kind: "noted", provider: "wompi", eventId, type: event.event } as const;
    // The checksum does not cover the event's name either: what has a transaction must be about it.
    const isTransaction = event.event === "transaction.updated";
    if (!isTransaction && !("transaction" in event.data)) return noted;
    const told = toldSchema.safeParse(event.data).data?.transaction;
    if (!isTransaction || !told) throw new BadSignature("wompi");
    const actual = await known(told.id);
    const agrees = (["reference", "amount_in_cents", "currency"] as const).every(
      (name) => actual[name] === told[name],
    );
    if (!agrees) throw new BadSignature("wompi");
    return { ...(parseFact(actual) ?? noted), eventId };
  }

  const provider: PaymentProvider = {
    name: "wompi",
    steps: wompiAmounts.steps,
    readWebhook,
    whyNot,
    async create(request) {
      const amount = await payable(request);
      const [current] = await keys();
      const origin = options.baseUrl ?? checkoutOrigin;
      return createCheckout(request, current, { amount, origin });
    },
    async readReturn(_order, { transactionId, id }) {
      const paymentId = transactionId ?? id;
      if (!paymentId || !/^[\w-]{1,128}$/.test(paymentId)) throw new BadSignature("wompi");
      return parseFact(await known(paymentId));
    },
    async fetch({ paymentId }) {
      return parseFact(await api.fetchTransaction(paymentId));
    },
    findPayment: async (reference) => paymentIn(await api.listTransactions(reference)),
    listRecent: (query) => listWompiTransactions(api, query, parseFact),
    async cancel() {
      // The checkout carries its own expiration.
      return "impossible";
    },
    refund: (request) => voidWhole(api, request),
    listRefunds: async ({ paymentId }) => listVoids(await api.fetchTransaction(paymentId)),
  };
  return provider;
}
