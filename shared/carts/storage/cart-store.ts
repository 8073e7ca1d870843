/** How carts are read; what is written to them is in the files of their edits and checkouts. */
import type { Database } from "../../table/database.ts";
import type { Cart } from "../model/cart.ts";
import { parseCart, type ReadCart, parseReadCart } from "./cart-row.ts";

/** The cart as of now; an empty one where there is none. One request. */
export async function findCart(database: Database, cartId: string): Promise<Cart> {
  return parseCart(cartId, await database.get("Carts", { cartId }));
}

/** The same together with its row, for who puts another cart in its place. One request. */
export async function readCart(database: Database, cartId: string): Promise<ReadCart> {
  return parseReadCart(cartId, await database.get("Carts", { cartId }));
}
