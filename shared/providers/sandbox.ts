/** The provider for trying things out: signs by Standard Webhooks, moves no money, keeps no state. */
import { currencyCode } from "./foreign.ts";
import { Webhook } from "standardwebhooks";
import * as z from "zod";
import { systemClock } from "../base/time.ts";
import { derivedId } from "../base/derived-ids.ts";
import {
  BadSignature,
  type PaymentEvent,
  type PaymentFact,
  type PaymentProvider,
  type ProviderKeys,
  type WebhookDelivery,
} from "./provider.ts";
import type { ProviderOptions } from "./provider-options.ts";
import { parseJson, matchesAny, secondsIn } from "./signatures.ts";

/** Standard Webhooks' tolerance: five minutes both ways. */
const toleranceSeconds = 300;
const prefix = "sbx_";

const foreignId = z.string().min(1).max(255);

const eventSchema = z.object({
  type: z.enum([
    "payment.processing",
    "payment.captured",
    "payment.failed",
    "payment.refunded",
    "payment.disputed",
  ]),
  data: z.object({
    orderId: foreignId,
    transactionId: foreignId,
    paymentId: foreignId,
    amountMinor: z.int(),
    currency: currencyCode,
    /** What `payment.refunded` is about; without it all of the payment went back. */
    refund: z
      .object({
        refundId: foreignId,
        amountMinor: z.int().positive(),
        status: z.enum(["requested", "done", "failed"]),
        ourRefundId: foreignId.optional(),
      })
      .optional(),
    /** What `payment.disputed` is about. */
    dispute: z
      .object({
        disputeId: foreignId,
        amountMinor: z.int().positive(),
        status: z.enum(["open", "won", "lost"]),
        changedAtMs: z.int().nonnegative(),
      })
      .optional(),
  }),
});

/** What the sandbox sends. */
export type SandboxEvent = z.infer<typeof eventSchema>;

/** The order that a sandbox transaction belongs to, or undefined when it is none of the sandbox's. */
export function parseSandboxTransactionId(transactionId: string): string | undefined {
  return transactionId.startsWith(prefix) ? transactionId.slice(prefix.length) : undefined;
}

/** The sandbox's transaction for an order: always the same one. */
export function makeSandboxTransactionId(orderId: string): string {
  return prefix + orderId;
}

function createWebhook(keys: ProviderKeys): Webhook | undefined {
  try {
    return new Webhook(keys["webhookSecret"] ?? "");
  } catch {
    // An empty or unreadable secret signs nothing.
    return undefined;
  }
}

/** A signed delivery of an event; the id is the same for every repetition of it. */
export interface SignedEvent {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Signs an event the way the sandbox does. */
export function signSandboxEvent(
  keys: ProviderKeys,
  event: SandboxEvent,
  message: { id: string; at: Date },
): SignedEvent {
  const body = JSON.stringify(event);
  const signature = createWebhook(keys)?.sign(message.id, message.at, body) ?? "";
  const timestamp = String(Math.floor(message.at.getTime() / 1000));
  return {
    body,
    headers: {
      "content-type": "application/json",
      "webhook-id": message.id,
      "webhook-timestamp": timestamp,
      "webhook-signature": signature,
    },
  };
}

const outline = z.object({
  type: z.string(),
  data: z.object({ orderId: foreignId.optional() }).catch({}),
});

const kinds = {
  "payment.processing": "processing",
  "payment.captured": "captured",
  "payment.failed": "failed",
  "payment.refunded": "refunded",
  "payment.disputed": "disputed",
} as const;

function parseFact({ type, data: { refund, dispute, ...data } }: SandboxEvent) {
  const kind: PaymentFact["kind"] = kinds[type];
  const fact = { kind, provider: "sandbox", ...data, type, certain: true } as const;
  if (kind === "disputed") {
    if (!dispute) return undefined;
    const { changedAtMs: toldAtMs, ...told } = dispute;
    const isOver = told.status !== "open";
    const takenMinor = told.status === "won" ? 0 : told.amountMinor;
    return { ...fact, dispute: { ...told, takenMinor, isOver, toldAtMs } };
  }
  if (kind !== "refunded") return fact;
  const { paymentId, amountMinor } = data;
  const whole = { refundId: `all-${paymentId}`, amountMinor, status: "done" } as const;
  const told = refund ?? whole;
  return { ...fact, refunds: [told], refundId: told.refundId };
}

/**
 * Whether the delivery is genuine. The library signs; the check is ours, because its own reads a
 * timestamp such as `1700000000abc` as a number and body bytes that are no text as the same text.
 */
function isGenuine(
  delivery: WebhookDelivery,
  keys: readonly ProviderKeys[],
  nowMs: number,
): boolean {
  const { "webhook-id": id, "webhook-timestamp": timestamp } = delivery.headers;
  const sentSeconds = secondsIn(timestamp);
  const given = delivery.headers["webhook-signature"]?.split(" ") ?? [];
  const isText = Buffer.from(delivery.body.toString()).equals(delivery.body);
  if (!id || sentSeconds === undefined || String(sentSeconds) !== timestamp || !isText)
    return false;
  if (Math.abs(nowMs / 1000 - sentSeconds) > toleranceSeconds) return false;
  const expected = keys.flatMap((version) => {
    const signing = createWebhook(version);
    return signing ? [signing.sign(id, new Date(sentSeconds * 1000), delivery.body)] : [];
  });
  return given.map((signature) => matchesAny(signature, expected)).includes(true);
}

/** The sandbox. Its refunds and cancellations always succeed, the same key always meaning the same. */
export function createSandbox({ keys, clock = systemClock }: ProviderOptions): PaymentProvider {
  return {
    name: "sandbox",
    steps: {},
    async whyNot() {
      // It moves no money, so it takes any.
      return undefined;
    },
    async create({ orderId }) {
      return { transactionId: makeSandboxTransactionId(orderId) };
    },
    async readWebhook(delivery): Promise<PaymentEvent> {
      if (!isGenuine(delivery, await keys(), clock())) throw new BadSignature("sandbox");
      const event = eventSchema.safeParse(parseJson(delivery.body));
      const fact = event.success ? parseFact(event.data) : undefined;
      const eventId = delivery.headers["webhook-id"] ?? "";
      if (fact) return { ...fact, eventId };
      const told = outline.safeParse(parseJson(delivery.body)).data;
      const { type = "unknown", data } = told ?? {};
      const named = data?.orderId === undefined ? {} : { orderId: data.orderId };
      const noted = { kind: "noted", provider: "sandbox", eventId, type, ...named } as const;
      const isOurs = type === "unknown" || type in kinds;
      return isOurs ? { ...noted, isUnreadable: true } : noted;
    },
    async readReturn() {
      // It has no memory of payments: only its webhook tells.
      return undefined;
    },
    async fetch() {
      return undefined;
    },
    async findPayment() {
      return undefined;
    },
    async listRecent() {
      return { facts: [] };
    },
    async cancel() {
      return "cancelled";
    },
    async refund({ idempotencyKey, refundId }) {
      return { refundId: refundId ?? derivedId("sbr", idempotencyKey), status: "done" };
    },
    async listRefunds() {
      // It keeps no books, and never refuses.
      return [];
    },
  };
}
