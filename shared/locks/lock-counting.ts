/** Takes locks within the limit of their user: in one transaction with the row that counts them. */
import { again, OnceMore } from "../base/again.ts";
import { type Clock, type EpochMs, isExpired } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Row, Write } from "../table/write.ts";
import { expireLockWrite } from "./lock-ending-store.ts";
import { isCounted, type LockLimits, parseTaken, type Taken, TooManyLocks } from "./lock-limits.ts";
import type { Acquisition } from "./lock-store.ts";
import { type Lock, parseLock } from "./lock.ts";
import { countWrite, forgetWrite } from "./owner-store.ts";

/** What counting is made of. */
export interface CountingParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly limits: LockLimits;
}

/** The row has no room, what is over was forgotten, and somebody of the same user was faster once more. */
const mostRounds = 4;
/** So many leases that are over are ended in one transaction. */
const mostEnded = 50;

/** What the locks' own rows tell of those that a user's row names. */
interface Standing {
  readonly live: readonly Lock[];
  /** Given back, ended, or somebody else's by now. */
  readonly gone: readonly Taken[];
  /** Nobody has taken them since, but their leases are over. */
  readonly lapsed: readonly Taken[];
}

/** Looks at the rows of the locks that a user's row names. One read for each 100 of them. */
async function look(
  database: Database,
  userId: string,
  taken: readonly Taken[],
  nowMs: EpochMs,
): Promise<Standing> {
  const names = [...new Set(taken.map(({ resource }) => resource))];
  const rows = await database.getMany(
    "Locks",
    names.map((resource) => ({ resource })),
  );
  const found = new Map(rows.map((row) => [String(row["resource"]), parseLock(row)]));
  const standing = { live: [] as Lock[], gone: [] as Taken[], lapsed: [] as Taken[] };
  for (const each of taken) {
    const lock = found.get(each.resource);
    if (lock?.owner.userId !== userId || lock.fence !== each.fence) standing.gone.push(each);
    else if (isExpired(lock.expiresAtMs, nowMs)) standing.lapsed.push(each);
    else standing.live.push(lock);
  }
  return standing;
}

/** Makes the counting of a lock service. */
export function createCounting({ database, clock, limits }: CountingParts) {
  /**
   * Forgets what is over among the locks that the row of a refusal names. A lease that ended by itself is ended
   * for good in the same transaction, so that no slower clock renews a lock that is counted no more. One read,
   * one transaction, and none where nothing is over.
   *
   * @throws TooManyLocks when there is no room even so
   */
  async function makeRoom(userId: string, row: Row | undefined, wanted: number): Promise<void> {
    const nowMs = clock();
    const { live, gone, lapsed } = await look(database, userId, parseTaken(row), nowMs);
    if (live.length + wanted > limits.maxLocksPerUser) {
      const ends = live.map(({ expiresAtMs }) => expiresAtMs);
      throw new TooManyLocks(limits, ends.length > 0 ? Math.min(...ends) : undefined);
    }
    const ended = lapsed.slice(0, mostEnded);
    const over = [...gone, ...ended];
    if (over.length === 0) return;
    const actor = { id: "system:expiry" };
    const ending = ended.map(({ resource }) => expireLockWrite({ resource, nowMs, actor }));
    await database
      .transact([forgetWrite(userId, over), ...ending], { isAside: true })
      .catch(ignoreMoved);
  }

  return {
    limits,

    /** Whether taking this lock is counted. */
    isCounted: ({ kind }: Pick<Lock, "kind">): boolean => isCounted(kind, limits),

    makeRoom,

    /** An acquisition whose lease is no longer than anybody may have a lock. */
    shorten: (taken: Acquisition): Acquisition => ({
      ...taken,
      leaseMs: Math.min(taken.leaseMs, limits.maxLockMs),
    }),

    /**
     * The write that counts these locks, for the transaction that takes them; none where nothing is counted.
     *
     * @throws TooManyLocks when there are more of them than anybody may have
     */
    writes(locks: readonly Lock[]): Write[] {
      const [first, ...others] = locks.filter(({ kind }) => isCounted(kind, limits));
      if (!first) return [];
      if (others.length >= limits.maxLocksPerUser) throw new TooManyLocks(limits, undefined);
      return [countWrite(first.owner.userId, [first, ...others], { limits, nowMs: clock() })];
    },

    /**
     * Carries out the write that makes a lock its owner's, and counts it. One request; three more where the
     * row of the user has no room until it is looked through.
     *
     * @throws the write's own error when its condition fails; nothing was changed
     * @throws TooManyLocks when the user has as many as anybody may; nothing was changed
     */
    async take(write: Write, lock: Lock): Promise<Lock> {
      if (!isCounted(lock.kind, limits)) return parseLock(await database.apply(write))!;
      return again(mostRounds, async () => {
        const [count] = this.writes([lock]);
        try {
          await database.transact([write, count!]);
          return lock;
        } catch (error) {
          if (!(error instanceof TransactionRefused)) throw error;
          const own = error.of(write);
          if (own) throw own.error;
          await makeRoom(lock.owner.userId, error.of(count!)?.found, 1);
          return new OnceMore();
        }
      });
    },
  };
}

/** See `createCounting`. */
export type Counting = ReturnType<typeof createCounting>;

/** Renewed or taken anew meanwhile: the next look tells. */
function ignoreMoved(error: unknown): void {
  if (!(error instanceof TransactionRefused)) throw error;
}
