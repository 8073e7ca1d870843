/** Stripe's webhooks: whether they are genuine, byte by byte, and what they say. */
import { currencyCode, foreignId, foreignWords } from "./foreign.ts";
import * as z from "zod";
import type {
  NotedEvent,
  PaymentEvent,
  PaymentFact,
  ProviderKeys,
  WebhookDelivery,
} from "./provider.ts";
import { stripeAmounts } from "./stripe-currencies.ts";
import { hmacHex, parseJson, matchesAny } from "./signatures.ts";

/** Stripe's own default, but both ways: a timestamp from the future is no better than an old one. */
const toleranceSeconds = 300;

const metadata = z.object({ orderId: z.string().min(1) });

const intentSchema = z.object({
  id: foreignId,
  amount: z.int(),
  amount_received: z.int().optional(),
  currency: currencyCode,
  metadata,
});

/** An id, or the object that it stands for. */
export const reference = z.union([
  foreignId,
  z.object({ id: foreignId }).transform(({ id }) => id),
]);

/** A charge or a refund: both name the intent that they belong to. */
const ofIntent = z.object({ payment_intent: reference });

const eventSchema = z.object({
  id: z.string(),
  type: z.string(),
  created: z.int().nonnegative().optional().catch(undefined),
  livemode: z.boolean().optional().catch(undefined),
  data: z.object({ object: z.unknown() }),
});

/**
 * The timestamp and all `v1` signatures of a header that looks just as Stripe makes it; undefined for
 * any other. Further schemes are passed over: Stripe may add some.
 */
function parseHeader(header = ""): { timestamp: string; signatures: string[] } | undefined {
  const [, timestamp, rest] = /^t=(\d{1,12})((?:,\w+=[^,=]+)+)$/.exec(header) ?? [];
  if (timestamp === undefined || rest === undefined) return undefined;
  const parts = rest.slice(1).split(",");
  if (parts.some((part) => part.startsWith("t="))) return undefined;
  const signatures = parts.filter((part) => part.startsWith("v1=")).map((part) => part.slice(3));
  return { timestamp, signatures };
}

/** Whether one of our secrets signed these very bytes within the tolerance. */
export function isGenuine(
  { body, headers }: WebhookDelivery,
  keys: readonly ProviderKeys[],
  nowMs: number,
): boolean {
  const header = parseHeader(headers["stripe-signature"]);
  if (!header) return false;
  const { timestamp, signatures } = header;
  const signed = Buffer.concat([Buffer.from(`${timestamp}.`), body]);
  const expected = keys.flatMap(({ webhookSecret }) =>
    webhookSecret ? [hmacHex(webhookSecret, signed)] : [],
  );
  const isSigned = signatures.map((signature) => matchesAny(signature, expected)).includes(true);
  return isSigned && Math.abs(Math.floor(nowMs / 1000) - Number(timestamp)) <= toleranceSeconds;
}

type IntentKind = "processing" | "captured" | "failed";

const intentKinds = foreignWords<IntentKind>({
  "payment_intent.processing": "processing",
  "payment_intent.succeeded": "captured",
  "payment_intent.payment_failed": "failed",
  "payment_intent.canceled": "failed",
});

/** What a payment intent says, or undefined when it is none of ours. */
export function intentFact(kind: IntentKind, type: string, object: unknown) {
  const intent = intentSchema.safeParse(object).data;
  if (!intent) return undefined;
  const { id, amount, amount_received: received = 0, currency } = intent;
  return makeFact({
    kind,
    type,
    orderId: intent.metadata.orderId,
    transactionId: id,
    amount: kind === "captured" ? received : amount,
    currency,
  });
}

const refundTypes = new Set([
  "charge.refunded",
  "charge.refund.updated",
  "refund.created",
  "refund.updated",
  "refund.failed",
]);

/** What Stripe has to be told to send, besides `charge.dispute.*`. */
export const stripeEventTypes: readonly string[] = [...Object.keys(intentKinds), ...refundTypes];

/**
 * The payment of which something goes back, or comes home. `charge.refunded` comes when a refund is made, not when it
 * is done, and others come in any order: so the refunds themselves have to be looked at.
 */
export function findRefundedIntent({ type, object }: StripeEvent): string | undefined {
  if (!refundTypes.has(type)) return undefined;
  return ofIntent.safeParse(object).data?.payment_intent;
}

/** The amount is Stripe's own number; one that is no whole number of minor units makes no fact. */
function makeFact({
  amount,
  ...told
}: Pick<PaymentFact, "kind" | "type" | "orderId" | "transactionId" | "currency"> & {
  readonly amount: number;
}): PaymentFact | undefined {
  const currency = told.currency.toUpperCase();
  const amountMinor = stripeAmounts.fromProvider(amount, currency);
  if (amountMinor === undefined) return undefined;
  // An intent is paid once at the most, and its metadata takes our secret key to write.
  const fixed = { provider: "stripe", paymentId: told.transactionId, certain: true } as const;
  return { ...told, amountMinor, currency, ...fixed };
}

/** An event as Stripe sends it, taken apart. */
export interface StripeEvent {
  readonly id: string;
  readonly type: string;
  /** When it happened, in seconds. */
  readonly created: number | undefined;
  /** False for money that is only played with. */
  readonly livemode?: boolean | undefined;
  readonly object: unknown;
}

/**
 * Whether an event is of the mode that a key is for. A shop that has just gone live still takes the webhook secret
 * of before, and nothing is bought with a test card.
 */
export function isOfMode({ livemode }: StripeEvent, { secretKey = "" }: ProviderKeys): boolean {
  const [, mode] = /^[rs]k_(live|test)_/.exec(secretKey) ?? [];
  return livemode === undefined || mode === undefined || livemode === (mode === "live");
}

/** The event in a body; nothing of it need be readable. */
export function parseEvent(body: Buffer): StripeEvent | undefined {
  const event = eventSchema.safeParse(parseJson(body)).data;
  const { created, livemode } = event ?? {};
  return event && { ...event, created, livemode, object: event.data.object };
}

/** The order that an object names. Money that names none is another's business: a shop may use its account for more. */
function orderNamedIn(object: unknown): string | undefined {
  return z.object({ metadata }).safeParse(object).data?.metadata.orderId;
}

/** What a genuine event says by itself. */
export function parseStripeEvent(event: StripeEvent | undefined): PaymentEvent {
  const { type = "unknown", object } = event ?? {};
  const kind = intentKinds[type];
  const fact = kind && intentFact(kind, type, object);
  const isOurs = kind !== undefined && orderNamedIn(object) !== undefined;
  return fact ?? noteStripeEvent(event, !event || isOurs);
}

/** An event that moves nothing; one that should have said more cannot be read. */
export function noteStripeEvent(event: StripeEvent | undefined, isUnreadable: boolean): NotedEvent {
  const { id: eventId = "unreadable", type = "unknown" } = event ?? {};
  const orderId = orderNamedIn(event?.object);
  const named = orderId === undefined ? {} : { orderId };
  const noted = { kind: "noted", provider: "stripe", eventId, type, ...named } as const;
  return isUnreadable ? { ...noted, isUnreadable } : noted;
}
