/** Taking and keeping a lock: at once or with waiting, and renewing what is the caller's own. */
import { InvalidRequest } from "../base/errors.ts";
import type { Database } from "../table/database.ts";
import type { GroupKeeping } from "./group-keeping.ts";
import type { GroupTaking } from "./group-taking.ts";
import type { LockLine, Standing } from "./line-service.ts";
import type { Counting } from "./lock-counting.ts";
import { createExtending } from "./lock-extending.ts";
import {
  type AcquireRequest,
  type LockTiming,
  type RenewRequest,
  resolveActor,
} from "./lock-requests.ts";
import type { Acquisition } from "./lock-store.ts";
import { createTaking } from "./lock-taking.ts";
import { checkLimits, defaultLeaseMs, type Lock, LockHeld, LockTimeout } from "./lock.ts";

/** Waiting callers try again about this often: half to one and a half of it, so that they spread. */
const retryMs = 100;

/** What acquiring is made of. */
interface AcquiringParts {
  readonly database: Database;
  readonly takeAll: GroupTaking;
  readonly keeping: GroupKeeping;
  readonly line: LockLine;
  readonly counting: Counting;
}

function planAcquisition(request: AcquireRequest, hasWaited = false): Acquisition {
  const { resource, owner, permit, waitedLeaseMs = Infinity } = request;
  const mostMs = hasWaited ? waitedLeaseMs : Infinity;
  const leaseMs = Math.min(request.leaseMs ?? defaultLeaseMs, mostMs);
  const { kind = "custom", scope = "exact" } = request;
  return { resource, owner, leaseMs, kind, scope, actor: resolveActor(request), permit };
}

/** Makes `acquire` and `renew` of a lock service; their promises are stated there. */
export function createAcquiring(parts: AcquiringParts, timing: LockTiming) {
  const { line, counting } = parts;
  const { clock, sleep, random, logger, waited } = timing;

  const extend = createExtending(parts, timing);
  const renew = async (request: RenewRequest): Promise<Lock> => (await extend(request)).lock;
  const { take, lookFirst } = createTaking({ ...parts, clock, renew });

  async function acquireOrQueue(request: AcquireRequest): Promise<Standing> {
    checkLimits(request);
    const taken = counting.shorten(planAcquisition(request));
    if (taken.scope === "tree") {
      const message = "must be exact: a tree of names has no line";
      throw new InvalidRequest([{ path: "scope", message }]);
    }
    try {
      return { lock: await take(taken) };
    } catch (error) {
      if (error instanceof LockHeld && error.row)
        return line.join(error.row, taken, request.placeMs);
      throw error;
    }
  }

  async function acquire(request: AcquireRequest): Promise<Lock> {
    checkLimits(request);
    const startedMs = clock();
    for (let round = 0; ; round += 1) {
      try {
        if (round > 0) await lookFirst(request);
        const lock = await take(planAcquisition(request, round > 0));
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
