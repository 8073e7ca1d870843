/** The refusals that speak of carts. */
import { HoldfastError } from "../base/errors.ts";
import type { CartLock } from "./cart.ts";

const lockedDetail =
  "Cart is currently being processed. Please wait for your payment to complete before adding more items.";

/** An order of this session is being paid; nothing was changed. Carries that order and until when. */
export class CartLocked extends HoldfastError {
  constructor(lock: CartLock) {
    super("CART_LOCKED", lockedDetail, {
      lockedUntilMs: lock.expiresAtMs,
      orderId: lock.orderId,
    });
  }
}

/** There is nothing in the cart to order. */
export class CartEmpty extends HoldfastError {
  constructor() {
    super("CART_EMPTY", "There is nothing in this cart to order");
  }
}

/** The cart has no such line; nothing was changed. */
export class CartLineNotFound extends HoldfastError {
  constructor(instance: string, itemId: string) {
    super("CART_LINE_NOT_FOUND", `There is no ${itemId} in the cart ${instance}`, {
      instance,
      itemId,
    });
  }
}

/** Amounts of two currencies do not add up; nothing was changed. */
export class CurrencyMismatch extends HoldfastError {
  constructor(present: string, wanted: string) {
    super("CURRENCY_MISMATCH", `The cart is in ${present}, this would be in ${wanted}`, {
      currency: present,
    });
  }
}

/** The contents are no longer those that were read; nothing was changed. */
export class VersionMismatch extends HoldfastError {
  readonly currentVersion: number;

  constructor(currentVersion: number) {
    super("VERSION_MISMATCH", "The cart was changed in the meantime: read it again", {
      currentVersion,
    });
    this.currentVersion = currentVersion;
  }
}

/** The cart is no longer locked for this order: its lock ran out and somebody edited, or it ended. */
export class CheckoutGone extends HoldfastError {
  constructor(cartId: string, orderId: string) {
    super("CHECKOUT_GONE", "The cart is not locked for this order", { cartId, orderId });
  }
}
