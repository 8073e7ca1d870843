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
import { again, OnceMore } from "../base/again.ts";
import { TooLarge } from "../base/errors.ts";
import { type Clock, type EpochMs, isExpired, later } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Row, Write } from "../table/write.ts";
import { releaseLockWrite } from "./lock-ending-store.ts";
import { type Acquisition, findLockRow, renewLockWrite } from "./lock-store.ts";
import {
  type HeldChange,
  type LockProof,
  type Lock,
  LockHeld,
  parseLiveLock,
  LockNotOwned,
  parseLock,
  namesAbove,
} from "./lock.ts";
import {
  checkEntryWrite,
  dropWrite,
  enterWrite,
  leaveAboveWrite,
  locksBelow,
  prolongWrite,
  takeTreeWrite,
} from "./tree-lock-store.ts";

/** How many expired locks one write removes; DynamoDB bounds the length of an expression. */
const maxDropped = 50;
/** What only a refusal could tell: a newer fence, expired locks below, full rows above; each may come once more. */
const mostSurprises = 5;

/** What an attempt assumes of the lock's own row; a refusal hands back what is true. */
interface Assumption {
  readonly fence: number;
  readonly expiredBelow: readonly Lock[];
}

/** Judges a refusal: somebody is in the way, or this is what to assume next. */
function corrected({ refusals }: TransactionRefused, assumed: Assumption, nowMs: EpochMs) {
  for (const { found } of refusals) {
    const holder = parseLiveLock(found, nowMs);
    if (holder) throw new LockHeld(holder);
  }
  const own = refusals.find(({ index }) => index === 0)?.found;
  const expiredBelow = locksBelow(own);
  const alive = expiredBelow.find(({ expiresAtMs }) => !isExpired(expiresAtMs, nowMs));
  if (alive) throw new LockHeld(alive);
  return { fence: Math.max(assumed.fence, Number(own?.["fence"] ?? 0) + 1), expiredBelow };
}

/** The lock as it will stand in the rows above. */
function lockToBe(taken: Acquisition, fence: number, nowMs: EpochMs): Lock {
  const { resource, kind, owner, leaseMs } = taken;
  const { userId, sessionId, username } = owner;
  return {
    resource,
    kind,
    scope: "tree",
    owner: {
      userId,
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(username === undefined ? {} : { username }),
    },
    fence,
    acquiredAtMs: nowMs,
    expiresAtMs: later(nowMs, leaseMs),
  };
}

/** One write for each name above. */
function forAbove(resource: string, write: (above: string) => Write): Write[] {
  return namesAbove(resource).map(write);
}

/** What tree locks are made of. */
export interface TreeLockOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** Makes the taking of tree locks. */
function createTaking({ database, clock }: TreeLockOptions) {
  /** Removes what is over below a name; whatever changed meanwhile stays. */
  async function drop(resource: string, expired: readonly Lock[], nowMs: EpochMs): Promise<void> {
    for (let start = 0; start < expired.length; start += maxDropped) {
      const [first, ...others] = expired.slice(start, start + maxDropped);
      const note = changeNote("lock.dropped", { id: "system:expiry" }, nowMs);
      await database.apply(dropWrite(resource, [first!, ...others], note)).catch(ignoreLost);
    }
  }

  /** Rows above can fill up with locks that were never released; DynamoDB refuses at 400 KB. */
  async function dropAbove(resource: string, nowMs: EpochMs): Promise<void> {
    for (const above of namesAbove(resource)) {
      const entries = locksBelow(await findLockRow(database, above));
      await drop(
        above,
        entries.filter((lock) => isExpired(lock.expiresAtMs, nowMs)),
        nowMs,
      );
    }
  }

  /**
   * Takes a tree lock. One transaction when it is free, over, or somebody is in the way (above, below
   * or right there); one more where expired locks lie below, or the clock lags behind the fence.
   *
   * The fence is the clock's, above the row's own, because a transaction hands no counter back.
   *
   * @throws LockHeld with the lock that is in the way; nothing was changed
   */
  function take(taken: Acquisition): Promise<Lock> {
    const { resource } = taken;
    let assumed: Assumption = { fence: clock(), expiredBelow: [] };
    return again(mostSurprises, async () => {
      const nowMs = clock();
      const lock = lockToBe(taken, assumed.fence, nowMs);
      const note = changeNote("lock.entered", taken.actor, nowMs);
      try {
        await database.transact([
          takeTreeWrite(taken, assumed, nowMs),
          ...forAbove(resource, (above) => enterWrite(above, lock, note)),
        ]);
        return lock;
      } catch (error) {
        if (error instanceof TooLarge) await dropAbove(resource, nowMs);
        else if (error instanceof TransactionRefused) assumed = corrected(error, assumed, nowMs);
        else throw error;
        if (assumed.expiredBelow.length > maxDropped) {
          await drop(resource, assumed.expiredBelow, nowMs);
          assumed = { ...assumed, expiredBelow: [] };
        }
        return new OnceMore(error instanceof TooLarge ? error : undefined);
      }
    });
  }

  return take;
}

