/** Brings the prices in a cart up to date: for its reader, and for good when an order met others. */
import type { ChangeNote } from "../../base/actor.ts";
import type { Price } from "../../inventory/stock.ts";
import type { Write } from "../../table/write.ts";
import { replaceWrite } from "../editing/cart-replacement.ts";
import { type Cart, parseCartId, type CartInstance, type CartLine } from "../model/cart.ts";
import type { ReadCart } from "../storage/cart-row.ts";

/** The shop's prices of now, by item. */
export type PricesNow = ReadonlyMap<string, Price>;

/** What the line cost before stays on it, until the shopper has touched it or the price is back. */
function repriced(line: CartLine, { amountMinor }: Price): CartLine {
  const { previousUnitPriceMinor: earlier = line.unitPriceMinor, ...rest } = line;
  const known = { ...rest, unitPriceMinor: amountMinor };
  return earlier === amountMinor ? known : { ...known, previousUnitPriceMinor: earlier };
}

/**
 * The instance at these prices. Where an item is sold in another currency now, its line stays as it
 * is unless all lines of the instance go along: one currency is all that an instance has.
 */
function atPrices(instance: CartInstance, prices: PricesNow): CartInstance {
  const { lines } = instance;
  const currencies = new Set(
    lines.map(({ itemId }) => prices.get(itemId)?.currency ?? instance.currency),
  );
  const [only] = currencies;
  const currency = currencies.size === 1 ? only : instance.currency;
  const updated = lines.map((line) => {
    const price = prices.get(line.itemId);
    return price?.currency === currency ? repriced(line, price!) : line;
  });
  return { ...instance, lines: updated, ...(currency === undefined ? {} : { currency }) };
}

/** The cart at these prices, each changed line with the price that it was put there at. */
export function cartAtPrices<C extends Cart>(cart: C, prices: PricesNow): C {
  const instances = [...cart.instances].map(([name, instance]) => {
    return [name, atPrices(instance, prices)] as const;
  });
  return { ...cart, instances: new Map(instances) };
}

/** Puts the cart at these prices in place of the one that was read, if that is how it still is. */
export function repriceWrite(cart: ReadCart, prices: PricesNow, note: ChangeNote): Write {
  const instances = [...cartAtPrices(cart, prices).instances.values()];
  const { userId, sessionId } = parseCartId(cart.cartId);
  return replaceWrite({ nowMs: note.atMs, note, address: { userId, sessionId } }, cart, instances);
}
