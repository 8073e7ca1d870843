/** What one shopper may withhold from all others: how many orders at a time, how many units, how often in vain. */
import { LimitExceeded } from "../base/limit-exceeded.ts";
import { type EpochMs, epochMs, isExpired, later } from "../base/time.ts";
import type { Demand } from "../inventory/stock.ts";

/** The shop's rules; 0 switches one off. */
export interface ShopperLimits {
  /** Orders of one shopper that wait for their money at the same time; 0 switches the pause off, too. */
  readonly maxOpenOrders: number;
  /** Units of one item in one order, all its lines together. */
  readonly maxUnitsPerLine: number;
  /** Orders in a row that came to nothing: after so many a shopper has to pause. */
  readonly maxUnpaidOrders: number;
  /** How long the pause is, from the end of the last of them. */
  readonly unpaidPauseMs: number;
}

/** What is remembered of a shopper: which orders are open until when, and how many came to nothing in a row. */
export interface Shopper {
  /** Orders that are counted, also those whose time is over until the shopper orders again. */
  readonly open: number;
  /** The deadline of each of them. */
  readonly orders: ReadonlyMap<string, EpochMs>;
  readonly unpaid: number;
  readonly lastUnpaidAtMs: number;
}

/** Orders whose time is over: they count no more, whether any sweep has seen them or not. */
export function listOverdue({ orders }: Shopper, nowMs: EpochMs): [string, EpochMs][] {
  return [...orders].filter(([, deadlineMs]) => isExpired(deadlineMs, nowMs));
}

/** The shopper as of now: what is over came to nothing. */
export function withoutOverdue(shopper: Shopper, nowMs: EpochMs): Shopper {
  const overdue = listOverdue(shopper, nowMs);
  const live = [...shopper.orders].filter(([, deadlineMs]) => !isExpired(deadlineMs, nowMs));
  return {
    open: shopper.open - overdue.length,
    orders: new Map(live),
    unpaid: shopper.unpaid + overdue.length,
    lastUnpaidAtMs: Math.max(shopper.lastUnpaidAtMs, ...overdue.map(([, endedAtMs]) => endedAtMs)),
  };
}

/** The rule that keeps this shopper from another order at this instant, if any. */
export function whyLimited(
  shopper: Shopper,
  limits: ShopperLimits,
  nowMs: EpochMs,
): LimitExceeded | undefined {
  const { open, orders, unpaid, lastUnpaidAtMs } = withoutOverdue(shopper, nowMs);
  const { maxOpenOrders, maxUnpaidOrders, unpaidPauseMs } = limits;
  if (open >= maxOpenOrders) {
    const detail = `At most ${maxOpenOrders} orders can wait for their payment at a time`;
    const untilMs = Math.min(...orders.values());
    return new LimitExceeded(detail, { name: "maxOpenOrders", value: maxOpenOrders, untilMs });
  }
  const untilMs = later(epochMs(lastUnpaidAtMs), unpaidPauseMs);
  if (maxUnpaidOrders === 0 || unpaid < maxUnpaidOrders || untilMs <= nowMs) return undefined;
  const detail = `${unpaid} orders in a row were not paid: please wait a little`;
  return new LimitExceeded(detail, { name: "maxUnpaidOrders", value: maxUnpaidOrders, untilMs });
}

/** @throws LimitExceeded when an order wants more of one item than anybody may */
export function checkUnits(demands: readonly Demand[], { maxUnitsPerLine }: ShopperLimits): void {
  const over = demands.find(({ quantity }) => quantity > maxUnitsPerLine);
  if (maxUnitsPerLine === 0 || !over) return;
  const { itemId } = over;
  const detail = `An order has at most ${maxUnitsPerLine} units of ${itemId}`;
  throw new LimitExceeded(detail, { name: "maxUnitsPerLine", value: maxUnitsPerLine, itemId });
}
