/**
 * Enters what orders sold and gave back into the ledger, from the stream of the stock table.
 *
 * @see docs/decisions/0005-sales-in-the-ledger.md
 */
import { epochMs } from "../base/time.ts";
import { isUsesId } from "../base/uses-id.ts";
import type { ChangeNote } from "../base/actor.ts";
import { fingerprint } from "../base/derived-ids.ts";
import type { Database } from "../table/database.ts";
import type { ItemChange } from "../table/stream.ts";
import { type Movement, orderMovementId, ReferenceReused } from "./movement.ts";
import { movementWrite } from "./movement-store.ts";
import { parseStock } from "./stock-store.ts";

/** What the service needs. */
export interface OrderMovementServiceOptions {
  readonly database: Database;
}

/** An item is born with what it has; a settlement row begins with the sale that it tells. */
function hasHistory({ before, after }: ItemChange): boolean {
  return before !== undefined || (after?.["item"] !== undefined && after["due"] === undefined);
}

/** An order sells units of an item once in each row that has some of them, and takes some back with each refund. */
function makeName(orderId: string, { row = 0 }: { row?: number }, refundId = ""): string {
  const place = row === 0 ? orderId : `${orderId}#${row}`;
  return refundId === "" ? place : `${place}#${refundId}`;
}

/**
 * The movement that a change of a stock item is, or undefined when it is none of an order's: then
 * units were held or let go, or whoever moved them has written the movement already. A hot item's sales are
 * told by its settlement rows, not by the row that adds them up later.
 */
function findOrderMovement(change: ItemChange): Movement | undefined {
  const { key, before = {}, after, eventId } = change;
  if (key["shard"] === undefined || !after || !hasHistory(change)) return undefined;
  // Uses of promotions are no goods: the orders that have them are their ledger.
  if (isUsesId(String(key["itemId"])) || after["noticeOf"] !== undefined) return undefined;
  const [was, is] = [parseStock(before), parseStock(after)];
  const sold = (is.sold ?? 0) - (was.sold ?? 0);
  const note = after["change"] as ChangeNote;
  const isSummedUp = note.action.startsWith("stock.") || note.action === "hold.reclaimed";
  if (sold === 0 || isSummedUp) return undefined;
  const kind = sold > 0 ? "sold" : "returned";
  const orderId = note.orderId ?? eventId;
  const quantity = Math.abs(sold);
  return {
    itemId: is.itemId,
    movementId: orderMovementId(makeName(orderId, after, note.refundId), kind),
    kind,
    quantity,
    reference: orderId,
    fingerprint: fingerprint({ kind, quantity, orderId }),
    atMs: epochMs(note.atMs),
    actor: note.actor,
    ...(note.reason !== undefined && { reason: note.reason }),
    ...(note.requestId !== undefined && { requestId: note.requestId }),
  };
}

/** Makes the service. */
export function createOrderMovementService({ database }: OrderMovementServiceOptions) {
  return {
    /**
     * Enters the sale or return that a change of stock is, once: the order names it, so a change that
     * is told again meets its own entry. At most one request.
     *
     * @example await orderMovements.record(parseItemChange(record));
     */
    async record(change: ItemChange): Promise<void> {
      const movement = findOrderMovement(change);
      if (!movement) return;
      try {
        await database.apply(movementWrite(movement));
      } catch (error) {
        if (!(error instanceof ReferenceReused)) throw error;
      }
    },
  };
}
