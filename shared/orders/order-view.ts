/** Orders as those who may see them see them, by the contract. */
import { pickChoices } from "./order-choices.ts";
import { nameLines } from "./order-line.ts";
import type { PaymentState } from "./order-status.ts";
import type { Order, OrderLine, Payment, Refund } from "./order.ts";

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
function refundView(refund: Refund) {
  const { transactionId: _of, provider: _by, currency: _in, failures: _tries, ...view } = refund;
  return view;
}

/** How the money stands: what is here counts, whatever was told before it. */
function paymentState({ capturedAtMs, state }: Payment): PaymentState {
  return capturedAtMs === undefined ? (state ?? "started") : "captured";
}

/** What is known of the money, without what is kept only to recognise it again. */
function paymentView({ refund, transactions: _kept, ...payment }: Payment) {
  const state = paymentState(payment);
  return { ...payment, state, ...(refund ? { refund: refundView(refund) } : {}) };
}

/** An order as its owner may see it, by the contract. */
export function orderView(order: Order) {
  const { orderId, userId, status, totalMinor, currency, cart, payment } = order;
  const { createdAtMs, expiresAtMs } = order;
  const lines = [...nameLines(order.lines)].map(([lineId, line]) => lineView(lineId, line));
  const extras = Object.values(order.extraRefunds ?? {}).map(refundView);
  const money = {
    adjustments: order.adjustments ?? [],
    totalMinor,
    currency,
    payment: payment ? paymentView(payment) : null,
    ...(extras.length > 0 ? { extraRefunds: extras } : {}),
  };
  const origin = { ...choicesView(order), sessionId: cart?.sessionId ?? null };
  return { orderId, userId, status, lines, ...money, ...origin, createdAtMs, expiresAtMs };
}
