/**
 * `holdfast/compat/distributed-locks`: the calls of a lock service on Redis for stock and orders, over locks in DynamoDB, and its
 * stock functions over holds. What is other than there: `docs/migrate/distributed-locks.md`.
 *
 * **Tables and IAM**: those of `holdfast/locks`; those of `holdfast/holds` for the stock functions.
 *
 * @example
 * import { createDistributedLocks, createStockFunctions } from "holdfast/compat/distributed-locks";
 * import { createHolds } from "holdfast/holds";
 *
 * const locks = createDistributedLocks({ table: "my-locks" });
 * await locks.getInventoryLock("variant-7", 30).run(async ({ fence }) => recount("variant-7", fence));
 * await locks.getOrderLock("ann", "key-1").run(async () => placeOrder());
 * const { total_active_locks: active } = await locks.getLockStats();
 *
 * const stock = createStockFunctions(createHolds({ table: "my-units", ledgerTable: "my-ledger" }));
 * await stock.adjustStock("variant-7", 100, "delivery-1");
 * await stock.decrementStockOnPurchase("variant-7", 2, "order-1"); // needs no lock: the write is the check
 * await stock.incrementStockOnCancellation("variant-7", 2, "order-1-cancelled");
 */
import { randomId } from "../../shared/base/ids.ts";
import { type Logger, silentLogger } from "../../shared/base/logger.ts";
import { LockNotOwned, type LockOwner, LockTimeout } from "../../shared/locks/lock.ts";
import type { LockedWork } from "../../shared/locks/with-lock.ts";
import type { Holds } from "../holds.ts";
import { createLockList, createLocks, type Locks, type LocksOptions } from "../locks.ts";
import { listLiveLocks } from "./list-locks.ts";

/** A lock by its name, not taken yet. */
export interface DistributedLock {
  readonly name: string;
  /** Waits for at most the timeout; false when another had it all the time. */
  acquire(): Promise<boolean>;
  /** False when it was not this one's (any more). */
  release(): Promise<boolean>;
  /**
   * Runs work under it: renewed while the work runs, given back when it is over or throws.
   *
   * @throws LockTimeout when it could not be had within the timeout; the work did not run
   */
  run<T>(work: (held: LockedWork) => Promise<T>): Promise<T>;
}

const inventoryPrefix = "inventory_lock:";
const customPrefix = "lock:";

function createLock(
  { locks, logger }: { readonly locks: Locks; readonly logger: Logger },
  name: string,
  timeoutSeconds: number,
): DistributedLock {
  // Two requests of one process are two owners: the same owner would be let in twice.
  const owner: LockOwner = { userId: randomId("run") };
  const timeoutMs = timeoutSeconds * 1_000;
  const taking = { owner, leaseMs: timeoutMs, waitMs: timeoutMs, kind: "custom" } as const;
  const warnOf = (error: unknown): void => {
    if (error instanceof LockTimeout) logger.warn("Could not acquire a lock", { name });
  };
  return {
    name,
    async acquire() {
      try {
        await locks.acquire({ resource: name, ...taking });
        logger.debug("Lock acquired", { name });
        return true;
      } catch (error) {
        warnOf(error);
        if (error instanceof LockTimeout) return false;
        throw error;
      }
    },
    async release() {
      try {
        await locks.release({ resource: name, owner });
        return true;
      } catch (error) {
        if (error instanceof LockNotOwned) return false;
        throw error;
      }
    },
    async run(work) {
      try {
        return await locks.withLock(name, taking, (held) => {
          logger.debug("Lock acquired", { name });
          return work(held);
        });
      } catch (error) {
        warnOf(error);
        throw error;
      }
    },
  };
}

/**
 * Makes the lock service. Opens nothing yet: the first request does. Timeouts are in seconds, as they were.
 *
 * @example const locks = createDistributedLocks({ table: "my-locks" });
 */
export function createDistributedLocks(options: LocksOptions) {
  const { logger = silentLogger } = options;
  const locks = createLocks(options);
  const list = createLockList(options);
  const parts = { locks, logger };
  return {
    /** The lock of a variant's stock. */
    getInventoryLock: (variantId: string, timeout = 30): DistributedLock =>
      createLock(parts, inventoryPrefix + variantId, timeout),

    /** The lock of one order of a user: two requests with the same key are one after the other. */
    getOrderLock: (userId: string, idempotencyKey: string, timeout = 60): DistributedLock =>
      createLock(parts, `${customPrefix}order_creation_${userId}_${idempotencyKey}`, timeout),

    /** A lock by any name. */
    getCustomLock: (name: string, timeout = 60): DistributedLock =>
      createLock(parts, customPrefix + name, timeout),

    /** What is locked now. At least eight requests: for administrators. */
    async getLockStats() {
      const all = await listLiveLocks(list, "custom");
      const named = (prefix: string) => all.filter(({ resource }) => resource.startsWith(prefix));
      const [inventory, custom] = [named(inventoryPrefix), named(customPrefix)];
      return {
        total_active_locks: inventory.length + custom.length,
        inventory_locks: inventory.length,
        custom_locks: custom.length,
        locks: [...inventory, ...custom].map(({ resource, fence, expiresAtMs }) => {
          return { name: resource, fence, expires_at_ms: expiresAtMs };
        }),
      };
    },
  };
}

/** For how long units are held between the two writes of a purchase. */
const purchaseMs = 60_000;

/**
 * The stock functions over holds. The reference makes each happen once, however often it is asked for.
 *
 * @example const stock = createStockFunctions(holds);
 */
export function createStockFunctions(holds: Holds) {
  return {
    /**
     * More units, or fewer of those that nobody holds; a variant that is new begins with none.
     *
     * @throws HoldfastError `INSUFFICIENT_STOCK` when fewer are free; nothing was changed
     */
    async adjustStock(variantId: string, delta: number, reference: string): Promise<void> {
      await holds.define(variantId, { units: 0 });
      await holds.adjust(variantId, delta, reference);
    },

    /**
     * Sells units; two requests, of which the second is made up for by a repetition.
     *
     * @throws ItemsUnavailable when there are fewer; nothing was changed
     */
    async decrementStockOnPurchase(
      variantId: string,
      quantity: number,
      reference: string,
    ): Promise<void> {
      await holds.hold({ holdId: reference, units: { [variantId]: quantity }, forMs: purchaseMs });
      await holds.confirm(reference);
    },

    /** Puts units back that were sold. */
    async incrementStockOnCancellation(
      variantId: string,
      quantity: number,
      reference: string,
    ): Promise<void> {
      await holds.adjust(variantId, quantity, reference);
    },
  };
}
