/** Keeps and gives back several locks in one transaction, all of them or none, with their entries in the rows above. */
import { type Actor, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import type { EpochMs } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { type KeyedRequest, once } from "../table/request-memory.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Row, Write } from "../table/write.ts";
import { isHeldBy } from "./line.ts";
import { groupByNameAbove } from "./lock-group.ts";
import { leaseEnd, type LockLimits } from "./lock-limits.ts";
import { giveUpWrite } from "./lock-ending-store.ts";
import { renewWithinWrite } from "./lock-renewal-store.ts";
import { isKnown, type Lock, LockNotOwned, type LockProof, parseLock } from "./lock.ts";
import { leaveAboveWrite, prolongWrite } from "./tree-lock-store.ts";

/** Something is done to locks that the caller owns, all of them. */
export interface GroupChange {
  readonly proofs: readonly LockProof[];
  readonly nowMs: EpochMs;
  readonly actor: Actor;
  /** Of a request that its sender may repeat; it goes with the first of the writes. */
  readonly keyed?: KeyedRequest | undefined;
}

/** As the caller says that the locks are, and as their rows say. */
const mostPlans = 2;

/**
 * Carries out what is planned for these proofs. Whoever has locks need not say how far they reach, and since when
 * he has them: a row that refuses for that alone tells it, and the plan is made anew, once. Any other refusal means
 * that a lock is gone; the first row that refused tells best who has it.
 */
function transactOwned(
  database: Database,
  { proofs, nowMs }: GroupChange,
  plan: (known: readonly LockProof[]) => Write[],
): Promise<readonly LockProof[]> {
  let known = proofs;
  return again(mostPlans, async () => {
    try {
      await database.transact(plan(known));
      return known;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const { refusals } = error;
      const next = known.map((proof, at) => {
        const row = refusals.find(({ index }) => index === at)?.found;
        const { scope: _scope, ...anyScope } = proof;
        if (isKnown(proof) || !isHeldBy(row, anyScope, nowMs)) return proof;
        const lock = parseLock(row)!;
        return proof.scope === "tree" && lock.scope !== "tree" ? proof : lock;
      });
      const isTold = next.some((proof, at) => proof !== known[at]);
      known = next;
      if (!isTold) throw refusals[0]!.error;
      return new OnceMore(refusals[0]!.error);
    }
  });
}

/** Makes what is done to groups that the caller owns. */
export function createGroupKeeping({
  database,
  limits,
}: {
  readonly database: Database;
  readonly limits: LockLimits;
}) {
  /** The rows of these locks, in their order, undefined for none. One request. */
  async function readRows(proofs: readonly LockProof[]): Promise<(Row | undefined)[]> {
    const keys = proofs.map(({ resource }) => ({ resource }));
    const rows = await database.getMany("Locks", keys);
    const byName = new Map(rows.map((row) => [row["resource"], row]));
    return keys.map(({ resource }) => byName.get(resource));
  }

  /** The locks as their rows tell them, still the caller's own. */
  async function readOwned({ proofs, nowMs }: GroupChange): Promise<Lock[]> {
    const rows = await readRows(proofs);
    return rows.map((row) => parseLock(row) ?? refuse(row, nowMs));
  }

  const ofFirst = (index: number, keyed: KeyedRequest | undefined) =>
    index === 0 ? keyed : undefined;
  const listTrees = (proofs: readonly LockProof[]) =>
    proofs.filter(({ scope }) => scope === "tree");

  return {
    readRows,

    /** Starts all leases again from now. One transaction, and one read where the proofs are not the locks themselves. */
    async renewAll(change: GroupChange & { readonly leaseMs: number }): Promise<Lock[]> {
      const { proofs, nowMs, actor, leaseMs, keyed } = change;
      const { maxLockMs } = limits;
      const computeEnd = (proof: LockProof): EpochMs => {
        return leaseEnd({ leaseMs, maxLockMs }, nowMs, isKnown(proof) ? proof.acquiredAtMs : nowMs);
      };
      const until = { computeEnd, note: changeNote("lock.prolonged", actor, nowMs) };
      await transactOwned(database, change, (known) => [
        ...known.map((proof, index) =>
          once(
            renewWithinWrite({ proof, nowMs, actor, leaseMs, limits }),
            ofFirst(index, keyed),
            nowMs,
          ),
        ),
        ...groupByNameAbove(listTrees(known)).map(([above, of]) => prolongWrite(above, of, until)),
      ]);
      // A transaction hands nothing back, so who renews without the locks themselves pays for a read.
      if (!proofs.every(isKnown)) return readOwned(change);
      return proofs.map((lock) => ({ ...lock, expiresAtMs: computeEnd(lock) }));
    },

    /** Gives all of them back. One transaction. */
    async releaseAll(change: GroupChange & { readonly releaseId: string }): Promise<void> {
      const { nowMs, actor, releaseId, keyed } = change;
      const note = changeNote("lock.left", actor, nowMs);
      await transactOwned(database, change, (known) => [
        ...known.map((proof, index) =>
          once(giveUpWrite({ proof, nowMs, actor, releaseId }), ofFirst(index, keyed), nowMs),
        ),
        ...groupByNameAbove(listTrees(known)).map(([above, of]) =>
          leaveAboveWrite(above, of, note),
        ),
      ]);
    },
  };
}

/** See `createGroupKeeping`. */
export type GroupKeeping = ReturnType<typeof createGroupKeeping>;

function refuse(row: Row | undefined, nowMs: EpochMs): never {
  throw new LockNotOwned(row, nowMs);
}
