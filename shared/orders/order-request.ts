/** What a request to order asks for, and how a repetition is told from a reuse of its key. */
import type { Actor } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import { derivedId, fingerprint } from "../base/derived-ids.ts";
import { CartLocked } from "../carts/model/cart.ts";
import type { Attributes } from "../carts/model/cart-lines.ts";
import { IdempotencyKeyReused, type Order } from "./order.ts";
import type { OrderChoices } from "./order-choices.ts";

/** An item that is ordered without a cart. */
export interface InlineItem {
  readonly itemId: string;
  readonly quantity: number;
  /** Where it is named, an item of another kind is not found. */
  readonly kind?: string | undefined;
  /** What the shopper chose; kept on the order's line. */
  readonly attributes?: Attributes | undefined;
}

/** What is ordered: a session's cart, or items without one. */
export type OrderSource =
  | {
      readonly kind: "cart";
      readonly sessionId: string;
      /** All that have lines but those that are kept for later, where none are named. */
      readonly instances?: readonly string[] | undefined;
    }
  | {
      readonly kind: "items";
      readonly items: readonly InlineItem[];
    };

/** A request to place an order. */
export interface PlaceOrder extends OrderChoices {
  readonly userId: string;
  readonly actor: Actor;
  readonly source: OrderSource;
  /** What the shopper was shown: another total is refused. */
  readonly expectedTotalMinor?: number | undefined;
  /** Turns in the lines of sold-out items, which the order uses. */
  readonly tickets?: readonly { readonly itemId: string; readonly ticket: string }[] | undefined;
  /** The client's idempotency key; keys belong to one user. */
  readonly idempotencyKey?: string | undefined;
}

/** The order would cost something else than the shopper was shown; nothing was held. */
class TotalChanged extends HoldfastError {
  constructor(totalMinor: number, currency: string) {
    const detail = `The order comes to ${totalMinor} ${currency} in minor units by now`;
    super("TOTAL_CHANGED", detail, { totalMinor, currency });
  }
}

/** What a request asks for, whatever its key: tells a repetition from a reuse. */
export function fingerprintOrder(request: PlaceOrder): string {
  const { userId: _who, actor: _by, idempotencyKey: _key, ...asked } = request;
  return fingerprint(asked);
}

/**
 * The order of an earlier request, if this request is the same.
 *
 * @throws IdempotencyKeyReused when the key came with a different request before, or its order is another's by now
 * @throws CartLocked when there is no key and the cart is being paid for in another way
 */
export function sameRequest(order: Order, request: PlaceOrder): Order {
  // An order that went to somebody else since is theirs to see.
  const isOwn = order.userId === request.userId;
  if (isOwn && order.fingerprint === fingerprintOrder(request)) return order;
  if (request.idempotencyKey !== undefined) throw new IdempotencyKeyReused();
  throw new CartLocked(order);
}

/** The id of the order that a request makes: the same for every repetition of it. */
export function makeOrderId(request: PlaceOrder, withoutKey: () => string): string {
  const { userId, idempotencyKey } = request;
  return idempotencyKey === undefined ? withoutKey() : derivedId("ord", userId, idempotencyKey);
}

/** @throws TotalChanged when the shopper expects to pay something else */
export function checkTotal(request: PlaceOrder, totalMinor: number, currency: string): void {
  const { expectedTotalMinor = totalMinor } = request;
  if (expectedTotalMinor !== totalMinor) throw new TotalChanged(totalMinor, currency);
}
