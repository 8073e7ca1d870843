/** Reads the rows of an item together, and tells what they hold together. */
import { groupBy } from "../../base/group-by.ts";
import type { Database } from "../../table/database.ts";
import type { Row } from "../../table/write.ts";
import { listBuckets } from "../buckets.ts";
import { isSpread, type Stock, type StockRow } from "../stock.ts";
import { findStock, parseStock } from "../stock-store.ts";
import { rowKey } from "./row-place.ts";

/** A further row of an item, with its number; what only people read of the item stands in its first row. */
export type HotRow = Omit<Stock, "name" | "kind" | "vendorId" | "createdAtMs"> &
  Pick<StockRow, "row" | "notesOpenings">;

/** An item: the row that every item has, and its further ones as far as they exist. */
export interface Rows {
  readonly main: Stock;
  readonly rows: readonly HotRow[];
}

/** A stored further row. */
export function parseHotRow(row: Row): HotRow {
  const parsed: Pick<HotRow, "itemId"> = parseStock(row);
  return parsed as HotRow;
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
    const found = await read("Stock", listKeys(item));
    const first = found.find((each) => each["row"] === undefined);
    if (!first) return undefined;
    const main = parseStock(first);
    const rows = found.filter((each) => each !== first).map(parseHotRow);
    if ((main.rows ?? 0) <= (item.rows ?? 0)) return { main, rows };
    item = main;
  }
}

type Levels = Pick<Stock, "available" | "held" | "sold" | "due">;

/** All units of an item as if they were in one row. What was sold counts as held until its bucket is over. */
function together({ main, rows }: Rows): Stock {
  const due: Record<string, number> = {};
  const all: readonly Levels[] = [main, ...rows];
  for (const { key, quantity } of all.flatMap(listBuckets)) {
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

/** The items with the units of all their rows, given the row that each has. No request where none is spread. */
export async function withRows(
  items: readonly Stock[],
  read: Database["getMany"],
): Promise<Stock[]> {
  const spread = items.filter(isSpread);
  const keys = spread.flatMap((item) => listKeys(item).slice(1));
  const found = keys.length > 0 ? (await read("Stock", keys)).map(parseHotRow) : [];
  const byItem = groupBy(found, ({ itemId }) => itemId);
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
