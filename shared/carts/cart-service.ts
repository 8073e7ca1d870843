/** Everything that can be asked of carts: read, edit, replace, merge, and lock for payment. */
import { type Logger, silentLogger } from "../base/logger.ts";
import { systemClock } from "../base/time.ts";
import { type Cart, type CartAddress, makeCartId } from "./model/cart.ts";
import { createCartCheckout } from "./checkout/cart-checkout-service.ts";
import { createCartClaims } from "./editing/cart-claim-service.ts";
import { createCartCodes } from "./editing/cart-code-service.ts";
import { createCartCollections } from "./editing/cart-collection-service.ts";
import { createSaleLook } from "./storage/sale-look.ts";
import { type CartContentsOptions, createCartContents } from "./storage/cart-store.ts";
import { createCartEdits } from "./editing/cart-edit-service.ts";
import { createKeyedEdits } from "./editing/keyed-edits-service.ts";
import { createCartMerge } from "./editing/cart-merge-service.ts";
import { createCartProperties } from "./editing/cart-property-service.ts";
import { type CollectionGuardOptions, createCollectionGuard } from "./editing/collection-guard.ts";

/** What carts are made of; version checks guard collections unless `storage` says otherwise. */
export interface CartServiceOptions extends CartContentsOptions, Partial<CollectionGuardOptions> {}

/** The longest wait for a collection's lock, and the longest hold, when nobody says otherwise. */
const defaultLockTimeoutMs = 5_000;

/**
 * Makes the service of carts.
 *
 * @example const carts = createCartService({ database, storage: "locking", locks })
 */
export function createCartService(options: CartServiceOptions) {
  const { database, clock = systemClock } = options;
  const { logger = silentLogger as Logger, storage = "versioned", locks } = options;
  const { lockTimeoutMs = defaultLockTimeoutMs } = options;
  const contents = createCartContents({ ...options, clock });
  const guard = createCollectionGuard({ storage, locks, lockTimeoutMs, logger });
  const editing = { contents, guard, clock };
  return {
    /**
     * A session's cart as of now, an empty one where there is none. One request.
     *
     * @example const cart = await carts.get({ userId: "alice", sessionId: "default" })
     */
    async get({ userId, sessionId }: CartAddress): Promise<Cart> {
      const { carts } = await contents.read([makeCartId(userId, sessionId)]);
      const { row: _row, ...cart } = carts[0]!;
      return cart;
    },
    ...createCartEdits({ contents, clock }),
    ...createCartCodes({ ...options, contents, clock }),
    ...createCartCollections(editing),
    ...createCartProperties(editing),
    ...createCartMerge({ contents, database, clock }),
    ...createKeyedEdits({ database, clock }),
    ...createCartClaims({ contents, database, clock }),
    ...createCartCheckout({ database, clock }),
    ...createSaleLook({ database, clock }),
  };
}

/** See `createCartService`. */
export type CartService = ReturnType<typeof createCartService>;
