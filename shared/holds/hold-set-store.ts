/** How hold sets are written: each beside the stock that it holds, in the same transaction. */
import type { ChangeNote } from "../base/actor.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { action, allOf, assigned, condition, isMissing, pathsOf } from "../table/expression.ts";
import { put, update, type Write } from "../table/write.ts";
import {
  HoldEnded,
  HoldNotFound,
  type HoldSet,
  type HoldSetRow,
  parseHoldSet,
} from "./hold-set.ts";

const at = pathsOf<HoldSetRow>();

/** Where it is: no row of an item has such a number. */
const holdSetPlace = (holdId: string) =>
  ({ table: "Stock", key: { itemId: `hold#${holdId}`, shard: -2 } }) as const;

/** For so long after its deadline one can still read what became of it; nothing depends on it. */
const rememberedMs = 30 * dayMs;

const endOfRow = (expiresAtMs: EpochMs): number => ttlSecondsAt(later(expiresAtMs, rememberedMs));

/** The set, as of now. One request. */
export async function findHoldSet(
  database: Database,
  holdId: string,
): Promise<HoldSet | undefined> {
  const { table, key } = holdSetPlace(holdId);
  return parseHoldSet(await database.get(table, key));
}

/** Writes a new set down; refused with the one that has this id already. */
export function openHoldSetWrite(set: HoldSet, note: ChangeNote): Write {
  const { table, key } = holdSetPlace(set.holdId);
  return put({
    table,
    key,
    item: { ...key, ...set, change: note, ttlSeconds: endOfRow(set.expiresAtMs) },
    condition: isMissing(at("holdId")),
    refused: (found) => new HoldEnded(parseHoldSet(found) ?? set),
  });
}

/** The set changes, if it is held and lasts until the same instant as when it was read. */
function changeWrite(set: HoldSet, to: Partial<HoldSet>, note: ChangeNote): Write {
  const { set: changes, remove } = assigned<HoldSetRow>({ ...to });
  const { expiresAtMs = set.expiresAtMs } = to;
  return update({
    ...holdSetPlace(set.holdId),
    change: {
      set: [
        ...changes,
        action`${at("change")} = ${note}`,
        action`${at("ttlSeconds")} = ${endOfRow(expiresAtMs)}`,
      ],
      remove,
    },
    condition: allOf(
      condition`${at("status")} = ${"held"}`,
      condition`${at("expiresAtMs")} = ${set.expiresAtMs}`,
    ),
    refused: (found) => {
      const other = parseHoldSet(found);
      return other ? new HoldEnded(other) : new HoldNotFound(set.holdId);
    },
  });
}

/** It ends for good. */
export function endHoldSetWrite(
  set: HoldSet,
  to: "confirmed" | "released",
  note: ChangeNote,
): Write {
  return changeWrite(set, { status: to }, note);
}

/** It ends later. */
export function moveHoldSetWrite(
  set: HoldSet,
  to: Pick<HoldSet, "expiresAtMs" | "pieces">,
  note: ChangeNote,
): Write {
  return changeWrite(set, to, note);
}
