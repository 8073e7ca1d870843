/** The contract of orders: place, read, list, cancel. */
import { z } from "zod";
import { fulfilmentStatuses } from "../orders/fulfilment.ts";
import { orderStatuses, paymentStates } from "../orders/order-status.ts";
import { fulfilment } from "./fulfilment-fields.ts";
import { orderDispute, orderRefund } from "./refund-fields.ts";
import { maxJsonBytes } from "../carts/model/cart-limits.ts";
import { holdDecision } from "./hold-analytics.ts";
import { endpoint, largeBodyBytes, linesBodyParts } from "./endpoint.ts";
import {
  cursorField,
  identifier,
  instanceField,
  instantField,
  jsonObject,
  limitField,
  prose,
  providerField,
  quantityField,
  sessionIdField,
  text,
  ticketField,
  userIdField,
} from "./fields.ts";

/** How far an order is; it only moves forward. */
export const orderStatus = z.enum(orderStatuses);

const anything = z.record(z.string(), z.unknown());

/** Whom a shopper wants to be reached as. */
const customer = z
  .strictObject({
    email: text(254)
      .regex(/^[^\s@]+@[^\s@]+$/, "must be an e-mail address")
      .optional(),
    name: text(200).optional(),
    phone: text(64).optional(),
  })
  .meta({ id: "Customer" });

/** A line of an order, with the share of the cart's conditions that falls on it. */
export const orderLine = z
  .object({
    lineId: z.string().describe("Names the line in this order."),
    itemId: z.string(),
    name: z.string(),
    kind: z.string(),
    vendorId: z.string().nullable(),
    instance: z.string().optional(),
    quantity: z.int(),
    unitPriceMinor: z.int(),
    lineTotalMinor: z.int(),
    adjustmentMinor: z.int(),
    attributes: anything.optional(),
  })
  .meta({ id: "OrderLine" });

/** What a condition or promotion did to the price. */
const orderAdjustment = z
  .object({
    name: z.string(),
    type: z.string(),
    target: z.string(),
    value: z.string(),
    code: z.string().optional().describe("The code of the promotion that it is."),
    automatic: z.boolean().optional(),
    amountMinor: z.int(),
    shares: z.array(z.int()).describe("Of each line, in their order; they add up to the amount."),
  })
  .meta({ id: "OrderAdjustment" });

/** What is known of the money for an order. */
export const orderPayment = z
  .object({
    provider: z.string(),
    transactionId: z.string(),
    state: z.enum(paymentStates),
    paymentId: z.string().optional(),
    capturedMinor: z.int().optional(),
    capturedAtMs: instantField.optional(),
    refundableMinor: z
      .int()
      .optional()
      .describe("What of it neither went back nor is to, and is not disputed."),
    refunds: z.array(orderRefund),
    disputes: z.array(orderDispute),
  })
  .meta({ id: "Payment" });

/** An order as its owner sees it. */
export const orderView = z
  .object({
    orderId: z.string(),
    userId: z.string(),
    status: orderStatus,
    lines: z.array(orderLine),
    adjustments: z.array(orderAdjustment),
    totalMinor: z.int(),
    currency: z.string(),
    paymentMethod: z.string(),
    vendorId: z.string().nullable(),
    customer: customer.optional(),
    shipTo: anything.optional(),
    note: z.string().optional(),
    metadata: anything.optional(),
    sessionId: z.string().nullable(),
    createdAtMs: instantField,
    expiresAtMs: instantField,
    holdDecision: holdDecision.optional(),
    payment: orderPayment
      .nullable()
      .describe("None while nothing was paid, nor for an order of 0."),
    fulfilments: z.array(fulfilment),
    fulfilmentStatus: z.enum(fulfilmentStatuses),
  })
  .meta({ id: "Order" });

const inlineItem = z.strictObject({
  itemId: identifier,
  quantity: quantityField,
  kind: text(64).optional(),
  attributes: jsonObject(maxJsonBytes).optional(),
});

const idempotencyKey = z.object({
  "idempotency-key": text(255)
    .optional()
    .describe("Needed with `items`; a cart's own version does as much for a cart."),
});

