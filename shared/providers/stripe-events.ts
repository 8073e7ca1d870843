/** Stripe's webhooks: whether they are genuine, byte by byte, and what they say. */
import { z } from "zod";
import type { PaymentEvent, PaymentFact, ProviderKeys, WebhookDelivery } from "./provider.ts";
import { stripeAmounts } from "./stripe-currencies.ts";
import { hmacHex, jsonOf, matchesAny } from "./signatures.ts";

/** Stripe's own default, but both ways: a timestamp from the future is no better than an old one. */
const toleranceSeconds = 300;

const metadata = z.object({ orderId: z.string().min(1) });

const intentSchema = z.object({
  id: z.string(),
  amount: z.int(),
  amount_received: z.int().optional(),
  currency: z.string(),
  metadata,
});

const chargeSchema = z.object({
  amount: z.int(),
  amount_refunded: z.int(),
  currency: z.string(),
  payment_intent: z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]),
  metadata,
});

const eventSchema = z.object({
  id: z.string(),
  type: z.string(),
  data: z.object({ object: z.unknown() }),
});

/**
 * The timestamp and all `v1` signatures of a header that looks just as Stripe makes it; undefined for
 * any other. Further schemes are passed over: Stripe may add some.
 */
function headerOf(header = ""): { timestamp: string; signatures: string[] } | undefined {
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
  const header = headerOf(headers["stripe-signature"]);
  if (!header) return false;
  const { timestamp, signatures } = header;
  const signed = Buffer.concat([Buffer.from(`${timestamp}.`), body]);
  const expected = keys.flatMap(({ webhookSecret }) =>
    webhookSecret ? [hmacHex(webhookSecret, signed)] : [],
  );
  const isSigned = signatures.map((signature) => matchesAny(signature, expected)).includes(true);
  return isSigned && Math.abs(Math.floor(nowMs / 1000) - Number(timestamp)) <= toleranceSeconds;
}

const intentKinds: Readonly<Record<string, "captured" | "failed">> = {
  "payment_intent.succeeded": "captured",
  "payment_intent.payment_failed": "failed",
  "payment_intent.canceled": "failed",
};

/** What a payment intent says, or undefined when it is none of ours. */
export function intentFact(kind: "captured" | "failed", type: string, object: unknown) {
  const intent = intentSchema.safeParse(object).data;
  if (!intent) return undefined;
  const { id, amount, amount_received: received = 0, currency } = intent;
  return factOf({
    kind,
    type,
    orderId: intent.metadata.orderId,
    transactionId: id,
    amount: kind === "captured" ? received : amount,
    currency,
  });
}

/** Only a full refund ends an order; a part of the money back leaves it as it is. */
function refundFact(type: string, object: unknown): PaymentFact | undefined {
  const charge = chargeSchema.safeParse(object).data;
  if (!charge || charge.amount_refunded < charge.amount) return undefined;
  const { payment_intent: transactionId, amount, currency } = charge;
  const { orderId } = charge.metadata;
  return factOf({ kind: "refunded", type, orderId, transactionId, amount, currency });
}

/** The amount is Stripe's own number; one that is no whole number of minor units makes no fact. */
function factOf({
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

/** What a genuine event says. */
export function eventOf(body: Buffer): PaymentEvent {
  const event = eventSchema.safeParse(jsonOf(body)).data;
  const { id = "unreadable", type = "unknown", data } = event ?? {};
  const kind = intentKinds[type];
  const fact = kind
    ? intentFact(kind, type, data?.object)
    : type === "charge.refunded"
      ? refundFact(type, data?.object)
      : undefined;
  return fact ?? { kind: "noted", provider: "stripe", eventId: id, type };
}
