/** What a caller can ask of locks: take, keep, give back, end by force, look, list, and work under one. */
import type { Database } from "../table/database.ts";
import type { Write } from "../table/write.ts";
import { createGroupKeeping } from "./group-keeping.ts";
import { createGroupTaking } from "./group-taking.ts";
import { createLine } from "./line-service.ts";
import { createAcquiring } from "./lock-acquiring.ts";
import { createCounting } from "./lock-counting.ts";
import { createEnding, type ForceRequest } from "./lock-releasing.ts";
import { type LockLimits, noLockLimits } from "./lock-limits.ts";
import { createLockList } from "./lock-list.ts";
import type { LockTiming } from "./lock-requests.ts";
import { checkLockWrite, findLockRow } from "./lock-store.ts";
import { completeTiming } from "./lock-timing.ts";
import { type Lock, type LockProof, parseLiveLock, type Permit } from "./lock.ts";
import { createNamedLocks } from "./named-lock-service.ts";
import { createTreeLocks } from "./tree-locks.ts";
import { createWithLock } from "./with-lock.ts";

/** What locks are made of; all but the database has a default and is handed in by tests only. */
export type LockServiceOptions = {
  readonly database: Database;
  /** What one user may withhold; without limits by default. */
  readonly settings?: { readonly lockLimits: LockLimits };
} & Partial<LockTiming>;

/** Locks by name: at most one owner each, for a lease, with a fence that only grows. */
export function createLockService({ database, settings, ...given }: LockServiceOptions) {
  const timing = completeTiming(given);
  const { lockLimits: limits = noLockLimits } = settings ?? {};
  const { clock } = timing;
  const trees = createTreeLocks({ database });
  const counting = createCounting({ database, clock, limits });
  const line = createLine({ database, clock, counting });
  const keeping = createGroupKeeping({ database, limits });
  const takeAll = createGroupTaking({ database, clock, counting, passOn: line.passOn });
  const parts = { database, takeAll, keeping, line, counting };
  const { acquire, acquireOrQueue, renew, extend } = createAcquiring(parts, timing);

  const { release, endByForce } = createEnding({ database, clock, keeping, line, trees });

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
     * Takes the lock like `acquire`, or a place in line where another has it. Two requests to join, one
     * more for everybody who changes the line at the same instant; asking again keeps one's place.
     *
     * @throws LineFull when as many wait as may
     * @example const standing = await locks.acquireOrQueue({ resource: "report/7", owner });
     */
    acquireOrQueue,
    line,

    /** Locks by names that callers choose, one or several together; see `createNamedLocks`. */
    named: createNamedLocks({ clock, line, takeAll, keeping, acquireOrQueue, extend, release }),

    /**
     * Starts the caller's lease again from now; the fence stays. One request. Safe to repeat.
     *
     * @throws LockNotOwned when the lock was released, forced, taken over, or its lease is over:
     * nothing was changed, and only acquiring it anew helps
     * @example await locks.renew({ ...lock, leaseMs: 60_000 });
     */
    renew,

    /** Like `renew`, and tells whether the same idempotency key had extended it before. */
    extend,

    /**
     * Gives the lock back. One request; two where others wait: then the first of them who is still there
     * has it from that instant, for a short time to claim it in. Repeating it is refused: by then it is
     * not the caller's.
     *
     * @throws LockNotOwned when it was not the caller's (any more); nothing was changed
     * @example await locks.release(lock);
     */
    release,

    /**
     * Ends whoever's lock it is. The former owner's next renewal and protected write are refused even
     * if nobody takes the lock; who forced it and why stays on the row and goes into the audit trail.
     * One request (a tree lock: one more for each name above it). With the `fence` that is meant it ends
     * no later lock; with an idempotency key its repetition ends nothing any more.
     *
     * @returns the lock that was ended, or undefined when nobody had it (any more)
     * @example await locks.forceRelease({ resource, fence, actor: { id: "root" }, reason: "on holiday" });
     */
    async forceRelease(request: ForceRequest): Promise<Lock | undefined> {
      return (await endByForce(request)).ended;
    },

    /** Like `forceRelease`, and tells whether the same idempotency key had ended it before. */
    endByForce,

    /**
     * Who has the lock now, or undefined when nobody does. One strongly consistent read.
     *
     * @throws HoldfastError as the `permit` says, when the row denies the right
     * @example const lock = await locks.find("report/7");
     */
    async find(resource: string, permit?: Permit): Promise<Lock | undefined> {
      const row = await findLockRow(database, resource);
      const denied = permit?.refusal(row);
      if (denied) throw denied;
      return parseLiveLock(row, clock());
    },

    /**
     * Writes that let a transaction pass only while the caller holds the lock. Put them in front of
     * the writes that the lock protects: then no former owner can overwrite anything, nor anybody whose right
     * (`permit`) was taken away.
     *
     * @example await database.transact([...locks.checkWrites(lock), saveReport]);
     */
    checkWrites({
      permit,
      ...proof
    }: LockProof & { readonly permit?: Permit | undefined }): Write[] {
      const nowMs = clock();
      const above = proof.scope === "tree" ? trees.checkWrites(proof, nowMs) : [];
      return [checkLockWrite(proof, nowMs, permit), ...above];
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
