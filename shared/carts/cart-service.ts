/** Everything that can be asked of carts: read, edit, replace, merge, and lock for payment. */
import { type Logger, silentLogger } from "../base/logger.ts";
import { type Clock, systemClock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { type Cart, type CartAddress, cartIdOf } from "./cart.ts";
import { createCartCheckout } from "./cart-checkout-service.ts";
import { createCartCollections } from "./cart-collection-service.ts";
import type { CartContentsStore } from "./cart-contents-store.ts";
import { createCartEdits } from "./cart-edit-service.ts";
import { createCartMerge } from "./cart-merge-service.ts";
import { createCartProperties } from "./cart-property-service.ts";
import type { CartStore } from "./cart-store.ts";
import { type CollectionGuardOptions, createCollectionGuard } from "./collection-guard.ts";

/** What carts are made of; version checks guard collections unless `storage` says otherwise. */
export interface CartServiceOptions extends Partial<CollectionGuardOptions> {
  readonly database: Database;
  readonly store: CartStore;
  readonly contents: CartContentsStore;
  readonly clock?: Clock;
}

/** The longest wait for a collection's lock, and the longest hold, when nobody says otherwise. */
export const defaultLockTimeoutMs = 5_000;

/**
 * Makes the service of carts.
 *
 * @example const carts = createCartService({ database, store, contents, storage: "locking", locks })
 */
export function createCartService(options: CartServiceOptions) {
  const { database, store, contents, clock = systemClock } = options;
  const { logger = silentLogger as Logger, storage = "versioned", locks } = options;
  const { lockTimeoutMs = defaultLockTimeoutMs } = options;
  const guard = createCollectionGuard({ storage, locks, lockTimeoutMs, logger });
  const editing = { contents, guard, clock };
  return {
    /**
     * A session's cart as of now, an empty one where there is none. One request.
     *
     * @example const cart = await carts.get({ userId: "alice", sessionId: "default" })
     */
    get({ userId, sessionId }: CartAddress): Promise<Cart> {
      return store.find(cartIdOf(userId, sessionId));
    },
    ...createCartEdits({ contents, clock }),
    ...createCartCollections(editing),
    ...createCartProperties(editing),
    ...createCartMerge({ contents, database, clock }),
    ...createCartCheckout({ store, database, clock }),
  };
}

/** See `createCartService`. */
export type CartService = ReturnType<typeof createCartService>;
