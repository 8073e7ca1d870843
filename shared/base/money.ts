/** Exact money: dinero.js over bigint, one rounding rule, and the border between it and plain numbers. */
import {
  add,
  type Dinero,
  dinero,
  halfAwayFromZero,
  maximum,
  multiply,
  subtract,
  toSnapshot,
  transformScale,
} from "dinero.js/bigint";

/** An amount in whole minor units of one currency. */
export type Money = Dinero<bigint>;

/** An exact decimal: `{ amount: 125n, scale: 1n }` is 12.5. */
export interface Decimal {
  readonly amount: bigint;
  readonly scale: bigint;
}

/**
 * Amounts come and go in minor units, so how many decimals a currency shows is nobody's business
 * here: every currency counts whole units (exponent 0), known to us or not.
 */
const wholeUnits = 0n;

/** An amount of minor units. */
export function money(amountMinor: number | bigint, currency: string): Money {
  const code = { code: currency, base: 10n, exponent: wholeUnits };
  return dinero({ amount: BigInt(amountMinor), currency: code });
}

/** The sum of amounts of this currency; nothing at all sums up to 0. */
export function sumAmounts(amounts: readonly Money[], currency: string): Money {
  return amounts.reduce((total, amount) => add(total, amount), money(0, currency));
}

/** `a` + `b` */
export function plus(a: Money, b: Money): Money {
  return add(a, b);
}

/** `a` - `b` */
export function minus(a: Money, b: Money): Money {
  return subtract(a, b);
}

/** A whole multiple. */
export function times(amount: Money, quantity: number): Money {
  return multiply(amount, BigInt(quantity));
}

/**
 * So many per cent of an amount, in whole minor units.
 *
 * The one rounding rule of Holdfast: to the nearest unit, and a half goes away from zero. So a
 * discount and a surcharge of the same rate are equally large.
 */
export function takePercent(amount: Money, percent: Decimal): Money {
  const ratio = { amount: percent.amount, scale: percent.scale + 2n };
  return transformScale(multiply(amount, ratio), wholeUnits, halfAwayFromZero);
}

/** The amount, or 0 where it is below. */
export function atLeastZero(amount: Money): Money {
  const { currency } = toSnapshot(amount);
  return maximum([amount, money(0, currency.code)]);
}

/**
 * Splits an amount by weights, so that the parts add up to it exactly: what rounding leaves over goes, one unit
 * each, to those from whom it took most (of equal ones the first). Weights that are all 0 count as equal.
 */
export function split(amount: Money, weights: readonly Money[]): Money[] {
  const { amount: whole, currency } = toSnapshot(amount);
  const given = weights.map((weight) => toSnapshot(weight).amount);
  const ratios = given.some((ratio) => ratio > 0n) ? given : given.map(() => 1n);
  const sum = ratios.reduce((total, ratio) => total + ratio, 0n);
  const size = whole < 0n ? -whole : whole;
  const shares = ratios.map((ratio) => (size * ratio) / sum);
  const left = Number(shares.reduce((rest, share) => rest - share, size));
  const luckiest = ratios
    .map((ratio, index) => ({ index, remainder: (size * ratio) % sum }))
    .toSorted(
      (one, other) =>
        Number(other.remainder > one.remainder) - Number(other.remainder < one.remainder),
    )
    .slice(0, left);
  for (const { index } of luckiest) shares[index]! += 1n;
  return shares.map((share) => money(whole < 0n ? -share : share, currency.code));
}

/** Whether an amount can be told as a JSON number without losing a unit. */
export function isExact(amount: Money): boolean {
  const minor = toSnapshot(amount).amount;
  return minor <= BigInt(Number.MAX_SAFE_INTEGER) && minor >= BigInt(Number.MIN_SAFE_INTEGER);
}

/**
 * The amount as a number of minor units. Past 2^53 - 1, where numbers would start to lie, it stays
 * at that; `isExact` tells.
 */
export function toMinor(amount: Money): number {
  const minor = Number(toSnapshot(amount).amount);
  return Math.min(Math.max(minor, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}
