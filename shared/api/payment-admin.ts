/** The contract of what administrators see of payments: the providers' books beside ours. */
import { z } from "zod";
import { orderStatuses } from "../orders/order-status.ts";
import { differenceKinds } from "../payments/reconciling/difference.ts";
import { endpoint } from "./endpoint.ts";
import { cursorField, instantField, providerField } from "./fields.ts";

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

/** The endpoints of this domain. */
export const paymentAdminEndpoints = [reconcilePayments] as const;
