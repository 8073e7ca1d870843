/**
 * Carries stock rows of layout 1 over, which named every hold in a map. Whoever meets one does it, in one
 * guarded write, so that it can happen while orders are taken; `carryOverAll` does it for a whole store.
 */
import { changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { HoldfastError } from "../base/errors.ts";
import type { Clock, EpochMs } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { action, allOf, condition, isMissing, pathsOf } from "../table/expression.ts";
import { stockSchemaVersion } from "../table/layout.ts";
import { TransactionRefused } from "../table/transaction.ts";
import { type Row, update, type Write } from "../table/write.ts";
import { bucketKey } from "./deadline.ts";
import type { StockRow } from "./stock.ts";

interface OldHold {
  readonly quantity: number;
  readonly expiresAtMs: number;
}

/** A row of both layouts' attributes, since a carry-over speaks of both. */
interface EitherRow extends StockRow {
  readonly holds: Readonly<Record<string, OldHold>>;
  readonly schemaVersion: number;
}

const at = pathsOf<EitherRow>();

/** Whose clocks differ by less than this do not meet each other's expired holds during a carry-over. */
const clocksDifferByMs = 5_000;

/** Whether a row of the stock table still names its holds one by one. */
export function isOldLayout(row: Row | undefined): row is Row {
  return row?.["holds"] !== undefined && row["due"] === undefined;
}

/**
 * What a row of layout 1 says in the present one: its holds counted by the second in which they end.
 * Without a clock no hold is taken for over.
 */
export function carriedOver(row: Row, nowMs?: EpochMs): Row {
  const { holds, ...facts } = row as Row & { holds: Readonly<Record<string, OldHold>> };
  const due: Record<string, number> = {};
  let held = 0;
  for (const { quantity, expiresAtMs } of Object.values(holds)) {
    const bucket = bucketKey(expiresAtMs);
    due[bucket] = (due[bucket] ?? 0) + quantity;
    held += quantity;
  }
  // What had expired may have been taken over before, without a word in the order: none of it can be
  // sold without being taken anew, and whoever needs the units takes them.
  const reclaimedThroughMs =
    nowMs === undefined ? 0 : (Math.floor(nowMs / 1_000) + clocksDifferByMs / 1_000) * 1_000;
  return { ...facts, held, due, reclaimedThroughMs, schemaVersion: stockSchemaVersion };
}

/** The row is not the one that was read any more: it is `found`. */
class RowMoved extends HoldfastError {
  readonly found: Row | undefined;

  constructor(found: Row | undefined) {
    super("TRY_AGAIN", "The row was changed meanwhile");
    this.found = found;
  }
}

/** Writes the row in the present layout, if it is still just as it was read. */
function carryOverWrite(row: Row, nowMs: EpochMs): Write {
  const { held, due, reclaimedThroughMs } = carriedOver(row, nowMs);
  const note = changeNote("item.change", { id: "system:migration" }, nowMs, "layout 2");
  const asRead = ["holds", "available", "sold", "received", "adjusted"] as const;
  const unchanged = asRead.map((name) => condition`${at(name)} = ${row[name]}`);
  return update({
    table: "Stock",
    key: { itemId: String(row["itemId"]), shard: Number(row["shard"]) },
    change: {
      set: [
        action`${at("held")} = ${held}`,
        action`${at("due")} = ${due}`,
        action`${at("reclaimedThroughMs")} = ${reclaimedThroughMs}`,
        action`${at("schemaVersion")} = ${stockSchemaVersion}`,
        action`${at("change")} = ${note}`,
      ],
      remove: [at("holds")],
    },
    condition: allOf(isMissing(at("due")), ...unchanged),
    refused: (found) => new RowMoved(found),
    applied: (found) => found?.["due"] !== undefined,
  });
}

/** How often a row may be changed by others of the old layout while it is carried over. */
const mostChanges = 20;

/** Carries one row over; false when somebody else has done so. One request, safe to repeat. */
function carryOver(database: Database, first: Row, clock: Clock): Promise<boolean> {
  let row: Row | undefined = first;
  return again(mostChanges, async () => {
    if (!isOldLayout(row)) return false;
    try {
      await database.apply(carryOverWrite(row, clock()));
      return true;
    } catch (error) {
      if (!(error instanceof RowMoved)) throw error;
      row = error.found;
      return new OnceMore(error);
    }
  });
}

/**
 * The database with which everything works as if all rows had the present layout: a transaction that
 * meets a row of layout 1 is refused by it, which hands the row back; then the row is carried over (1
 * request, once for an item) and the transaction goes its way. Without such rows it costs nothing.
 *
 * @example const database = carryingOver(createDatabase({ client, clock, tableName }), clock);
 */
export function carryingOver(database: Database, clock: Clock): Database {
  return {
    ...database,
    async transact(writes, options) {
      for (;;) {
        try {
          return await database.transact(writes, options);
        } catch (error) {
          if (!(error instanceof TransactionRefused)) throw error;
          const found = error.refusals.map((refusal) => refusal.found);
          const old = found.filter(isOldLayout);
          if (old.length === 0) throw error;
          for (const row of old) await carryOver(database, row, clock);
        }
      }
    },
  };
}

/** How far a carry-over has come. */
export interface CarriedOver {
  readonly rows: number;
  readonly carried: number;
}

/**
 * Carries every stock row of a store over, page by page; `onPage` hears how far it is. Safe to repeat, to
 * break off, to run twice at once, and while orders are taken. One request a page of 100 rows and one for
 * each row of the old layout.
 *
 * @example await carryOverAll(database, clock, ({ rows }) => bar.update(rows));
 */
export async function carryOverAll(
  database: Database,
  clock: Clock,
  onPage: (sofar: CarriedOver) => void = () => {},
): Promise<CarriedOver> {
  let [rows, carried] = [0, 0];
  let cursor: string | undefined;
  do {
    const page = await database.scan({ table: "Stock", limit: 100, cursor });
    rows += page.rows.length;
    for (const row of page.rows) {
      if (isOldLayout(row) && (await carryOver(database, row, clock))) carried += 1;
    }
    onPage({ rows, carried });
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { rows, carried };
}
