/**
 * The rows that count uses: stock like any item's, so that orders hold, sell, release and take over uses by
 * the same writes. What stands where an item has its price is what makes the promotion another one: a use is
 * taken under the condition that it is as it was seen.
 */
import type { ChangeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import { stockSchemaVersion } from "../inventory/old-layout.ts";
import { parseStock, stockRow } from "../inventory/stock-store.ts";
import { ItemNotFound, type Price, type Stock, type StockRow } from "../inventory/stock.ts";
import type { Database } from "../table/database.ts";
import { action, condition, isMissing, pathsOf } from "../table/expression.ts";
import { put, update, type Write } from "../table/write.ts";
import { UsesChanged } from "./uses.ts";

const at = pathsOf<StockRow>();

/** A row of uses to be there with so many of them, under this mark in place of a price. */
export interface WantedUses {
  readonly usesId: string;
  readonly name: string;
  readonly most: number;
  readonly mark: Price;
  readonly nowMs: EpochMs;
  readonly note: ChangeNote;
}

function createUsesWrite({ usesId, name, most, mark, nowMs, note }: WantedUses): Write {
  const levels = { available: most, held: 0, sold: 0, received: most, adjusted: 0 };
  const what = { itemId: usesId, name, kind: "Promotion", vendorId: null, ...mark };
  const counted = { holdPolicy: "counted", due: {}, reclaimedThroughMs: 0, createdAtMs: nowMs };
  // Without a catalog: nobody finds it among the items.
  const item = { ...what, ...levels, ...counted, shard: 0, schemaVersion: stockSchemaVersion };
  return put({
    ...stockRow(usesId),
    item: { ...item, change: note },
    condition: isMissing(at("itemId")),
    refused: () => new UsesChanged(),
    applied: (found) => found !== undefined,
  });
}

/** Makes the row count up to another number. What was used stays used, also where that is more by now. */
function changeUsesWrite({ usesId, most, mark, note }: WantedUses, seen: Stock): Write {
  const { adjusted, received, amountMinor } = seen;
  const delta = most - (received + adjusted);
  return update({
    ...stockRow(usesId),
    change: {
      set: [
        action`${at("available")} = ${at("available")} + ${delta}`,
        action`${at("adjusted")} = ${adjusted + delta}`,
        action`${at("amountMinor")} = ${mark.amountMinor}`,
        action`${at("change")} = ${note}`,
      ],
    },
    condition: condition`${at("adjusted")} = ${adjusted} AND ${at("amountMinor")} = ${amountMinor}`,
    refused: (found) => (found ? new UsesChanged() : new ItemNotFound(usesId)),
    applied: (found) =>
      found?.["adjusted"] === adjusted + delta && found["amountMinor"] === mark.amountMinor,
  });
}

/** Brings a row of uses, as it was seen, to what is wanted of it; none where it is that already. */
export function makeUsesWrites(wanted: WantedUses, seen: Stock | undefined): Write[] {
  if (!seen) return [createUsesWrite(wanted)];
  const isAsWanted =
    seen.received + seen.adjusted === wanted.most && seen.amountMinor === wanted.mark.amountMinor;
  return isAsWanted ? [] : [changeUsesWrite(wanted, seen)];
}

/** Makes sure that a shopper's row is as wanted. One request to read it, and one the first time. */
export async function ensureUses(database: Database, wanted: WantedUses): Promise<void> {
  const { table, key } = stockRow(wanted.usesId);
  const row = await database.get(table, key);
  const [write] = makeUsesWrites(wanted, row && parseStock(row));
  if (!write) return;
  try {
    await database.apply(write);
  } catch (error) {
    // Somebody else made it, or changed it: the order that needs it is refused if it is not as wanted.
    if (!(error instanceof UsesChanged)) throw error;
  }
}
