/** The writes by which an order locks a cart, keeps it locked, empties it or lets it go again. */
import type { ChangeNote } from "../../base/actor.ts";
import type { EpochMs } from "../../base/time.ts";
import { action, allOf, anyOf, type AttributePath } from "../../table/expression.ts";
import { versionIs } from "../../table/versions.ts";
import { type Change, type Row, update, type Write } from "../../table/write.ts";
import {
  type Cart,
  type CartLock,
  CartLocked,
  CheckoutGone,
  VersionMismatch,
} from "../model/cart.ts";
import {
  cartIsUnlocked,
  checkoutsAre,
  keepAlive,
  liveLockIn,
  lockIsForOrder,
  nextVersion,
  versionIn,
} from "../storage/cart-edits.ts";
import {
  at,
  cartPlace,
  codeAttribute,
  conditionAttribute,
  currencyAttribute,
  keyIn,
  lineAttribute,
  quantityAttribute,
} from "../storage/cart-row.ts";

/** An order and its cart, as every step after the checkout names them. */
export interface Checkout {
  readonly cartId: string;
  readonly orderId: string;
  readonly note: ChangeNote;
}

/** Locks the cart that was read, for one order. */
export interface CheckoutStart {
  readonly cart: Pick<Cart, "cartId" | "version" | "checkouts">;
  readonly orderId: string;
  /** The provider's, or a temporary one until there is one. */
  readonly transactionId: string;
  readonly expiresAtMs: EpochMs;
  readonly nowMs: EpochMs;
  readonly note: ChangeNote;
}

/** What an order bought, to be taken out of the cart. */
export interface Purchase extends Checkout {
  /** The version that was ordered. */
  readonly version: number;
  readonly bought: readonly { readonly instance: string; readonly lineId: string }[];
  /** The instances that were ordered, each as a whole. */
  readonly instances: readonly string[];
  /** Conditions of those instances: they were for what is now bought. */
  readonly conditions?: readonly { readonly instance: string; readonly name: string }[];
  /** Codes that were entered for it. */
  readonly codes?: readonly { readonly instance: string; readonly code: string }[];
}

const parseCartLock = (found: Row | undefined): CartLock | undefined =>
  found?.["lock"] as CartLock | undefined;

/**
 * Locks a cart for an order: P1 starts with this write. Contents and version stay; `checkouts` counts,
 * so that a cart which comes back from a failed order is another one to order than before.
 */
export function checkoutWrite(start: CheckoutStart): Write {
  const { cart, orderId, transactionId, expiresAtMs, nowMs, note } = start;
  const lock: CartLock = { orderId, transactionId, lockedAtMs: nowMs, expiresAtMs };
  return update({
    ...cartPlace(cart.cartId),
    change: {
      set: [
        action`${at("lock")} = ${lock}`,
        action`${at("checkouts")} = ${cart.checkouts + 1}`,
        action`${at("change")} = ${note}`,
        keepAlive(nowMs),
      ],
    },
    condition: allOf(cartIsUnlocked(nowMs), versionIs(cart.version), checkoutsAre(cart.checkouts)),
    applied: (found) => parseCartLock(found)?.orderId === orderId,
    refused: (found) => {
      const live = liveLockIn(found, nowMs);
      return live ? new CartLocked(live) : new VersionMismatch(versionIn(found));
    },
  });
}

/** A step of an order that still has the cart; refused with `CHECKOUT_GONE` when it has not. */
function ofCheckout(
  { cartId, orderId }: Checkout,
  parts: Pick<Extract<Write, { kind: "update" }>, "change" | "applied">,
): Write {
  return update({
    ...cartPlace(cartId),
    condition: lockIsForOrder(orderId),
    refused: () => new CheckoutGone(cartId, orderId),
    ...parts,
  });
}

/** A payment starts: its transaction, and the deadline it brings along. */
export interface CheckoutExtension extends Checkout {
  readonly transactionId: string;
  /** Left out, the lock ends when it would have ended. */
  readonly expiresAtMs?: EpochMs | undefined;
}

/**
 * Gives the lock the provider's transaction and a new deadline. Repeating it is harmless. A lock whose
 * time was over may be extended while nobody has edited: then the contents are still those ordered.
 */
export function extendCheckoutWrite(step: CheckoutExtension): Write {
  const { transactionId, expiresAtMs, note } = step;
  return ofCheckout(step, {
    change: {
      set: [
        action`${at("lock", "transactionId")} = ${transactionId}`,
        ...(expiresAtMs === undefined
          ? []
          : [action`${at("lock", "expiresAtMs")} = ${expiresAtMs}`]),
        action`${at("change")} = ${note}`,
      ],
    },
  });
}

/** Unlocks the cart with everything in it: the order came to nothing. */
export function reopenWrite(checkout: Checkout): Write {
  return ofCheckout(checkout, {
    change: { set: [action`${at("change")} = ${checkout.note}`], remove: [at("lock")] },
    applied: (found) => parseCartLock(found)?.orderId !== checkout.orderId,
  });
}

type Bought = Pick<Purchase, "bought" | "instances" | "conditions" | "codes">;

function boughtAttributes({
  bought,
  instances,
  conditions = [],
  codes = [],
}: Bought): AttributePath[] {
  return [
    ...bought.flatMap(({ instance, lineId }) => [
      at(lineAttribute(instance, lineId)),
      at(quantityAttribute(instance, lineId)),
    ]),
    ...conditions.map(({ instance, name }) => at(conditionAttribute(instance, name))),
    ...codes.map(({ instance, code }) => at(codeAttribute(instance, code))),
    ...instances.map((instance) => at(currencyAttribute(instance))),
  ];
}

function boughtKeys({ bought, conditions = [] }: Bought) {
  const lines = bought.map(({ instance, lineId }) => keyIn(instance, lineId));
  const named = conditions.map(({ instance, name }) => keyIn(instance, name));
  return [
    ...(lines.length > 0 ? [action`${at("lineKeys")} ${new Set(lines)}`] : []),
    ...(named.length > 0 ? [action`${at("conditionKeys")} ${new Set(named)}`] : []),
  ];
}

/** What is left of a cart whose purchase is done. */
export function takingOut(purchase: Omit<Purchase, "cartId" | "version">): Change {
  const { note } = purchase;
  return {
    set: [action`${at("change")} = ${note}`, nextVersion(note.atMs)],
    remove: [at("lock"), ...boughtAttributes(purchase)],
    delete: boughtKeys(purchase),
  };
}

/**
 * Takes out what was bought and unlocks: other instances and all metadata stay. Late money finds no
 * lock of its order any more; then the contents must be those that were ordered, and nobody else may
 * be paying for them.
 */
export function completeWrite(purchase: Purchase): Write {
  const { cartId, orderId, version, note } = purchase;
  const untouched = allOf(cartIsUnlocked(note.atMs), versionIs(version));
  return update({
    ...cartPlace(cartId),
    change: takingOut(purchase),
    condition: anyOf(lockIsForOrder(orderId), untouched),
    refused: () => new CheckoutGone(cartId, orderId),
  });
}
