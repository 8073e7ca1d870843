/** Acquiring a lock: at once, or by trying again for as long as the caller wants to wait. */
import { type AcquireRequest, type LockTiming, resolveActor } from "./lock-requests.ts";
import type { Acquisition } from "./lock-store.ts";
import { defaultLeaseMs, type Lock, LockHeld, LockTimeout } from "./lock.ts";

/** Waiting callers try again about this often: half to one and a half of it, so that they spread. */
const retryMs = 100;

/** What waiting is made of: one attempt, and a look that comes before every further one. */
export interface WaitingParts {
  readonly take: (wanted: Acquisition) => Promise<Lock>;
  readonly lookFirst?: (request: AcquireRequest) => Promise<void>;
}

/** The acquisition that a request asks for; whoever had to wait has it for no longer than he said. */
export function planAcquisition(request: AcquireRequest, hasWaited = false): Acquisition {
  const { resource, owner, permit, waitedLeaseMs = Infinity } = request;
  const mostMs = hasWaited ? waitedLeaseMs : Infinity;
  const leaseMs = Math.min(request.leaseMs ?? defaultLeaseMs, mostMs);
  const { kind = "custom", scope = "exact" } = request;
  return { resource, owner, leaseMs, kind, scope, actor: resolveActor(request), permit };
}

/** Makes `acquire` of requests that are within the limits. */
export function createWaiting(
  { take, lookFirst }: WaitingParts,
  { clock, sleep, random, logger, waited }: LockTiming,
) {
  return async function acquire(request: AcquireRequest): Promise<Lock> {
    const startedMs = clock();
    for (let round = 0; ; round += 1) {
      try {
        if (round > 0) await lookFirst?.(request);
        const lock = await take(planAcquisition(request, round > 0));
        if (round > 0) waited?.(clock() - startedMs, lock);
        logger.debug("Lock acquired", { resource: lock.resource, fence: lock.fence });
        return lock;
      } catch (error) {
        if (!(error instanceof LockHeld) || !request.waitMs) throw error;
        const waitedMs = clock() - startedMs;
        if (waitedMs >= request.waitMs) {
          waited?.(waitedMs, error.lock);
          logger.warn("Waited for a lock in vain", { resource: request.resource, waitedMs });
          throw new LockTimeout(waitedMs, error);
        }
        await sleep(Math.min(retryMs * (0.5 + random()), request.waitMs - waitedMs));
      }
    }
  };
}
