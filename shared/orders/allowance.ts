/** What one shopper has of an item that the shop gives out in limited numbers: held by open orders, or paid for. */
import { type EpochMs, epochMs, isExpired } from "../base/time.ts";
import { checkPerShopper } from "../inventory/item-limits.ts";
import type { Demand } from "../inventory/stock.ts";

/** Units of such an item that an order has, and how many its shopper may have in all. */
export interface Allowance {
  readonly itemId: string;
  readonly quantity: number;
  readonly perShopper: number;
}

/** What an open order has, until its time is over. */
export interface OpenShare {
  readonly units: number;
  readonly untilMs: EpochMs;
}

/** What a shopper has of an item; what was paid for is only in the sum. */
export interface Taken {
  readonly units: number;
  /** Also of orders whose time is over, until somebody needs the room. */
  readonly open: ReadonlyMap<string, OpenShare>;
}

/** Of what an order wants, that which is counted for its shopper. */
export function listAllowances(demands: readonly Demand[]): Allowance[] {
  return demands.flatMap(({ itemId, quantity, perShopper }) => {
    if (perShopper === undefined || perShopper === null) return [];
    return [{ itemId, quantity, perShopper }];
  });
}

/** Shares whose time is over: they count no more, whether any sweep has seen their orders or not. */
export function listOverdueShares({ open }: Taken, nowMs: EpochMs): [string, OpenShare][] {
  return [...open].filter(([, { untilMs }]) => isExpired(epochMs(untilMs), nowMs));
}

/** So many units of a shopper's count do not count any more. */
export function sumShares(shares: readonly [string, OpenShare][]): number {
  return shares.reduce((sum, [, { units }]) => sum + units, 0);
}

/** @throws LimitExceeded when the shopper, as of this instant, cannot have these units as well */
export function checkAllowance(allowance: Allowance, taken: Taken, nowMs: EpochMs): void {
  const { itemId, quantity, perShopper } = allowance;
  const live = taken.units - sumShares(listOverdueShares(taken, nowMs));
  checkPerShopper(itemId, live + quantity, perShopper);
}
