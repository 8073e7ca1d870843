/** How wanted items become lines: what they are and cost comes from the shop, never from a client. */
import { InvalidRequest } from "../../base/errors.ts";
import { ItemNotFound, type Stock } from "../../inventory/stock.ts";
import { type CartInstance, type CartLine, CurrencyMismatch } from "./cart.ts";
import { checkLineQuantity, jsonText } from "./cart-limits.ts";

/** What is wanted of an item. */
export interface WantedItem {
  readonly itemId: string;
  readonly quantity: number;
  /** What the shopper chose, any JSON object; left out, what the line has stays. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
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
  const snapshot = { itemId, name, kind, vendorId: vendorId ?? null, quantity, unitPriceMinor };
  const chosen = attributes && { attributes: jsonText(attributes, "A line's attributes") };
  return { line: { ...snapshot, ...chosen, addedAtMs: nowMs }, currency };
}

function keepAttributes(line: CartLine, known: CartLine | undefined): CartLine {
  const attributes = line.attributes ?? known?.attributes;
  return attributes === undefined ? line : { ...line, attributes };
}

/** The line as it is stored when it is added again: its place stays, and so do unnamed attributes. */
export function keepingPlace(line: CartLine, known: CartLine | undefined): CartLine {
  return { ...keepAttributes(line, known), addedAtMs: (known ?? line).addedAtMs };
}

/** @throws InvalidRequest when an item is named twice: which quantity would be meant? */
export function checkDistinct(wanted: readonly WantedItem[]): void {
  const seen = new Set<string>();
  for (const [index, { itemId }] of wanted.entries()) {
    if (seen.has(itemId)) {
      throw new InvalidRequest([{ path: `${index}.itemId`, message: "is in the list already" }]);
    }
    seen.add(itemId);
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
  const known = new Map(present.lines.map((line) => [line.itemId, line]));
  const additions = wanted.map((each, index): Addition => {
    const { itemId, quantity, attributes } = each;
    checkLineQuantity(quantity);
    const line = known.get(itemId);
    // One millisecond apart, because lines are shown by age: so the list keeps its order.
    const addedAtMs = nowMs + index;
    if (items.has(itemId) || !line || present.currency === undefined) {
      const addition = makeAddition(each, items.get(itemId), addedAtMs);
      return { ...addition, line: keepAttributes(addition.line, line) };
    }
    const chosen = attributes && { attributes: jsonText(attributes, "A line's attributes") };
    return { line: { ...line, ...chosen, quantity, addedAtMs }, currency: present.currency };
  });
  const { currency: _currency, ...rest } = present;
  const [first, ...others] = additions.map(({ currency }) => currency);
  const other = others.find((currency) => currency !== first);
  if (other !== undefined) throw new CurrencyMismatch(first!, other);
  const lines = additions.map(({ line }) => line);
  return { ...rest, lines, ...(first === undefined ? {} : { currency: first }) };
}
