/** How stock items are read, listed, created and changed; what orders do to them is in hold-store. */
import type { ChangeNote } from "../base/actor.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  allOf,
  anyOf,
  assigned,
  condition,
  exists,
  type Fragment,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import { stockSchemaVersion } from "../table/layout.ts";
import type { Page } from "../table/paging.ts";
import { put, type Row, update, type Write } from "../table/write.ts";
import { carriedOver, isOldLayout } from "./old-layout.ts";
import { ItemMoved } from "./hot/item-moved.ts";
import { rowKey } from "./hot/row-place.ts";
import { aboutWrite, isAboutRow, lookAtTold, parseAbout, type ToldStock } from "./about-store.ts";
import {
  changedFacts,
  changesAbout,
  type Facts,
  type ItemPatch,
  shardsFacts,
} from "./item-facts.ts";
import { ItemExists, ItemNotFound, type Stock, type StockRow } from "./stock.ts";

/**
 * The partitions of the index of items: those that are sold, and those that were withdrawn. Only their keys stand
 * there, so a hold never touches it.
 */
export const catalogs = ["items", "archived"] as const;

/** One of these. */
export type Catalog = (typeof catalogs)[number];

const stockKey = (itemId: string) => rowKey(itemId, 0);

const at = pathsOf<StockRow>();

/** Where an item's stock is: in the row that every item has, or in one of those of a hot item. */
export const stockRow = (itemId: string, row = 0) =>
  ({ table: "Stock", key: rowKey(itemId, row) }) as const;

/** The row is there, and counts its holds in buckets. */
export const rowIsReadable = exists(at("due"));

/** A stored row as stock, whichever layout it has; a further row of an item speaks of that item, too. */
export function parseStock(row: Row): Stock {
  const stock = (isOldLayout(row) ? carriedOver(row) : row) as unknown as StockRow;
  return stock.item === undefined ? stock : { ...stock, itemId: stock.item };
}

/** The item as of now, in the row that every item has. One request. */
export async function findStock(database: Database, itemId: string): Promise<Stock | undefined> {
  const row = await database.get("Stock", stockKey(itemId));
  return row && parseStock(row);
}

/**
 * The same with what is told about it, as a product page shows it: it may lag by a moment. One request, half a
 * read unit.
 */
export async function lookAtStock(
  database: Database,
  itemId: string,
): Promise<ToldStock | undefined> {
  const rows = await lookAtTold(database, itemId);
  const row = rows.find(({ shard }) => shard === 0);
  return row && { ...parseStock(row), ...parseAbout(rows.find(isAboutRow)) };
}

/** Those of the items that exist, by id, each in the row that every item has. One request per 100 items. */
export async function findStocks(
  database: Database,
  itemIds: readonly string[],
): Promise<Map<string, Stock>> {
  const rows = await database.getMany("Stock", [...new Set(itemIds)].map(stockKey));
  return new Map(rows.map((row) => [parseStock(row).itemId, parseStock(row)]));
}

/** Which part of which list of items. */
export interface CatalogPage {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** Those that are sold, where nothing else is said. */
  readonly catalog?: Catalog | undefined;
}

/**
 * A page of items in the order of their ids, each in the row that every item has. Two requests: the index, then
 * the items, as of now or for half the units as they were a moment ago.
 */
export async function listStocks(
  database: Database,
  { catalog = "items", ...page }: CatalogPage,
  read: Database["getMany"],
): Promise<Page<Stock>> {
  const where = condition`${at("catalog")} = ${catalog}`;
  const { rows, cursor } = await database.query({
    table: "Stock",
    index: "catalog",
    where,
    ...page,
  });
  const keys = rows.map((row) => stockKey(String(row["itemId"])));
  const stocks = keys.length > 0 ? (await read("Stock", keys)).map(parseStock) : [];
  const items = new Map(stocks.map((stock) => [stock.itemId, stock]));
  const listed = rows.flatMap((row) => items.get(String(row["itemId"])) ?? []);
  return { rows: listed, ...(cursor === undefined ? {} : { cursor }) };
}

