/** How far an order is, and from where to where that may move. */

/** How far an order is. */
export const orderStatuses = [
  "pending",
  "paid",
  "failed",
  "cancelled",
  "expired",
  "refund_due",
  "refunded",
] as const;

/** One of these. */
export type OrderStatus = (typeof orderStatuses)[number];

/** How far a refund is: owed, asked for, done, or refused for good until somebody says: once more. */
export const refundStatuses = ["due", "requested", "done", "failed"] as const;

/** One of these. */
export type RefundStatus = (typeof refundStatuses)[number];

/** How the money of an order stands. */
export const paymentStates = ["started", "processing", "captured", "failed"] as const;

/** One of these. */
export type PaymentState = (typeof paymentStates)[number];

/** From where to where a status may move; anything else is refused by the write's own condition. */
export const nextStatuses: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  pending: ["paid", "failed", "cancelled", "expired", "refund_due"],
  failed: ["paid", "refund_due"],
  cancelled: ["paid", "refund_due"],
  expired: ["paid", "refund_due"],
  paid: ["refund_due"],
  refund_due: ["refunded"],
  refunded: ["refund_due"], // only when the provider tells that the refund failed after all
};
