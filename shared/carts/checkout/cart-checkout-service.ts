/** The cart's lock for payment as a service: taken, checked, handed to the provider, given back. */
import { type Actor, changeNote } from "../../base/actor.ts";
import { again, OnceMore } from "../../base/again.ts";
import { type Clock, later } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import {
  type Cart,
  type CartAddress,
  makeCartId,
  type CartLock,
  CheckoutGone,
  liveLock,
  temporaryTransactionId,
  VersionMismatch,
} from "../model/cart.ts";
import { parseCart } from "../storage/cart-row.ts";
import { checkoutWrite, extendCheckoutWrite, reopenWrite } from "./cart-checkout-store.ts";
import { findCart, readPricedCart } from "../storage/cart-store.ts";
import { type Pricing, selectRules } from "../model/price-rules.ts";
import { priceForOrder, type OrderPrice } from "../model/pricing.ts";

/** Whose cart is locked for which order. */
export interface CheckoutRequest extends CartAddress {
  readonly orderId: string;
  readonly actor: Actor;
}

/** A lock to be taken; every instance of the session is under it. */
export interface LockRequest extends CheckoutRequest {
  /** Ends by itself after this long. */
  readonly leaseMs: number;
  /** The provider's, if it is known already; a temporary one otherwise. */
  readonly transactionId?: string | undefined;
}

/** What the caller saw and is about to be paid for. */
export interface Expected {
  readonly version?: number | undefined;
  readonly totalMinor?: number | undefined;
  readonly currency?: string | undefined;
  /** The instances that are paid for; all by default. */
  readonly instances?: readonly string[] | undefined;
}

/** A locked cart and what it comes to. */
export interface LockedCart {
  readonly cart: Cart;
  readonly price: OrderPrice;
}

/** What the service is made of. */
export interface CartCheckoutOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Whether promotions of a shop count; true by default. */
  readonly hasPriceList?: boolean;
}

/** One shopper's edits: more of them than fit between a read and a write 20 times over are no shopper's. */
const mostEdits = 20;

/** The contents under the lock are what the caller saw. */
function validate(cart: Cart, pricing: Pricing, expected: Expected): LockedCart {
  const { version, totalMinor, currency, instances } = expected;
  const price = priceForOrder(cart, instances, (wanted) => selectRules(wanted, pricing));
  const isAsSeen =
    (version ?? cart.version) === cart.version &&
    (totalMinor ?? price.totalMinor) === price.totalMinor &&
    (currency ?? price.currency) === price.currency;
  if (!isAsSeen) throw new VersionMismatch(cart.version);
  return { cart, price };
}

/** A cart that is being edited right now is read again until it stands still for a moment. */
async function lockStillCart(
  { database, clock, hasPriceList }: CartCheckoutOptions,
  request: LockRequest,
): Promise<{ cart: Cart; pricing: Pricing }> {
  const { orderId, leaseMs, transactionId = temporaryTransactionId(orderId), actor } = request;
  return again(mostEdits, async () => {
    const cartId = makeCartId(request.userId, request.sessionId);
    const { cart, prices } = await readPricedCart(database, cartId, hasPriceList);
    const nowMs = clock();
    const expiresAtMs = later(nowMs, leaseMs);
    const note = changeNote("cart.checkout", actor, nowMs);
    const start = { cart, orderId, transactionId, expiresAtMs, nowMs, note };
    try {
      const locked = parseCart(cart.cartId, await database.apply(checkoutWrite(start)));
      return { cart: locked, pricing: { prices, nowMs } };
    } catch (error) {
      if (!(error instanceof VersionMismatch)) throw error;
      return new OnceMore(error);
    }
  });
}

const makeId = ({ userId, sessionId }: CartAddress): string => makeCartId(userId, sessionId);

async function unlock(
  { database, clock }: CartCheckoutOptions,
  request: CheckoutRequest,
): Promise<void> {
  const note = changeNote("cart.reopened", request.actor, clock());
  await database.apply(reopenWrite({ cartId: makeId(request), orderId: request.orderId, note }));
}

