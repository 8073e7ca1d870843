/** Work under a lock: kept alive while the work runs, always given back, loss told in time, entered again by its own work. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Actor } from "../base/actor.ts";
import { randomId } from "../base/ids.ts";
import { stopwatch } from "../base/time.ts";
import type { AcquireRequest, LockTiming, ProofRequest, RenewRequest } from "./lock-requests.ts";
import { defaultLeaseMs, isSameOwner, type Lock, LockNotOwned, type LockOwner } from "./lock.ts";

/** What work under a lock is given. */
export interface LockedWork {
  readonly lock: Lock;
  /** To be shown to whatever the work writes to, so that it can refuse older ones. */
  readonly fence: number;
  /** Aborted, with the reason, before the lease is over or as soon as the lock is known to be lost. */
  readonly signal: AbortSignal;
}

/** How to take the lock; the lease is 300 s by default and renewed for as long as the work runs. */
export type WithLockOptions = Omit<AcquireRequest, "resource">;

interface Parts {
  readonly acquire: (request: AcquireRequest) => Promise<Lock>;
  readonly renew: (request: RenewRequest) => Promise<Lock>;
  readonly release: (request: ProofRequest) => Promise<unknown>;
  readonly timing: LockTiming;
}

/** A lock under which work runs, and the works inside it that run under the same one. */
interface Entered {
  readonly resource: string;
  /** As the caller named it, not the run that has the lock. */
  readonly owner: LockOwner;
  readonly held: LockedWork;
  readonly inside: Set<Promise<unknown>>;
  isOver: boolean;
}

/** Waits for all that was begun inside, also for what that has begun in turn. */
async function waitInside({ inside }: Entered): Promise<void> {
  while (inside.size > 0) await Promise.allSettled(inside);
}

/** Renewed at a third of the lease, so that two heartbeats may fail before anything is lost. */
const renewalShare = 1 / 3;
/** A heartbeat that failed is repeated after this share of the lease. */
const retryShare = 1 / 20;
/** The clocks are looked at after this share of the lease, at least. */
const lookShare = 1 / 10;
/** A lease that could not be renewed is reported lost when this share of it is left. */
const warningShare = 1 / 10;

/** The lease could not be renewed in time; whether somebody else has the lock by now is not known. */
class LeaseLost extends LockNotOwned {
  constructor(lock: Lock, options: { nowMs: Lock["expiresAtMs"]; cause: unknown }) {
    super(undefined, options.nowMs);
    this.message = `The lease of ${lock.resource} could not be renewed in time`;
    this.cause = options.cause;
  }
}

/**
 * Renews until stopped, and aborts `lost` when the lock is lost or its lease is about to be over. Leases are
 * counted from before the request that started them, so never longer than the store does, and by two
 * clocks, so that neither a sleep nor a clock that is set back hides their end.
 */
async function keepAlive(
  { renew, timing: { clock, steadyMs, sleep } }: Parts,
  held: { lock: Lock; actor: Actor; leaseMs: number; sinceStart: () => number },
  { stop, lost }: { stop: AbortSignal; lost: AbortController },
): Promise<void> {
  const { lock, actor, leaseMs } = held;
  const ended = AbortSignal.any([stop, lost.signal]);
  let sinceConfirmed = held.sinceStart;
  let sinceAsked = held.sinceStart;
  let failure: unknown;
  let isDue = false;
  const untilWarning = (): number => leaseMs * (1 - warningShare) - sinceConfirmed();
  const untilDue = (): number => (isDue ? retryShare : renewalShare) * leaseMs - sinceAsked();

  async function heartbeat(): Promise<void> {
    const sinceSent = stopwatch(clock, steadyMs);
    sinceAsked = sinceSent;
    isDue = false;
    try {
      const sentAtMs = clock();
      const { expiresAtMs } = await renew({ ...lock, actor, leaseMs });
      // A lock that cannot last any longer is renewed for less than was asked for.
      const missingMs = Math.max(0, leaseMs - (expiresAtMs - sentAtMs));
      const sinceBegun = (): number => sinceSent() + missingMs;
      if (sinceBegun() < sinceConfirmed()) sinceConfirmed = sinceBegun;
    } catch (error) {
      failure = error;
      isDue = true;
      if (error instanceof LockNotOwned && !stop.aborted) lost.abort(error);
    }
  }

  while (!ended.aborted) {
    await sleep(Math.max(0, Math.min(untilDue(), untilWarning(), leaseMs * lookShare)), ended);
    if (ended.aborted) break;
    if (untilWarning() <= 0) {
      lost.abort(new LeaseLost(lock, { nowMs: clock(), cause: failure }));
      break;
    }
    // Not awaited: a heartbeat that hangs must hide neither the loss nor the need for another one.
    if (untilDue() <= 0) void heartbeat();
  }
}

