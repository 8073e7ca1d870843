/**
 * What a cart's order has to cost, reckoned a second time: in fractions of a minor unit that are rounded where
 * the rules say so, and written without a look at how the product does it.
 */
import type { Cart } from "../../../shared/carts/model/cart.ts";
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

function inOrder(rules: readonly PriceRule[], target: string): PriceRule[] {
  const nameOf = ({ name, code = "" }: PriceRule): string => `${name} ${code}`;
  return rules
    .filter((rule) => rule.target === target)
    .toSorted((one, other) => one.order - other.order || (nameOf(one) < nameOf(other) ? -1 : 1));
}

/** What these lines come to at these prices and by these rules alone. */
export function recomputedSum(
  { lines, conditions }: Ordered,
  prices: ReadonlyMap<string, number>,
): bigint {
  if (lines.length === 0) return 0n;
  let sum = 0n;
  for (const { itemId, quantity, kind } of lines) {
    const units = BigInt(quantity);
    let amount = BigInt(prices.get(itemId)!) * units;
    for (const condition of inOrder(conditions, "item")) {
      const { itemId: meant = itemId, kind: meantKind = kind } = condition;
      if (meant === itemId && meantKind === kind) amount = after(amount, condition, units);
    }
    sum += amount;
  }
  for (const target of ["subtotal", "total"]) {
    for (const condition of inOrder(conditions, target)) sum = after(sum, condition, 1n);
  }
  return sum;
}

/** What ordering these instances costs at the shop's present prices and with its conditions. */
export function recomputedTotal(
  cart: Cart,
  instances: readonly string[],
  prices: ReadonlyMap<string, number>,
): number {
  const chosen = [...cart.instances.values()].filter(({ instance }) =>
    instances.includes(instance),
  );
  return Number(chosen.reduce((sum, instance) => sum + recomputedSum(instance, prices), 0n));
}
