/** Stripe on this machine: payment intents and refunds as its documentation has them. */
import { createHmac, randomUUID } from "node:crypto";
import type { WebhookDelivery } from "../../../shared/providers/provider.ts";
import { type StandInAnswer, type StandInRequest, startStandIn } from "./stand-in.ts";

export const stripeKeys = {
  secretKey: "sk_test_standin",
  publishableKey: "pk_test_standin",
  webhookSecret: "whsec_standin",
};

export interface Intent {
  id: string;
  object: "payment_intent";
  amount: number;
  amount_received: number;
  currency: string;
  status: string;
  metadata: Record<string, string>;
  client_secret: string;
  last_payment_error: unknown;
}

interface StripeRefund {
  id: string;
  object: "refund";
  payment_intent: string;
  amount: number;
  status: string;
}

const ok = (body: unknown): StandInAnswer => ({ status: 200, body });
const refused = (status: number, code: string): StandInAnswer => ({
  status,
  body: { error: { type: "invalid_request_error", code, message: `stand-in: ${code}` } },
});

/** The signature header for a body, as Stripe makes it. */
export function signStripe(body: string, secret: string, atMs: number): string {
  const timestamp = Math.floor(atMs / 1000);
  const signature = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  return `t=${timestamp},v1=${signature}`;
}

/** A webhook of Stripe's about an object. */
export function stripeDelivery(
  type: string,
  object: unknown,
  { atMs, id = `evt_${randomUUID()}` }: { atMs: number; id?: string },
): WebhookDelivery {
  const body = JSON.stringify({ id, object: "event", type, data: { object } });
  const signature = signStripe(body, stripeKeys.webhookSecret, atMs);
  return { body: Buffer.from(body), headers: { "stripe-signature": signature } };
}

/** Starts the stand-in; money is in `intents` and `refunds`. */
export async function startStripe() {
  const intents = new Map<string, Intent>();
  const refunds: StripeRefund[] = [];
  const remembered = new Map<string, { body: string; answer: StandInAnswer }>();
  let serial = 0;

  function createIntent(form: URLSearchParams): StandInAnswer {
    const id = `pi_${(serial += 1)}`;
    const intent: Intent = {
      id,
      object: "payment_intent",
      amount: Number(form.get("amount")),
      amount_received: 0,
      currency: form.get("currency") ?? "",
      status: "requires_payment_method",
      metadata: { orderId: form.get("metadata[orderId]") ?? "" },
      client_secret: `${id}_secret_x`,
      last_payment_error: null,
    };
    intents.set(id, intent);
    return ok(intent);
  }

  function cancelIntent(intent: Intent): StandInAnswer {
    if (["succeeded", "canceled"].includes(intent.status)) {
      return refused(400, "payment_intent_unexpected_state");
    }
    intent.status = "canceled";
    return ok(intent);
  }

  function createRefund(form: URLSearchParams): StandInAnswer {
    const intentId = form.get("payment_intent") ?? "";
    const intent = intents.get(intentId);
    if (!intent) return refused(404, "resource_missing");
    const amount = Number(form.get("amount") ?? intent.amount);
    const before = refunds
      .filter((refund) => refund.payment_intent === intentId && refund.status !== "failed")
      .reduce((sum, refund) => sum + refund.amount, 0);
    if (before + amount > intent.amount_received) return refused(400, "charge_already_refunded");
    const id = `re_${(serial += 1)}`;
    const refund: StripeRefund = {
      id,
      object: "refund",
      payment_intent: intentId,
      amount,
      status: "succeeded",
    };
    refunds.push(refund);
    return ok(refund);
  }

  function route({ method, path, body, query }: StandInRequest): StandInAnswer {
    const form = new URLSearchParams(body);
    const [, , resource, id = "", action] = path.split("/");
    if (resource === "payment_intents") {
      if (method === "POST" && !id) return createIntent(form);
      const intent = intents.get(id);
      if (!intent) return refused(404, "resource_missing");
      return action === "cancel" ? cancelIntent(intent) : ok(intent);
    }
    if (method === "POST") return createRefund(form);
    if (id) {
      const refund = refunds.find((each) => each.id === id);
      return refund ? ok(refund) : refused(404, "resource_missing");
    }
    const data = refunds.filter((each) => each.payment_intent === query.get("payment_intent"));
    return ok({ object: "list", has_more: false, data });
  }

  function answer(request: StandInRequest): StandInAnswer {
    if (request.headers.authorization !== `Bearer ${stripeKeys.secretKey}`) {
      return refused(401, "unauthorized");
    }
    const key = request.headers["idempotency-key"];
    if (request.method !== "POST" || typeof key !== "string") return route(request);
    const before = remembered.get(key);
    if (before && before.body !== request.body) return refused(400, "idempotency_key_in_use");
    const result = before?.answer ?? route(request);
    if (result.status < 500) remembered.set(key, { body: request.body, answer: result });
    return structuredClone(result);
  }

  const standIn = await startStandIn(answer);
  return Object.assign(standIn, {
    intents,
    refunds,
    /** A shopper pays at Stripe. */
    pay(intentId: string): Intent {
      const intent = intents.get(intentId)!;
      Object.assign(intent, { status: "succeeded", amount_received: intent.amount });
      return intent;
    },
    /** A shopper's card is declined. */
    decline(intentId: string): Intent {
      const intent = intents.get(intentId)!;
      return Object.assign(intent, { last_payment_error: { code: "card_declined" } });
    },
    /** What Stripe's event about a full refund carries. */
    refundedCharge(intentId: string) {
      const { amount, currency, metadata } = intents.get(intentId)!;
      const charge = { id: `ch_${intentId}`, object: "charge", amount, amount_refunded: amount };
      return { ...charge, currency, metadata, payment_intent: intentId, refunded: true };
    },
  });
}

export type StripeStandIn = Awaited<ReturnType<typeof startStripe>>;
