/** Makes room among more expired holds than one buyer's write can take over. */
import type { ChangeNote } from "../base/actor.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { clearHoldsWrite } from "./hold-store.ts";
import { HoldGone, maxTakenOver, planRoom, type Stock } from "./stock.ts";
import { stockOf } from "./stock-store.ts";

/** What making room takes. */
export interface RoomOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/**
 * Clears expired holds in steps of their own until what is left fits into one write, and hands back the
 * item as it is then. No request where they fit already; one for every further 50. Safe to repeat and
 * to break off: each step returns units that nobody holds any more.
 *
 * @example const stock = await clearSurplus({ database, clock }, found, 120, note);
 */
export async function clearSurplus(
  { database, clock }: RoomOptions,
  stock: Stock,
  quantity: number,
  note: ChangeNote,
): Promise<Stock> {
  let current = stock;
  for (;;) {
    const first = planRoom(current, quantity, clock()).clearFirst.slice(-maxTakenOver);
    if (first.length === 0) return current;
    try {
      current = stockOf(await database.apply(clearHoldsWrite(stock.itemId, first, note)));
    } catch (error) {
      // Somebody else was faster; the next refusal hands back the item as it is then.
      if (error instanceof HoldGone) return current;
      throw error;
    }
  }
}
