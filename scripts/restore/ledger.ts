/** Makes the ledger follow the orders: its entries of sales come by the stream, which is not brought back. */
import type { Movement } from "../../shared/inventory/movement.ts";
import { movementWrite } from "../../shared/inventory/movement-store.ts";
import { parseOrder } from "../../shared/orders/order-store.ts";
import { movementsOf } from "./claims.ts";
import { forEach, type Mending, pagesOf } from "./rows.ts";
import { isDirect } from "./stock.ts";

/** How many entries were missing, and how many told of a sale that is none any more. */
export interface LedgerMended {
  readonly entered: number;
  readonly removed: number;
}

const keyOf = ({ itemId, movementId }: Movement) => ({ itemId, movementId });
const nameOf = (movement: Movement): string => JSON.stringify(keyOf(movement));

/**
 * Enters what orders sold and took back and the ledger does not have, and removes entries of sales that no order has.
 * Items in several rows are left alone: their entries have other names. Safe to repeat.
 */
export async function mendLedger(
  { database }: Mending,
  spread: ReadonlySet<string>,
): Promise<LedgerMended> {
  let [entered, removed] = [0, 0];
  for await (const rows of pagesOf(database, "Orders")) {
    const told = rows.map(parseOrder).flatMap(movementsOf);
    const wanted = told.filter(({ itemId }) => !spread.has(itemId));
    const found = wanted.length > 0 ? await database.getMany("Movements", wanted.map(keyOf)) : [];
    const known = new Set((found as unknown as Movement[]).map(nameOf));
    const missing = wanted.filter((each) => !known.has(nameOf(each)));
    await forEach(missing, async (movement) => {
      await database.apply(movementWrite(movement));
    });
    entered += missing.length;
  }
  for await (const rows of pagesOf(database, "Movements")) {
    const ofOrders = (rows as unknown as Movement[]).filter(
      (movement) => !isDirect(movement) && !spread.has(movement.itemId),
    );
    const keys = [...new Set(ofOrders.map(({ reference }) => reference))];
    const orders =
      keys.length > 0
        ? await database.getMany(
            "Orders",
            keys.map((orderId) => ({ orderId })),
          )
        : [];
    const right = new Set(orders.map(parseOrder).flatMap(movementsOf).map(nameOf));
    const stray = ofOrders.filter((movement) => !right.has(nameOf(movement)));
    await database.strew("Movements", { remove: stray.map(keyOf) });
    removed += stray.length;
  }
  return { entered, removed };
}
