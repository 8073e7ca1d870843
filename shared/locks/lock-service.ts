/** What a caller can ask of locks: take, keep, give back, end by force, look, list, and work under one. */
import { setTimeout as sleepMs } from "node:timers/promises";
import type { Actor } from "../base/actor.ts";
import { randomId } from "../base/ids.ts";
import { silentLogger } from "../base/logger.ts";
import { systemClock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import type { Write } from "../table/write.ts";
import { actorOf, createAcquiring, type ProofRequest, type LockTiming } from "./lock-acquiring.ts";
import { createLockList } from "./lock-list.ts";
import { forceReleaseWrite, releaseLockWrite } from "./lock-ending-store.ts";
import { checkLockWrite, findLockRow } from "./lock-store.ts";
import {
  checkLimits,
  type LockProof,
  liveLockOf,
  type Lock,
  LockNotOwned,
  lockOf,
} from "./lock.ts";
import { createTreeLocks } from "./tree-locks.ts";
import { createWithLock } from "./with-lock.ts";

/** What locks are made of; all but the database has a default and is handed in by tests only. */
export type LockServiceOptions = { readonly database: Database } & Partial<LockTiming>;

/** A timer that an abort ends early, without an error. */
function interruptibleSleep(durationMs: number, signal?: AbortSignal): Promise<unknown> {
  return sleepMs(durationMs, undefined, signal ? { signal } : {}).catch(() => undefined);
}

/** Locks by name: at most one owner each, for a lease, with a fence that only grows. */
export function createLockService({ database, ...given }: LockServiceOptions) {
  // A clock that a test moves is the only one that counts there.
  const steadyMs =
    given.clock && given.clock !== systemClock ? given.clock : () => performance.now();
  const defaults = { clock: systemClock, steadyMs, sleep: interruptibleSleep, random: Math.random };
  const timing: LockTiming = { ...defaults, logger: silentLogger, ...given };
  const { clock } = timing;
  const trees = createTreeLocks({ database, clock });
  const { acquire, renew } = createAcquiring(database, trees, timing);

  async function release(request: ProofRequest): Promise<void> {
    checkLimits(request);
    const change = { hold: request, nowMs: clock(), actor: actorOf(request) };
    const releaseId = randomId("rel");
    if (request.scope === "tree") return trees.release({ ...change, releaseId });
    await database.apply(releaseLockWrite({ ...change, releaseId }));
  }

  return {
    ...createLockList({ database, clock }),

    /**
     * Takes the lock, or renews it if this owner has it already (same fence). One request when it is
     * free, over, or somebody else's; two when it is the caller's own. Safe to repeat.
     *
     * @throws LockHeld at once when somebody else has it and `waitMs` is not given
     * @throws LockTimeout when it was still held after `waitMs`
     * @example const lock = await locks.acquire({ resource: "report/7", owner: { userId: "alice" } });
     */
    acquire,

    /**
     * Starts the caller's lease again from now; the fence stays. One request. Safe to repeat.
     *
     * @throws LockNotOwned when the lock was released, forced, taken over, or its lease is over:
     * nothing was changed, and only acquiring it anew helps
     * @example await locks.renew({ ...lock, leaseMs: 60_000 });
     */
    renew,

    /**
     * Gives the lock back. One request. Repeating it is refused: by then it is not the caller's.
     *
     * @throws LockNotOwned when it was not the caller's (any more); nothing was changed
     * @example await locks.release(lock);
     */
    release,

    /**
     * Ends whoever's lock it is. The former owner's next renewal and protected write are refused even
     * if nobody takes the lock; who forced it and why stays on the row and goes into the audit trail.
     * One request (a tree lock: one more for each name above it). Safe to repeat.
     *
     * @returns the lock that was ended, or undefined when nobody had it
     * @example await locks.forceRelease({ resource, actor: { id: "root" }, reason: "on holiday" });
     */
    async forceRelease(request: {
      resource: string;
      actor: Actor;
      reason?: string | undefined;
    }): Promise<Lock | undefined> {
      const { resource, actor, reason } = request;
      const forced = { resource, actor, reason, nowMs: clock(), forcedId: randomId("rel") };
      try {
        const row = await database.apply(forceReleaseWrite(forced));
        const ended = { ...row, owner: row["formerOwner"] };
        const lock = lockOf(ended);
        if (lock?.scope === "tree") await trees.forget(lock, forced.nowMs, actor);
        return liveLockOf(ended, forced.nowMs);
      } catch (error) {
        if (error instanceof LockNotOwned) return undefined;
        throw error;
      }
    },

    /**
     * Who has the lock now, or undefined when nobody does. One strongly consistent read.
     *
     * @example const lock = await locks.find("report/7");
     */
    async find(resource: string): Promise<Lock | undefined> {
      return liveLockOf(await findLockRow(database, resource), clock());
    },

    /**
     * Writes that let a transaction pass only while the caller holds the lock. Put them in front of
     * the writes that the lock protects: then no former owner can overwrite anything.
     *
     * @example await database.transact([...locks.checkWrites(lock), saveReport]);
     */
    checkWrites(hold: LockProof): Write[] {
      const nowMs = clock();
      const above = hold.scope === "tree" ? trees.checkWrites(hold, nowMs) : [];
      return [checkLockWrite(hold, nowMs), ...above];
    },

    /**
     * Runs `work` under the lock, kept alive and always given back; see `createWithLock`.
     *
     * @example await locks.withLock("report/7", { owner }, ({ signal, fence }) => build(signal, fence));
     */
    withLock: createWithLock({ acquire, renew, release, timing }),
  };
}

/** Locks by name, as other domains use them. */
export type LockService = ReturnType<typeof createLockService>;
