/** Every lock of a kind that somebody has now, however many pages that takes. */
import type { Lock, LockKind } from "../../shared/locks/lock.ts";
import type { LockList } from "../locks.ts";

/** The locks of a kind, in no order that anybody should rely on. At least eight requests: for administrators. */
export async function listLiveLocks(
  locks: Pick<LockList, "list">,
  kind: LockKind,
): Promise<Lock[]> {
  const found: Lock[] = [];
  let cursor: string | undefined;
  do {
    const page = await locks.list({ kind, limit: 100, cursor });
    found.push(...page.rows);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
