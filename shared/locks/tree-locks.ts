/**
 * Locks that reach up and down: a lock on `product/9` excludes `product/9/variant/2`, and the other
 * way round, in one transaction over the name's own row and the rows of all names above it.
 *
 * Both directions meet in the rows above, so of two transactions that exclude each other DynamoDB
 * lets one win. What proves a lock is its own row together with its entry in every row above; whoever
 * takes over an expired lock, from above or below, removes one of them. So no clock decides safety.
 *
 * @see docs/decisions/0012-tree-locks.md
 */
import { type Actor, changeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import type { Write } from "../table/write.ts";
import { type Lock, LockNotOwned, type LockProof, namesAbove } from "./lock.ts";
import { checkEntryWrite, leaveAboveWrite } from "./tree-lock-store.ts";

/** Makes what tree locks have besides their groups. */
export function createTreeLocks({ database }: { readonly database: Database }) {
  return {
    /** Clears the rows above of a lock that was ended by force; until then they would block for nothing. */
    async forget(ended: Lock, nowMs: EpochMs, actor: Actor): Promise<void> {
      const note = changeNote("lock.left", actor, nowMs);
      for (const above of namesAbove(ended.resource)) {
        await database.apply(leaveAboveWrite(above, [ended], note)).catch(ignoreLost);
      }
    },

    /** The checks in the rows above that belong to a protected write; none for a plain lock. */
    checkWrites(proof: LockProof, nowMs: EpochMs): Write[] {
      return namesAbove(proof.resource).map((above) => checkEntryWrite(above, proof, nowMs));
    },
  };
}

function ignoreLost(error: unknown): void {
  if (!(error instanceof LockNotOwned)) throw error;
}
