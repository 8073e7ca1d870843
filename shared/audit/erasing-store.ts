/**
 * Takes out of the trail what earlier versions wrote into it of a person, and what people gave as their reasons. That
 * something happened, when, by whom and what else it changed stays.
 *
 * @see docs/decisions/0024-erasing-people.md
 */
import { isDeepStrictEqual } from "node:util";
import { isMachine, withoutPerson } from "../base/personal.ts";
import { HoldfastError } from "../base/errors.ts";
import type { Database } from "../table/database.ts";
import { action, exists, pathsOf } from "../table/expression.ts";
import { update } from "../table/write.ts";
import type { AuditEntry } from "./audit.ts";
import { listEntries } from "./audit-store.ts";
import type { Step } from "./difference.ts";
import { isAbout, listMentions, type Mentioned } from "./mention-store.ts";

const at = pathsOf<AuditEntry>();
const pageSize = 100;

/** The entry is gone: its time was over. */
class EntryGone extends HoldfastError {
  constructor() {
    super("ENTRY_GONE", "The entry is gone");
  }
}

function cleanStep(step: Step): Step[] {
  const { path, value } = step;
  const [name] = path;
  if (name === undefined || path.length > 1) return [step];
  const left = withoutPerson({ [name]: value });
  if (!(name in left)) return [];
  return value === undefined ? [step] : [{ path, value: left[name] }];
}

/** Cleans one entry; nothing where there is nothing in it. At most one request, safe to repeat. */
async function cleanEntry(database: Database, entry: AuditEntry): Promise<void> {
  const steps = entry.steps.flatMap(cleanStep);
  const hasReason = entry.reason !== undefined && !isMachine(entry.actor);
  if (!hasReason && isDeepStrictEqual(steps, entry.steps)) return;
  const write = update({
    table: "Audit",
    key: { subject: entry.subject, at: entry.at },
    isBlind: true,
    change: {
      set: [action`${at("steps")} = ${steps}`],
      remove: hasReason ? [at("reason")] : [],
    },
    condition: exists(at("subject")),
    refused: () => new EntryGone(),
    applied: () => true,
  });
  try {
    await database.apply(write);
  } catch (error) {
    if (!(error instanceof EntryGone)) throw error;
  }
}

/**
 * Cleans the whole history of something that is a person's. One request for 100 entries, and one for each that has
 * something in it.
 *
 * @returns how many entries there are
 */
export async function cleanHistory(database: Database, subject: string): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await listEntries(database, subject, { limit: pageSize, cursor });
    for (const entry of page.rows) await cleanEntry(database, entry);
    count += page.rows.length;
    ({ cursor } = page);
  } while (cursor !== undefined);
  return count;
}

/**
 * Goes on through the whole trail, because nothing says whose locks and carts there were: a page, and one request for
 * each entry that has something in it.
 *
 * @returns how many entries of theirs the page had, and where to go on
 */
export async function cleanMentions(
  database: Database,
  mentioned: Mentioned,
  cursor: string | undefined,
): Promise<{ readonly count: number; readonly cursor?: string }> {
  const { rows, ...more } = await listMentions(database, mentioned, cursor);
  const own = rows.filter((entry) => isAbout(entry, mentioned));
  for (const entry of own) await cleanEntry(database, entry);
  return { count: own.length, ...more };
}
