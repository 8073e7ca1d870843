/** How carts are read; what is written to them is in the files of their edits and checkouts. */
import type { Database } from "../../table/database.ts";
import type { Cart } from "../model/cart.ts";
import { cartOf } from "./cart-row.ts";

/** The cart as of now; an empty one where there is none. One request. */
export async function findCart(database: Database, cartId: string): Promise<Cart> {
  return cartOf(cartId, await database.get("Carts", { cartId }));
}
