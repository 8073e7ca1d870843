/** What the adapters have in common: whose lock a request wants, and giving it back. */
import { HoldfastError, InvalidRequest } from "../shared/base/errors.ts";
import type { Logger } from "../shared/base/logger.ts";
import { systemClock } from "../shared/base/time.ts";
import { documentLockName } from "../shared/documents/document.ts";
import { type Lock, LockNotOwned, type LockOwner, type LockProof } from "../shared/locks/lock.ts";
import type { LockTaker } from "../shared/locks/plain-lock-service.ts";

/** How locks are found, and whose they are. */
export interface HandlerLockOptions<Request> {
  /** Of `createLocks` or `createLockService`. */
  readonly locks: LockTaker;
  /** Who the request is from; undefined where nobody is signed in, which is answered with 401. */
  readonly readOwner?: (request: Request) => LockOwner | undefined;
  /** Length of the lease; 300 s by default. */
  readonly leaseMs?: number | undefined;
  /** Hears of a lock that could not be given back: its lease ends by itself. */
  readonly logger?: Logger;
}

/** The answer to a request of nobody. */
export function missingOwner(): HoldfastError {
  return new HoldfastError("UNAUTHENTICATED", "This needs somebody who is signed in");
}

/**
 * The lock on the document that a request names.
 *
 * @throws InvalidRequest when it names none
 */
export function wantDocument(id: unknown) {
  if (typeof id !== "string" || id === "") {
    throw new InvalidRequest([{ path: "id", message: "must name a document" }]);
  }
  return { resource: documentLockName(id), kind: "document" } as const;
}

/**
 * Takes the lock, or renews the owner's own; tells whether it was taken just now. Who had it before keeps it whatever comes of
 * this request.
 *
 * @throws LockHeld, InvalidRequest, or `UNAUTHENTICATED` without an owner
 */
export async function takeFor(
  { locks, leaseMs }: Pick<HandlerLockOptions<never>, "locks" | "leaseMs">,
  owner: LockOwner | undefined,
  documentId: unknown,
): Promise<{ readonly lock: Lock; readonly isNew: boolean }> {
  if (!owner) throw missingOwner();
  const startedMs = systemClock();
  const lock = await locks.acquire({ ...wantDocument(documentId), owner, leaseMs });
  return { lock, isNew: lock.acquiredAtMs >= startedMs };
}

/** Gives a lock back after the answer, where nobody can be told of a failure any more but the log. */
export async function giveBackQuietly(
  locks: Pick<LockTaker, "release">,
  lock: LockProof,
  logger: Logger,
): Promise<void> {
  try {
    await locks.release(lock);
  } catch (error) {
    if (error instanceof LockNotOwned) return;
    logger.warn("Could not give a lock back", { resource: lock.resource, error });
  }
}