/** Makes `withLock` of a lock service. */
export function createWithLock(parts: Parts) {
  const { acquire, release } = parts;
  const { clock, steadyMs, logger } = parts.timing;
  const entered = new AsyncLocalStorage<readonly Entered[]>();

  /** The lock that the caller's own work has entered, if this is the same one again. */
  function findEntered(resource: string, { owner, scope = "exact" }: WithLockOptions) {
    return entered.getStore()?.find((each) => {
      const isSame = each.resource === resource && isSameOwner(each.owner, owner);
      return isSame && each.held.lock.scope === scope && !each.isOver;
    });
  }

  /** Runs in the lock that is held already; whoever took it gives it back when this is over, too. */
  async function enterAgain<T>(
    { held, inside }: Entered,
    work: (held: LockedWork) => Promise<T>,
  ): Promise<T> {
    held.signal.throwIfAborted();
    const working = work(held).finally(() => inside.delete(working));
    inside.add(working);
    return working;
  }

  /**
   * Runs `work` while the lock is held: takes it (waiting up to `waitMs`), renews it at a third of
   * the lease, and gives it back when the work ends or throws. The result is the work's own.
   *
   * When the lock is lost, `signal` is aborted before the lease is over; stopping is up to the work,
   * and what it writes should carry `fence` or `checkWrites`, because a paused process learns of a
   * loss only when it runs again. A heartbeat that is still on its way when the lock is released
   * cannot bring it back: it needs the owner and the fence that the release has removed.
   *
   * Inside the work the same owner may enter the same lock again: no request is made, the fence and the signal
   * are those of the outer run, and the lock is given back when all works inside are over. Two runs that do not
   * lie inside one another exclude each other, whoever their owner is.
   *
   * @throws LockHeld or LockTimeout when the lock was not to be had; the work has not begun
   */
  return async function withLock<T>(
    resource: string,
    options: WithLockOptions,
    work: (held: LockedWork) => Promise<T>,
  ): Promise<T> {
    const outer = findEntered(resource, options);
    if (outer) return enterAgain(outer, work);
    const { leaseMs = defaultLeaseMs, actor = { id: options.owner.userId } } = options;
    // Each run is an owner of its own: with the caller's, two runs of one user would both get in.
    const owner = { ...options.owner, sessionId: randomId("run") };
    const lock = await acquire({ ...options, resource, leaseMs, owner, actor });
    const sinceGranted = stopwatch(clock, steadyMs);
    const grantingMs = Math.max(0, clock() - lock.acquiredAtMs);
    const missingMs = Math.max(0, leaseMs - (lock.expiresAtMs - lock.acquiredAtMs));
    const sinceStart = (): number => sinceGranted() + grantingMs + missingMs;
    const lost = new AbortController();
    const stop = new AbortController();
    const held = { lock, actor, leaseMs, sinceStart };
    const alive = keepAlive(parts, held, { stop: stop.signal, lost });
    const running: LockedWork = { lock, fence: lock.fence, signal: lost.signal };
    const inside = new Set<Promise<unknown>>();
    const own: Entered = { resource, owner: options.owner, held: running, inside, isOver: false };
    try {
      return await entered.run([...(entered.getStore() ?? []), own], () => work(running));
    } finally {
      await waitInside(own);
      own.isOver = true;
      stop.abort();
      await release({ ...lock, actor }).catch((error: unknown) => {
        // The work's own outcome matters more; the lease ends by itself.
        logger.warn("Could not give a lock back", { resource, at: clock(), error });
      });
      await alive;
    }
  };
}
