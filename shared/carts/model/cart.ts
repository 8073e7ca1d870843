/** What a cart is: named instances of one session with lines, conditions and metadata, and one lock. */
import { HoldfastError } from "../../base/errors.ts";
import { dayMs, type EpochMs, isExpired } from "../../base/time.ts";
import type { ConditionTarget } from "../../promotions/price-rule.ts";
import type { Promotion } from "../../promotions/promotion.ts";

/** A cart left alone for this long is deleted by DynamoDB's TTL. */
export const cartLifeMs = 30 * dayMs;

/** One item in a cart as it was chosen, at the price that the shop asked when it was put there. */
export interface CartLine {
  /** Names the line in its instance: the item's id where nothing was chosen; see `cart-lines.ts`. */
  readonly lineId: string;
  readonly itemId: string;
  readonly name: string;
  readonly kind: string;
  readonly vendorId: string | null;
  readonly quantity: number;
  readonly unitPriceMinor: number;
  /** What it cost when it was put here, where that is not `unitPriceMinor` any more. */
  readonly previousUnitPriceMinor?: number;
  /** How much of it one shopper gets, as the shop said when it was put there; left out without a limit. */
  readonly perShopper?: number;
  /** What the shopper chose (size, seat …), as JSON text, so that it comes back to the letter. */
  readonly attributes?: string;
  readonly addedAtMs: number;
}

/** A discount, tax, shipping or fee; `pricing.ts` says what it comes to. */
export interface CartCondition {
  readonly name: string;
  /** What it is called in front of shoppers: `discount`, `tax`, `shipping`, `fee` … */
  readonly type: string;
  readonly target: ConditionTarget;
  /** Per cent or minor units with a sign: `-10%`, `+500`. */
  readonly value: string;
  /** The only line that it is for, where its target is `item`; without it, every line. */
  readonly itemId?: string | undefined;
  /** Conditions of one target are applied in this order, and by name where it is equal. */
  readonly order: number;
}

/** One named cart of a session. */
export interface CartInstance {
  readonly instance: string;
  readonly lines: readonly CartLine[];
  readonly conditions: readonly CartCondition[];
  /** The codes that its shopper has entered, with their promotions as they were then; left out without any. */
  readonly codes?: readonly Promotion[];
  /** JSON text by key. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The one currency of its lines; undefined until it has some. */
  readonly currency?: string;
}

/** The right of one order to find the cart as it was, until its outcome or this instant. */
export interface CartLock {
  readonly orderId: string;
  readonly transactionId: string;
  readonly lockedAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * How edits of a whole collection are guarded. `versioned`: a write is refused when the cart moved since it was read,
 * and planned again. `locking`: writers of one collection wait for each other first, so that work is
 * not done twice; their writes are version-checked all the same, so a lock that ran out harms nobody.
 */
export type CartStorage = "versioned" | "locking";

/** Everything that one session has in its carts, in one item of the table. */
export interface Cart {
  readonly cartId: string;
  /** Grows with every change of contents and never starts again; locking leaves it. 0: never used. */
  readonly version: number;
  /** How often the cart was locked for an order. */
  readonly checkouts: number;
  readonly lock?: CartLock;
  readonly instances: ReadonlyMap<string, CartInstance>;
}

/** Whose cart, of which device or visit. */
export interface CartAddress {
  readonly userId: string;
  readonly sessionId: string;
}

/** One named cart of a session. */
export interface InstanceAddress extends CartAddress {
  readonly instance: string;
}

/**
 * Only what would make two addresses look alike is escaped: whole URI encoding turns one letter into
 * nine, and two names of 128 letters would no longer fit a key of 2,048 bytes.
 */
function escaped(part: string): string {
  return part.replaceAll("%", "%25").replaceAll("/", "%2F");
}

/** The id of a session's cart: a different one for every pair of user and session. */
export function makeCartId(userId: string, sessionId: string): string {
  return `${escaped(userId)}/${escaped(sessionId)}`;
}

/** The pair that a cart's id was made of. */
export function parseCartId(cartId: string): CartAddress {
  const [userId = "", sessionId = ""] = cartId
    .split("/")
    .map((part) => part.replaceAll("%2F", "/").replaceAll("%25", "%"));
  return { userId, sessionId };
}

/** The id of a transaction that no provider knows yet. */
export function temporaryTransactionId(orderId: string): string {
  return `temporary_${orderId}`;
}

/** An instance that nobody has put anything into. */
export function emptyInstance(instance: string): CartInstance {
  return { instance, lines: [], conditions: [], metadata: new Map() };
}

/** Instances for what is kept for later: bought only by who names them. */
const keptForLater = new Set(["wishlist", "saved"]);

/** Whether an order that names no instances has this one. */
export const isOrderedUnnamed = (instance: string): boolean => !keptForLater.has(instance);

/** Whether an order that names none of them has both. */
export function areOrderedTogether(one: string, other: string): boolean {
  return one === other || (isOrderedUnnamed(one) && isOrderedUnnamed(other));
}

/** An instance of a cart; one that nobody has used yet is empty. */
export function selectInstance(cart: Cart, instance: string): CartInstance {
  return cart.instances.get(instance) ?? emptyInstance(instance);
}

/** The lock that stands at this instant, if any. */
export function liveLock(cart: Pick<Cart, "lock">, nowMs: EpochMs): CartLock | undefined {
  return cart.lock && !isExpired(cart.lock.expiresAtMs, nowMs) ? cart.lock : undefined;
}

const lockedDetail =
  "Cart is currently being processed. Please wait for your payment to complete before adding more items.";

/** An order of this session is being paid; nothing was changed. Carries that order and until when. */
export class CartLocked extends HoldfastError {
  constructor(lock: Pick<CartLock, "orderId" | "expiresAtMs">) {
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
  constructor(instance: string, lineId: string) {
    super("CART_LINE_NOT_FOUND", `There is no ${lineId} in the cart ${instance}`, {
      instance,
      lineId,
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

/** @throws CartLocked when an order of the cart's session is being paid at this instant */
export function checkUnlocked(cart: Pick<Cart, "lock">, nowMs: EpochMs): void {
  const lock = liveLock(cart, nowMs);
  if (lock) throw new CartLocked(lock);
}
