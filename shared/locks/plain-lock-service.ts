/**
 * Locks of one name each, and no more: no lines, no trees or groups, no limits, no idempotency keys. The rows and the rules are those
 * of `createLockService`, so both may work on one table; what a row says that only the other understands is left as it is.
 *
 * @see docs/decisions/0027-plain-locks.md
 */
import type { Actor } from "../base/actor.ts";
import { InvalidRequest } from "../base/errors.ts";
import { randomId } from "../base/ids.ts";
import { later } from "../base/time.ts";
import type { ItemDatabase } from "../table/item-database.ts";
import type { Write } from "../table/write.ts";
import { createAttempt } from "./lock-attempt.ts";
import { forceReleaseWrite, giveUpWrite } from "./lock-ending-store.ts";
import {
  type AcquireRequest,
  type LockTiming,
  type ProofRequest,
  type RenewRequest,
  resolveActor,
} from "./lock-requests.ts";
import { acquireLockWrite, checkLockWrite, findLockRow, renewLockWrite } from "./lock-store.ts";
import { completeTiming } from "./lock-timing.ts";
import { createWaiting } from "./lock-waiting.ts";
import {
  checkLease,
  defaultLeaseMs,
  type Lock,
  LockNotOwned,
  type LockProof,
  parseLiveLock,
  parseLock,
} from "./lock.ts";
import { createWithLock, type LockedWork, type WithLockOptions } from "./with-lock.ts";

/** What plain locks are made of; all but the database has a default. */
export type PlainLockOptions = { readonly database: ItemDatabase } & Partial<LockTiming>;

/** A name to take; there are no trees and no places in line. */
export type PlainAcquire = Omit<AcquireRequest, "scope" | "placeMs">;

/** A lock to give back or to renew; there are no idempotency keys. */
export type PlainProof = Omit<ProofRequest, "idempotencyKey">;

/** Whose lock is to be ended, by whom, and why. */
export interface PlainForce {
  readonly resource: string;
  readonly actor: Actor;
  readonly reason?: string | undefined;
  /** Which fence is meant: no later one is ended. */
  readonly fence?: number | undefined;
}

/** Locks by name: at most one owner each, for a lease, with a fence that only grows. */
export interface PlainLocks {
  /**
   * Takes the lock, or renews it if this owner has it already (same fence). One request when it is
   * free, over, or somebody else's; two when it is the caller's own. Safe to repeat.
   *
   * @throws LockHeld at once when somebody else has it and `waitMs` is not given
   * @throws LockTimeout when it was still held after `waitMs`
   * @throws HoldfastError `TRY_AGAIN` when others stand in line for it, which only a lock service can see to
   * @example const lock = await locks.acquire({ resource: "report/7", owner: { userId: "alice" } });
   */
  acquire(request: PlainAcquire): Promise<Lock>;

  /**
   * Starts the caller's lease again from now; the fence stays. One request. Safe to repeat.
   *
   * @throws LockNotOwned when the lock was released, forced, taken over, or its lease is over:
   * nothing was changed, and only acquiring it anew helps
   * @example await locks.renew({ ...lock, leaseMs: 60_000 });
   */
  renew(request: PlainProof & Pick<RenewRequest, "leaseMs" | "permit">): Promise<Lock>;

  /**
   * Gives the lock back. One request. Repeating it is refused: by then it is not the caller's. Whoever stands in line for it
   * has it with his next question.
   *
   * @throws LockNotOwned when it was not the caller's (any more); nothing was changed
   * @example await locks.release(lock);
   */
  release(request: PlainProof): Promise<void>;

  /**
   * Ends whoever's lock it is. The former owner's next renewal and protected write are refused even
   * if nobody takes the lock; who forced it and why stays on the row. One request. With the `fence` that is meant it ends
   * no later lock.
   *
   * @returns the lock that was ended, or undefined when nobody had it (any more)
   * @example await locks.forceRelease({ resource, fence, actor: { id: "root" }, reason: "on holiday" });
   */
  forceRelease(request: PlainForce): Promise<Lock | undefined>;

