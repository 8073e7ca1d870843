/** The two ways to guard a whole collection: version checks alone, or a lock around read and write. */
import { randomId } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import { minLeaseMs } from "../../locks/lock.ts";
import type { LockTaker } from "../../locks/plain-lock-service.ts";
import { type CartStorage, makeCartId, type InstanceAddress } from "../model/cart.ts";

/** What guarding needs; locks are asked for in `locking` mode only. */
export interface CollectionGuardOptions {
  /** How, where a request says nothing of it. */
  readonly storage: CartStorage;
  readonly locks?: LockTaker | undefined;
  /** The longest wait for a lock, and the longest that one is held. */
  readonly lockTimeoutMs: number;
  readonly logger: Logger;
}

/** A collection of an instance; each has a lock of its own. */
export type Collection = "items" | "conditions" | `metadata/${string}`;

/** A named cart, and how this one edit of it is guarded, where that is not as usual. */
export interface GuardedAddress extends InstanceAddress {
  readonly storage?: CartStorage | undefined;
}

/** Runs work on a collection under its guard. */
export type CollectionGuard = <T>(
  address: GuardedAddress,
  collection: Collection,
  work: () => Promise<T>,
) => Promise<T>;

/** The name of a collection's lock. */
export function collectionLockName(address: InstanceAddress, collection: Collection): string {
  const { userId, sessionId, instance } = address;
  return `cart/${makeCartId(userId, sessionId)}/${instance}/${collection}`;
}

/**
 * Makes the guard, with the storage mode that is usual here; each call may choose the other one. Without a lock store,
 * locking mode falls back to version checks, with one warning: never to unguarded writes.
 *
 * The lock is not renewed: whoever needs longer than the timeout has lost it, and its write fits only
 * if nobody else wrote. It is given back also when the work throws.
 */
export function createCollectionGuard(options: CollectionGuardOptions): CollectionGuard {
  const { storage: usual, locks, lockTimeoutMs, logger } = options;
  let isWarned = false;
  function warnOnce(): void {
    if (isWarned) return;
    isWarned = true;
    logger.warn("Cart locking is on, but there are no locks: carts are guarded by version checks");
  }
  if (usual === "locking" && !locks) warnOnce();
  return async ({ storage = usual, ...address }, collection, work) => {
    if (storage === "versioned") return work();
    if (!locks) {
      warnOnce();
      return work();
    }
    const lock = await locks.acquire({
      resource: collectionLockName(address, collection),
      // Two requests of one user are two owners: the same owner would be let in twice.
      owner: { userId: address.userId, sessionId: randomId("edit") },
      leaseMs: Math.max(minLeaseMs, lockTimeoutMs),
      waitMs: lockTimeoutMs,
      kind: "cart",
    });
    try {
      return await work();
    } finally {
      await locks.release(lock).catch((error: unknown) => {
        logger.warn("Could not give a cart's lock back", { resource: lock.resource, error });
      });
    }
  };
}
