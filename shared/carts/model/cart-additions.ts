/** How wanted items become lines: what they are and cost comes from the shop, never from a client. */
import { InvalidRequest } from "../../base/errors.ts";
import { ItemNotFound, type Stock } from "../../inventory/stock.ts";
import { type CartInstance, type CartLine, CurrencyMismatch } from "./cart.ts";
import { checkLineQuantity, jsonText } from "./cart-limits.ts";
import { type Attributes, indexLines, makeLineId } from "./line-id.ts";

/** What is wanted of an item. */
export interface WantedItem {
  readonly itemId: string;
  readonly quantity: number;
  /** What the shopper chose; other choices of the same item are lines of their own. */
  readonly attributes?: Attributes | undefined;
}

/** A line to be added: what the shop says of its item, and how many of it. */
export interface Addition {
  readonly line: CartLine;
  readonly currency: string;
}

/**
 * A wanted item as a line, at the shop's price of now.
 *
 * @throws ItemNotFound when the shop has no such item, TooLarge when its attributes are
 */
export function makeAddition(wanted: WantedItem, item: Stock | undefined, nowMs: number): Addition {
  const { itemId, quantity, attributes } = wanted;
  if (!item) throw new ItemNotFound(itemId);
  const { name, kind, vendorId, amountMinor: unitPriceMinor, currency } = item;
  const lineId = makeLineId(itemId, attributes);
  const facts = { name, kind, vendorId: vendorId ?? null, quantity, unitPriceMinor };
  // Nothing chosen is one thing, however it is said.
  const json = lineId === itemId ? undefined : jsonText(attributes, "A line's attributes");
  const chosen = json === undefined ? {} : { attributes: json };
  return { line: { lineId, itemId, ...facts, ...chosen, addedAtMs: nowMs }, currency };
}

/** The line as it is stored when it is added again: its id, its place and the letters of its choice stay. */
export function keepingPlace(line: CartLine, known: CartLine): CartLine {
  const { lineId, addedAtMs, attributes } = known;
  return { ...line, lineId, addedAtMs, ...(attributes === undefined ? {} : { attributes }) };
}

/** @throws InvalidRequest when the same is named twice: which quantity would be meant? */
export function checkDistinct(wanted: readonly WantedItem[]): void {
  const seen = new Set<string>();
  for (const [index, { itemId, attributes }] of wanted.entries()) {
    const lineId = makeLineId(itemId, attributes);
    if (seen.has(lineId)) {
      throw new InvalidRequest([{ path: `${index}.itemId`, message: "is in the list already" }]);
    }
    seen.add(lineId);
  }
}

/**
 * The instance with exactly these lines, in this order; conditions and metadata stay.
 *
 * A line's facts come from `items` where the item is in there, else they stay as the cart has them.
 *
 * @throws ItemNotFound, CurrencyMismatch, TooLarge
 */
export function withLines(
  present: CartInstance,
  wanted: readonly WantedItem[],
  items: ReadonlyMap<string, Stock>,
  nowMs: number,
): CartInstance {
  const known = indexLines(present.lines);
  const additions = wanted.map((each, index): Addition => {
    const { itemId, quantity, attributes } = each;
    checkLineQuantity(quantity);
    const lineId = makeLineId(itemId, attributes);
    const line = known.get(lineId);
    // One millisecond apart, because lines are shown by age: so the list keeps its order.
    const addedAtMs = nowMs + index;
    if (items.has(itemId) || !line || present.currency === undefined) {
      return makeAddition(each, items.get(itemId), addedAtMs);
    }
    return { line: { ...line, lineId, quantity, addedAtMs }, currency: present.currency };
  });
  const { currency: _currency, ...rest } = present;
  const [first, ...others] = additions.map(({ currency }) => currency);
  const other = others.find((currency) => currency !== first);
  if (other !== undefined) throw new CurrencyMismatch(first!, other);
  const lines = additions.map(({ line }) => line);
  return { ...rest, lines, ...(first === undefined ? {} : { currency: first }) };
}
