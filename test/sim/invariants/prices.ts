/**
 * What a cart's order has to cost, reckoned a second time: in fractions of a minor unit that are rounded where
 * the rules say so, and written without a look at how the product does it.
 */
import type { PriceRule } from "../../../shared/promotions/price-rule.ts";

/** What is ordered: lines of a named cart, or items without one. */
interface Ordered {
  readonly lines: readonly {
    readonly itemId: string;
    readonly quantity: number;
    readonly kind: string;
  }[];
  readonly conditions: readonly PriceRule[];
}

/** `amount × percent / 100`, rounded half away from zero; per cent come with up to four decimals. */
function percentage(amount: bigint, text: string): bigint {
  const [whole = "0", decimals = ""] = text.split(".");
  const numerator = amount * BigInt(whole + decimals.padEnd(4, "0"));
  const denominator = 100n * 10_000n;
  return (numerator + denominator / 2n) / denominator;
}

function after(amount: bigint, { value }: PriceRule, units: bigint): bigint {
  const size = value.endsWith("%")
    ? percentage(amount, value.slice(1, -1))
    : BigInt(value.slice(1)) * units;
  const changed = value.startsWith("-") ? amount - size : amount + size;
  return changed < 0n ? 0n : changed;
}

function inOrder<R extends PriceRule>(rules: readonly R[], target: string): R[] {
  const nameOf = ({ name, code = "" }: PriceRule): string => `${name} ${code}`;
  return rules
    .filter((rule) => rule.target === target)
    .toSorted((one, other) => one.order - other.order || (nameOf(one) < nameOf(other) ? -1 : 1));
}

interface Running {
  readonly itemId: string;
  readonly kind: string;
  readonly units: bigint;
  readonly cart: number;
  amount: bigint;
}

/** Gives each of them its part of a change of their sum; units left over go to who lost most by rounding down. */
function spread(change: bigint, lines: readonly Running[]): void {
  const total = lines.reduce((sum, { amount }) => sum + amount, 0n);
  const weights = lines.map(({ amount }) => (total > 0n ? amount : 1n));
  const whole = weights.reduce((sum, weight) => sum + weight, 0n);
  const size = change < 0n ? -change : change;
  const parts = weights.map((weight) => (size * weight) / whole);
  const lost = weights.map((weight) => (size * weight) % whole);
  let left = size - parts.reduce((sum, part) => sum + part, 0n);
  for (; left > 0n; left -= 1n) {
    let most = 0;
    for (const [index, each] of lost.entries()) if (each > lost[most]!) most = index;
    parts[most]! += 1n;
    lost[most] = -1n;
  }
  for (const [index, line] of lines.entries()) {
    line.amount += change < 0n ? -parts[index]! : parts[index]!;
  }
}

/**
 * What named carts come to at these prices when they are ordered together: conditions are for the lines of their
 * own cart, promotions once for all of them.
 */
export function recomputedTogether(
  ordered: readonly Ordered[],
  promotions: readonly PriceRule[],
  prices: ReadonlyMap<string, number>,
): bigint {
  const lines = ordered.flatMap((each, cart): Running[] =>
    each.lines.map(({ itemId, kind, quantity }) => {
      const units = BigInt(quantity);
      return { itemId, kind, units, cart, amount: BigInt(prices.get(itemId)!) * units };
    }),
  );
  const rules = [
    ...ordered.flatMap(({ conditions }, cart) => conditions.map((each) => ({ ...each, cart }))),
    ...promotions.map((each) => ({ ...each, cart: undefined })),
  ];
  for (const target of ["item", "subtotal", "total"]) {
    for (const rule of inOrder(rules, target)) {
      const own = lines.filter(
        ({ cart, itemId, kind }) =>
          (rule.cart ?? cart) === cart &&
          (target !== "item" ||
            ((rule.itemId ?? itemId) === itemId && (rule.kind ?? kind) === kind)),
      );
      if (own.length === 0) continue;
      if (target === "item") {
        for (const line of own) line.amount = after(line.amount, rule, line.units);
      } else {
        const sum = own.reduce((all, { amount }) => all + amount, 0n);
        spread(after(sum, rule, 1n) - sum, own);
      }
    }
  }
  return lines.reduce((sum, { amount }) => sum + amount, 0n);
}
