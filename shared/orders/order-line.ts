/** A line of an order, and the names by which an order's lines are told apart. */

/** What was ordered at which price, and its share of the cart's conditions. */
export interface OrderLine {
  /** The cart's name of it; orders that are older than lines with attributes have none. */
  readonly lineId?: string;
  readonly itemId: string;
  readonly name: string;
  readonly kind: string;
  readonly vendorId: string | null;
  /** The cart instance that it came from; inline lines have none. */
  readonly instance?: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
  /** `quantity × unitPriceMinor` */
  readonly lineTotalMinor: number;
  /** The line's share of discounts, taxes and fees; all lines' totals and shares add up to the total. */
  readonly adjustmentMinor: number;
  /** What the shopper chose, as JSON text. */
  readonly attributes?: string;
}

const lineIdIn = ({ lineId, itemId }: OrderLine): string => lineId ?? itemId;

/**
 * The lines by names that are theirs alone in the order, always the same ones: two instances of a cart may
 * each have brought a line of one name, and inline items may be said twice.
 */
export function nameLines(lines: readonly OrderLine[]): ReadonlyMap<string, OrderLine> {
  const named = new Map<string, OrderLine>();
  for (const line of lines) {
    let name = lineIdIn(line);
    for (let number = 2; named.has(name); number += 1) name = `${lineIdIn(line)} (${number})`;
    named.set(name, line);
  }
  return named;
}

/** The lines that came from a cart, as the cart calls them. */
export function listBought(
  lines: readonly OrderLine[],
): { readonly instance: string; readonly lineId: string }[] {
  return lines.flatMap((line) => {
    const { instance } = line;
    return instance === undefined ? [] : [{ instance, lineId: lineIdIn(line) }];
  });
}
