/**
 * The rows that count uses: stock like any item's, so that orders hold, sell, release and take over uses by
 * the same writes. What stands where an item has its price is what makes the promotion another one: a use is
 * taken under the condition that it is as it was seen.
 */
import type { ChangeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import { parseStock, stockRow } from "../inventory/stock-store.ts";
import { ItemNotFound, type Price, type Stock, type StockRow } from "../inventory/stock.ts";
import type { Database } from "../table/database.ts";
import { action, condition, isMissing, pathsOf } from "../table/expression.ts";
import { stockSchemaVersion } from "../table/layout.ts";
import { put, update, type Write } from "../table/write.ts";
import { type Use, UsesChanged } from "./uses.ts";

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

/**
 * Brings a shopper's own row, as it was seen, to the limit of now. No request where it is that already, otherwise
 * one. Somebody who does the same at the same time does it for both.
 */
export async function ensureOwnUses(
  database: Database,
  { code, isOwn, demand }: Use,
  seen: Stock | undefined,
  note: ChangeNote,
): Promise<void> {
  if (!isOwn) return;
  const { itemId: usesId, price: mark } = demand;
  const most = mark.amountMinor;
  const wanted = { usesId, name: code, most, mark, nowMs: note.atMs, note };
  const [write] = makeUsesWrites(wanted, seen);
  try {
    // A row that nothing was taken of yet says nothing that anybody asked for.
    if (write) await database.apply(write, { isAside: true });
  } catch (error) {
    if (!(error instanceof UsesChanged)) throw error;
  }
}

/** Rows of uses as they are now, in the order asked for. One request. */
export async function findUses(
  database: Database,
  uses: readonly Use[],
): Promise<(Stock | undefined)[]> {
  if (uses.length === 0) return [];
  const rows = await database.getTogether(uses.map(({ demand }) => stockRow(demand.itemId)));
  return rows.map((row) => row && parseStock(row));
}
