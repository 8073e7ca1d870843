/** Names and prices that the shop's own items do not have: trusted code says them, the stock keeps nothing but units. */
import { type Price, type Stock } from "../inventory/stock.ts";
import { findStocks } from "../inventory/stock-store.ts";
import type { Database } from "../table/database.ts";

/** An item as it is sold now. */
export interface CatalogueItem {
  readonly itemId: string;
  readonly name: string;
  readonly price: Price;
  readonly kind: string;
  readonly vendorId: string | null;
  /** How many there are, should nobody have said so yet; later this is of no concern. */
  readonly units?: number | undefined;
}

/** Where orders without a cart get names and prices from. */
export interface Catalogue {
  /** These items as of now, without those that are not sold. */
  find(itemIds: readonly string[]): Promise<readonly CatalogueItem[]>;
  /** Makes the row of an item with its first units; one that is there stays as it is. */
  define(item: CatalogueItem & { readonly units: number }): Promise<void>;
}

/**
 * What is ordered, its units as they were read and all else as the catalogue says. One request; two more, and one for each
 * item, where units have to be made first.
 */
export async function findPriced(
  database: Database,
  catalogue: Catalogue,
  itemIds: readonly string[],
): Promise<ReadonlyMap<string, Stock>> {
  const items = await catalogue.find([...new Set(itemIds)]);
  const wanted = items.filter(({ itemId }) => itemIds.includes(itemId));
  const names = wanted.map(({ itemId }) => itemId);
  let stocks = await findStocks(database, names);
  const missing = wanted.flatMap(({ units, ...item }) =>
    units === undefined || stocks.has(item.itemId) ? [] : [{ ...item, units }],
  );
  for (const item of missing) await catalogue.define(item);
  if (missing.length > 0) stocks = await findStocks(database, names);
  const priced = wanted.flatMap(({ itemId, price, units: _first, ...facts }) => {
    const stock = stocks.get(itemId);
    return stock ? [[itemId, { ...stock, ...facts, ...price }] as const] : [];
  });
  return new Map(priced);
}
