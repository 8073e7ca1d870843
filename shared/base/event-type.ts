/** What leaves as an event, by name: the services that make events and the contract use this list. */

/** Every type of event; the part before the dot says what it is about. New ones may come, none goes. */
export const eventTypes = [
  "order.placed",
  "order.paid",
  "order.failed",
  "order.cancelled",
  "order.expired",
  "order.refund_due",
  "order.refunded",
  "order.fulfilled",
  "hold.expired",
  "payment.processing",
  "payment.disputed",
  "payment.mismatched",
  "item.sold_out",
  "item.back_in_stock",
  "item.low",
  "cart.updated",
  "lock.acquired",
  "lock.granted",
  "lock.lost",
  "lock.forced",
  "lock.released",
  "document.saved",
  "person.erased",
] as const;

/** The name of something that leaves as an event. */
export type EventType = (typeof eventTypes)[number];
