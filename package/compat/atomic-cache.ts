/**
 * `holdfast/compat/atomic-cache`: the calls of an `AtomicCache` of item locks in memory, over locks that all processes share.
 * What is other than there: `docs/migrate/atomic-cache.md`.
 *
 * **Table and IAM**: those of `holdfast/locks`.
 *
 * @example
 * import { createAtomicCache } from "holdfast/compat/atomic-cache";
 *
 * const atomicCache = createAtomicCache({ table: "my-locks", findOrder, endExpiredOrders });
 * if (!(await atomicCache.acquireLock("vase", "ann"))) return refuse(atomicCache.messages.locked);
 *
 * const wanted = [{ itemId: "vase", kind: "Retail", quantity: 1 }];
 * const { success, failedItems } = await atomicCache.reserveItemsInCart(wanted, "ann", "vendor-1");
 * await atomicCache.releaseLock("vase", "ann"); // false for anybody but ann
 *
 * const stop = atomicCache.startPeriodicCleanup();
 * const { activeLocks } = await atomicCache.getLockStatistics();
 */
import { silentLogger } from "../../shared/base/logger.ts";
import { NameHeld, nameResource } from "../../shared/locks/lock-group.ts";
import { LockHeld, LockNotOwned } from "../../shared/locks/lock.ts";
import { createLockService, type LockService, type LockServiceOptions } from "../locks.ts";
import { listLiveLocks } from "./list-locks.ts";

/** An item of a cart or an order. */
export interface CacheItem {
  readonly itemId: string;
  readonly kind: string;
  readonly quantity: number;
}

/** Where the locks are, and what only your own orders know. */
export interface AtomicCacheOptions extends LockServiceOptions {
  /** Whose order it is, and of which items; needed by `forceReleaseOrderLocks`. */
  readonly findOrder?: (
    orderId: string,
  ) => Promise<{ readonly userId: string; readonly items: readonly CacheItem[] } | undefined>;
  /** Ends your orders whose time is over, and says how many those were. */
  readonly endExpiredOrders?: () => Promise<number>;
}

/** How often the cleanups run. */
export interface CleanupIntervals {
  /** 30,000 by default. */
  readonly locksMs?: number;
  /** 300,000 by default. */
  readonly ordersMs?: number;
}

const prefix = "item/";
const itemName = (itemId: string): string => prefix + itemId;
const itemResource = (itemId: string): string => nameResource(itemName(itemId));
const sweeper = { id: "system:sweep" };
/** Rows that one sweep drops per partition; what is left, the next one drops. */
const sweptAtOnce = 100;

/** The texts that callers of the old one show. */
const messages = {
  locked: "Item is currently being processed by another user",
  notReleased: "Failed to release locks",
  notFound: "Lock not found",
} as const;

/** Makes what takes and gives back. */
function createReserving(locks: LockService) {
  async function isTaken(take: Promise<unknown>): Promise<boolean> {
    try {
      await take;
      return true;
    } catch (error) {
      if (error instanceof LockHeld || error instanceof LockNotOwned) return false;
      throw error;
    }
  }

  return {
    /** Takes an item, or keeps the user's own for longer; false when another has it. 1 s to 24 h, 5 minutes by default. */
    acquireLock: (itemId: string, userId: string, ttlMs = 300_000): Promise<boolean> =>
      isTaken(locks.acquire({ ...ofUser(itemId, userId), leaseMs: ttlMs, kind: "custom" })),

    /** Gives an item back; false when it is not this user's (any more). */
    releaseLock: (itemId: string, userId: string): Promise<boolean> =>
      isTaken(locks.release(ofUser(itemId, userId))),

    /** Whether anybody has it now. */
    isLocked: async (itemId: string): Promise<boolean> =>
      (await locks.find(itemResource(itemId))) !== undefined,

    /**
     * Takes all of 1 to 20 items or none, for 5 minutes; the failed ones are those that others have. Whose goods they are
     * plays no part.
     */
    async reserveItemsInCart(items: readonly CacheItem[], userId: string, _vendorId?: string) {
      const names = [...new Set(items.map(({ itemId }) => itemName(itemId)))];
      try {
        await locks.named.acquire({ names, owner: { userId } });
        return { success: true, failedItems: [] };
      } catch (error) {
        if (!(error instanceof NameHeld)) throw error;
        const { name } = error.fields;
        const found = await Promise.all(
          items.map(({ itemId }) => locks.find(itemResource(itemId))),
        );
        // The one that refused is named in any case, also where it is free by now.
        const failedItems = items.filter(({ itemId }, index) => {
          const holder = found[index]?.owner.userId;
          return itemName(itemId) === name || (holder !== undefined && holder !== userId);
        });
        return { success: false, failedItems };
      }
    },
  };
}

