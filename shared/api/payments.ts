/** The contract of payments: start, verify, webhooks, refunds, and the sandbox's cashier. */
import { z } from "zod";
import { endpoint, largeBodyBytes } from "./endpoint.ts";
import { identifier, instantField, providerField, text } from "./fields.ts";
import { orderView } from "./orders.ts";
import { verifyPaymentBody } from "./payment-providers.ts";

/** A payment that has started: what the shopper's browser needs to pay. */
export const startedPayment = z
  .object({
    provider: providerField,
    transactionId: z.string(),
    redirectUrl: z.string().optional(),
    clientSecret: z.string().optional(),
    publicKey: z.string().optional(),
    integritySignature: z.string().optional(),
    expiresAtMs: instantField,
  })
  .meta({ id: "StartedPayment" });

/** `POST /payments/initiate` */
export const initiatePayment = endpoint({
  name: "initiatePayment",
  method: "POST",
  path: "/payments/initiate",
  function: "payments",
  access: "caller",
  summary:
    "Start the payment of a pending order; its holds are extended to the payment's deadline.",
  body: z.strictObject({ orderId: identifier, method: providerField.optional() }),
  example: { orderId: "ord_01HZX4T0C2M8QF" },
  answers: { 200: startedPayment },
  errors: [
    "ORDER_NOT_FOUND",
    "ORDER_NOT_PAYABLE",
    "PAYMENT_METHOD_UNAVAILABLE",
    "PAYMENT_PROVIDER_ERROR",
  ],
});

/** `POST /payment/verify` */
export const verifyPayment = endpoint({
  name: "verifyPayment",
  method: "POST",
  path: "/payment/verify",
  function: "payments",
  access: "caller",
  summary: "Bring what the provider gave the browser: the same result as its webhook.",
  body: verifyPaymentBody,
  example: { orderId: "ord_01HZX4T0C2M8QF", provider: "stripe", payment_intent: "pi_3PqX" },
  answers: { 200: orderView },
  errors: ["ORDER_NOT_FOUND", "BAD_SIGNATURE", "PAYMENT_PROVIDER_ERROR"],
});

/** `POST /webhooks/{provider}` */
export const receiveWebhook = endpoint({
  name: "receiveWebhook",
  method: "POST",
  path: "/webhooks/{provider}",
  function: "payment-webhooks",
  access: "anyone",
  summary: "A provider's signed event; answered only when its effect is durable.",
  params: z.object({ provider: providerField }),
  rawBody: true,
  maxBodyBytes: largeBodyBytes,
  answers: { 200: z.object({ received: z.literal(true) }) },
  errors: ["BAD_SIGNATURE", "PAYMENT_PROVIDER_ERROR"],
});

/** `POST /payments/{orderId}/refund` */
export const refundPayment = endpoint({
  name: "refundPayment",
  method: "POST",
  path: "/payments/{orderId}/refund",
  function: "payments",
  access: "admin",
  summary: "Pay an order's money back; its units return to stock at once.",
  params: z.object({ orderId: identifier }),
  body: z.strictObject({
    reason: text(500),
    /** The money has gone back by other means already: it is only written down. */
    outside: z.boolean().optional(),
  }),
  example: { reason: "Damaged on arrival" },
  answers: { 200: orderView },
  errors: ["ORDER_NOT_FOUND", "ORDER_NOT_PAYABLE"],
});

/** `POST /sandbox/pay` */
export const paySandbox = endpoint({
  name: "paySandbox",
  method: "POST",
  path: "/sandbox/pay",
  function: "payments",
  access: "caller",
  outsideProduction: true,
  summary: "Make the sandbox provider send its signed webhook for a transaction.",
  body: z.strictObject({
    transactionId: text(160),
    outcome: z.enum(["success", "failure"]),
    /** The answer comes after the deliveries, so it must fit into a request's own time. */
    delayMs: z.int().min(0).max(20_000).optional(),
    duplicates: z.int().min(0).max(50).optional(),
  }),
  example: { transactionId: "sbx_ord_01HZX4T0C2M8QF", outcome: "success" },
  answers: {
    200: z.object({
      transactionId: z.string(),
      eventId: z.string(),
      deliveries: z.array(z.object({ status: z.int() })),
    }),
  },
  errors: ["ORDER_NOT_FOUND", "PAYMENT_PROVIDER_ERROR"],
});

/** The endpoints of this domain. */
export const paymentEndpoints = [
  initiatePayment,
  verifyPayment,
  receiveWebhook,
  refundPayment,
  paySandbox,
] as const;
