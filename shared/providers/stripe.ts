/** Stripe: payment intents, webhooks with timestamped signatures, refunds. */
import { systemClock } from "../base/time.ts";
import { createAvailability, refundable } from "./availability.ts";
import { createGuard } from "./guard.ts";
import {
  BadSignature,
  type PaymentEvent,
  PaymentMethodUnavailable,
  type PaymentProvider,
  ProviderFailed,
  type RefundRequest,
  type RefundState,
  type ToldRefund,
} from "./provider.ts";
import type { ProviderOptions } from "./provider-options.ts";
import { listStripe, tellRefund } from "./stripe-recent.ts";
import { createStripeApi, type StripeApi } from "./stripe-api.ts";
import { stripeAmounts } from "./stripe-currencies.ts";
import { type DisputedIntent, findDisputed } from "./stripe-disputes.ts";
import {
  parseStripeEvent,
  intentFact,
  isGenuine,
  isOfMode,
  parseEvent,
  findRefundedIntent,
  noteStripeEvent,
  type StripeEvent,
} from "./stripe-events.ts";

function isRefusal(error: unknown, ...reasons: string[]): boolean {
  return error instanceof ProviderFailed && reasons.includes(error.reason);
}

/** What this account does not take of what the tables allow: its payouts have a minimum of their own, for example. */
function tellRefusal(error: unknown): never {
  const reasons = ["amount_too_small", "amount_too_large"] as const;
  const reason = reasons.find((each) => isRefusal(error, each));
  throw reason ? new PaymentMethodUnavailable("stripe", reason) : error;
}

type Intents = Awaited<ReturnType<StripeApi["listIntents"]>>;

/** What an intent says as it stands; undefined while nothing is decided, or when it is none of ours. */
function standingFact(intent: Intents["data"][number]) {
  const { status } = intent;
  if (status === "succeeded") return intentFact("captured", status, intent);
  if (status === "processing") return intentFact("processing", status, intent);
  const hasFailed = status === "canceled" || intent.last_payment_error;
  return hasFailed ? intentFact("failed", status, intent) : undefined;
}

async function refundBy(api: StripeApi, request: RefundRequest): Promise<RefundState> {
  const { orderId, transactionId, amountMinor, currency, idempotencyKey, ...names } = request;
  const { ourRefundId, refundId } = names;
  if (refundId) return api.fetchRefund(refundId);
  const amount = refundable("stripe", stripeAmounts, { amountMinor, currency });
  // A key binds what was sent with it: refunds that are older than this name are sent as they were.
  const own = ourRefundId.startsWith("rfd_") ? { refundId: ourRefundId } : {};
  const wish = { payment_intent: transactionId, amount, metadata: { orderId, ...own } };
  return api.refund(wish, idempotencyKey);
}

/** Every refund of a payment intent, wherever it was asked for. */
async function listTold(api: StripeApi, intentId: string): Promise<ToldRefund[]> {
  const refunds = await api.listRefunds(intentId);
  return refunds.flatMap((refund) => tellRefund(refund) ?? []);
}

/** The intent that an event names; undefined where it is another account's money. */
async function findIntent(api: StripeApi, intentId: string) {
  try {
    return await api.fetchIntent(intentId);
  } catch (error) {
    if (isRefusal(error, "resource_missing")) return undefined;
    throw error;
  }
}

/** How all refunds of a payment stand: what Stripe's refunds say themselves, not what an event calls them. */
async function refundedFact(api: StripeApi, intentId: string, type: string) {
  const intent = await findIntent(api, intentId);
  if (!intent) return undefined;
  const refunds = await listTold(api, intentId);
  const fact = refunds.length > 0 ? intentFact("captured", type, intent) : undefined;
  return fact && ({ ...fact, kind: "refunded", refunds } as const);
}

