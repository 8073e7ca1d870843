/** All providers side by side: what each would send about an order, and what its browser part brings. */
import type { Clock } from "../../../shared/base/time.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type {
  BrowserReturn,
  PaymentProvider,
  ProviderName,
  Providers,
  WebhookDelivery,
} from "../../../shared/providers/provider.ts";
import { createMercadopago } from "../../../shared/providers/mercadopago.ts";
import { createRazorpay } from "../../../shared/providers/razorpay.ts";
import {
  createSandbox,
  type SandboxEvent,
  signSandboxEvent,
} from "../../../shared/providers/sandbox.ts";
import { createStripe } from "../../../shared/providers/stripe.ts";
import { createWompi } from "../../../shared/providers/wompi.ts";
import {
  razorpayDelivery,
  razorpayKeys,
  startRazorpay,
} from "../../../local/providers/razorpay.ts";
import {
  mercadopagoDelivery,
  mercadopagoKeys,
  startMercadopago,
} from "../../../local/providers/mercadopago.ts";
import { startStripe, stripeDelivery, stripeKeys } from "../../../local/providers/stripe.ts";
import {
  startWompi,
  wompiDelivery,
  wompiEvent,
  wompiKeys,
} from "../../../local/providers/wompi.ts";

/** The events that a payment can go through, in the order in which most do. */
export const eventKinds = [
  "created",
  "authorized",
  "captured",
  "failed",
  "refunded",
  // Of refunds that were given at the provider: a part of the money, and all of it that came home again.
  "partlyRefunded",
  "refundFailed",
] as const;

export type EventKind = (typeof eventKinds)[number];

const sandboxKeys = { webhookSecret: Buffer.alloc(33, "k").toString("base64") };
const patience = { firstBackoffMs: 1, attemptMs: 1_000_000, totalMs: 1_000_000, retries: 0 };

const stripeStatuses = {
  created: "requires_payment_method",
  authorized: "processing",
  captured: "succeeded",
  failed: "requires_payment_method",
  refunded: "succeeded",
  partlyRefunded: "succeeded",
  refundFailed: "succeeded",
} as const;

const stripeTypes = {
  created: "payment_intent.created",
  authorized: "payment_intent.processing",
  captured: "payment_intent.succeeded",
  failed: "payment_intent.payment_failed",
  refunded: "charge.refunded",
  partlyRefunded: "refund.updated",
  refundFailed: "refund.failed",
} as const;

const razorpayTypes = {
  created: "payment.created",
  authorized: "payment.authorized",
  captured: "payment.captured",
  failed: "payment.failed",
  refunded: "refund.processed",
  partlyRefunded: "refund.processed",
  refundFailed: "refund.failed",
} as const;

const wompiStatuses = {
  created: "PENDING",
  authorized: "PENDING",
  captured: "APPROVED",
  failed: "DECLINED",
  refunded: "VOIDED",
  partlyRefunded: "APPROVED",
  refundFailed: "APPROVED",
} as const;

const mercadopagoStatuses = {
  created: "pending",
  authorized: "in_process",
  captured: "approved",
  failed: "rejected",
  refunded: "refunded",
  partlyRefunded: "approved",
  refundFailed: "approved",
} as const;

const sandboxTypes = {
  created: "payment.created",
  authorized: "payment.processing",
  captured: "payment.captured",
  failed: "payment.failed",
  refunded: "payment.refunded",
  partlyRefunded: "payment.refunded",
  refundFailed: "payment.refunded",
} as const;

/** What somebody gives back at the provider, of a price of more. */
const partMinor = 300;

type Deliver = (order: Order, kind: EventKind, atMs: number) => WebhookDelivery;

/** What belongs to a provider. @throws Error when it has no stand-in here */
function played<T>(name: ProviderName, parts: Partial<Record<ProviderName, T>>): T {
  const part = parts[name];
  if (part === undefined) throw new Error(`There is no stand-in of ${name}`);
  return part;
}

