/** Moves units between the row that every item has and its further rows; each move is one transaction. */
import type { ChangeNote } from "../../base/actor.ts";
import type { EpochMs } from "../../base/time.ts";
import {
  action,
  allOf,
  anyOf,
  condition,
  exists,
  type Fragment,
  isMissing,
  pathsOf,
} from "../../table/expression.ts";
import { AttributePath } from "../../table/expression.ts";
import { type Row, update, type Write } from "../../table/write.ts";
import { isNotTurning, nobodyWaits } from "../hold-conditions.ts";
import type { Stock, StockRow } from "../stock.ts";
import { stockRow } from "../stock-store.ts";
import { ItemMoved } from "./item-moved.ts";
import { listedRow, spreadCatalog } from "./spread-list-store.ts";
import type { HotRow } from "./rows-store.ts";

const at = pathsOf<StockRow>();

const refused = (found: Row | undefined): ItemMoved => new ItemMoved(found);

/**
 * What each row counts for itself, and what only people read, which stands in the first row alone: however long that is,
 * the rows that buyers fight for stay below a kilobyte. Everything else is a fact of the item, and the same in all of them.
 */
const ownNames = new Set(
  (
    "itemId shard catalog item row change available held sold received adjusted due reclaimedThroughMs " +
    "shards rows away turningUntilMs coolsAfterMs hasAbout hasLine notesOpenings name kind vendorId createdAtMs"
  ).split(" "),
);

/** The item's facts, as they are set in a further row. */
function listFacts(main: Stock): Fragment[] {
  return Object.entries(main)
    .filter(([name, value]) => !ownNames.has(name) && value !== undefined)
    .map(([name, value]) => action`${new AttributePath([name])} = ${value}`);
}

/** Nobody has changed what all rows have in common. */
function factsAreAsSeen({ factsRevision }: Stock): Fragment {
  return factsRevision === undefined
    ? isMissing(at("factsRevision"))
    : condition`${at("factsRevision")} = ${factsRevision}`;
}

/** Has the item to oneself for a moment, so that its units can be spread in spite of a crowd. */
export function claimTurnWrite(
  { itemId }: Pick<Stock, "itemId">,
  { nowMs, untilMs, note }: { nowMs: EpochMs; untilMs: EpochMs; note: ChangeNote },
): Write {
  return update({
    ...stockRow(itemId),
    change: {
      set: [action`${at("turningUntilMs")} = ${untilMs}`, action`${at("change")} = ${note}`],
    },
    condition: allOf(exists(at("itemId")), isNotTurning(nowMs), nobodyWaits),
    refused,
    applied: (found) => found?.["turningUntilMs"] === untilMs,
  });
}

/** Gives the turn back, where nothing came of it: nobody has to wait for its end. */
export function endTurnWrite(itemId: string, untilMs: number, note: ChangeNote): Write {
  return update({
    ...stockRow(itemId),
    change: { set: [action`${at("change")} = ${note}`], remove: [at("turningUntilMs")] },
    condition: condition`${at("turningUntilMs")} = ${untilMs}`,
    refused,
    applied: (found) => found !== undefined && found["turningUntilMs"] === undefined,
  });
}

/** How an item is spread: so many units into row 1, 2 and so on. */
export interface Spread {
  readonly shares: readonly number[];
  /** Absent where an administrator wants the rows: then they stay until told otherwise. */
  readonly coolsAfterMs?: EpochMs | undefined;
  readonly note: ChangeNote;
}

/** Creates or fills rows 1, 2 and so on out of the row that every item has. At most 51 writes. */
export function spreadWrites(main: Stock, { shares, coolsAfterMs, note }: Spread): Write[] {
  const { itemId, rows: known = 0 } = main;
  const units = shares.reduce((sum, share) => sum + share, 0);
  const giving = update({
    ...stockRow(itemId),
    change: {
      set: [
        action`${at("available")} = ${at("available")} - ${units}`,
        action`${at("away")} = if_not_exists(${at("away")}, ${0}) + ${units}`,
        action`${at("shards")} = ${shares.length}`,
        action`${at("rows")} = ${Math.max(known, shares.length)}`,
        action`${at("change")} = ${note}`,
        ...(coolsAfterMs === undefined ? [] : [action`${at("coolsAfterMs")} = ${coolsAfterMs}`]),
      ],
      remove: [at("turningUntilMs"), ...(coolsAfterMs === undefined ? [at("coolsAfterMs")] : [])],
    },
    condition: allOf(
      condition`${at("available")} >= ${units}`,
      condition`${at("holdPolicy")} = ${"counted"}`,
      // A line is for the units of one row.
      nobodyWaits,
      factsAreAsSeen(main),
      known === 0 ? isMissing(at("rows")) : condition`${at("rows")} = ${known}`,
    ),
    refused,
  });
  return [giving, ...shares.map((share, index) => fillWrite(main, index + 1, share, note))];
}

