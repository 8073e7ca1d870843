/** What the stream of the Carts table says to whoever wants to know that a cart was updated. */
import type { Row } from "../../table/write.ts";
import { parseCartId, type Cart, selectInstance } from "../model/cart.ts";
import { parseCart, contentsRow } from "./cart-row.ts";
import { isDeepStrictEqual } from "node:util";
import { priceInstances } from "../model/pricing.ts";

/** The contents of a cart changed; locking and unlocking are no updates. */
export interface CartUpdated {
  readonly type: "cart-updated";
  readonly cartId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly previousVersion: number;
  readonly version: number;
  /** What was done and by whom, as the item carries it; null when the cart was deleted by its TTL. */
  readonly action: string | null;
  readonly actor: string | null;
  /** The instances that are not as before, with what they come to now. */
  readonly changed: readonly {
    readonly instance: string;
    readonly count: number;
    readonly totalMinor: number;
    readonly currency: string | null;
  }[];
}

const isSame = (one: Cart, other: Cart, instance: string): boolean =>
  isDeepStrictEqual(
    contentsRow([selectInstance(one, instance)]),
    contentsRow([selectInstance(other, instance)]),
  );

/**
 * The event of one change in the Carts table, or undefined when no contents changed. Pure: the same
 * two images always make the same event, so a repeated stream record repeats it to the letter.
 */
export function cartUpdated(
  oldImage: Row | undefined,
  newImage: Row | undefined,
): CartUpdated | undefined {
  const cartId = String((newImage ?? oldImage)?.["cartId"] ?? "");
  const [before, after] = [parseCart(cartId, oldImage), parseCart(cartId, newImage)];
  if (before.version === after.version) return undefined;
  const names = new Set([...before.instances.keys(), ...after.instances.keys()]);
  const changed = [...names].filter((name) => !isSame(before, after, name));
  const note = newImage?.["change"] as { action?: string; actor?: string } | undefined;
  return {
    type: "cart-updated",
    cartId,
    ...parseCartId(cartId),
    previousVersion: before.version,
    version: after.version,
    action: note?.action ?? null,
    actor: note?.actor ?? null,
    changed: changed.toSorted().map((instance) => {
      const { count, totalMinor, currency } = priceInstances([selectInstance(after, instance)]);
      return { instance, count, totalMinor, currency };
    }),
  };
}
