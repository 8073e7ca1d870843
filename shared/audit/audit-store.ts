/** How the trail is kept: every entry is put once, however often its change is told. */
import { HoldfastError } from "../base/errors.ts";
import type { Database } from "../table/database.ts";
import { at, condition, isMissing } from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { put } from "../table/write.ts";
import type { AuditEntry } from "./audit.ts";

/** Where the trail is kept. */
export interface AuditStoreOptions {
  readonly database: Database;
  readonly tableName: string;
}

/** The entry stands there already: its change was delivered before. */
class EntryKept extends HoldfastError {
  constructor() {
    super("ENTRY_KEPT", "The entry was kept before");
  }
}

/** Keeps and lists entries. */
export function createAuditStore({ database, tableName: table }: AuditStoreOptions) {
  return {
    /** Keeps an entry; false when it was there already. One request. Safe to repeat. */
    async keep(entry: AuditEntry): Promise<boolean> {
      const write = put({
        table,
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
    },

    /** A page of a subject's entries, newest first. One request. */
    async list(
      subject: string,
      page: { limit: number; cursor?: string | undefined },
    ): Promise<Page<AuditEntry>> {
      const where = condition`${at("subject")} = ${subject}`;
      const { rows, cursor } = await database.query({ table, where, ascending: false, ...page });
      const entries = rows as unknown as AuditEntry[];
      return { rows: entries, ...(cursor === undefined ? {} : { cursor }) };
    },
  };
}

/** See `createAuditStore`. */
export type AuditStore = ReturnType<typeof createAuditStore>;
