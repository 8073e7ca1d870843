/** What a change of an order tells to the outside: its status, what goes back, what was sent, how payment stands. */
import { isDeepStrictEqual } from "node:util";
import type { EventType } from "../base/event-type.ts";
import { computeFulfilmentStatus } from "../orders/order-returns.ts";
import { nameLines } from "../orders/order-line.ts";
import { parseOrder } from "../orders/order-store.ts";
import type { Order, RefundEntry } from "../orders/order.ts";
import { sumDemand } from "../orders/order.ts";
import { refundReasons } from "../payments/refunds/refund.ts";
import type { Row } from "../table/write.ts";

/** What happened, without where it stands among other things that did. */
export interface OrderFact {
  readonly type: EventType;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An order as it is told: whose, what and how much, and nothing of a person but the id. */
function snapshot(order: Order) {
  const { orderId, userId, status, vendorId, totalMinor, currency, payment } = order;
  return {
    orderId,
    userId,
    status,
    vendorId: vendorId ?? null,
    lines: [...nameLines(order.lines)].map(([lineId, line]) => {
      const { itemId, quantity, unitPriceMinor, lineTotalMinor } = line;
      return { lineId, itemId, quantity, unitPriceMinor, lineTotalMinor };
    }),
    totalMinor,
    currency,
    capturedMinor: payment?.capturedMinor ?? 0,
    refundedMinor: sumRefunds(order),
    fulfilmentStatus: computeFulfilmentStatus(order),
  };
}

const getRefunds = (order: Order | undefined): Readonly<Record<string, RefundEntry>> =>
  order?.payment?.refunds ?? {};

function sumRefunds(order: Order): number {
  return Object.values(getRefunds(order))
    .filter(({ status }) => status === "done")
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

/** The refunds that began, or got done, with this change. */
function listRefunds(was: Order | undefined, is: Order, isDone: boolean) {
  const before = getRefunds(was);
  return Object.entries(getRefunds(is))
    .filter(([id, { status }]) =>
      isDone ? status === "done" && before[id]?.status !== "done" : before[id] === undefined,
    )
    .map(([refundId, { amountMinor, reason }]) => ({ refundId, amountMinor, reason }));
}

/** Money goes back, or is back, of the whole order or of a part of it. */
function tellRefunds(was: Order | undefined, is: Order): OrderFact[] {
  const data = snapshot(is);
  const hasMoved = was?.status !== is.status;
  return (["refund_due", "refunded"] as const).flatMap((status): OrderFact[] => {
    const refunds = listRefunds(was, is, status === "refunded");
    const isTold = refunds.length > 0 || (hasMoved && is.status === status);
    return isTold ? [{ type: `order.${status}`, data: { ...data, refunds } }] : [];
  });
}

function tellPayment(was: Order | undefined, is: Order): OrderFact[] {
  const { orderId } = is;
  const told: OrderFact[] = [];
  const { state, disputes = {}, provider } = is.payment ?? {};
  if (state === "processing" && was?.payment?.state !== "processing") {
    told.push({ type: "payment.processing", data: { orderId, provider } });
  }
  for (const [disputeId, { status, amountMinor }] of Object.entries(disputes)) {
    const before = was?.payment?.disputes?.[disputeId];
    if (before?.status === status && before.amountMinor === amountMinor) continue;
    told.push({ type: "payment.disputed", data: { orderId, disputeId, status, amountMinor } });
  }
  for (const { refundId, amountMinor, reason } of listRefunds(was, is, false)) {
    if (reason !== refundReasons.mismatch) continue;
    const { totalMinor, currency } = is;
    const data = { orderId, refundId, amountMinor, totalMinor, currency };
    told.push({ type: "payment.mismatched", data });
  }
  return told;
}

/** What an order that expired held until then. */
function tellHolds(was: Order | undefined, is: Order): OrderFact[] {
  if (was?.status !== "pending" || is.status !== "expired") return [];
  const { orderId } = is;
  return sumDemand(is.lines).map((demand) => ({
    type: "hold.expired",
    data: { orderId, ...demand },
  }));
}

function tellStatus(was: Order | undefined, is: Order): OrderFact[] {
  if (was?.status === is.status || ["refund_due", "refunded"].includes(is.status)) return [];
  const status = is.status as Exclude<typeof is.status, "refund_due" | "refunded">;
  const type = status === "pending" ? ("order.placed" as const) : (`order.${status}` as const);
  return [{ type, data: snapshot(is) }];
}

function tellFulfilments(was: Order | undefined, is: Order): OrderFact[] {
  const known = new Set((was?.fulfilments ?? []).map(({ fulfilmentId }) => fulfilmentId));
  return (is.fulfilments ?? [])
    .filter(({ fulfilmentId }) => !known.has(fulfilmentId))
    .map(({ fulfilmentId, reference, lines }) => {
      const fulfilment = { fulfilmentId, reference, lines };
      return { type: "order.fulfilled", data: { ...snapshot(is), fulfilment } };
    });
}

/** Everything that a change of an order tells, in the order in which it follows from each other. */
export function tellOrder(before: Row | undefined, after: Row | undefined): OrderFact[] {
  if (!after || isDeepStrictEqual(before, after)) return [];
  const [was, is] = [before && parseOrder(before), parseOrder(after)];
  return [tellPayment, tellHolds, tellStatus, tellRefunds, tellFulfilments].flatMap((tell) =>
    tell(was, is),
  );
}