/** Makes the tree operations of a lock service. */
export function createTreeLocks({ database, clock }: TreeLockOptions) {
  /** A refusal of any part means that the lock is gone; its own row tells best who has it. */
  async function transactOwned(writes: readonly Write[]): Promise<void> {
    try {
      await database.transact(writes);
    } catch (error) {
      throw error instanceof TransactionRefused ? error.refusals[0]!.error : error;
    }
  }

  return {
    take: createTaking({ database, clock }),

    /** Renews in the lock's own row and in every row above. One transaction. */
    async renew({ proof, nowMs, actor, leaseMs }: HeldChange & { leaseMs: number }): Promise<Lock> {
      const note = changeNote("lock.prolonged", actor, nowMs);
      const until = { expiresAtMs: later(nowMs, leaseMs), note };
      await transactOwned([
        renewLockWrite({ proof, nowMs, actor, leaseMs }),
        ...forAbove(proof.resource, (above) => prolongWrite(above, proof, until)),
      ]);
      const known = proof as Partial<Lock>;
      if (known.fence !== undefined && known.acquiredAtMs !== undefined) {
        return { ...(proof as Lock), expiresAtMs: until.expiresAtMs };
      }
      // A transaction hands nothing back, so who renews without the lock itself pays for a read.
      const row = await findLockRow(database, proof.resource);
      return parseLock(row) ?? refuse(row, nowMs);
    },

    /** Releases the lock's own row and its entry in every row above. One transaction. */
    async release(change: HeldChange & { releaseId: string }): Promise<void> {
      const { proof, nowMs, actor } = change;
      const note = changeNote("lock.left", actor, nowMs);
      await transactOwned([
        releaseLockWrite({ ...change, isTree: true }),
        ...forAbove(proof.resource, (above) => leaveAboveWrite(above, proof, note)),
      ]);
    },

    /** Clears the rows above of a lock that was ended by force; until then they would block for nothing. */
    async forget(ended: Lock, nowMs: EpochMs, actor: Actor): Promise<void> {
      const note = changeNote("lock.left", actor, nowMs);
      for (const write of forAbove(ended.resource, (up) => leaveAboveWrite(up, ended, note))) {
        await database.apply(write).catch(ignoreLost);
      }
    },

    /** The checks in the rows above that belong to a protected write; none for a plain lock. */
    checkWrites(proof: LockProof, nowMs: EpochMs): Write[] {
      return forAbove(proof.resource, (above) => checkEntryWrite(above, proof, nowMs));
    },
  };
}

function refuse(row: Row | undefined, nowMs: EpochMs): never {
  throw new LockNotOwned(row, nowMs);
}

function ignoreLost(error: unknown): void {
  if (!(error instanceof LockNotOwned)) throw error;
}

/** The tree operations of a lock service. */
export type TreeLocks = ReturnType<typeof createTreeLocks>;
