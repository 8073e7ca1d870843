/** Items whose name and price their caller gives: for carts that stand alone, with no shop behind them. */
import type { Price } from "../../inventory/stock.ts";
import { type CartInstance, selectInstance, type Cart } from "./cart.ts";
import { checkLineQuantity } from "./cart-limits.ts";
import {
  type Addition,
  type Attributes,
  makeLine,
  type WantedItem,
  withAdditions,
} from "./cart-lines.ts";

/** An item as trusted code gives it; whatever a shopper sends is never one. */
export interface GivenItem extends WantedItem {
  readonly name: string;
  readonly price: Price;
  /** `item` by default. */
  readonly kind?: string | undefined;
  readonly vendorId?: string | null | undefined;
}

/** An item as it is kept. */
export interface KeptItem extends GivenItem {
  readonly kind: string;
  readonly vendorId: string | null;
  /** When it was put there last: replacing the lines does that to all of them, raising a quantity does not. */
  readonly addedAtMs: number;
}

/** A given item as a line. */
export function makeGivenAddition(given: GivenItem, nowMs: number): Addition {
  const { name, price, kind = "item", vendorId = null } = given;
  return makeLine(given, { name, kind, vendorId, ...price }, nowMs);
}

/**
 * The instance with exactly these lines, in this order; conditions and metadata stay.
 *
 * @throws CurrencyMismatch, TooLarge
 */
export function withGivenItems(
  present: CartInstance,
  given: readonly GivenItem[],
  nowMs: number,
): CartInstance {
  const additions = given.map((each, index) => {
    checkLineQuantity(each.quantity);
    // One millisecond apart, because lines are shown by age: so the list keeps its order.
    return makeGivenAddition(each, nowMs + index);
  });
  return withAdditions(present, additions);
}

/** The lines of an instance as they were given. */
export function listGivenItems(cart: Cart, instance: string): KeptItem[] {
  const { lines, currency = "XXX" } = selectInstance(cart, instance);
  return lines.map((line) => {
    const { itemId, name, kind, vendorId, quantity, unitPriceMinor, attributes, addedAtMs } = line;
    const price = { amountMinor: unitPriceMinor, currency };
    const chosen =
      attributes === undefined ? {} : { attributes: JSON.parse(attributes) as Attributes };
    return { itemId, name, kind, vendorId, quantity, price, ...chosen, addedAtMs };
  });
}
