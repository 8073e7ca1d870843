/** What makes two lines of a cart the same: the item and what the shopper chose of it, in whatever order. */
import { fingerprint } from "../../base/ids.ts";
import type { CartLine } from "./cart.ts";
import { choiceDigestLength } from "./cart-limits.ts";

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
