/** Taking and keeping a lock: at once or with waiting, and renewing what is the caller's own. */
import { InvalidRequest } from "../base/errors.ts";
import type { Database } from "../table/database.ts";
import type { GroupKeeping } from "./group-keeping.ts";
import type { GroupTaking } from "./group-taking.ts";
import type { LockLine, Standing } from "./line-service.ts";
import type { Counting } from "./lock-counting.ts";
import { createExtending } from "./lock-extending.ts";
import type { AcquireRequest, LockTiming, RenewRequest } from "./lock-requests.ts";
import { createTaking } from "./lock-taking.ts";
import { createWaiting, planAcquisition } from "./lock-waiting.ts";
import { checkLimits, type Lock, LockHeld } from "./lock.ts";

/** What acquiring is made of. */
interface AcquiringParts {
  readonly database: Database;
  readonly takeAll: GroupTaking;
  readonly keeping: GroupKeeping;
  readonly line: LockLine;
  readonly counting: Counting;
}

/** Makes `acquire` and `renew` of a lock service; their promises are stated there. */
export function createAcquiring(parts: AcquiringParts, timing: LockTiming) {
  const { line, counting } = parts;
  const { clock } = timing;

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

  const wait = createWaiting({ take, lookFirst }, timing);
  async function acquire(request: AcquireRequest): Promise<Lock> {
    checkLimits(request);
    return wait(request);
  }

  return { acquire, acquireOrQueue, renew, extend };
}
