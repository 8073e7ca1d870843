/** Decisions about hold times in their table: one row a payment method, written by who saw the one before. */
import type { Database } from "../table/database.ts";
import { condition, isMissing, pathsOf } from "../table/expression.ts";
import { put, type Row } from "../table/write.ts";
import { AlreadyDecided, type LearnedHold } from "./learned-hold.ts";

interface LearnedHoldRow extends LearnedHold {
  readonly about: string;
  readonly span: string;
}

const at = pathsOf<LearnedHoldRow>();

/** The partition of all decisions. */
const decisions = "hold-decisions";

function parseLearnedHold(row: Row): LearnedHold {
  const { about: _about, span: _span, ...learned } = row as unknown as LearnedHoldRow;
  return learned;
}

/** Every decision, as of now. One request: there are as many as payment methods. */
export async function listLearnedHolds(database: Database): Promise<LearnedHold[]> {
  const where = condition`${at("about")} = ${decisions}`;
  const request = { table: "Insight", where, limit: 100, isConsistent: true } as const;
  const { rows } = await database.query(request);
  return rows.map(parseLearnedHold);
}

/** The decision about a method as it is or was a moment ago. One request. */
export async function lookAtLearnedHold(
  database: Database,
  method: string,
): Promise<LearnedHold | undefined> {
  const row = await database.look("Insight", { about: decisions, span: method });
  return row && parseLearnedHold(row);
}

/**
 * Keeps a decision in place of the one that its maker had read. One request. Safe to repeat.
 *
 * @throws AlreadyDecided when that is not the one that stands there; nothing was changed
 */
export async function keepLearnedHold(
  database: Database,
  next: LearnedHold,
  former: LearnedHold | undefined,
): Promise<void> {
  const { method, decidedBy, decidedAtMs } = next;
  const key = { about: decisions, span: method };
  const isSame = (row: Row | undefined): boolean =>
    row?.["decidedBy"] === decidedBy && row["decidedAtMs"] === decidedAtMs;
  const write = put({
    table: "Insight",
    key,
    item: { ...key, ...next },
    condition: former
      ? condition`${at("decidedAtMs")} = ${former.decidedAtMs} AND ${at("decidedBy")} = ${former.decidedBy}`
      : isMissing(at("about")),
    refused: () => new AlreadyDecided(method),
    applied: isSame,
  });
  await database.apply(write);
}
