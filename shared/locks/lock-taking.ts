/** Taking a lock at once: a free one is taken, the caller's own renewed, and who is first in line goes first. */
import { again, OnceMore } from "../base/again.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import type { GroupTaking } from "./group-taking.ts";
import { LineWaits } from "./line.ts";
import type { LockLine } from "./line-service.ts";
import { fenceAfter } from "./line-store.ts";
import { createAttempt, mostLosses } from "./lock-attempt.ts";
import type { Counting } from "./lock-counting.ts";
import type { AcquireRequest, RenewRequest } from "./lock-requests.ts";
import { type Acquisition, acquireLockWrite, findLockRow, lockToBe } from "./lock-store.ts";
import {
  isSameOwner,
  type Lock,
  LockHeld,
  LockNotOwned,
  parseLiveLock,
  parseLock,
} from "./lock.ts";

/** What taking is made of. */
export interface TakingParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly takeAll: GroupTaking;
  readonly line: Pick<LockLine, "take">;
  readonly counting: Counting;
  readonly renew: (request: RenewRequest) => Promise<Lock>;
}

/** Makes what takes a lock that is counted. */
function createCountedTaking({ clock, counting }: TakingParts) {
  /**
   * A lock that is counted is taken in a transaction, which hands no counter back: its fence is the clock's, and
   * where the row has a later one already, the one after that.
   */
  function takeCounted(taken: Acquisition): Promise<Lock> {
    let least = 0;
    return again(mostLosses, async () => {
      const nowMs = clock();
      const fence = Math.max(nowMs, least);
      try {
        const write = acquireLockWrite(taken, nowMs, fence);
        return await counting.take(write, lockToBe(taken, fence, nowMs));
      } catch (error) {
        const { row } = error as LockHeld | LockNotOwned;
        const isRefused = error instanceof LockHeld || error instanceof LockNotOwned;
        if (!isRefused || !row || parseLiveLock(row, nowMs)) throw error;
        least = fenceAfter(row, nowMs);
        return new OnceMore(error);
      }
    });
  }

  return takeCounted;
}

/** Makes the taking of single locks. */
export function createTaking(parts: TakingParts) {
  const { database, clock, takeAll, line, counting, renew } = parts;
  const takeCounted = createCountedTaking(parts);

  /** A line that is in the way is looked at: whoever is first in it gets the lock. */
  async function takeExact(taken: Acquisition): Promise<Lock> {
    try {
      if (counting.isCounted(taken)) return await takeCounted(taken);
      return parseLock(await database.apply(acquireLockWrite(taken, clock())))!;
    } catch (error) {
      if (error instanceof LineWaits) return line.take(error.row, taken);
      throw error;
    }
  }

  /** Whoever waits looks before he tries: so many transactions would meet the owner's own requests. */
  async function lookFirst({ resource, owner, kind = "custom" }: AcquireRequest): Promise<void> {
    if (!counting.isCounted({ kind })) return;
    const row = await findLockRow(database, resource);
    const holder = parseLiveLock(row, clock());
    if (holder && !isSameOwner(holder.owner, owner)) throw new LockHeld(holder, row);
  }

  const attempt = createAttempt({
    renew,
    takeFree: async (taken) =>
      taken.scope === "tree" ? (await takeAll([taken]))[0]! : takeExact(taken),
  });

  return { take: (wanted: Acquisition) => attempt(counting.shorten(wanted)), lookFirst };
}
