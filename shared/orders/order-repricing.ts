/** Leaves the cart of a refused order at the prices of now. */
import { changeNote } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import { repriceWrite } from "../carts/checkout/cart-repricing.ts";
import type { ItemsUnavailable } from "../inventory/stock.ts";
import type { Draft, PlacingOptions } from "./order-draft.ts";
import type { PlaceOrder } from "./order-request.ts";

/** The cart shows the prices of now, so that the next try is at those; whoever edits it meanwhile goes first. One request. */
export async function showPrices(
  {
    parts: { database, clock },
    request: { actor },
  }: { readonly parts: Pick<PlacingOptions, "database" | "clock">; readonly request: PlaceOrder },
  { cart }: Draft,
  { failedItems }: ItemsUnavailable,
): Promise<void> {
  const changed = failedItems.flatMap(({ itemId, price }) =>
    price ? [[itemId, price] as const] : [],
  );
  if (!cart || changed.length === 0) return;
  const note = changeNote("cart.repriced", actor, clock());
  try {
    await database.apply(repriceWrite(cart, new Map(changed), note));
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
}
