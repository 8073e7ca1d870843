/** The law over one region and the provider's account: no unit sold twice, no money kept for nothing, nothing forgotten. */
import { expect } from "vitest";
import { boughtBy, heldBy, movementsOf, stillCounts } from "../../../scripts/restore/claims.ts";
import { parseOrder } from "../../../shared/orders/order-store.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import type { Account } from "./account.ts";
import type { Region } from "./region.ts";

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, each) => total + each, 0);

function ordersOf(region: Region) {
  return region.rowsOf("Orders").map(parseOrder);
}

/** Units of each item that paid orders have, less those that came back. */
export function boughtIn(region: Region, itemId: string): number {
  const demands = ordersOf(region).flatMap(boughtBy);
  return sum(demands.flatMap((each) => (each.itemId === itemId ? [each.quantity] : [])));
}

/** Nobody's money is kept for a unit that is not there. */
export function checkPaid(region: Region): void {
  for (const { itemId, received } of region.rowsOf("Stock") as unknown as Stock[]) {
    const paid = ordersOf(region).filter(({ status }) => status === "paid");
    const units = paid.flatMap(boughtBy).filter((each) => each.itemId === itemId);
    expect(sum(units.map(({ quantity }) => quantity))).toBeLessThanOrEqual(received);
  }
}

/**
 * S1 to S5 and the ledger, read from the rows. What the repair named as short may be below zero: that the goods of an order
 * came back, and were sold again, is forgotten until its money is found.
 */
export async function checkStock(
  region: Region,
  short: ReadonlyMap<string, number> = new Map(),
): Promise<void> {
  const { violations } = await region.stockCheck.run();
  expect(violations.filter(({ itemId }) => !short.has(itemId))).toEqual([]);
  const claims = ordersOf(region).flatMap(heldBy);
  const movements = region.rowsOf("Movements");
  for (const stock of region.rowsOf("Stock") as unknown as Stock[]) {
    const { itemId, sold, received, due, reclaimedThroughMs } = stock;
    expect(sold, `${itemId} sold`).toBe(boughtIn(region, itemId));
    expect(sold).toBe(Math.min(sold, received + (short.get(itemId) ?? 0)));
    const held = claims.filter(
      ([name, claim]) => name === itemId && stillCounts(claim, reclaimedThroughMs),
    );
    for (const bucket of new Set(held.map(([, claim]) => claim.bucket))) {
      const own = held.filter(([, claim]) => claim.bucket === bucket);
      const wanted = sum(own.map(([, { quantity }]) => quantity));
      expect(due[bucket] ?? 0, `${itemId} held`).toBeGreaterThanOrEqual(wanted);
    }
    const entries = movements.filter((each) => each["itemId"] === itemId);
    const units = (kind: string) =>
      sum(entries.filter((each) => each["kind"] === kind).map((each) => Number(each["quantity"])));
    expect(units("sold") - units("returned"), `${itemId} in the ledger`).toBe(sold);
  }
  const told = ordersOf(region).flatMap(movementsOf);
  expect(movements.length).toBe(told.length + region.rowsOf("Stock").length);
}

/** P3 over both: whatever came has bought something here or went back, and never both. */
export function checkMoney(region: Region, account: Account): void {
  const orders = new Map(ordersOf(region).map((order) => [order.orderId, order]));
  for (const { orderId, paymentId, amountMinor, backMinor } of account.captures) {
    const order = orders.get(orderId);
    const isKept = order?.status === "paid" && order.payment.paymentId === paymentId;
    expect(backMinor, `${paymentId} of ${orderId} (${order?.status})`).toBe(
      isKept ? 0 : amountMinor,
    );
  }
}
