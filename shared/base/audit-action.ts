/** What can happen to things, by name: the audit trail, the metrics and the contract all use this list. */

/**
 * Every action that the trail knows; the part before the dot says whose history it belongs to. One fact that
 * changes several rows has a name of each: an order that is paid is `order.paid`, its cart `cart.paid`.
 */
export const auditActions = [
  "lock.acquired",
  // Taken over from the one before by who waited in line.
  "lock.granted",
  // Somebody in line asked its owner to let go.
  "lock.asked",
  "lock.renewed",
  "lock.released",
  "lock.forced",
  "lock.expired",
  // Locks on the names below a name, as the row of that name tells it.
  "lock.entered",
  "lock.prolonged",
  "lock.left",
  "lock.dropped",
  "document.saved",
  // Who may read and edit it; the document's lock tells the same.
  "document.access_set",
  "lock.access_set",
  "item.create",
  "item.change",
  // Somebody waits in line for it, and nobody does any more.
  "item.line_opened",
  "item.line_ended",
  // What an order's end did to stock that it held no longer.
  "item.paid",
  "item.returned",
  "stock.received",
  "stock.adjusted",
  "stock.sold",
  "stock.returned",
  // Units that moved between the rows of a hot item, or are about to.
  "stock.turning",
  "stock.spread",
  "stock.gathered",
  "stock.cooled",
  "hold.placed",
  "hold.extended",
  "hold.sold",
  "hold.released",
  "hold.expired",
  /** Over, and taken over by the order that needed its units. */
  "hold.reclaimed",
  "cart.line_added",
  "cart.quantity_changed",
  "cart.line_removed",
  "cart.items_replaced",
  "cart.items_updated",
  "cart.condition_set",
  "cart.condition_removed",
  "cart.conditions_replaced",
  "cart.metadata_set",
  "cart.metadata_removed",
  "cart.cleared",
  "cart.merged",
  // A guest's cart is offered to whoever shows the claim, and went to a member's.
  "cart.claim_made",
  "cart.claimed",
  "cart.repriced",
  "cart.checkout",
  "cart.reopened",
  "cart.paid",
  "cart.failed",
  "cart.cancelled",
  "cart.expired",
  "cart.refund_due",
  "cart.refunded",
  "promotion.set",
  "promotion.deleted",
  // How many uses there are, said anew with their promotion.
  "uses.changed",
  "cart.code_entered",
  "cart.code_removed",
  "order.placed",
  "order.paid",
  "order.failed",
  "order.cancelled",
  "order.expired",
  "order.refund_due",
  "order.refunded",
  "payment.started",
  // A bank is at work on it.
  "payment.processing",
  "payment.noted",
  // A bank or the shopper wants it back, or how that stands has changed.
  "payment.disputed",
  // A part of the money is due to go back, or did so without us.
  "refund.due",
  "refund.told",
  "refund.attempted",
  "order.returned",
  "order.fulfilled",
  // It is offered to whoever shows the claim, and went to somebody else.
  "order.claim_made",
  "order.claimed",
  // Whom it was for, or what was in it, is gone because the person was to be.
  "order.erased",
  "cart.erased",
  // A person is being erased, page by page, and was.
  "person.erasing",
  "person.erased",
  // The row is gone: nobody asked, its time was over.
  "lock.removed",
  "document.removed",
  "item.removed",
  "cart.removed",
  "order.removed",
  "promotion.removed",
  "uses.removed",
  "person.removed",
] as const;

/** The name of something that happened. */
export type AuditAction = (typeof auditActions)[number];
