/** What a provider's books and ours can differ in, and how one payment is held against its order. */
import type { EpochMs } from "../../base/time.ts";
import { later, secondsToMs } from "../../base/time.ts";
import type { Order, PaymentMethod, Refund } from "../../orders/order.ts";
import type { PaymentFact } from "../../providers/provider.ts";
import { findDispute, isSameDispute } from "../disputes/dispute.ts";
import { listRefunds } from "../refunds/refund.ts";

/** Every way to differ that cannot be settled by itself. */
export const differenceKinds = [
  // The provider has a payment for an order that is not here.
  "order_missing",
  // The money is at the provider, and the order neither sold anything for it nor pays it back.
  "unsettled",
  // Another amount is on record than was captured.
  "amount_differs",
  // The order is paid by a payment that the provider does not have.
  "not_captured",
  // The provider has paid back what the order does not know as paid back.
  "refund_differs",
  // The provider tells of a dispute otherwise than the order has it.
  "dispute_differs",
  // The order is paid, and the ledger has no sale of one of its items.
  "sale_missing",
] as const;

/** One of these. */
export type DifferenceKind = (typeof differenceKinds)[number];

/** One difference, with both sides of it. */
export interface Difference {
  readonly kind: DifferenceKind;
  readonly provider: PaymentMethod;
  readonly orderId: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** What the order says: its status and the money on record; null where there is none. */
  readonly orderStatus: Order["status"] | null;
  readonly recordedMinor: number | null;
}

/** The ledger is written from the stream: for so long after a sale nothing is missing. */
const ledgerLagMs = secondsToMs(900);

/**
 * Whether the order's sale must be in the ledger by now: the stream has had its time, and the money came in time.
 * Late sales may come from other rows of an item, and have other names.
 */
export function isInLedger({ payment, expiresAtMs }: Order, nowMs: EpochMs): boolean {
  const paidAtMs = payment?.capturedAtMs ?? nowMs;
  return paidAtMs <= expiresAtMs && later(paidAtMs, ledgerLagMs) <= nowMs;
}

/** What the order has on record of a payment, whether it settled the order or goes back beside it. */
function recordedMinor(order: Order, paymentId: string): number | undefined {
  const { payment } = order;
  if (payment?.paymentId === paymentId) return payment.capturedMinor;
  return payment?.extraMinor?.[paymentId];
}

/** One difference between a fact and its order. */
export function makeDifference(
  kind: DifferenceKind,
  fact: PaymentFact,
  order: Order | undefined,
): Difference {
  const { provider, paymentId, amountMinor, currency } = fact;
  const orderId = order?.orderId ?? fact.orderId;
  const ours = {
    orderStatus: order?.status ?? null,
    recordedMinor: (order && recordedMinor(order, paymentId)) ?? null,
  };
  return { kind, provider, orderId, paymentId, amountMinor, currency, ...ours };
}

/** Whether the order knows all that the provider has paid back as paid back. */
function isBackHere(order: Order, { refunds = [], paymentId }: PaymentFact): boolean {
  const ours = listRefunds(order).filter((each) => each.paymentId === paymentId);
  return refunds
    .filter(({ status }) => status === "done")
    .every((told) => ours.some((each) => isTold(each, told)));
}

const isTold = (
  { providerRefundId, status, amountMinor }: Refund,
  told: { refundId: string; amountMinor: number },
): boolean =>
  providerRefundId === told.refundId && status === "done" && amountMinor === told.amountMinor;

/** Whether a dispute is told otherwise than the order has it, and not because a webhook has told more since. */
function isToldNewer(order: Order, fact: PaymentFact): boolean {
  const known = fact.dispute && findDispute(order, fact.dispute.disputeId);
  return !isSameDispute(order, fact) && !(known && known.toldAtMs >= fact.dispute!.toldAtMs);
}

/** How an order that everything was done for differs from what its provider says; undefined when they agree. */
export function findDifference(order: Order, fact: PaymentFact): DifferenceKind | undefined {
  const known = recordedMinor(order, fact.paymentId);
  if (fact.kind === "failed") return known !== undefined ? "not_captured" : undefined;
  if (fact.kind === "disputed") return isToldNewer(order, fact) ? "dispute_differs" : undefined;
  if (fact.kind === "refunded") return isBackHere(order, fact) ? undefined : "refund_differs";
  if (fact.kind !== "captured") return undefined;
  if (known === undefined) return "unsettled";
  return known === fact.amountMinor ? undefined : "amount_differs";
}

/** The items of a paid order whose sale the ledger has under the order's own name: those that are in one row. */
export function listLedgerItems({ status, lines, pieces = {} }: Order): string[] {
  if (status !== "paid") return [];
  const itemIds = new Set(lines.map(({ itemId }) => itemId));
  return [...itemIds].filter((itemId) => pieces[itemId] === undefined);
}