const ofUser = (itemId: string, userId: string) => {
  return { resource: itemResource(itemId), owner: { userId } };
};

/** Makes what administrators ask for. */
function createCleaning(locks: LockService, options: AtomicCacheOptions) {
  const { logger = silentLogger, findOrder, endExpiredOrders } = options;

  async function cleanupExpiredLocks(): Promise<number> {
    const count = await locks.sweep({ limit: sweptAtOnce, actor: sweeper });
    logger.info(`Cleaned up ${count} expired locks`);
    return count;
  }

  async function cleanupExpiredOrders() {
    const expiredOrders = (await endExpiredOrders?.()) ?? 0;
    const releasedLocks = await locks.sweep({ limit: sweptAtOnce, actor: sweeper });
    logger.info(
      `Periodic cleanup: Cleaned up ${expiredOrders} expired orders and released ${releasedLocks} locks`,
    );
    return { expiredOrders, releasedLocks };
  }

  return {
    cleanupExpiredLocks,
    cleanupExpiredOrders,

    /** Ends the locks that the order's user has on its items, for whatever they were taken. */
    async forceReleaseOrderLocks(orderId: string, actorId = "admin") {
      const order = await findOrder?.(orderId);
      if (!order) return { success: false, released: 0, message: messages.notFound };
      let released = 0;
      for (const { itemId } of order.items) {
        const lock = await locks.find(itemResource(itemId));
        if (lock?.owner.userId !== order.userId) continue;
        const { resource, fence } = lock;
        const forced = { resource, fence, actor: { id: actorId }, reason: `order ${orderId}` };
        if (await locks.forceRelease(forced)) released += 1;
      }
      return { success: true, released };
    },

    /** Starts both cleanups, which nothing relies on: whose time is over is over. Returns what stops them. */
    startPeriodicCleanup({ locksMs = 30_000, ordersMs = 300_000 }: CleanupIntervals = {}) {
      logger.info("Item locks started with periodic cleanup", { locksMs, ordersMs });
      const every = (periodMs: number, clean: () => Promise<unknown>) =>
        setInterval(() => {
          clean().catch((error: unknown) => logger.error(messages.notReleased, { error }));
        }, periodMs).unref();
      const timers = [every(locksMs, cleanupExpiredLocks), every(ordersMs, cleanupExpiredOrders)];
      return () => timers.forEach((timer) => clearInterval(timer));
    },
  };
}

/**
 * Makes the cache. Opens nothing yet: the first request does.
 *
 * @example const atomicCache = createAtomicCache({ table: "my-locks" });
 */
export function createAtomicCache(options: AtomicCacheOptions) {
  const locks = createLockService(options);
  return {
    messages,
    ...createReserving(locks),
    ...createCleaning(locks, options),

    /** How many items are locked now, by whom and until when. At least eight requests. */
    async getLockStatistics() {
      const all = await listLiveLocks(locks, "custom");
      const found = all.filter(({ resource }) => resource.startsWith(itemResource("")));
      return {
        activeLocks: found.length,
        locks: found.map(({ resource, owner, acquiredAtMs, expiresAtMs }) => {
          const itemId = resource.slice(itemResource("").length);
          return { itemId, userId: owner.userId, acquiredAtMs, expiresAtMs };
        }),
      };
    },
  };
}
