/** The contract of what administrators see of payments: the providers' books beside ours. */
import { z } from "zod";
import { orderStatuses } from "../orders/order-status.ts";
import { eventKinds } from "../payments/events/noted-event.ts";
import { differenceKinds } from "../payments/reconciling/difference.ts";
import { auditAction } from "./admin.ts";
import { endpoint } from "./endpoint.ts";
import { cursorField, identifier, instantField, limitField, providerField } from "./fields.ts";

/** One payment that the provider's books and ours tell differently. */
const bookDifference = z
  .object({
    kind: z.enum(differenceKinds),
    provider: providerField,
    orderId: z.string(),
    paymentId: z.string(),
    amountMinor: z.int().describe("By the provider."),
    currency: z.string(),
    orderStatus: z.enum(orderStatuses).nullable().describe("By us; null where there is no order."),
    recordedMinor: z.int().nullable().describe("What the order has on record of this payment."),
  })
  .meta({ id: "BookDifference" });

/** `POST /admin/payments/reconcile` */
export const reconcilePayments = endpoint(
  "reconcilePayments",
  "POST",
  "/admin/payments/reconcile",
  {
    function: "admin",
    access: "admin",
    repeatable: true,
    summary:
      "Hold providers' payments against orders and stock: of the last 72 hours unless said otherwise. What was " +
      "captured and not told is settled, the rest that differs is listed. Repeat it with the cursor until there is none.",
    body: z.strictObject({
      provider: providerField.optional(),
      sinceMs: instantField.optional(),
      untilMs: instantField.optional(),
      cursor: cursorField,
    }),
    example: { provider: "stripe" },
    answers: {
      200: z.object({
        checked: z.int(),
        settled: z.int(),
        differences: z.array(bookDifference),
        unreachable: z.array(z.object({ provider: providerField, reason: z.string() })),
        cursor: z.string().nullable(),
      }),
    },
    errors: ["PAYMENT_METHOD_UNAVAILABLE"],
  },
);

/** One event that a provider sent, and what it did. */
const paymentEvent = z
  .object({
    provider: providerField,
    kind: z.enum(eventKinds),
    id: z.string().describe("The payment, refund or dispute that it is about, else its own."),
    type: z.string().describe("The provider's own word for it."),
    did: z
      .union([auditAction, z.literal("nothing")])
      .nullable()
      .describe(
        "What it did, as the order's history calls it; null where that was not noted then.",
      ),
    atMs: instantField,
    isUnreadable: z
      .boolean()
      .optional()
      .describe("It did not say what it must: somebody should look."),
  })
  .meta({ id: "PaymentEvent" });

/** `GET /admin/payments/events` */
export const listPaymentEvents = endpoint("listPaymentEvents", "GET", "/admin/payments/events", {
  function: "admin",
  access: "admin",
  summary:
    "Every event that a provider sent about an order and that was noted, with what it did, newest first. The first " +
    "page has all that did something; the others go on with those of 90 days that did nothing.",
  query: z.strictObject({ orderId: identifier, cursor: cursorField, limit: limitField }),
  answers: { 200: z.object({ events: z.array(paymentEvent), cursor: z.string().nullable() }) },
  errors: ["ORDER_NOT_FOUND"],
});

/** The endpoints of this domain. */
export const paymentAdminEndpoints = [reconcilePayments, listPaymentEvents] as const;
