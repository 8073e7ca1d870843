/** How far the erasure of a person has come: a row that every step moves on, under the step before as its condition. */
import { HoldfastError } from "../base/errors.ts";
import type { Database } from "../table/database.ts";
import { condition, isMissing, pathsOf } from "../table/expression.ts";
import { put, type Row, type Write } from "../table/write.ts";
import type { Erasure } from "./person.ts";

const at = pathsOf<Erasure>();

/** Somebody else has gone on with it; the row says how far. */
export class ErasureRefused extends HoldfastError {
  readonly found: Erasure | undefined;

  constructor(found: Row | undefined) {
    super("TRY_AGAIN", "Somebody else is erasing this person as well");
    this.found = found as Erasure | undefined;
  }
}

/** How far it is; undefined for somebody who was never erased. One request. */
export async function findErasure(
  database: Database,
  personId: string,
): Promise<Erasure | undefined> {
  return (await database.get("People", { personId })) as Erasure | undefined;
}

/** Moves on from what was seen. */
export function erasureWrite(next: Erasure, seen: Erasure | undefined): Write {
  return put({
    table: "People",
    key: { personId: next.personId },
    item: { ...next },
    condition: seen ? condition`${at("step")} = ${seen.step}` : isMissing(at("personId")),
    refused: (found) => new ErasureRefused(found),
    // Two who do the same step write the same, and others may have gone on from it.
    applied: (found) => Number(found?.["step"]) >= next.step,
  });
}
