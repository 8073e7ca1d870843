/** Reads the rows of an item together, and tells what they hold together. */
import type { Database } from "../../table/database.ts";
import { type Bucket, listBuckets } from "../buckets.ts";
import type { Stock, StockRow } from "../stock.ts";
import { findStock, parseStock } from "../stock-store.ts";
import { rowKey } from "./row-place.ts";

/** A further row of an item, with its number. */
export type HotRow = Stock & Pick<StockRow, "row">;

/** An item: the row that every item has, and its further ones as far as they exist. */
export interface Rows {
  readonly main: Stock;
  readonly rows: readonly HotRow[];
}

function listKeys({ itemId, rows = 0 }: Pick<Stock, "itemId" | "rows">) {
  return Array.from({ length: rows + 1 }, (_, row) => rowKey(itemId, row));
}

/**
 * The item with all of its rows, each as of now, though not all of one instant; or, read by `lookAtMany`, as each is or
 * was a moment ago, for half the units. One request, where `known` knows how many there are.
 */
export async function findRows(
  database: Database,
  known: Pick<Stock, "itemId" | "rows">,
  read: Database["getMany"] = database.getMany,
): Promise<Rows | undefined> {
  for (let item = known; ;) {
    const all = (await read("Stock", listKeys(item))).map(parseStock) as HotRow[];
    const main = all.find(({ row }) => row === undefined);
    if (!main) return undefined;
    const rows = all.filter((each) => each !== main);
    if ((main.rows ?? 0) <= (item.rows ?? 0)) return { main, rows };
    item = main;
  }
}

/** All units of an item as if they were in one row. What was sold counts as held until its bucket is over. */
function together({ main, rows }: Rows): Stock {
  const due: Record<string, number> = {};
  const all: readonly Stock[] = [main, ...rows];
  for (const { key, quantity } of all.flatMap((row): Bucket[] => listBuckets(row))) {
    due[key] = (due[key] ?? 0) + quantity;
  }
  const sum = (name: "available" | "held" | "sold"): number =>
    all.reduce((total, row) => total + row[name], 0);
  const [held, sold] = [sum("held"), sum("sold")];
  // What was refunded before its bucket is over still counts as held there.
  const refunded = Math.min(0, sold);
  const levels = { available: sum("available"), held: held + refunded, sold: sold - refunded };
  return { ...main, ...levels, due };
}

/** Whether units of the item are in other rows than the one that every item has. */
export function isSpread({ away = 0, shards }: Stock): boolean {
  return away > 0 || shards !== undefined;
}

/** The items with the units of all their rows, given the row that each has. No request where none is spread. */
export async function withRows(
  items: readonly Stock[],
  read: Database["getMany"],
): Promise<Stock[]> {
  const spread = items.filter(isSpread);
  const keys = spread.flatMap((item) => listKeys(item).slice(1));
  const found = keys.length > 0 ? (await read("Stock", keys)).map(parseStock) : [];
  const byItem = Map.groupBy(found as HotRow[], ({ itemId }) => itemId);
  return items.map((main) => {
    const rows = isSpread(main) ? byItem.get(main.itemId) : undefined;
    return rows ? together({ main, rows }) : main;
  });
}

/** The item as of now, with the units of all its rows. One request, two where it is spread. */
export async function findWhole(database: Database, itemId: string): Promise<Stock | undefined> {
  const main = await findStock(database, itemId);
  return main && (await withRows([main], database.getMany))[0];
}
