/** Finds in the whole trail what is about somebody's carts and locks, or was done by them: nothing lists that. */
import type { Database } from "../table/database.ts";
import type { Page } from "../table/paging.ts";
import type { AuditEntry } from "./audit.ts";
import type { Step } from "./difference.ts";

/** Entries that one request looks at; with 1 MB at the most. */
const scannedAtOnce = 500;

/** Whose carts' histories begin with what, and who that is. */
export interface Mentioned {
  readonly userId: string;
  readonly cartPrefix: string;
}

function isOwner(value: unknown, userId: string): boolean {
  const { userId: own, owner } = (value ?? {}) as { userId?: unknown; owner?: unknown };
  return value === userId || own === userId || (owner !== undefined && isOwner(owner, userId));
}

/** Whether an entry is of a cart of theirs, or of a lock that they took, had or lost. */
export function isAbout(
  { subject, actor, steps }: AuditEntry,
  { userId, cartPrefix }: Mentioned,
): boolean {
  if (subject.startsWith(`cart/${cartPrefix}`)) return true;
  if (!subject.startsWith("lock/")) return false;
  const names = /^(?:owner|formerOwner|lock:.*)$/s;
  const isTheirs = ({ path: [name = ""], value }: Step) =>
    names.test(name) && isOwner(value, userId);
  return actor === userId || steps.some(isTheirs);
}

/** A page of the whole trail, of which only what is about them or by them is left. One request. */
export async function listMentions(
  database: Database,
  mentioned: Mentioned,
  cursor: string | undefined,
): Promise<Page<AuditEntry>> {
  const request = { table: "Audit", limit: scannedAtOnce, isConsistent: true, cursor } as const;
  const { rows, ...more } = await database.scan(request);
  const all = rows as unknown as readonly AuditEntry[];
  const isTheirs = (entry: AuditEntry): boolean =>
    entry.actor === mentioned.userId || isAbout(entry, mentioned);
  return { rows: all.filter(isTheirs), ...more };
}