/** A row is never deleted, so that its watermark never goes back: an empty one is filled again. */
export function fillWrite(main: Stock, row: number, units: number, note: ChangeNote): Write {
  const { itemId, rows = 0 } = main;
  const orZero = (name: "available" | "received" | "held" | "sold" | "adjusted"): Fragment =>
    condition`if_not_exists(${at(name)}, ${0})`;
  return update({
    ...stockRow(itemId, row),
    change: {
      set: [
        ...listFacts(main),
        action`${at("item")} = ${itemId}`,
        action`${at("row")} = ${row}`,
        action`${at("available")} = ${orZero("available")} + ${units}`,
        action`${at("received")} = ${orZero("received")} + ${units}`,
        action`${at("held")} = ${orZero("held")}`,
        action`${at("sold")} = ${orZero("sold")}`,
        action`${at("adjusted")} = ${orZero("adjusted")}`,
        action`${at("due")} = if_not_exists(${at("due")}, ${{}})`,
        ...(row > rows ? [action`${at("notesOpenings")} = ${true}`] : []),
        ...(row === listedRow ? [action`${at("catalog")} = ${spreadCatalog}`] : []),
        action`${at("reclaimedThroughMs")} = if_not_exists(${at("reclaimedThroughMs")}, ${0})`,
        action`${at("change")} = ${note}`,
      ],
    },
    condition: anyOf(isMissing(at("item")), condition`${at("item")} = ${itemId}`),
    refused,
  });
}

/**
 * All that nobody holds in a row, and the count of what was sold there for good, come back to the row that every
 * item has.
 */
export function gatherWrites(from: HotRow, note: ChangeNote): Write[] {
  const { itemId, row, available, sold } = from;
  const both = available + sold;
  const told = action`${at("change")} = ${note}`;
  return [
    update({
      ...stockRow(itemId),
      change: {
        set: [
          action`${at("available")} = ${at("available")} + ${available}`,
          action`${at("sold")} = ${at("sold")} + ${sold}`,
          action`${at("away")} = ${at("away")} - ${both}`,
          told,
        ],
      },
      condition: condition`${at("away")} >= ${both}`,
      refused,
    }),
    update({
      ...stockRow(itemId, row),
      change: {
        set: [
          action`${at("available")} = ${at("available")} - ${available}`,
          action`${at("sold")} = ${at("sold")} - ${sold}`,
          action`${at("received")} = ${at("received")} - ${both}`,
          told,
        ],
      },
      condition: allOf(
        condition`${at("available")} >= ${available}`,
        condition`${at("sold")} >= ${sold}`,
      ),
      refused,
    }),
  ];
}

/**
 * Sells the item from the row that every item has again; its other rows are left to be emptied. Refused where somebody
 * has said another number of rows meanwhile, or that the crowd is still there.
 */
export function coolWrite({ itemId, coolsAfterMs }: Stock, note: ChangeNote): Write {
  return update({
    ...stockRow(itemId),
    change: {
      set: [action`${at("change")} = ${note}`],
      remove: [at("shards"), at("coolsAfterMs")],
    },
    condition: allOf(
      exists(at("itemId")),
      coolsAfterMs === undefined
        ? isMissing(at("coolsAfterMs"))
        : condition`${at("coolsAfterMs")} = ${coolsAfterMs}`,
    ),
    refused,
    applied: (found) => found !== undefined && found["shards"] === undefined,
  });
}

/** The crowd is still there: it is looked for again later on. */
export function stayHotWrite(main: Stock, untilMs: EpochMs, note: ChangeNote): Write {
  return update({
    ...stockRow(main.itemId),
    change: {
      set: [action`${at("coolsAfterMs")} = ${untilMs}`, action`${at("change")} = ${note}`],
    },
    condition: condition`${at("coolsAfterMs")} = ${main.coolsAfterMs ?? 0}`,
    refused,
    applied: (found) => found?.["coolsAfterMs"] === untilMs,
  });
}