/** Makes the service. */
export function createCartCheckout(options: CartCheckoutOptions) {
  const { database, clock } = options;
  const lockCart = async (request: LockRequest): Promise<Cart> =>
    (await lockStillCart(options, request)).cart;

  /** Also when the lock has run out meanwhile: then there is nothing left to give back. */
  async function letGo(request: CheckoutRequest): Promise<void> {
    await unlock(options, request).catch((error: unknown) => {
      if (!(error instanceof CheckoutGone)) throw error;
    });
  }

  async function lockAndValidateCart(
    request: LockRequest,
    expected: Expected = {},
  ): Promise<LockedCart> {
    const { cart, pricing } = await lockStillCart(options, request);
    try {
      return validate(cart, pricing, expected);
    } catch (error) {
      await letGo(request);
      throw error;
    }
  }

  return {
    /**
     * Locks a session's cart for an order, all instances at once: every edit is refused from now on.
     * Two requests. The lock ends by itself after `leaseMs`.
     *
     * @throws CartLocked when it is locked already; nothing was changed
     * @example await carts.lockCart({ userId, sessionId, orderId: "ord_1", leaseMs: 300_000, actor })
     */
    lockCart,

    /**
     * Gives the cart back as it is. One request.
     *
     * @throws CheckoutGone when it is not locked for this order (any more); nothing was changed
     * @example await carts.unlockCart({ userId, sessionId, orderId: "ord_1", actor })
     */
    unlockCart: (request: CheckoutRequest): Promise<void> => unlock(options, request),

    /**
     * Who has the cart's lock, live ones only. One request.
     *
     * @example const { isLocked, lock } = await carts.isCartLocked({ userId, sessionId })
     */
    async isCartLocked(
      address: CartAddress,
    ): Promise<{ isLocked: boolean; lock: CartLock | null }> {
      const lock = liveLock(await findCart(database, makeId(address)), clock()) ?? null;
      return { isLocked: lock !== null, lock };
    },

    /**
     * Locks the cart, then checks that what is locked is what the caller saw. When it is not, or there
     * is nothing to order, the cart is unlocked again. Two requests, three when it is refused.
     *
     * @throws CartLocked, VersionMismatch, CartEmpty, CurrencyMismatch; the cart is not locked by this
     * @example const { price } = await carts.lockAndValidateCart(request, { version, totalMinor })
     */
    lockAndValidateCart,

    /**
     * Puts the provider's transaction in place of the temporary one; with `leaseMs` the lock also
     * starts again from now. One request. Safe to repeat.
     *
     * @throws CheckoutGone when the cart is not locked for this order; nothing was changed
     * @example await carts.setTransactionId({ userId, sessionId, orderId: "ord_1", actor }, "pi_1")
     */
    async setTransactionId(
      request: CheckoutRequest & { readonly leaseMs?: number | undefined },
      transactionId: string,
    ): Promise<CartLock> {
      const { orderId, actor, leaseMs } = request;
      const nowMs = clock();
      const write = extendCheckoutWrite({
        cartId: makeId(request),
        orderId,
        transactionId,
        expiresAtMs: leaseMs === undefined ? undefined : later(nowMs, leaseMs),
        note: changeNote("payment.started", actor, nowMs),
      });
      return parseCart(makeId(request), await database.apply(write)).lock!;
    },

    /**
     * Runs `work` while the cart is locked and validated, and gives it back when the work is done or
     * throws. What the work does to the order is up to it.
     *
     * @throws what `lockAndValidateCart` throws, and whatever `work` throws; the cart is unlocked
     * @example await carts.whileLocked(request, { version }, ({ price }) => charge(price))
     */
    async whileLocked<T>(
      request: LockRequest,
      expected: Expected,
      work: (locked: LockedCart) => Promise<T>,
    ): Promise<T> {
      const locked = await lockAndValidateCart(request, expected);
      try {
        return await work(locked);
      } finally {
        await letGo(request);
      }
    },
  };
}
