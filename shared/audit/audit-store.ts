/** How the trail is kept: every entry is put once, however often its change is told. */
import { HoldfastError } from "../base/errors.ts";
import type { Database } from "../table/database.ts";
import { condition, isMissing, pathsOf } from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { put } from "../table/write.ts";
import type { AuditEntry } from "./audit.ts";

const at = pathsOf<AuditEntry>();

/** The entry stands there already: its change was delivered before. */
class EntryKept extends HoldfastError {
  constructor() {
    super("ENTRY_KEPT", "The entry was kept before");
  }
}

/** Keeps an entry; false when it was there already. One request. Safe to repeat. */
export async function keepEntry(database: Database, entry: AuditEntry): Promise<boolean> {
  const write = put({
    table: "Audit",
    key: { subject: entry.subject, at: entry.at },
    item: { ...entry },
    condition: isMissing(at("subject")),
    refused: () => new EntryKept(),
    applied: () => true,
  });
  try {
    await database.apply(write);
    return true;
  } catch (error) {
    if (error instanceof EntryKept) return false;
    throw error;
  }
}

/** A page of a subject's entries, newest first. One request. */
export async function listEntries(
  database: Database,
  subject: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<Page<AuditEntry>> {
  const where = condition`${at("subject")} = ${subject}`;
  const { rows, cursor } = await database.query({
    table: "Audit",
    where,
    ascending: false,
    ...page,
  });
  const entries = rows as unknown as AuditEntry[];
  return { rows: entries, ...(cursor === undefined ? {} : { cursor }) };
}
