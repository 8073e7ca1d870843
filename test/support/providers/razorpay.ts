/** Razorpay on this machine: orders, payments and refunds as its documentation has them. */
import { createHmac } from "node:crypto";
import type { WebhookDelivery } from "../../../shared/providers/provider.ts";
import { type StandInAnswer, type StandInRequest, startStandIn } from "./stand-in.ts";

export const razorpayKeys = {
  keyId: "rzp_test_standin",
  keySecret: "standin-key-secret",
  webhookSecret: "standin-webhook-secret",
};

export interface RazorpayOrder {
  id: string;
  entity: "order";
  amount: number;
  currency: string;
  receipt: string;
  status: string;
  notes: Record<string, string>;
}

export interface RazorpayPaymentEntity {
  id: string;
  entity: "payment";
  amount: number;
  amount_refunded: number;
  currency: string;
  status: string;
  order_id: string;
  notes: unknown;
}

interface RazorpayRefund {
  id: string;
  entity: "refund";
  payment_id: string;
  amount: number;
  status: string;
}

const ok = (body: unknown): StandInAnswer => ({ status: 200, body });
const refused = (description: string): StandInAnswer => ({
  status: 400,
  body: { error: { code: "BAD_REQUEST_ERROR", description } },
});

export function hmac(message: string, secret: string): string {
  return createHmac("sha256", secret).update(message).digest("hex");
}

/** A webhook of Razorpay's. Its event id header is covered by no signature. */
export function razorpayDelivery(
  event: string,
  payload: Record<string, unknown>,
  { createdAt = 1 }: { createdAt?: number } = {},
): WebhookDelivery {
  const entities = Object.entries(payload).map(([name, entity]) => [name, { entity }] as const);
  const body = JSON.stringify({
    entity: "event",
    account_id: "acc_standin",
    event,
    contains: Object.keys(payload),
    payload: Object.fromEntries(entities),
    created_at: createdAt,
  });
  const signature = hmac(body, razorpayKeys.webhookSecret);
  return { body: Buffer.from(body), headers: { "x-razorpay-signature": signature } };
}

/** Starts the stand-in; money is in `payments` and `refunds`. */
export async function startRazorpay() {
  const orders = new Map<string, RazorpayOrder>();
  const payments = new Map<string, RazorpayPaymentEntity>();
  const refunds: RazorpayRefund[] = [];
  const remembered = new Map<string, { body: string; answer: StandInAnswer }>();
  let serial = 0;

  function createOrder(body: string): StandInAnswer {
    const wish = JSON.parse(body) as RazorpayOrder;
    const id = `order_${(serial += 1)}`;
    const order: RazorpayOrder = { ...wish, id, entity: "order", status: "created" };
    orders.set(id, order);
    return ok(order);
  }

  function refund(payment: RazorpayPaymentEntity, { body, headers }: StandInRequest) {
    const key = headers["x-refund-idempotency"];
    const before = typeof key === "string" ? remembered.get(key) : undefined;
    if (before) return before.body === body ? before.answer : refused("Different payload");
    const { amount = payment.amount } = JSON.parse(body || "{}") as { amount?: number };
    if (payment.amount_refunded + amount > payment.amount) {
      return refused("The payment has been fully refunded already");
    }
    payment.amount_refunded += amount;
    if (payment.amount_refunded === payment.amount) payment.status = "refunded";
    const id = `rfnd_${(serial += 1)}`;
    const made: RazorpayRefund = {
      id,
      entity: "refund",
      payment_id: payment.id,
      amount,
      status: "processed",
    };
    refunds.push(made);
    if (typeof key === "string") remembered.set(key, { body, answer: ok(made) });
    return ok(made);
  }

  function answer(request: StandInRequest): StandInAnswer {
    const { keyId, keySecret } = razorpayKeys;
    const basic = Buffer.from(`${keyId}:${keySecret}`).toString("base64");
    if (request.headers.authorization !== `Basic ${basic}`) {
      return { status: 401, body: { error: { code: "BAD_REQUEST_ERROR" } } };
    }
    const [, , resource, id = "", action, refundId] = request.path.split("/");
    if (resource === "orders") {
      if (request.method === "POST") return createOrder(request.body);
      const order = orders.get(id);
      return order ? ok(order) : refused("The id provided does not exist");
    }
    const payment = payments.get(id);
    if (!payment) return refused("The id provided does not exist");
    if (action === "refund") return refund(payment, request);
    const ours = refunds.filter((each) => each.payment_id === id);
    if (action === "refunds" && refundId) return ok(ours.find((each) => each.id === refundId));
    if (action === "refunds") return ok({ entity: "collection", count: ours.length, items: ours });
    return ok(payment);
  }

  const standIn = await startStandIn(answer);
  return Object.assign(standIn, {
    orders,
    payments,
    refunds,
    /** A shopper tries to pay an order; every try is a payment of its own. */
    attempt(orderId: string, status: string, paymentId = `pay_${(serial += 1)}`) {
      const { amount, currency } = orders.get(orderId)!;
      const money = { amount, amount_refunded: 0, currency, order_id: orderId };
      const payment: RazorpayPaymentEntity = {
        id: paymentId,
        entity: "payment",
        status,
        notes: [],
        ...money,
      };
      payments.set(paymentId, payment);
      return payment;
    },
    /** What Razorpay's checkout hands to the browser. */
    returned(orderId: string, paymentId: string) {
      return {
        razorpay_order_id: orderId,
        razorpay_payment_id: paymentId,
        razorpay_signature: hmac(`${orderId}|${paymentId}`, razorpayKeys.keySecret),
      };
    },
  });
}

export type RazorpayStandIn = Awaited<ReturnType<typeof startRazorpay>>;
