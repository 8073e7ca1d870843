/** What of an order's lines came back or can still come back, and what each unit of them was paid with. */
import type { Demand } from "../inventory/stock.ts";
import type { Fulfilment, FulfilmentStatus } from "./fulfilment.ts";
import { nameLines } from "./order-line.ts";
import type { Order, OrderLine, ReturnedLine } from "./order.ts";

/** Units by the line that they are of. */
export type LineUnits = ReadonlyMap<string, number>;

/** Adds up what some entries say of each line. */
export function sumLines(
  entries: readonly { readonly lineId: string; readonly quantity: number }[],
): LineUnits {
  const units = new Map<string, number>();
  for (const { lineId, quantity } of entries) {
    units.set(lineId, (units.get(lineId) ?? 0) + quantity);
  }
  return units;
}

/** What came back of each line, whatever became of the money for it. */
function sumReturned({ payment }: Pick<Order, "payment">): LineUnits {
  return sumLines(Object.values(payment?.refunds ?? {}).flatMap(({ lines = [] }) => lines));
}

/** What was sent of each line. */
function sumFulfilled({ fulfilments = [] }: { fulfilments?: readonly Fulfilment[] }) {
  return sumLines(fulfilments.flatMap(({ lines }) => lines));
}

/**
 * What can still be sent of each line: what was ordered, less what was sent or came back. A return takes what was
 * not sent yet first, so that nothing is sent whose money went back.
 */
export function sumFulfillable(order: Order): LineUnits {
  const [returned, sent] = [sumReturned(order), sumFulfilled(order)];
  return new Map(
    [...nameLines(order.lines)].map(([lineId, { quantity }]) => {
      const gone = (returned.get(lineId) ?? 0) + (sent.get(lineId) ?? 0);
      return [lineId, Math.max(0, quantity - gone)];
    }),
  );
}

/** How far an order has been sent: `fulfilled` once there is nothing left that could be. */
export function computeFulfilmentStatus(order: Order): FulfilmentStatus {
  if (!order.fulfilments?.length) return "unfulfilled";
  return [...sumFulfillable(order).values()].some((left) => left > 0) ? "partial" : "fulfilled";
}

/** Whether the order's units were sold: only those can come back. */
function wasSold({ status, isSold }: Order): boolean {
  return status === "paid" || isSold === true;
}

/** What can still come back of each line: what was sold of it, less what came back. */
export function sumReturnable(order: Order): LineUnits {
  if (!wasSold(order)) return new Map();
  const returned = sumReturned(order);
  const lines = [...nameLines(order.lines)];
  return new Map(
    lines.map(([lineId, { quantity }]) => [lineId, quantity - (returned.get(lineId) ?? 0)]),
  );
}

/** All that can still come back, into stock. */
export function listReturnable(order: Order): ReturnedLine[] {
  return [...sumReturnable(order)].flatMap(([lineId, quantity]) =>
    quantity > 0 ? [{ lineId, quantity, restock: true }] : [],
  );
}

/** What goes back into stock, one demand an item. */
export function restocked(order: Order, lines: readonly ReturnedLine[]): Demand[] {
  const named = nameLines(order.lines);
  const back = lines.filter(({ restock }) => restock);
  const items = back.map(({ lineId, quantity }) => {
    return { lineId: named.get(lineId)!.itemId, quantity };
  });
  return [...sumLines(items)].map(([itemId, quantity]) => ({ itemId, quantity }));
}

/** `amount × part / whole`, rounded half up; exact for every amount of money. */
function portion(amount: number, part: number, whole: number): number {
  if (whole === 0) return 0;
  const [a, p, w] = [amount, part, whole].map(BigInt) as [bigint, bigint, bigint];
  return Number((2n * a * p + w) / (2n * w));
}

/** What was paid for a line as a whole: its price and its share of discounts, taxes and fees. */
function computePrice({ lineTotalMinor, adjustmentMinor }: OrderLine): number {
  return Math.max(0, lineTotalMinor + adjustmentMinor);
}

/**
 * What units of lines were paid with, to the last minor unit: however a line comes back, unit by unit or at once, it
 * comes to its whole price. Where less was captured than was ordered for, each line gets its part of that.
 */
export function computeWorth(order: Order, lines: readonly ReturnedLine[]): number {
  const before = sumReturned(order);
  const now = sumLines(lines);
  const { totalMinor, payment } = order;
  const capturedMinor = Math.min(totalMinor, payment?.capturedMinor ?? totalMinor);
  let worth = 0;
  let priceBefore = 0;
  for (const [lineId, line] of nameLines(order.lines)) {
    // Of the money up to here and up to the line before: the parts of all lines add up to all of it.
    const until = portion(capturedMinor, priceBefore + computePrice(line), totalMinor);
    const paid = until - portion(capturedMinor, priceBefore, totalMinor);
    priceBefore += computePrice(line);
    const back = before.get(lineId) ?? 0;
    const then = back + (now.get(lineId) ?? 0);
    worth += portion(paid, then, line.quantity) - portion(paid, back, line.quantity);
  }
  return worth;
}
