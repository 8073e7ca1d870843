/** Taking and keeping a lock: at once or with waiting, and renewing what is the caller's own. */
import type { Actor } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import type { Logger } from "../base/logger.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { keyedRequest, Replayed } from "../table/request-memory.ts";
import { isHeldBy, LineWaits } from "./line.ts";
import type { LockLine, Standing } from "./line-service.ts";
import { type Acquisition, acquireLockWrite, renewLockWrite } from "./lock-store.ts";
import { InvalidRequest } from "../base/errors.ts";
import {
  checkLimits,
  defaultLeaseMs,
  type LockProof,
  isSameOwner,
  type Lock,
  LockHeld,
  LockNotOwned,
  parseLock,
  type LockOwner,
  type LockKind,
  type LockScope,
  LockTimeout,
  type Permit,
} from "./lock.ts";
import type { GroupKeeping } from "./group-keeping.ts";
import type { GroupTaking } from "./group-taking.ts";

/** What taking a lock needs; only name and owner have no default. */
export interface AcquireRequest {
  readonly resource: string;
  readonly owner: LockOwner;
  /** 1 s to 24 h, 300 s by default. */
  readonly leaseMs?: number | undefined;
  /** How long to wait for somebody else's lock; not at all by default. */
  readonly waitMs?: number | undefined;
  readonly kind?: LockKind | undefined;
  readonly scope?: LockScope | undefined;
  /** Who is on record; the owner by default. */
  readonly actor?: Actor | undefined;
  /** A right without which the lock is not given; only for locks of scope `exact`. */
  readonly permit?: Permit | undefined;
}

/** A lock to renew or release. Without a fence, whichever one this owner has at present. */
export interface ProofRequest extends LockProof {
  readonly actor?: Actor | undefined;
  /** Makes a repetition answer like the first. */
  readonly idempotencyKey?: string | undefined;
}

/** A lock to renew, and for how long from now; 300 s by default. */
export interface RenewRequest extends ProofRequest {
  readonly leaseMs?: number | undefined;
  readonly permit?: Permit | undefined;
}

/** What waiting and deciding depend on; handed in, so that a test can run years in no time. */
export interface LockTiming {
  readonly clock: Clock;
  /** Milliseconds by a clock that nobody sets; measures leases together with the other. */
  readonly steadyMs: () => number;
  /** Ends early, without an error, when the signal is aborted. */
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<unknown>;
  readonly random: () => number;
  readonly logger: Logger;
  /** Told how long somebody had to wait for a lock, in vain or not. */
  readonly waited?: (waitedMs: number) => void;
}

/** Waiting callers try again about this often: half to one and a half of it, so that they spread. */
const retryMs = 100;
/** Own lock seen, but gone before it was renewed: by its lease's end, then by another session of its owner. */
const mostLosses = 3;

/** The actor on record: as given, or the owner. */
export function resolveActor(request: { owner: LockOwner; actor?: Actor | undefined }): Actor {
  return request.actor ?? { id: request.owner.userId };
}

/** What an idempotency key binds: what is done to which lock of whom. */
export function keyedProof(what: string, request: ProofRequest, leaseMs?: number) {
  const { resource, owner, fence, scope, idempotencyKey } = request;
  const content = [what, resource, owner.sessionId, fence, scope, leaseMs];
  return keyedRequest(owner.userId, idempotencyKey, content);
}

/** What acquiring is made of. */
interface AcquiringParts {
  readonly database: Database;
  readonly takeAll: GroupTaking;
  readonly keeping: GroupKeeping;
  readonly line: LockLine;
}