/** Puts a new item; refused with `ITEM_EXISTS` when there is one. */
export function createStockWrite(stock: Stock, note: ChangeNote): Write {
  return put({
    ...stockRow(stock.itemId),
    item: {
      ...stock,
      shard: 0,
      catalog: catalogs[0],
      schemaVersion: stockSchemaVersion,
      change: note,
    },
    condition: isMissing(at("itemId")),
    refused: () => new ItemExists(stock.itemId),
  });
}

/** The rows of the item are those that were read: facts are the same in all of them. */
function rowsAreAsRead({ rows }: Pick<Stock, "rows">): Fragment {
  return rows === undefined ? isMissing(at("rows")) : condition`${at("rows")} = ${rows}`;
}

/** All units are in the first row: those in others could be held beside an exclusive holder. */
function isTogether(): Fragment {
  return allOf(
    isMissing(at("shards")),
    anyOf(isMissing(at("away")), condition`${at("away")} = ${0}`),
  );
}

function patchRowWrite(
  { itemId, row }: { itemId: string; row: number },
  { facts, under = [], note }: { facts: Facts; under?: readonly Fragment[]; note: ChangeNote },
): Write {
  const catalog: Catalog = facts.archivedAtMs === undefined ? "items" : "archived";
  // Only the row that every item has stands in the index.
  const listed = row === 0 && "archivedAtMs" in facts ? { catalog } : {};
  const { set, remove } = assigned<StockRow>({ ...facts, ...listed });
  const revision = at("factsRevision");
  return update({
    ...stockRow(itemId, row),
    change: {
      set: [
        action`${at("change")} = ${note}`,
        action`${revision} = if_not_exists(${revision}, ${0}) + ${1}`,
        ...set,
      ],
      remove,
    },
    condition: allOf(exists(at(row === 0 ? "itemId" : "item")), ...under),
    refused: (found) => (found ? new ItemMoved(found) : new ItemNotFound(itemId)),
    // Its own effect: the very note, which nothing else leaves.
    applied: (found) => isSameNote(found?.["change"], note),
  });
}

function isSameNote(found: unknown, note: ChangeNote): boolean {
  const change = found as ChangeNote | undefined;
  return (["action", "actor", "atMs", "requestId"] as const).every(
    (name) => change?.[name] === note[name],
  );
}

/** The item is one that can be sold from so many rows. */
function canHaveRows({ shards = 1, holdPolicy }: ItemPatch): Fragment[] {
  if (shards < 2 || holdPolicy === "counted") return [];
  return [condition`${at("holdPolicy")} = ${"counted"}`];
}

/**
 * Changes what the shop says of an item, the same in all of its rows, what is told about it, and in the first row
 * its name and from how many it is sold; refused with `ItemMoved` when there are more rows, or it may not have so many.
 */
export function patchStockWrites(
  item: Pick<Stock, "itemId" | "rows">,
  patch: ItemPatch,
  note: ChangeNote,
): Write[] {
  const { itemId, rows = 0 } = item;
  const all = changedFacts(patch, note.atMs);
  const { name: _name, hasAbout: _about, ...facts } = all;
  // Only the first row has what people read, and says from how many rows it is sold: no buyer's row is touched for that.
  const further = Object.keys(facts).length > 0 ? rows : 0;
  const under = [
    ...(Object.keys(facts).length > 0 ? [rowsAreAsRead(item)] : []),
    ...(patch.holdPolicy === "exclusive" ? [isTogether()] : []),
    ...canHaveRows(patch),
  ];
  const places = Array.from({ length: further }, (_, index) => ({ itemId, row: index + 1 }));
  return [
    patchRowWrite({ itemId, row: 0 }, { facts: { ...all, ...shardsFacts(patch) }, under, note }),
    ...places.map((place) => patchRowWrite(place, { facts, note })),
    ...(changesAbout(patch) ? [aboutWrite(itemId, patch, note)] : []),
  ];
}
