/** Reads an item with its line, and lets orders past a line in which nobody is left. */
import { again, OnceMore } from "../../base/again.ts";
import { lineResource } from "../../base/line-id.ts";
import type { Clock } from "../../base/time.ts";
import { LineWaits, livingIn } from "../../locks/line.ts";
import { lockRow } from "../../locks/lock-conditions.ts";
import type { Database } from "../../table/database.ts";
import { TransactionRefused } from "../../table/transaction.ts";
import { ItemNotFound } from "../stock.ts";
import { parseStock, stockRow } from "../stock-store.ts";
import { freeUnits } from "./item-line.ts";
import { closeLineWrites, grantWrites } from "./item-line-granting.ts";
import type { LineAndItem } from "./item-line-store.ts";

/** As often as a line may move while somebody looks at it. */
const mostMoves = 40;

/**
 * An item and its line as of now, though not of one instant: what follows from them is asked for again by every
 * write. One request.
 *
 * @throws ItemNotFound
 */
export async function readLine(database: Database, itemId: string): Promise<LineAndItem> {
  const places = [lockRow(lineResource(itemId)), stockRow(itemId)];
  const [row, found] = await database.getTogether(places);
  if (!found) throw new ItemNotFound(itemId);
  return { row, stock: parseStock(found) };
}

/**
 * Looks at a line that is in an order's way. Where nobody is left in it, or there are units for all of them and
 * more, it ends; the order may try again then. Two requests, otherwise one. Safe to repeat.
 *
 * @returns whether the line has ended
 */
export function getPastLine(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  itemId: string,
): Promise<boolean> {
  return again(mostMoves, async () => {
    const seen = await readLine(database, itemId);
    if (!seen.stock.hasLine) return true;
    const nowMs = clock();
    const waiting = livingIn(seen.row, nowMs).length;
    if (waiting > 0 && freeUnits(seen.stock, nowMs) <= waiting) return false;
    const writes =
      waiting === 0 ? closeLineWrites(seen, nowMs) : grantWrites(seen, waiting, nowMs).writes;
    try {
      await database.transact(writes, { isAside: true });
      return true;
    } catch (error) {
      const first = error instanceof TransactionRefused ? error.refusals[0]?.error : error;
      if (!(first instanceof LineWaits)) throw error;
      return new OnceMore();
    }
  });
}
