/** Writes the audit trail from the tables' streams, and reads it for administrators. */
import type { Database } from "../table/database.ts";
import type { Page } from "../table/paging.ts";
import type { ItemChange } from "../table/stream.ts";
import { type AuditEntry, makeEntries } from "./audit.ts";
import { keepEntry, listEntries } from "./audit-store.ts";

/** What the trail is made of. */
export interface AuditServiceOptions {
  readonly database: Database;
}

/** Makes the service. */
export function createAuditService({ database }: AuditServiceOptions) {
  return {
    /**
     * Keeps what a change tells, once: a change that is told again adds nothing. One request an entry.
     *
     * @returns the entries that were new
     * @throws Error when the change is none that the trail knows; nothing of it was kept
     * @example const kept = await audit.record(parseItemChange(record));
     */
    async record(change: ItemChange): Promise<AuditEntry[]> {
      const kept: AuditEntry[] = [];
      for (const entry of makeEntries(change)) {
        if (await keepEntry(database, entry)) kept.push(entry);
      }
      return kept;
    },

    /**
     * A page of what happened to a lock, cart, order, item or document, newest first. One request.
     *
     * @example const { rows } = await audit.list("order/ord_x", { limit: 20 });
     */
    list: (
      subject: string,
      page: { limit: number; cursor?: string | undefined },
    ): Promise<Page<AuditEntry>> => listEntries(database, subject, page),
  };
}
