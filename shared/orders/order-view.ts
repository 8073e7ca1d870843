/** Orders as those who may see them see them, by the contract. */
import { isFree } from "./free-order.ts";
import { pickChoices } from "./order-choices.ts";
import type { DisputeEntry } from "./order-dispute.ts";
import { nameLines } from "./order-line.ts";
import type { PaymentState } from "./order-status.ts";
import type { Fulfilment } from "./fulfilment.ts";
import { computeFulfilmentStatus } from "./order-returns.ts";
import type { Order, OrderLine, Payment, RefundEntry } from "./order.ts";

function parseObject(json: string): Readonly<Record<string, unknown>> {
  return JSON.parse(json) as Record<string, unknown>;
}

/** A line with its fields in one order, so that equal orders read the same to the letter. */
function lineView(lineId: string, line: OrderLine) {
  const { itemId, name, kind, vendorId, instance, quantity, attributes } = line;
  const { unitPriceMinor, lineTotalMinor, adjustmentMinor } = line;
  return {
    lineId,
    itemId,
    name,
    kind,
    vendorId,
    ...(instance === undefined ? {} : { instance }),
    quantity,
    unitPriceMinor,
    lineTotalMinor,
    adjustmentMinor,
    ...(attributes === undefined ? {} : { attributes: parseObject(attributes) }),
  };
}

/** What the shopper chose and said, as it was said. */
function choicesView(order: Order) {
  const { shipTo, metadata, vendorId = null, ...said } = pickChoices(order);
  return {
    ...said,
    vendorId,
    ...(shipTo === undefined ? {} : { shipTo: parseObject(shipTo) }),
    ...(metadata === undefined ? {} : { metadata: parseObject(metadata) }),
  };
}

/** A refund as the order's owner may see it. */
function refundView([refundId, entry]: [string, RefundEntry], paidWith: string | undefined) {
  const { status, reason, lastError, amountMinor, lines, createdAtMs, attempts, of } = entry;
  const { providerRefundId } = entry;
  return {
    refundId,
    amountMinor,
    status,
    reason,
    ...(lastError === undefined ? {} : { lastError }),
    ...(lines === undefined ? {} : { lines }),
    attempts,
    paymentId: of?.paymentId ?? paidWith ?? "",
    ...(providerRefundId === undefined ? {} : { providerRefundId }),
    createdAtMs,
  };
}

/** A dispute as the order's owner may see it. */
function disputeView([disputeId, { status, amountMinor }]: [string, DisputeEntry]) {
  return { disputeId, status, amountMinor };
}

/** How the money stands: what is here counts, whatever was told before it. */
function paymentState({ capturedAtMs, state }: Payment): PaymentState {
  return capturedAtMs === undefined ? (state ?? "started") : "captured";
}

/** What is known of the money, without what is kept only to recognise it again. */
function paymentView({
  refunds = {},
  transactions: _kept,
  extraMinor: _extra,
  disputes = {},
  ...payment
}: Payment) {
  const views = Object.entries(refunds).map((entry) => refundView(entry, payment.paymentId));
  const inOrder = views.toSorted(
    (one, other) => one.createdAtMs - other.createdAtMs || (one.refundId < other.refundId ? -1 : 1),
  );
  const disputeViews = Object.entries(disputes).map(disputeView);
  return { ...payment, state: paymentState(payment), refunds: inOrder, disputes: disputeViews };
}

/** Who paid nothing made no payment: there is only what came back, and no provider has it. */
function moneyView(order: Order) {
  const { payment } = order;
  if (!payment) return null;
  if (!isFree(order)) return paymentView(payment);
  const cameBack = Object.keys(payment.refunds ?? {}).length > 0;
  return cameBack ? { ...paymentView(payment), provider: "none" } : null;
}

/** A text, or whatever the carrier gave. */
function parseTracking(json: string): string | Readonly<Record<string, unknown>> {
  return JSON.parse(json) as string | Record<string, unknown>;
}

/** Something that was sent. */
function fulfilmentView({ fulfilmentId, reference, lines, tracking, createdAtMs }: Fulfilment) {
  return {
    fulfilmentId,
    reference,
    lines,
    ...(tracking === undefined ? {} : { tracking: parseTracking(tracking) }),
    createdAtMs,
  };
}

/** An order as its owner may see it, by the contract. */
export function orderView(order: Order) {
  const { orderId, userId, status, totalMinor, currency, cart } = order;
  const { createdAtMs, expiresAtMs, holdDecision } = order;
  const decided = holdDecision ? { holdDecision } : {};
  const lines = [...nameLines(order.lines)].map(([lineId, line]) => lineView(lineId, line));
  const money = {
    adjustments: order.adjustments ?? [],
    totalMinor,
    currency,
    payment: moneyView(order),
    fulfilments: (order.fulfilments ?? []).map(fulfilmentView),
    fulfilmentStatus: computeFulfilmentStatus(order),
  };
  const origin = { ...choicesView(order), sessionId: cart?.sessionId ?? null };
  return {
    orderId,
    userId,
    status,
    lines,
    ...money,
    ...origin,
    createdAtMs,
    expiresAtMs,
    ...decided,
  };
}
