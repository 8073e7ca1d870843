/**
 * `holdfast/compat/cart-storage`: a cache storage of carts with optional locking, and the `Cart` over it, as there was for
 * Laravel: `putItems`, `keyPrefix`, `ttl`, `useLocking`, `lockTimeout`, `LockTimeoutException`; over `holdfast/carts`. What is
 * other than there: `docs/migrate/cart-storage.md`.
 *
 * **Tables and IAM**: those of `holdfast/carts`, and the locks' where `useLocking` is on.
 *
 * @example
 * import { createCacheStorage, createCart, readEnvironment } from "holdfast/compat/cart-storage";
 *
 * const tables = { table: "my-carts", locksTable: "my-locks", currency: "EUR" };
 * const storage = createCacheStorage({ ...tables, ...readEnvironment(process.env) });
 * await storage.putItems("ann", "wishlist", { vase: { name: "Vase", price: 12.5, quantity: 1 } });
 * await storage.putMetadata("ann", "wishlist", "note", "for Bob");
 *
 * const cart = createCart(storage, "ann");
 * await cart.addItem("soup", "Soup", 4.5, 2);
 * console.log(await cart.count(), await cart.subtotal()); // 2 9
 *
 * // A critical cart by its version, with no lock; others by a lock.
 * const byVersion = createCacheStorage({ ...tables, useLocking: false });
 * await cart.setStorage(byVersion).addItem("bread", "Bread", 2);
 */
import { systemClock } from "../../shared/base/time.ts";
import { type CartCondition, type Carts, type CartsOptions, createCarts } from "../carts.ts";
import { createStoredItems, type StoredItems } from "./stored-items.ts";

export { LockTimeout as LockTimeoutException } from "../../shared/locks/lock.ts";
export type { StoredItem, StoredItems } from "./stored-items.ts";

/** Where carts are kept, and how. */
export interface CacheStorageOptions extends Omit<CartsOptions, "storage" | "lockTimeoutMs"> {
  /** In which currency prices are; ISO 4217. */
  readonly currency: string;
  /** Carts of another prefix are others; `cart` by default. */
  readonly keyPrefix?: string;
  /** Seconds until items and metadata that nobody puts again are gone; 86,400 by default, 30 days at the most. */
  readonly ttl?: number;
  /** Writers of one collection wait for each other; off by default. */
  readonly useLocking?: boolean;
  /** Seconds: the longest wait and the longest hold; 5 by default. */
  readonly lockTimeout?: number;
}

const longestTtl = 30 * 86_400;

/** What a metadata value is kept in, so that its time can be told. */
interface Kept {
  readonly value: unknown;
  readonly untilMs: number;
}

/** Of which cart something is asked. */
type Place = (
  identifier: string,
  instance: string,
) => { readonly userId: string; readonly sessionId: string; readonly instance: string };

/** What the calls are made of. */
interface StorageParts extends ReturnType<typeof createStoredItems> {
  readonly carts: Carts;
  readonly at: Place;
  readonly ttlMs: number;
}

/** Makes the calls for items. */
function createItemCalls({ carts, at, toItems, toStored, listLiving, fromMinor }: StorageParts) {
  return {
    /** The items; none where there are none, or nobody has put them for `ttl` seconds. */
    async getItems(identifier: string, instance: string): Promise<StoredItems> {
      return toStored((await carts.getItems(at(identifier, instance))).items);
    },

    /** Puts these in place of all items. Throws `LockTimeoutException` where the lock could not be had in time. */
    async putItems(identifier: string, instance: string, items: StoredItems): Promise<void> {
      await carts.putItems(at(identifier, instance), toItems(items));
    },

    /** Puts what `change` makes of the items in their place: read, change and write are one. */
    async updateItems(
      identifier: string,
      instance: string,
      change: (items: StoredItems) => StoredItems,
    ): Promise<void> {
      await carts.updateItems(at(identifier, instance), (items) =>
        toItems(change(toStored(items))),
      );
    },

    /** What the cart comes to, its conditions counted in. */
    async getTotals(identifier: string, instance: string) {
      const { items } = await carts.getItems(at(identifier, instance));
      if (listLiving(items).length === 0) return { count: 0, subtotal: 0, total: 0 };
      const { count, subtotalMinor, totalMinor } = await carts.get(at(identifier, instance));
      return { count, subtotal: fromMinor(subtotalMinor), total: fromMinor(totalMinor) };
    },

    /** Drops items and metadata. */
    async forget(identifier: string, instance: string): Promise<void> {
      await carts.clear(at(identifier, instance));
    },
  };
}

