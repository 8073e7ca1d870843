/** Gives expired holds back to their item, where no buyer's own write has done it. */
import { type ChangeNote, changeNote } from "../base/actor.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { roomIn } from "./buckets.ts";
import { reclaimWrite } from "./hold-store.ts";
import { HoldGone, type Stock } from "./stock.ts";
import { parseStock } from "./stock-store.ts";

/** What giving back takes. */
export interface RoomOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** Whose deed it is when time ends a hold. */
export const expiryActor = { id: "system:expiry" };

/**
 * Makes whatever is over available again, however many holds that were, and hands back the item as it
 * is then. No request where nothing is over, otherwise one (another for every further 100 buckets,
 * which only a row of the old layout has). Safe to repeat and to break off.
 *
 * @example const stock = await reclaimExpired({ database, clock }, found);
 */
export async function reclaimExpired(
  { database, clock }: RoomOptions,
  stock: Stock,
  note: ChangeNote = changeNote("hold.reclaimed", expiryActor, clock()),
): Promise<Stock> {
  let current = stock;
  for (;;) {
    const room = roomIn(current, clock());
    if (room.over.length === 0) return current;
    try {
      current = parseStock(await database.apply(reclaimWrite(stock.itemId, room, note)));
    } catch (error) {
      // Somebody else was faster; the next refusal hands back the item as it is then.
      if (error instanceof HoldGone) return current;
      throw error;
    }
  }
}
