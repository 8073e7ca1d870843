/** Gives back what is over of items, and lets them cool, so that levels are true although nobody buys. */
import { closeExpired } from "./hot/closing.ts";
import { findRows, isSpread } from "./hot/rows-store.ts";
import { coolDown } from "./hot/turning.ts";
import { reclaimExpired, type RoomOptions } from "./room.ts";
import type { Stock } from "./stock.ts";
import { findStocks } from "./stock-store.ts";

async function reclaimRows(options: RoomOptions, stock: Stock): Promise<void> {
  const found = await findRows(options.database, stock);
  for (const row of found?.rows ?? []) await closeExpired(options, row);
  await coolDown(options, stock);
}

/**
 * Gives back what is over of several items: housekeeping, so that levels which people look at are true
 * although nobody buys. One request to read up to 100 items and one for each that has something over; for a hot
 * item those of its rows. A hot item whose crowd is gone cools.
 *
 * @example await reclaimItems({ database, clock }, ["mug", "lamp"]);
 */
export async function reclaimItems(
  options: RoomOptions,
  itemIds: readonly string[],
): Promise<void> {
  if (itemIds.length === 0) return;
  for (const stock of (await findStocks(options.database, itemIds)).values()) {
    const current = await reclaimExpired(options, stock);
    if (isSpread(current)) await reclaimRows(options, current);
  }
}
