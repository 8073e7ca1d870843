/** How stock items are read, listed, created and changed; what orders do to them is in hold-store. */
import type { ChangeNote } from "../base/actor.ts";
import type { Database } from "../table/database.ts";
import { action, condition, exists, isMissing, pathsOf } from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { put, type Row, update, type Write } from "../table/write.ts";
import { carriedOver, isOldLayout, stockSchemaVersion } from "./old-layout.ts";
import { ItemExists, ItemNotFound, type Price, type Stock, type StockRow } from "./stock.ts";

/** Every item stands in this one partition of the index; only its keys, so a hold never touches it. */
const catalog = "items";
/** All of an item's stock is in shard 0; the key leaves room for more. */
const shard = 0;

/** The fields of an item that an administrator may change. */
export interface ItemPatch {
  readonly name?: string | undefined;
  readonly price?: Price | undefined;
  readonly holdPolicy?: Stock["holdPolicy"] | undefined;
}

function stockKey(itemId: string): { itemId: string; shard: number } {
  return { itemId, shard };
}

const at = pathsOf<StockRow>();

/** Where an item's stock is. */
export const stockRow = (itemId: string) => ({ table: "Stock", key: stockKey(itemId) }) as const;

/** The row is there, and counts its holds in buckets. */
export const rowIsReadable = exists(at("due"));

/** A stored row as stock, whichever layout it has. */
export function parseStock(row: Row): Stock {
  return (isOldLayout(row) ? carriedOver(row) : row) as unknown as Stock;
}

/** The item as of now. One request. */
export async function findStock(database: Database, itemId: string): Promise<Stock | undefined> {
  const row = await database.get("Stock", stockKey(itemId));
  return row && parseStock(row);
}

/** The item as a product page shows it: it may lag by a moment. One request, half a read unit. */
export async function lookAtStock(database: Database, itemId: string): Promise<Stock | undefined> {
  const row = await database.look("Stock", stockKey(itemId));
  return row && parseStock(row);
}

/** Those of the items that exist, by id. One request per 100 items. */
export async function findStocks(
  database: Database,
  itemIds: readonly string[],
): Promise<Map<string, Stock>> {
  const rows = await database.getMany("Stock", [...new Set(itemIds)].map(stockKey));
  return new Map(rows.map((row) => [parseStock(row).itemId, parseStock(row)]));
}

/** A page of items in the order of their ids. Two requests: the index, then the items. */
export async function listStocks(
  database: Database,
  page: { limit: number; cursor?: string | undefined },
): Promise<Page<Stock>> {
  const where = condition`${at("catalog")} = ${catalog}`;
  const { rows, cursor } = await database.query({
    table: "Stock",
    index: "catalog",
    where,
    ...page,
  });
  const items = await findStocks(
    database,
    rows.map((row) => String(row["itemId"])),
  );
  const listed = rows.flatMap((row) => items.get(String(row["itemId"])) ?? []);
  return { rows: listed, ...(cursor === undefined ? {} : { cursor }) };
}

/** Puts a new item; refused with `ITEM_EXISTS` when there is one. */
export function createStockWrite(stock: Stock, note: ChangeNote): Write {
  return put({
    ...stockRow(stock.itemId),
    item: { ...stock, shard, catalog, schemaVersion: stockSchemaVersion, change: note },
    condition: isMissing(at("itemId")),
    refused: () => new ItemExists(stock.itemId),
  });
}

/** Changes name, price or hold policy; harmless when repeated. */
export function patchStockWrite(itemId: string, patch: ItemPatch, note: ChangeNote): Write {
  const { name, price, holdPolicy } = patch;
  return update({
    ...stockRow(itemId),
    change: {
      set: [
        action`${at("change")} = ${note}`,
        ...(name === undefined ? [] : [action`${at("name")} = ${name}`]),
        ...(price === undefined
          ? []
          : [
              action`${at("amountMinor")} = ${price.amountMinor}`,
              action`${at("currency")} = ${price.currency}`,
            ]),
        ...(holdPolicy === undefined ? [] : [action`${at("holdPolicy")} = ${holdPolicy}`]),
      ],
    },
    condition: exists(at("itemId")),
    refused: () => new ItemNotFound(itemId),
  });
}