/** What an event says of a dispute: it names the intent, and only that names our order. */
async function disputedEvent(
  api: StripeApi,
  event: StripeEvent,
  told: DisputedIntent | "unreadable",
): Promise<PaymentEvent> {
  if (told === "unreadable") return noteStripeEvent(event, true);
  const intent = await findIntent(api, told.intentId);
  const fact = intent && intentFact("captured", event.type, intent);
  if (!fact) return noteStripeEvent(event, false);
  // Of an amount in another currency than the payment's nothing can be subtracted.
  if (fact.currency !== told.currency) return noteStripeEvent(event, true);
  return { ...fact, kind: "disputed", dispute: told.dispute };
}

/** What an event says, with a look at Stripe where it only says where to look. */
async function readEvent(api: StripeApi, event: StripeEvent): Promise<PaymentEvent> {
  const disputed = findDisputed(event);
  if (disputed) return disputedEvent(api, event, disputed);
  const refunded = findRefundedIntent(event);
  const fact = refunded && (await refundedFact(api, refunded, event.type));
  return fact || parseStripeEvent(event);
}

/** Stripe as a payment provider. */
export function createStripe(options: ProviderOptions): PaymentProvider {
  const { keys, clock = systemClock } = options;
  const api = createStripeApi(options, createGuard("stripe", options.patience));
  const { whyNot, payable } = createAvailability({
    name: "stripe",
    keys,
    neededKeys: ["secretKey"],
    amounts: stripeAmounts,
  });

  const provider: PaymentProvider = {
    name: "stripe",
    steps: stripeAmounts.steps,
    whyNot,
    async create({ orderId, amountMinor, currency, transactionId }) {
      const amount = await payable({ amountMinor, currency });
      const [{ publishableKey }] = await keys();
      const wish = { amount, currency: currency.toLowerCase(), metadata: { orderId } };
      const asked =
        transactionId === undefined
          ? api.createIntent(wish, `${orderId}-stripe`)
          : api.fetchIntent(transactionId);
      const intent = await asked.catch(tellRefusal);
      return {
        transactionId: intent.id,
        ...(intent.client_secret ? { clientSecret: intent.client_secret } : {}),
        ...(publishableKey ? { publicKey: publishableKey } : {}),
      };
    },
    async readWebhook(delivery) {
      const versions = await keys();
      if (!isGenuine(delivery, versions, clock())) throw new BadSignature("stripe");
      const event = parseEvent(delivery.body);
      if (!event) return parseStripeEvent(event);
      if (!isOfMode(event, versions[0])) return noteStripeEvent(event, false);
      return { ...(await readEvent(api, event)), eventId: event.id };
    },
    async readReturn({ transactionId: known }, returned) {
      const { paymentIntentId, payment_intent: redirected } = returned;
      const transactionId = paymentIntentId ?? redirected ?? known;
      if (!transactionId || !/^\w{1,255}$/.test(transactionId)) throw new BadSignature("stripe");
      try {
        return await provider.fetch({ transactionId, paymentId: transactionId });
      } catch (error) {
        throw isRefusal(error, "resource_missing") ? new BadSignature("stripe") : error;
      }
    },
    async fetch({ transactionId }) {
      return standingFact(await api.fetchIntent(transactionId));
    },
    async findPayment(transactionId) {
      const fact = await provider.fetch({ transactionId, paymentId: transactionId });
      return fact?.kind === "failed" ? undefined : fact;
    },
    listRecent: (query) => listStripe({ api, standingFact, nowMs: clock() }, query),
    async cancel(transactionId) {
      try {
        await api.cancelIntent(transactionId);
        return "cancelled";
      } catch (error) {
        // It was paid, a bank is at work on it, or it was cancelled before.
        if (isRefusal(error, "payment_intent_unexpected_state")) return "too_late";
        throw error;
      }
    },
    refund: (request) => refundBy(api, request),
    listRefunds: ({ transactionId }) => listTold(api, transactionId),
  };
  return provider;
}
