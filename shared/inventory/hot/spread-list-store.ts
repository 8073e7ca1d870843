/**
 * The list of items that are sold from several rows, or were until lately, so that the sweep finds them: their row 1
 * stands in a partition of its own of the index of items. Only keys stand there, so no buyer's write touches it.
 */
import { changeNote } from "../../base/actor.ts";
import type { EpochMs } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import {
  allOf,
  action,
  anyOf,
  condition,
  exists,
  isMissing,
  pathsOf,
} from "../../table/expression.ts";
import { TransactionRefused } from "../../table/transaction.ts";
import { check, update } from "../../table/write.ts";
import type { StockRow } from "../stock.ts";
import { stockRow } from "../stock-store.ts";
import { ItemMoved } from "./item-moved.ts";

const at = pathsOf<StockRow>();

/** The partition of the index; the row of an item that stands there, and how its key ends. */
export const spreadCatalog = "spread";
/** The row of an item that stands in the list. */
export const listedRow = 1;

/** A part of the list. One request. */
export async function listSpread(
  database: Database,
  cursor: string | undefined,
): Promise<{ readonly itemIds: readonly string[]; readonly cursor: string | undefined }> {
  const where = condition`${at("catalog")} = ${spreadCatalog}`;
  const page = await database.query({
    table: "Stock",
    index: "catalog",
    where,
    limit: 100,
    cursor,
  });
  const itemIds = page.rows.map((row) => String(row["itemId"]).slice(0, -`#${listedRow}`.length));
  return { itemIds, cursor: page.cursor };
}

/** Takes an item out whose units are all in its first row, unless somebody has spread it again. One request. */
export async function unlist(database: Database, itemId: string, nowMs: EpochMs): Promise<void> {
  const refused = (): ItemMoved => new ItemMoved(undefined);
  const note = changeNote("stock.gathered", { id: "system:crowd" }, nowMs);
  const isTogether = allOf(
    isMissing(at("shards")),
    anyOf(isMissing(at("away")), condition`${at("away")} = ${0}`),
  );
  const writes = [
    check({ ...stockRow(itemId), condition: isTogether, refused }),
    update({
      ...stockRow(itemId, listedRow),
      change: { set: [action`${at("change")} = ${note}`], remove: [at("catalog")] },
      condition: exists(at("item")),
      refused,
    }),
  ];
  try {
    await database.transact(writes, { isAside: true });
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
}
