/** What an order says of stock: what it holds and until when, what it bought, what of that came back. */
import { bucketEndMs, bucketKey } from "../../shared/inventory/deadline.ts";
import { type Movement, orderMovementId } from "../../shared/inventory/movement.ts";
import { fingerprint } from "../../shared/base/derived-ids.ts";
import { epochMs } from "../../shared/base/time.ts";
import { nameLines } from "../../shared/orders/order-line.ts";
import { type Order, sumDemand } from "../../shared/orders/order.ts";
import type { Demand } from "../../shared/inventory/stock.ts";

/** Units of one item that a pending order holds. */
export interface Claim {
  readonly order: Order;
  readonly quantity: number;
  readonly bucket: string;
}

/** Whether its units were sold, whatever became of its money since. */
function wasSold({ status, isSold }: Order): boolean {
  return status === "paid" || isSold === true;
}

/** The units of each item, and the uses of each limited promotion, that an order is about. */
function demandsOf({ lines, uses = [] }: Order): Demand[] {
  return [...sumDemand(lines), ...uses];
}

/** What went back into stock with each refund, by item. */
function* returnsOf({ lines, payment }: Order): Generator<Demand & { readonly refundId: string }> {
  const named = nameLines(lines);
  for (const [refundId, { lines: back = [] }] of Object.entries(payment?.refunds ?? {})) {
    const restocked = back.flatMap(({ lineId, quantity, restock }) => {
      const itemId = named.get(lineId)?.itemId;
      return restock && itemId !== undefined ? [{ itemId, quantity }] : [];
    });
    for (const demand of sumDemand(restocked)) yield { ...demand, refundId };
  }
}

/** The entries of the ledger that an order has made, of items in one row. */
export function movementsOf(order: Order): Movement[] {
  if (!wasSold(order)) return [];
  const { orderId, lines, payment, createdAtMs } = order;
  const entry = (kind: "sold" | "returned", name: string, demand: Demand): Movement => ({
    itemId: demand.itemId,
    movementId: orderMovementId(name, kind),
    kind,
    quantity: demand.quantity,
    reference: orderId,
    fingerprint: fingerprint({ kind, quantity: demand.quantity, orderId }),
    atMs: epochMs(payment?.capturedAtMs ?? createdAtMs),
    actor: "system:restore",
  });
  return [
    ...sumDemand(lines).map((demand) => entry("sold", orderId, demand)),
    ...[...returnsOf(order)].map((each) => entry("returned", `${orderId}#${each.refundId}`, each)),
  ];
}

/** What an order has of each item for good: bought, less what came back. */
export function boughtBy(order: Order): Demand[] {
  if (!wasSold(order)) return [];
  const back = [...returnsOf(order)].map(({ itemId, quantity }) => ({
    itemId,
    quantity: -quantity,
  }));
  return [...demandsOf(order), ...back];
}

/** What it holds of each item, whether or not the item knows. */
export function heldBy(order: Order): [itemId: string, claim: Claim][] {
  if (order.status !== "pending") return [];
  const bucket = bucketKey(order.expiresAtMs);
  return demandsOf(order).map(({ itemId, quantity }) => [itemId, { order, quantity, bucket }]);
}

/** Whether the item has not taken the hold over: then its units were anybody's, and are taken anew when money comes. */
export function stillCounts({ bucket }: Claim, reclaimedThroughMs: number): boolean {
  return bucketEndMs(bucket) > reclaimedThroughMs;
}
