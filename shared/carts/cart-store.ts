/** How carts are read, and the writes that orders put into their transactions. */
import type { Database } from "../table/database.ts";
import type { Write } from "../table/write.ts";
import type { Cart } from "./cart.ts";
import {
  type Checkout,
  type CheckoutExtension,
  type CheckoutStart,
  checkoutWrite,
  completeWrite,
  extendCheckoutWrite,
  type Purchase,
  reopenWrite,
} from "./cart-checkout-store.ts";
import { cartOf } from "./cart-row.ts";

/** Where carts are kept. */
export interface CartStoreOptions {
  readonly database: Database;
  readonly tableName: string;
}

/** Reads carts, and knows the four writes of a checkout. */
export function createCartStore({ database, tableName: table }: CartStoreOptions) {
  return {
    /** The cart as of now; an empty one where there is none. One request. */
    async find(cartId: string): Promise<Cart> {
      return cartOf(cartId, await database.get(table, { cartId }));
    },
    /** Locks the cart that was read; refused with `CART_LOCKED` or `VERSION_MISMATCH`. */
    checkoutWrite(start: CheckoutStart): Write {
      return checkoutWrite(table, start);
    },
    /** A new deadline and the provider's transaction; refused with `CHECKOUT_GONE`. */
    extendCheckoutWrite(step: CheckoutExtension): Write {
      return extendCheckoutWrite(table, step);
    },
    /** Unlocks the cart as it is; refused with `CHECKOUT_GONE`. */
    reopenWrite(checkout: Checkout): Write {
      return reopenWrite(table, checkout);
    },
    /** Takes out what was bought and unlocks; refused with `CHECKOUT_GONE`. */
    completeWrite(purchase: Purchase): Write {
      return completeWrite(table, purchase);
    },
  };
}

/** See `createCartStore`. */
export type CartStore = ReturnType<typeof createCartStore>;
