/** What an order's lines are and what they want of each item; pure. */
import { InvalidRequest, TooLarge } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";
import { type Cart, CurrencyMismatch } from "../carts/model/cart.ts";
import { listLines } from "../carts/model/cart-limits.ts";
import { makeLineId } from "../carts/model/cart-lines.ts";
import {
  type Demand,
  ItemsUnavailable,
  type Price,
  type Stock,
  whyRefused,
} from "../inventory/stock.ts";
import { sumDemand, maxOrderItems, type OrderLine } from "./order.ts";
import type { InlineItem } from "./order-request.ts";

/** What an order wants of an item, with what it has to be as the shopper saw it. */
export type PricedDemand = Demand & { readonly price: Price };

/** A price that no item has: lines that disagree cannot all be up to date, so the hold is refused. */
const noPrice = -1;

function priceSeen(lines: readonly PricedItem[], wanted: string): number {
  const own = lines.filter(({ itemId }) => itemId === wanted);
  const [amount = noPrice, ...others] = new Set(own.map(({ unitPriceMinor }) => unitPriceMinor));
  return others.length === 0 ? amount : noPrice;
}

/** An item's limit for each shopper as it was last seen; null for none. */
export type ShopperLimitSeen = (itemId: string) => number | null;

/** What of a line its price is known by. */
type PricedItem = Pick<OrderLine, "itemId" | "quantity" | "unitPriceMinor">;

/** One demand an item, at the one price that its lines show and by the limit that was seen. */
export function priceDemand(
  lines: readonly PricedItem[],
  currency: string,
  limitSeen: ShopperLimitSeen,
): PricedDemand[] {
  const demands = sumDemand(lines);
  if (demands.length > maxOrderItems) {
    throw new TooLarge(`An order has at most ${maxOrderItems} different items`, maxOrderItems);
  }
  return demands.map((demand) => {
    const { itemId } = demand;
    const price = { amountMinor: priceSeen(lines, itemId), currency };
    return { ...demand, price, perShopper: limitSeen(itemId) };
  });
}

/** The limits of items as their lines say, unless a refusal has shown others since. */
export function limitsInCart(
  { instances }: Pick<Cart, "instances">,
  shown: ReadonlyMap<string, number | null> = new Map(),
): ShopperLimitSeen {
  const lines = listLines(instances.values());
  const said = new Map(lines.map(({ itemId, perShopper = null }) => [itemId, perShopper]));
  return (itemId) => (shown.has(itemId) ? shown : said).get(itemId) ?? null;
}

/** The lines of inline items at today's prices; what is missing or of another kind is refused. */
export function inlineLines(
  items: readonly InlineItem[],
  stocks: ReadonlyMap<string, Stock>,
  nowMs: EpochMs,
): OrderLine[] {
  const failed = items.flatMap((item) => {
    const stock = stocks.get(item.itemId);
    const found = item.kind === undefined || stock?.kind === item.kind ? stock : undefined;
    return found ? [] : (whyRefused(item, undefined, nowMs) ?? []);
  });
  if (failed.length > 0) throw new ItemsUnavailable(failed);
  return items.map(({ itemId, quantity, attributes }): OrderLine => {
    const { name, kind, vendorId, amountMinor } = stocks.get(itemId)!;
    const lineTotalMinor = quantity * amountMinor;
    const price = { unitPriceMinor: amountMinor, lineTotalMinor, adjustmentMinor: 0 };
    const lineId = makeLineId(itemId, attributes);
    const chosen = lineId === itemId ? {} : { attributes: JSON.stringify(attributes) };
    return { lineId, itemId, name, kind, vendorId, quantity, ...price, ...chosen };
  });
}

/** The vendor that an order is credited to is that of its goods: who pays does not choose who is paid. */
export function checkVendor(vendorId: string | null, lines: readonly OrderLine[]): void {
  const other = lines.find((line) => vendorId !== null && line.vendorId !== vendorId);
  if (!other) return;
  const message = `is not the vendor of ${other.itemId}`;
  throw new InvalidRequest([{ path: "vendorId", message }]);
}

/** The currency of all of them. */
export function oneCurrency(stocks: Iterable<Stock>): string {
  const currencies = new Set([...stocks].map(({ currency }) => currency));
  const [first = "", second] = currencies;
  if (second !== undefined) throw new CurrencyMismatch(first, second);
  return first;
}
