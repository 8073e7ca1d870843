/** The contract of payments: start, verify, webhooks, refunds, and the sandbox's cashier. */
import { z } from "zod";
import { endpoint, largeBodyBytes } from "./endpoint.ts";
import { identifier, instantField, providerField, text } from "./fields.ts";
import { referenceField } from "./fulfilment-fields.ts";
import { orderView } from "./orders.ts";
import { verifyPaymentBody } from "./payment-providers.ts";
import { returnedLine } from "./refund-fields.ts";

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
export const initiatePayment = endpoint("initiatePayment", "POST", "/payments/initiate", {
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
export const verifyPayment = endpoint("verifyPayment", "POST", "/payment/verify", {
  function: "payments",
  access: "caller",
  summary: "Bring what the provider gave the browser: the same result as its webhook.",
  body: verifyPaymentBody,
  example: { orderId: "ord_01HZX4T0C2M8QF", provider: "stripe", payment_intent: "pi_3PqX" },
  answers: { 200: orderView },
  errors: ["ORDER_NOT_FOUND", "BAD_SIGNATURE", "PAYMENT_PROVIDER_ERROR"],
});

/** `POST /webhooks/{provider}` */
export const receiveWebhook = endpoint("receiveWebhook", "POST", "/webhooks/{provider}", {
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
export const refundPayment = endpoint("refundPayment", "POST", "/payments/{orderId}/refund", {
  function: "payments",
  access: "admin",
  summary: "Pay back all of an order at once, a part of the money, or lines that come back.",
  params: z.object({ orderId: identifier }),
  body: z
    .strictObject({
      reason: text(500),
      refundId: identifier
        .optional()
        .describe(
          "One of `payment.refunds`, of whichever payment: it is asked for once more, or noted with `outside`; nothing else is named then.",
        ),
      reference: referenceField
        .optional()
        .describe("The same reference and body are one refund; without it the same body is."),
      amountMinor: z
        .int()
        .min(1)
        .max(Number.MAX_SAFE_INTEGER)
        .optional()
        .describe("Never more than is left; without lines nothing comes back for it."),
      lines: z
        .array(returnedLine)
        .min(1)
        .max(200)
        .optional()
        .describe("What comes back; where no amount is named, it is paid back what it cost."),
      outside: z
        .boolean()
        .optional()
        .describe("The money has gone back by other means already: it is only written down."),
    })
    .superRefine(({ refundId, ...others }, { addIssue }) => {
      for (const path of ["reference", "amountMinor", "lines"] as const) {
        if (refundId === undefined || others[path] === undefined) continue;
        addIssue({ code: "custom", path: [path], message: "goes without refundId" });
      }
    }),
  example: {
    reason: "Damaged on arrival",
    reference: "return-17",
    lines: [{ lineId: "chair", quantity: 1, restock: false }],
  },
  answers: { 200: orderView },
  errors: [
    "ORDER_NOT_FOUND",
    "ORDER_NOT_PAYABLE",
    "REFUND_EXCEEDED",
    "REFUND_AT_PROVIDER",
    "RETURN_EXCEEDED",
    "PAYMENT_METHOD_UNAVAILABLE",
    "INSUFFICIENT_STOCK",
    "ITEM_NOT_FOUND",
    "IDEMPOTENCY_KEY_REUSED",
    "TOO_LARGE",
    "PAYMENT_PROVIDER_ERROR",
  ],
});

/** `POST /sandbox/pay` */
export const paySandbox = endpoint("paySandbox", "POST", "/sandbox/pay", {
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
