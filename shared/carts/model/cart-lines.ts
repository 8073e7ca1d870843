/** What a line of a cart is: made of an item at the shop's word, never a client's, and named by what was chosen. */
import { fingerprint } from "../../base/derived-ids.ts";
import { type CartLine, type CartInstance, CurrencyMismatch } from "./cart.ts";
import { choiceDigestLength, checkLineQuantity, jsonText } from "./cart-limits.ts";
import { InvalidRequest } from "../../base/errors.ts";
import { epochMs } from "../../base/time.ts";
import { ItemNotFound, ItemsUnavailable, type Stock, whyRefused } from "../../inventory/stock.ts";

/** What a shopper chose (size, seat, engraving …), any JSON object. */
export type Attributes = Readonly<Record<string, unknown>>;

function choiceId(itemId: string, attributes: Attributes): string {
  return `${itemId}~${fingerprint(attributes).slice(0, choiceDigestLength)}`;
}

/** The id of a line: the item's own where nothing was chosen, else with a stable digest of the choice. */
export function makeLineId(itemId: string, attributes: Attributes | undefined): string {
  const isChosen = attributes !== undefined && Object.keys(attributes).length > 0;
  return isChosen ? choiceId(itemId, attributes) : itemId;
}

/** The id that a stored line would get today: the same for all lines with its item and attributes. */
export function identify({ itemId, attributes }: CartLine): string {
  const chosen = attributes === undefined ? undefined : (JSON.parse(attributes) as Attributes);
  return makeLineId(itemId, chosen);
}

/** Lines by what makes them the same. */
export function indexLines(lines: readonly CartLine[]): Map<string, CartLine> {
  return new Map(lines.map((line) => [identify(line), line]));
}

/**
 * The id under which a new line is stored. A line of an older cart may stand under its item's id though
 * it has attributes: then the one without any needs another.
 */
export function freeLineId(line: CartLine, present: readonly CartLine[]): string {
  const isTaken = present.some(({ lineId }) => lineId === line.lineId);
  return isTaken ? choiceId(line.itemId, {}) : line.lineId;
}

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
 * A wanted item as a line, at the shop's price of now. What is not on sale yet, or no more, can be put into a cart
 * all the same, which says so; what was withdrawn only stays where it is `known`.
 *
 * @throws ItemNotFound when the shop has no such item, ItemsUnavailable when it was withdrawn, TooLarge when its
 * attributes are
 */
export function makeAddition(
  wanted: WantedItem,
  item: Stock | undefined,
  { nowMs, isKnown = false }: { readonly nowMs: number; readonly isKnown?: boolean },
): Addition {
  const { itemId } = wanted;
  if (!item) throw new ItemNotFound(itemId);
  if (item.archivedAtMs !== undefined && !isKnown) {
    throw new ItemsUnavailable([whyRefused(wanted, item, epochMs(nowMs))!]);
  }
  return makeLine(wanted, item, nowMs);
}

/** What is said of an item where it becomes a line: by the shop, or by a caller who prices it. */
export type ItemFacts = Pick<
  Stock,
  "name" | "kind" | "vendorId" | "amountMinor" | "currency" | "perShopper"
>;

/**
 * A wanted item with its facts as a line.
 *
 * @throws TooLarge when its attributes are
 */
export function makeLine(wanted: WantedItem, item: ItemFacts, nowMs: number): Addition {
  const { itemId, quantity, attributes } = wanted;
  const { name, kind, vendorId, amountMinor: unitPriceMinor, currency, perShopper } = item;
  const lineId = makeLineId(itemId, attributes);
  const limit = perShopper === undefined ? {} : { perShopper };
  const facts = { name, kind, vendorId: vendorId ?? null, quantity, unitPriceMinor, ...limit };
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
      return makeAddition(each, items.get(itemId), {
        nowMs: addedAtMs,
        isKnown: line !== undefined,
      });
    }
    return { line: { ...line, lineId, quantity, addedAtMs }, currency: present.currency };
  });
  return withAdditions(present, additions);
}

/**
 * The instance with these lines in place of its own; conditions and metadata stay.
 *
 * @throws CurrencyMismatch when they are of several currencies
 */
export function withAdditions(present: CartInstance, additions: readonly Addition[]): CartInstance {
  const { currency: _currency, ...rest } = present;
  const [first, ...others] = additions.map(({ currency }) => currency);
  const other = others.find((currency) => currency !== first);
  if (other !== undefined) throw new CurrencyMismatch(first!, other);
  const lines = additions.map(({ line }) => line);
  return { ...rest, lines, ...(first === undefined ? {} : { currency: first }) };
}
