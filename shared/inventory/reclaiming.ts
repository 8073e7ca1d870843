/** Gives back what is over of items, and lets them cool, so that levels are true although nobody buys. */
import { closeExpired } from "./hot/closing.ts";
import { listSpread, unlist } from "./hot/spread-list-store.ts";
import { findRows } from "./hot/rows-store.ts";
import { coolDown } from "./hot/turning.ts";
import { reclaimExpired, type RoomOptions } from "./room.ts";
import { isSpread, type Stock } from "./stock.ts";
import { findStocks } from "./stock-store.ts";

/** Whether there is time for more. */
type GoesOn = () => boolean;

async function reclaimItem(options: RoomOptions, stock: Stock, goesOn: GoesOn): Promise<void> {
  const current = await reclaimExpired(options, stock);
  if (!isSpread(current)) return;
  const found = await findRows(options.database, current, options.database.lookAtMany);
  for (const row of found?.rows ?? []) await closeExpired(options, row, goesOn);
  if (goesOn()) await coolDown(options, current, Infinity);
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
    await reclaimItem(options, stock, () => true);
  }
}

/**
 * The same for every item that is sold from several rows, or was until lately: what of it was paid, or never became an
 * order, leads nobody else there once it is not ordered any more. One request for a list of up to 100 of them, one to
 * read them and one for each; those that are in one row again leave the list. Safe to repeat and to break off.
 *
 * @example await reclaimSpread({ database, clock }, () => clock() < deadlineMs);
 */
export async function reclaimSpread(options: RoomOptions, goesOn: GoesOn): Promise<void> {
  const { database, clock } = options;
  let cursor: string | undefined;
  do {
    const page = await listSpread(database, cursor);
    for (const stock of (await findStocks(database, page.itemIds)).values()) {
      if (!goesOn()) return;
      if (isSpread(stock)) await reclaimItem(options, stock, goesOn);
      else await unlist(database, stock.itemId, clock());
    }
    ({ cursor } = page);
  } while (cursor !== undefined);
}
