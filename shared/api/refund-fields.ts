/** What of an order's money and goods goes back, as orders show it. */
import { z } from "zod";
import { refundStatuses } from "../orders/order-status.ts";
import { instantField, quantityField } from "./fields.ts";
import { lineIdField } from "./fulfilment-fields.ts";

/** Units of a line that come back; with `restock` they can be bought again at once. */
export const returnedLine = z
  .strictObject({ lineId: lineIdField, quantity: quantityField, restock: z.boolean() })
  .meta({ id: "ReturnedLine" });

/** Money that goes back, how far that is, and what came back for it. */
export const orderRefund = z
  .object({
    refundId: z.string(),
    amountMinor: z.int(),
    status: z.enum(refundStatuses),
    reason: z.string(),
    lastError: z
      .string()
      .optional()
      .describe("Why the provider did not do it when it was last asked."),
    lines: z.array(returnedLine).optional().describe("What came back, where something did."),
    attempts: z.int(),
    paymentId: z.string(),
    providerRefundId: z.string().optional(),
    createdAtMs: instantField,
  })
  .meta({ id: "Refund" });

/** A payment that a bank or the shopper wants back, as its provider last told. */
export const orderDispute = z
  .object({
    disputeId: z.string(),
    status: z.string().describe("The provider's own word."),
    amountMinor: z.int(),
  })
  .meta({ id: "Dispute" });
