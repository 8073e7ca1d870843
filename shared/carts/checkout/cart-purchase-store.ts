/** The write by which an order that costs nothing takes what it bought out of the cart, with no lock in between. */
import { allOf } from "../../table/expression.ts";
import { versionIs } from "../../table/versions.ts";
import { update, type Write } from "../../table/write.ts";
import { type Cart, CartLocked, VersionMismatch } from "../model/cart.ts";
import { cartIsUnlocked, checkoutsAre, liveLockIn, versionIn } from "../storage/cart-edits.ts";
import { cartPlace } from "../storage/cart-row.ts";
import { type Purchase, takingOut } from "./cart-checkout-store.ts";

/** What is taken out of the cart that was read. */
export type DirectPurchase = Omit<Purchase, "cartId" | "version"> & {
  readonly cart: Pick<Cart, "cartId" | "version" | "checkouts">;
};

/** Takes out what was bought, if nobody edited, ordered or pays since the cart was read. */
export function purchaseWrite({ cart, ...bought }: DirectPurchase): Write {
  const { cartId, version, checkouts } = cart;
  const { note } = bought;
  return update({
    ...cartPlace(cartId),
    change: takingOut(bought),
    condition: allOf(cartIsUnlocked(note.atMs), versionIs(version), checkoutsAre(checkouts)),
    refused: (found) => {
      const live = liveLockIn(found, note.atMs);
      return live ? new CartLocked(live) : new VersionMismatch(versionIn(found));
    },
  });
}
