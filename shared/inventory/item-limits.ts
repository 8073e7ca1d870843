/** An item's own limits: how many units one order may have of it, and one shopper in all. */
import { HoldfastError } from "../base/errors.ts";
import { LimitExceeded } from "../base/limit-exceeded.ts";
import type { Demand, Stock } from "./stock.ts";

/** The limit for each shopper is another one than the order was counted by; nothing was held. */
export class LimitsMoved extends HoldfastError {
  /** The items as they are. */
  readonly stocks: readonly Stock[];

  constructor(stocks: readonly Stock[]) {
    super("TRY_AGAIN", "The limits of an item were changed in the meantime");
    this.stocks = stocks;
  }
}

/** @throws LimitExceeded when a shopper would have more of an item than the shop gives to one */
export function checkPerShopper(itemId: string, units: number, most: number): void {
  if (units <= most) return;
  const detail = `One shopper gets at most ${most} units of ${itemId}`;
  throw new LimitExceeded(detail, { name: "perShopper", value: most, itemId });
}

/** @throws LimitExceeded when one order wants more of an item than the shop gives to one */
export function checkPerOrder({ itemId, quantity }: Demand, { perOrder = Infinity }: Stock): void {
  if (quantity <= perOrder) return;
  const detail = `One order has at most ${perOrder} units of ${itemId}`;
  throw new LimitExceeded(detail, { name: "perOrder", value: perOrder, itemId });
}

/** Whether what is counted for the order's shopper is counted by the limit that the item has. */
function isCountedAsItIs({ perShopper }: Demand, stock: Stock): boolean {
  return perShopper === undefined || perShopper === (stock.perShopper ?? null);
}

/** Whether an order may have the units of this item, by the limits that it saw. */
export function fitsLimits(demand: Demand, stock: Stock): boolean {
  const { quantity, perShopper } = demand;
  const mayHave = perShopper === undefined || quantity <= (stock.perOrder ?? Infinity);
  return mayHave && isCountedAsItIs(demand, stock);
}

/**
 * @throws LimitExceeded when the order wants more than one may have
 * @throws LimitsMoved when it was counted by another limit than the item has
 */
export function assertLimits(demand: Demand, stock: Stock): void {
  if (demand.perShopper !== undefined) checkPerOrder(demand, stock);
  if (!isCountedAsItIs(demand, stock)) throw new LimitsMoved([stock]);
}