  /**
   * Who has the lock now, or undefined when nobody does. One strongly consistent read.
   *
   * @example const lock = await locks.find("report/7");
   */
  find(resource: string): Promise<Lock | undefined>;

  /**
   * Writes that let a transaction pass only while the caller holds the lock. Put them in front of
   * the writes that the lock protects: then no former owner can overwrite anything.
   *
   * @example await database.transact([...locks.checkWrites(lock), saveReport]);
   */
  checkWrites(proof: LockProof): Write[];

  /**
   * Runs `work` under the lock, kept alive and always given back; see `createWithLock`.
   *
   * @example await locks.withLock("report/7", { owner }, ({ signal, fence }) => build(signal, fence));
   */
  withLock<T>(
    resource: string,
    options: Omit<WithLockOptions, "scope" | "placeMs">,
    work: (held: LockedWork) => Promise<T>,
  ): Promise<T>;
}

/** Whatever takes locks and gives them back: plain locks, or a lock service. */
export interface LockTaker extends Pick<PlainLocks, "acquire"> {
  release(request: PlainProof): Promise<unknown>;
}

/** @throws InvalidRequest when a name or lease is out of bounds, or what is asked for is more than a plain lock */
function checkPlain(
  request: Pick<RenewRequest, "resource" | "leaseMs" | "scope" | "idempotencyKey">,
): void {
  checkLease(request);
  const { scope, idempotencyKey } = request;
  const path = scope === "tree" ? "scope" : "idempotencyKey";
  if (scope === "tree" || idempotencyKey !== undefined) {
    throw new InvalidRequest([{ path, message: "needs createLockService" }]);
  }
}

/**
 * Makes locks of one name each.
 *
 * @example const locks = createPlainLocks({ database });
 */
export function createPlainLocks({ database, ...given }: PlainLockOptions): PlainLocks {
  const timing = completeTiming(given);
  const { clock } = timing;

  async function renew(request: RenewRequest): Promise<Lock> {
    checkPlain(request);
    const { leaseMs = defaultLeaseMs, permit } = request;
    const nowMs = clock();
    const change = { proof: request, nowMs, actor: resolveActor(request), permit };
    const expiresAtMs = later(nowMs, leaseMs);
    return parseLock(await database.apply(renewLockWrite({ ...change, expiresAtMs })))!;
  }

  const take = createAttempt({
    renew,
    takeFree: async (taken) => parseLock(await database.apply(acquireLockWrite(taken, clock())))!,
  });
  const wait = createWaiting({ take }, timing);
  async function acquire(request: AcquireRequest): Promise<Lock> {
    checkPlain(request);
    return wait(request);
  }

  async function release(request: ProofRequest): Promise<void> {
    checkPlain(request);
    const change = { proof: request, nowMs: clock(), actor: resolveActor(request) };
    await database.apply(giveUpWrite({ ...change, releaseId: randomId("rel") }));
  }

  return {
    acquire,
    renew,
    release,
    async forceRelease(request) {
      checkPlain(request);
      const { resource, actor, reason, fence } = request;
      const nowMs = clock();
      const forced = { resource, actor, reason, fence, nowMs, forcedId: randomId("rel") };
      try {
        const row = await database.apply(forceReleaseWrite(forced));
        return parseLiveLock({ ...row, owner: row["formerOwner"] }, nowMs);
      } catch (error) {
        if (error instanceof LockNotOwned) return undefined;
        throw error;
      }
    },
    find: async (resource) => parseLiveLock(await findLockRow(database, resource), clock()),
    checkWrites(proof) {
      checkPlain(proof);
      return [checkLockWrite(proof, clock())];
    },
    withLock: createWithLock({ acquire, renew, release, timing }),
  };
}