/** Makes what starts a lease again. */
function createExtending({ database, keeping }: AcquiringParts, { clock }: LockTiming) {
  return async function extend(request: RenewRequest): Promise<{ lock: Lock; replayed: boolean }> {
    checkLimits(request);
    const { leaseMs = defaultLeaseMs, permit } = request;
    const keyed = keyedProof("extend", request, leaseMs);
    const of = { proof: request, actor: resolveActor(request), leaseMs, keyed, permit };
    const change = { ...of, nowMs: clock() };
    if (request.scope === "tree") {
      const [lock] = await keeping.renewAll({ ...change, proofs: [request] });
      return { lock: lock!, replayed: false };
    }
    try {
      return { lock: parseLock(await database.apply(renewLockWrite(change)))!, replayed: false };
    } catch (error) {
      if (!(error instanceof Replayed)) throw error;
      // Extended before: it says what became of the lock since.
      if (!isHeldBy(error.row, request, clock())) throw new LockNotOwned(error.row, clock());
      return { lock: parseLock(error.row)!, replayed: true };
    }
  };
}

function planAcquisition(request: AcquireRequest): Acquisition {
  const { resource, owner, permit } = request;
  const { leaseMs = defaultLeaseMs, kind = "custom", scope = "exact" } = request;
  return { resource, owner, leaseMs, kind, scope, actor: resolveActor(request), permit };
}

/** Makes `acquire` and `renew` of a lock service; their promises are stated there. */
export function createAcquiring(parts: AcquiringParts, timing: LockTiming) {
  const { database, takeAll, line } = parts;
  const { clock, sleep, random, logger, waited } = timing;

  const extend = createExtending(parts, timing);
  const renew = async (request: RenewRequest): Promise<Lock> => (await extend(request)).lock;

  /** One attempt: a free lock is taken; the caller's own is renewed, keeping its fence. */
  function take(taken: Acquisition): Promise<Lock> {
    const { resource, owner, leaseMs, scope, actor, permit } = taken;
    return again(mostLosses, async () => {
      try {
        if (scope === "tree") return (await takeAll([taken]))[0]!;
        return await takeExact(taken);
      } catch (error) {
        if (!(error instanceof LockHeld)) throw error;
        const { lock } = error;
        const isOwn = lock.resource === resource && isSameOwner(lock.owner, owner);
        if (!isOwn || lock.scope !== scope) throw error;
        try {
          return await renew({ ...lock, actor, leaseMs, permit });
        } catch (lost) {
          if (!(lost instanceof LockNotOwned)) throw lost;
          return new OnceMore(lost);
        }
      }
    });
  }

  /** A line that is in the way is looked at: whoever is first in it gets the lock. */
  async function takeExact(taken: Acquisition): Promise<Lock> {
    try {
      return parseLock(await database.apply(acquireLockWrite(taken, clock())))!;
    } catch (error) {
      if (error instanceof LineWaits) return line.take(error.row, taken);
      throw error;
    }
  }

  async function acquireOrQueue(request: AcquireRequest): Promise<Standing> {
    checkLimits(request);
    const taken = planAcquisition(request);
    if (taken.scope === "tree") {
      const message = "must be exact: a tree of names has no line";
      throw new InvalidRequest([{ path: "scope", message }]);
    }
    try {
      return { lock: await take(taken) };
    } catch (error) {
      if (error instanceof LockHeld && error.row) return line.join(error.row, taken);
      throw error;
    }
  }

  async function acquire(request: AcquireRequest): Promise<Lock> {
    checkLimits(request);
    const startedMs = clock();
    for (let round = 0; ; round += 1) {
      try {
        const lock = await take(planAcquisition(request));
        if (round > 0) waited?.(clock() - startedMs);
        logger.debug("Lock acquired", { resource: lock.resource, fence: lock.fence });
        return lock;
      } catch (error) {
        if (!(error instanceof LockHeld) || !request.waitMs) throw error;
        const waitedMs = clock() - startedMs;
        if (waitedMs >= request.waitMs) {
          waited?.(waitedMs);
          logger.warn("Waited for a lock in vain", { resource: request.resource, waitedMs });
          throw new LockTimeout(waitedMs, error);
        }
        await sleep(Math.min(retryMs * (0.5 + random()), request.waitMs - waitedMs));
      }
    }
  }

  return { acquire, acquireOrQueue, renew, extend };
}