/** Kept as text, so that it comes back to the letter. */
const jsonText = (value: unknown): string => JSON.stringify(value);

const wishes = {
  paymentMethod: providerField,
  vendorId: text(128).optional(),
  userId: userIdField.optional(),
  expectedTotalMinor: z
    .int()
    .min(0)
    .optional()
    .describe("What the shopper was shown: another total is refused with TOTAL_CHANGED."),
  tickets: z
    .array(z.strictObject({ itemId: identifier, ticket: ticketField }))
    .min(1)
    .max(20)
    .optional()
    .describe("Turns in the lines of sold-out items: the unit that is held for each is ordered."),
  customer: customer.optional(),
  shipTo: jsonObject(2_048).transform(jsonText).optional(),
  note: prose(1_000).optional(),
  metadata: jsonObject(4_096).transform(jsonText).optional(),
};

/** A cart to order, or inline items to order without one. */
export const placeOrderBody = z.union([
  z.strictObject({ items: z.array(inlineItem).min(1).max(200), ...wishes }),
  z.strictObject({
    // Named here so that a body with items is always judged as one, and told what is wrong with them.
    items: z.never().optional(),
    sessionId: sessionIdField.optional(),
    instances: z
      .array(instanceField)
      .min(1)
      .max(20)
      .optional()
      .describe("All but `wishlist` and `saved` where none are named."),
    ...wishes,
  }),
]);

/** `POST /order/{userId}` */
export const placeOrder = endpoint("placeOrder", "POST", "/order/{userId}", {
  function: "orders",
  access: "caller",
  summary: "Order a cart or inline items: every line is held, or none.",
  params: z.object({ userId: userIdField }),
  headers: idempotencyKey,
  body: placeOrderBody,
  maxBodyBytes: largeBodyBytes,
  maxBodyParts: linesBodyParts,
  example: {
    items: [{ itemId: "chair", quantity: 1, attributes: { engraving: "Ada" } }],
    paymentMethod: "sandbox",
    expectedTotalMinor: 4_900,
    customer: { email: "ada@example.com", name: "Ada Lovelace" },
    shipTo: { street: "12 St James's Square", city: "London", country: "GB" },
    note: "Please ring twice",
  },
  answers: { 201: orderView, 200: orderView },
  errors: [
    "ITEMS_UNAVAILABLE",
    "IDEMPOTENCY_KEY_REUSED",
    "CART_LOCKED",
    "CART_EMPTY",
    "CODE_NOT_ACCEPTED",
    "CURRENCY_MISMATCH",
    "PAYMENT_METHOD_UNAVAILABLE",
    "TOTAL_CHANGED",
    "LIMIT_EXCEEDED",
    "TOO_LARGE",
    "TICKET_NOT_FOUND",
  ],
});

const orderParams = z.object({ orderId: identifier });

/** `GET /orders/{orderId}` */
export const getOrder = endpoint("getOrder", "GET", "/orders/{orderId}", {
  function: "orders",
  access: "caller",
  summary: "Read one order.",
  params: orderParams,
  answers: { 200: orderView },
  errors: ["ORDER_NOT_FOUND"],
});

/** `GET /orders` */
export const listOrders = endpoint("listOrders", "GET", "/orders", {
  function: "orders",
  access: "caller",
  summary: "List orders, newest first; administrators see everybody's.",
  query: z.strictObject({
    status: orderStatus.optional(),
    userId: userIdField.optional(),
    cursor: cursorField,
    limit: limitField,
  }),
  answers: { 200: z.object({ orders: z.array(orderView), cursor: z.string().nullable() }) },
  errors: [],
});

/** `POST /orders/{orderId}/cancel` */
export const cancelOrder = endpoint("cancelOrder", "POST", "/orders/{orderId}/cancel", {
  function: "orders",
  access: "caller",
  summary: "Cancel a pending order: its holds are released and its cart unlocked.",
  params: orderParams,
  answers: { 200: orderView },
  errors: ["ORDER_NOT_FOUND", "ORDER_NOT_PAYABLE", "PAYMENT_PROVIDER_ERROR"],
});

/** The endpoints of this domain. */
export const orderEndpoints = [placeOrder, getOrder, listOrders, cancelOrder] as const;
