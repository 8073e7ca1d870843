/** One attempt at a lock: a free one is taken, the caller's own renewed, keeping its fence. */
import { again, OnceMore } from "../base/again.ts";
import type { RenewRequest } from "./lock-requests.ts";
import type { Acquisition } from "./lock-store.ts";
import { isSameOwner, type Lock, LockHeld, LockNotOwned } from "./lock.ts";

/** Own lock seen, but gone before it was renewed: by its lease's end, then by another session of its owner. */
export const mostLosses = 3;

/** What an attempt is made of. */
export interface AttemptParts {
  /** Takes a lock that is nobody's. */
  readonly takeFree: (taken: Acquisition) => Promise<Lock>;
  readonly renew: (request: RenewRequest) => Promise<Lock>;
}

/** Makes the attempt. */
export function createAttempt({ takeFree, renew }: AttemptParts) {
  return function attempt(taken: Acquisition): Promise<Lock> {
    const { resource, owner, leaseMs, scope, actor, permit } = taken;
    return again(mostLosses, async () => {
      try {
        return await takeFree(taken);
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
  };
}
