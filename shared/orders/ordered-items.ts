/** Reads the items of an order without a cart, and the price list that they are priced by. */
import type { ItemMemory } from "../inventory/hot/item-memory.ts";
import { parseStock, stockRow } from "../inventory/stock-store.ts";
import { parsePriceList } from "../promotions/price-list.ts";
import type { PriceService } from "../promotions/price-service.ts";
import { priceListPlace } from "../promotions/promotion-store.ts";
import type { Database } from "../table/database.ts";

/** What reading them takes. */
interface OrderedOptions {
  readonly database: Database;
  readonly memory: ItemMemory;
  readonly prices?: Pick<PriceService, "look" | "remember">;
}

/** The items as they were read just now, or are remembered to be hot; and the price list of now. */
export async function findOrdered(
  { database, memory, prices: seen }: OrderedOptions,
  itemIds: readonly string[],
  { orderId: reader, anew }: { readonly orderId: string; readonly anew: boolean },
) {
  const known = [...new Set(itemIds)].flatMap((itemId) => memory.hot(itemId) ?? []);
  const remembered = new Map(known.map((stock) => [stock.itemId, stock]));
  const unknown = [...new Set(itemIds)].filter((itemId) => !remembered.has(itemId));
  if (unknown.length === 0 && seen && !anew) {
    // What is sold without a look at it is priced by a list of a moment ago, which its transaction checks.
    return { stocks: remembered, isFromMemory: true, prices: await seen.look([], { reader }) };
  }
  const places = [priceListPlace(reader), ...unknown.map((itemId) => stockRow(itemId))];
  const [listRow, ...rows] = await database.getTogether(places);
  seen?.remember(parsePriceList(listRow));
  const found = rows.flatMap((row) => (row ? [parseStock(row)] : []));
  return {
    stocks: new Map([...known, ...found].map((stock) => [stock.itemId, stock])),
    isFromMemory: known.length > 0,
    prices: parsePriceList(listRow),
  };
}
