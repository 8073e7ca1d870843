/** Reads the items of an order without a cart, and the price list that they are priced by. */
import type { ItemMemory } from "../inventory/hot/item-memory.ts";
import { parseStock, stockRow } from "../inventory/stock-store.ts";
import type { Stock } from "../inventory/stock.ts";
import { noPromotions, parsePriceList, type PriceList } from "../promotions/price-list.ts";
import type { PriceService } from "../promotions/price-service.ts";
import { priceListPlace } from "../promotions/promotion-store.ts";
import type { Database } from "../table/database.ts";
import { type Catalogue, findPriced } from "./catalogue.ts";

/** Where names and prices of what is ordered without a cart come from. */
export interface ItemSources {
  /** What this process has seen of the price list. */
  readonly prices?: Pick<PriceService, "look" | "remember">;
  /** Says them in place of the shop's own items; then no promotions apply. */
  readonly catalogue?: Catalogue | undefined;
  /** False where there are no promotions: then their table is not asked. */
  readonly hasPriceList?: boolean;
}

/** What reading them takes. */
interface OrderedOptions extends ItemSources {
  readonly database: Database;
  readonly memory: ItemMemory;
}

/** What is ordered, and by what it is priced. */
interface Ordered {
  readonly stocks: ReadonlyMap<string, Stock>;
  readonly isFromMemory: boolean;
  readonly prices: PriceList;
}

/** The items as they were read just now, or are remembered to be hot; and the price list of now. */
export async function findOrdered(
  { database, memory, prices: seen, catalogue, hasPriceList = true }: OrderedOptions,
  itemIds: readonly string[],
  { orderId: reader, anew }: { readonly orderId: string; readonly anew: boolean },
): Promise<Ordered> {
  if (catalogue) {
    const stocks = await findPriced(database, catalogue, itemIds);
    return { stocks, isFromMemory: false, prices: noPromotions };
  }
  const known = [...new Set(itemIds)].flatMap((itemId) => memory.hot(itemId) ?? []);
  const remembered = new Map(known.map((stock) => [stock.itemId, stock]));
  const unknown = [...new Set(itemIds)].filter((itemId) => !remembered.has(itemId));
  if (unknown.length === 0 && seen && !anew) {
    // What is sold without a look at it is priced by a list of a moment ago, which its transaction checks.
    return { stocks: remembered, isFromMemory: true, prices: await seen.look([], { reader }) };
  }
  const lists = hasPriceList ? [priceListPlace(reader)] : [];
  const places = [...lists, ...unknown.map((itemId) => stockRow(itemId))];
  const read = await database.getTogether(places);
  const [listRow] = read.slice(0, lists.length);
  seen?.remember(parsePriceList(listRow));
  const found = read.slice(lists.length).flatMap((row) => (row ? [parseStock(row)] : []));
  return {
    stocks: new Map([...known, ...found].map((stock) => [stock.itemId, stock])),
    isFromMemory: known.length > 0,
    prices: parsePriceList(listRow),
  };
}
