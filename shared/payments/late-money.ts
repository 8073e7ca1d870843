/** Money that comes when an order's time is over: for how long it still buys, and at which prices. */
import { type EpochMs, isExpired, later } from "../base/time.ts";
import type { Price } from "../inventory/stock.ts";
import type { Order } from "../orders/order.ts";
import { lowersPrice } from "../promotions/price-rule.ts";
import type { GivenDiscount } from "../promotions/promotion-store.ts";

/** What a late sale found in its way; nothing was changed. */
export class NotForSale extends Error {
  readonly why: "soldOut" | "priceRose";

  constructor(why: NotForSale["why"]) {
    super(`The order cannot be sold any more: ${why}`);
    this.why = why;
  }
}

/** Whether the order has ended, or only nobody has ended it yet. */
export function isLate({ status, expiresAtMs }: Order, nowMs: EpochMs): boolean {
  return status !== "pending" || isExpired(expiresAtMs, nowMs);
}

/**
 * Whether money buys nothing any more: so long after the order's deadline nobody waits for the goods, and what
 * they cost is another question. It is counted from the deadline whether or not a sweep has ended the order.
 */
export function isTooLate({ expiresAtMs }: Order, lateMoneyMs: number, nowMs: EpochMs): boolean {
  return isExpired(later(expiresAtMs, lateMoneyMs), nowMs);
}

/** The promotions that lowered the price of an order. */
export function listDiscounts({ adjustments = [] }: Order): GivenDiscount[] {
  return adjustments.filter(lowersPrice).flatMap(({ code, automatic = false, target, value }) => {
    return code === undefined ? [] : [{ code, automatic, target, value }];
  });
}

/** Whether a discount of an order that has ended is over: at the price of now it would not be had any more. */
export function isDiscountOver({ status, discountsEndAtMs }: Order, nowMs: EpochMs): boolean {
  const hasEnded = status !== "pending";
  return hasEnded && discountsEndAtMs !== undefined && nowMs >= discountsEndAtMs;
}

/** What the order was told to pay for one unit of an item: a late sale never gives it away for less than now. */
export function findCeiling({ lines, currency }: Order, wanted: string): Price | undefined {
  const line = lines.find(({ itemId }) => itemId === wanted);
  return line && { amountMinor: line.unitPriceMinor, currency };
}
