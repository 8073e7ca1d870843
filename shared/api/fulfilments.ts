/** The contract of fulfilments: what was sent of an order. */
import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { identifier } from "./fields.ts";
import { referenceField, sentLine, trackingField } from "./fulfilment-fields.ts";
import { orderView } from "./orders.ts";

/** `POST /orders/{orderId}/fulfilments` */
export const fulfilOrder = endpoint("fulfilOrder", "POST", "/orders/{orderId}/fulfilments", {
  function: "orders",
  access: "admin",
  repeatable: true,
  summary: "Write down what was sent of a paid order, once for its reference.",
  params: z.object({ orderId: identifier }),
  body: z.strictObject({
    reference: referenceField.describe("The same reference and body are one fulfilment."),
    lines: z
      .array(sentLine)
      .min(1)
      .max(200)
      .describe("Never more than was ordered, less what was sent and what came back."),
    tracking: trackingField
      .optional()
      .transform((value) => (value === undefined ? undefined : JSON.stringify(value))),
  }),
  example: {
    reference: "parcel-1",
    lines: [{ lineId: "chair", quantity: 1 }],
    tracking: { carrier: "Post", number: "RR123456789GB" },
  },
  answers: { 201: orderView, 200: orderView },
  errors: [
    "ORDER_NOT_FOUND",
    "ORDER_NOT_PAYABLE",
    "FULFILMENT_EXCEEDED",
    "IDEMPOTENCY_KEY_REUSED",
    "TOO_LARGE",
  ],
});

/** The endpoints of this domain. */
export const fulfilmentEndpoints = [fulfilOrder] as const;
