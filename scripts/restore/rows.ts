/** Walks whole tables, page by page: what brings tables back looks at every row of them. */
import type { Actor } from "../../shared/base/actor.ts";
import { HoldfastError } from "../../shared/base/errors.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import type { Database } from "../../shared/table/database.ts";
import type { TableName } from "../../shared/table/table-name.ts";
import type { Row } from "../../shared/table/write.ts";

/** What every step of bringing back works with. Nobody else writes meanwhile: the old tables are fenced, these not yet open. */
export interface Mending {
  readonly database: Database;
  readonly nowMs: EpochMs;
}

/** Who it is in the notes of the rows that were changed. */
export const restorer: Actor = { id: "system:restore" };

/** Said with whatever was ended. */
export const restoredReason = "tables were brought back to an earlier instant";

const pageSize = 500;

/** The rows of a table, a page at a time. One request for up to 500 of them. */
export async function* pagesOf(
  database: Database,
  table: TableName,
): AsyncGenerator<readonly Row[]> {
  let cursor: string | undefined;
  do {
    const page = await database.scan({ table, limit: pageSize, isConsistent: true, cursor });
    yield page.rows;
    ({ cursor } = page);
  } while (cursor !== undefined);
}

/** Somebody writes to the tables that are being brought back. */
export class NotAlone extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "Somebody else writes to these tables: fence them off and begin anew");
  }
}

const sideBySide = 32;

/** Does some work for each, many at a time. @throws the first error, after what was under way has ended */
export async function forEach<T>(
  all: Iterable<T>,
  work: (each: T) => Promise<void>,
): Promise<void> {
  const left = all[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) await work(next.value);
  };
  const workers = await Promise.allSettled(Array.from({ length: sideBySide }, worker));
  for (const each of workers) if (each.status === "rejected") throw each.reason;
}