/** Starts the stand-ins of all providers that have an API. */
export async function startBench({ now = Date.now }: { now?: () => number } = {}) {
  const [stripe, razorpay, wompi, mercadopago] = await Promise.all([
    startStripe({ now }),
    startRazorpay({ now }),
    startWompi({ now }),
    startMercadopago({ now }),
  ]);
  /** Marks what is asked back, and does nothing to the provider. */
  const counting = (provider: PaymentProvider): PaymentProvider => ({
    ...provider,
    async refund({ idempotencyKey }) {
      return { refundId: `counted-${idempotencyKey}`, status: "done" };
    },
  });

  /** The providers as they are in production, but for where they call. */
  function providers(clock: Clock) {
    const common = { clock, patience };
    return {
      stripe: createStripe({ ...common, keys: async () => [stripeKeys], baseUrl: stripe.url }),
      razorpay: createRazorpay({
        ...common,
        keys: async () => [razorpayKeys],
        baseUrl: razorpay.url,
      }),
      wompi: createWompi({ ...common, keys: async () => [wompiKeys], baseUrl: wompi.url }),
      mercadopago: createMercadopago({
        ...common,
        keys: async () => [mercadopagoKeys],
        baseUrl: mercadopago.url,
      }),
      sandbox: createSandbox({ clock, keys: async () => [sandboxKeys] }),
    } satisfies Providers;
  }

  /** The same, but refunds are only counted: the provider's own record stays as it is. */
  function countingProviders(clock: Clock): Providers {
    const all = Object.entries(providers(clock));
    return Object.fromEntries(all.map(([name, provider]) => [name, counting(provider)]));
  }

  /** Brings the provider's own record to a state, and hands it out. */
  const intentAt = ({ payment }: Order, kind: EventKind) => {
    const intent = stripe.intents.get(payment!.transactionId)!;
    const { amount } = intent;
    const received = ["captured", "refunded"].includes(kind) ? amount : 0;
    const declined = kind === "failed" ? { code: "card_declined" } : null;
    const changes = { status: stripeStatuses[kind], amount_received: received };
    Object.assign(intent, changes, { last_payment_error: declined });
    const { account } = stripe;
    if (kind === "refunded" && account.sumRefunded(intent.id) === 0) {
      account.makeRefund(intent, amount, {});
    }
    return intent;
  };

  const razorpayAt = ({ orderId, payment }: Order, kind: EventKind) => {
    const order = razorpay.orders.get(payment!.transactionId)!;
    const isBack = kind === "partlyRefunded" || kind === "refundFailed";
    const paid = razorpay.attempt(order.id, isBack ? "captured" : kind, `pay_${order.id}`);
    const refunded = kind === "refunded" ? paid.amount : 0;
    Object.assign(paid, { amount_refunded: refunded, notes: { orderId } });
    if (kind !== "refunded" && !isBack) return { order, paid };
    const { id, currency } = paid;
    const isPart = kind === "partlyRefunded";
    const what = {
      amount: isPart ? partMinor : paid.amount,
      id: isPart ? `part_${id}` : `all_${id}`,
    };
    const done = { entity: "refund", status: "processed", notes: [], receipt: null } as const;
    const made = { ...done, ...what, payment_id: id, currency, created_at: 1 };
    const refund = razorpay.refunds.find((each) => each.id === what.id) ?? made;
    if (refund === made) razorpay.refunds.push(made);
    return { order, paid, refund };
  };

  const wompiAt = ({ payment, totalMinor: amountMinor, currency }: Order, kind: EventKind) => {
    const { transactionId } = payment!;
    const id = `1-${transactionId}`;
    // Money that went back stays there, however often its coming is told again.
    const status = wompi.isVoided(id) ? "VOIDED" : wompiStatuses[kind];
    return wompi.checkOut(transactionId, { amountMinor, currency }, status, id);
  };

  const mercadopagoAt = ({ orderId, totalMinor, currency }: Order, kind: EventKind) => {
    const of = [...mercadopago.payments.values()];
    const payment =
      of.find(({ external_reference: reference }) => reference === orderId) ??
      mercadopago.pay({ reference: orderId, amount: totalMinor / 100, currency }, "pending");
    // Money that went back stays there, however often its coming is told again.
    const isBack = mercadopago.refunds.some(({ payment_id: id }) => id === payment.id);
    if (kind === "refunded" && !isBack) {
      payment.status = "approved";
      mercadopago.act(String(payment.id), "refund");
    }
    const status = isBack ? "refunded" : mercadopagoStatuses[kind];
    return Object.assign(payment, { status });
  };

  const deliveries = {
    stripe(order: Order, kind: EventKind, atMs: number) {
      const intent = intentAt(order, kind);
      const object = kind === "refunded" ? stripe.refundedCharge(intent.id) : intent;
      return stripeDelivery(stripeTypes[kind], object, { atMs, id: `evt_${kind}` });
    },
    razorpay(order: Order, kind: EventKind) {
      const { paid, refund } = razorpayAt(order, kind);
      const about = refund ? { refund } : {};
      return razorpayDelivery(razorpayTypes[kind], { payment: paid, ...about });
    },
    wompi: (order: Order, kind: EventKind) => wompiDelivery(wompiEvent(wompiAt(order, kind))),
    mercadopago: (order: Order, kind: EventKind, atMs: number) =>
      mercadopagoDelivery(mercadopagoAt(order, kind).id, { atMs, requestId: `request-${kind}` }),
    sandbox(order: Order, kind: EventKind, atMs: number): WebhookDelivery {
      const { orderId, payment, totalMinor: amountMinor, currency } = order;
      const { transactionId } = payment!;
      const paid = { orderId, transactionId, paymentId: transactionId, amountMinor, currency };
      const refund = {
        partlyRefunded: { refundId: "part", amountMinor: partMinor, status: "done" },
        refundFailed: { refundId: `all-${transactionId}`, amountMinor, status: "failed" },
      } as const;
      const about = kind in refund ? { refund: refund[kind as keyof typeof refund] } : {};
      const data = { ...paid, ...about };
      const type = sandboxTypes[kind] as SandboxEvent["type"];
      const message = { id: `msg_${kind}`, at: new Date(atMs) };
      const { body, headers } = signSandboxEvent(sandboxKeys, { type, data }, message);
      return { body: Buffer.from(body), headers };
    },
  };

  return {
    providers,
    countingProviders,
    stripe,
    razorpay,
    wompi,
    mercadopago,
    /** A price that the provider takes: Wompi knows no other currency, and no smaller amounts. */
    priceOf: (name: ProviderName): { amountMinor: number; currency: string } =>
      played(name, {
        stripe: { amountMinor: 700, currency: "EUR" },
        razorpay: { amountMinor: 700, currency: "INR" },
        wompi: { amountMinor: 200_000, currency: "COP" },
        mercadopago: { amountMinor: 700, currency: "BRL" },
        sandbox: { amountMinor: 700, currency: "EUR" },
      }),
    /** The webhook that tells of a kind of event; the provider's record agrees with it. */
    delivery: (name: ProviderName, order: Order, kind: EventKind, atMs: number): WebhookDelivery =>
      played<Deliver>(name, deliveries)(order, kind, atMs),
    /** What the browser brings when the payment stands like that at the provider. */
    returned(name: ProviderName, order: Order, kind: EventKind): BrowserReturn {
      const { transactionId } = order.payment!;
      if (name === "stripe") return { payment_intent: intentAt(order, kind).id };
      if (name === "razorpay") {
        const { paid } = razorpayAt(order, kind);
        return razorpay.returned(transactionId, paid.id);
      }
      if (name === "mercadopago") return { payment_id: String(mercadopagoAt(order, kind).id) };
      return name === "wompi" ? { id: wompiAt(order, kind).id } : { transactionId };
    },
    stop: () => Promise.all([stripe, razorpay, wompi, mercadopago].map((side) => side.stop())),
  };
}

export type Bench = Awaited<ReturnType<typeof startBench>>;