/** Makes the calls for what stands beside items. */
function createPropertyCalls({ carts, at, ttlMs }: StorageParts) {
  return {
    /** The conditions; they last as long as the cart does. */
    getConditions: async (identifier: string, instance: string): Promise<CartCondition[]> =>
      (await carts.get(at(identifier, instance))).conditions,

    /** Puts these in place of all conditions. */
    async putConditions(
      identifier: string,
      instance: string,
      conditions: readonly CartCondition[],
    ): Promise<void> {
      await carts.putConditions(at(identifier, instance), conditions);
    },

    /** A metadata value, or null. */
    async getMetadata(identifier: string, instance: string, key: string): Promise<unknown> {
      const { metadata } = await carts.get(at(identifier, instance));
      const kept = metadata[key] as Kept | undefined;
      return kept && kept.untilMs > systemClock() ? kept.value : null;
    },

    /** Puts one metadata value; others are not waited for. */
    async putMetadata(
      identifier: string,
      instance: string,
      key: string,
      value: unknown,
    ): Promise<void> {
      const kept: Kept = { value, untilMs: systemClock() + ttlMs };
      await carts.putMetadata(at(identifier, instance), key, kept);
    },
  };
}

/**
 * Makes the storage. Every call is one or two requests, in locking mode three or four; all instances of an identifier are one
 * row.
 *
 * @example const storage = createCacheStorage({ table: "my-carts", currency: "EUR" });
 */
export function createCacheStorage(options: CacheStorageOptions) {
  const { currency, keyPrefix = "cart", ttl = 86_400, useLocking = false } = options;
  const { lockTimeout = 5, ...tables } = options;
  if (!(ttl >= 1 && ttl <= longestTtl)) throw new Error(`ttl must be 1 to ${longestTtl}`);
  const storage = useLocking ? "locking" : "versioned";
  const ttlMs = ttl * 1_000;
  const parts: StorageParts = {
    carts: createCarts({ ...tables, storage, lockTimeoutMs: lockTimeout * 1_000 }),
    at: (identifier, instance) => ({ userId: identifier, sessionId: keyPrefix, instance }),
    ttlMs,
    ...createStoredItems(currency, ttlMs),
  };
  return { ...createItemCalls(parts), ...createPropertyCalls(parts) };
}

/** A storage of carts. */
export type CacheStorage = ReturnType<typeof createCacheStorage>;

/**
 * Locking as the environment says: `CART_CACHE_LOCKING` (`true` or `1`) and `CART_LOCK_TIMEOUT` (seconds).
 *
 * @example createCacheStorage({ ...tables, ...readEnvironment(process.env) });
 */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>) {
  const { CART_CACHE_LOCKING: locking, CART_LOCK_TIMEOUT: timeout } = environment;
  return {
    ...(locking === undefined ? {} : { useLocking: /^(?:true|1)$/i.test(locking) }),
    ...(timeout === undefined ? {} : { lockTimeout: Number(timeout) }),
  };
}

/**
 * A cart of a storage.
 *
 * @example const cart = createCart(storage, "ann").instance("wishlist");
 */
export function createCart(storage: CacheStorage, identifier: string, name = "default") {
  return {
    /** The cart of this name. */
    instance: (other: string) => createCart(storage, identifier, other),

    /** The same cart, kept as another storage does it: critical ones by version, others by a lock. */
    setStorage: (other: CacheStorage) => createCart(other, identifier, name),

    /** Adds an item at this price, or raises its quantity. */
    async addItem(
      id: string,
      itemName: string,
      price: number,
      quantity = 1,
      attributes?: Readonly<Record<string, unknown>>,
    ): Promise<void> {
      await storage.updateItems(identifier, name, (items) => {
        const total = (items[id]?.quantity ?? 0) + quantity;
        const added = { name: itemName, price, quantity: total, ...(attributes && { attributes }) };
        return { ...items, [id]: added };
      });
    },

    /** Removes an item, if it is there. */
    removeItem: (id: string): Promise<void> =>
      storage.updateItems(identifier, name, ({ [id]: _removed, ...others }) => others),

    /** Units of all items together. */
    count: async (): Promise<number> => (await storage.getTotals(identifier, name)).count,

    /** Items at their prices. */
    subtotal: async (): Promise<number> => (await storage.getTotals(identifier, name)).subtotal,

    /** After all conditions. */
    total: async (): Promise<number> => (await storage.getTotals(identifier, name)).total,

    /** Empties it. */
    clear: (): Promise<void> => storage.forget(identifier, name),
  };
}
