/**
 * What rules make of lines. Integers only; the one rounding rule is in `base/money.ts`.
 *
 * Rules, that is conditions and promotions, apply in three stages, within each in their order:
 * 1. `item`: to the line's total (all lines, or only those meant). An amount counts once per unit.
 * 2. `subtotal`: to the sum of the lines after stage 1, running.
 * 3. `total`: to the sum after stage 2, running.
 * Per cent are taken of the running amount and rounded once. No running amount falls below 0: what a
 * discount would take beyond that is lost. An instance without lines costs nothing, fees or not. What a rule
 * does to a sum is shared out over the lines by what each of them comes to by then. A condition counts the lines of
 * its own named cart, a promotion all that are ordered together: it applies once, however they are spread.
 */
import { TooLarge } from "../../base/errors.ts";
import {
  atLeastZero,
  isExact,
  minus,
  type Money,
  money,
  takePercent,
  plus,
  split,
  sumAmounts,
  times,
  toMinor,
} from "../../base/money.ts";
import {
  conditionTargets,
  conditionValuePattern,
  isMeant,
  type PriceRule,
} from "../../promotions/price-rule.ts";
import type { CartLine } from "./cart.ts";

/** What one rule did to an order, with its share per line. */
export interface Adjustment extends Pick<
  PriceRule,
  "name" | "type" | "target" | "value" | "code" | "automatic"
> {
  readonly amountMinor: number;
  /** Whole minor units in the order of the order's lines; they add up to the amount. */
  readonly shares: readonly number[];
}

/** A rule as an order has it: a condition is for the lines of its own named cart, a promotion for all. */
export interface ScopedRule extends PriceRule {
  readonly instance?: string | undefined;
}

/** The change that a rule makes to an amount, before the floor at 0; `units` multiply amounts. */
function computeEffect(
  { value }: PriceRule,
  amount: Money,
  units: number,
  currency: string,
): Money {
  const [, sign = "+", whole, decimals = "", minor] = conditionValuePattern.exec(value) ?? [];
  const size =
    minor === undefined
      ? takePercent(amount, {
          amount: BigInt(`${whole ?? "0"}${decimals}`),
          scale: BigInt(decimals.length),
        })
      : times(money(BigInt(minor), currency), units);
  return sign === "-" ? minus(money(0, currency), size) : size;
}

/** What a rule does to an amount: it never takes more than there is. */
function change(rule: PriceRule, amount: Money, units: number, currency: string): Money {
  const effect = computeEffect(rule, amount, units, currency);
  return minus(atLeastZero(plus(amount, effect)), amount);
}

/** What of a line decides on its price, and the named cart that it is in. */
export type Line = Pick<CartLine, "itemId" | "kind" | "quantity" | "unitPriceMinor"> & {
  readonly instance?: string;
};

/** A rule, and what it does to each of the lines. */
interface Share {
  readonly rule: PriceRule;
  readonly shares: readonly Money[];
}

/** What lines come to, and what each rule did. */
export interface Reckoning<L> {
  /** Each line at its unit price, and after all rules. */
  readonly lines: readonly { readonly line: L; readonly list: Money; readonly net: Money }[];
  readonly shares: readonly Share[];
  readonly total: Money;
}

/** A line at its unit price, before any rule. */
export function lineTotal(
  { unitPriceMinor, quantity }: Pick<CartLine, "unitPriceMinor" | "quantity">,
  currency: string,
): Money {
  return times(money(unitPriceMinor, currency), quantity);
}

/** Whether a rule counts this line, alone or in a sum. */
function isFor(rule: ScopedRule, line: Line): boolean {
  const { instance = line.instance, target } = rule;
  return instance === line.instance && (target !== "item" || isMeant(rule, line));
}

/** What a rule does to each line, as far as they have come; undefined where it means none of them. */
function shareOut(
  rule: ScopedRule,
  lines: readonly Line[],
  amounts: readonly Money[],
  currency: string,
): readonly Money[] | undefined {
  const meant = lines.flatMap((line, index) => (isFor(rule, line) ? [index] : []));
  if (meant.length === 0) return undefined;
  const own = meant.map((index) => amounts[index]!);
  const parts =
    rule.target === "item"
      ? meant.map((index) => change(rule, amounts[index]!, lines[index]!.quantity, currency))
      : split(change(rule, sumAmounts(own, currency), 1, currency), own);
  const shares = new Map(meant.map((index, at) => [index, parts[at]!]));
  return lines.map((_, index) => shares.get(index) ?? money(0, currency));
}

/** Applies the rules to the lines. */
export function reckon<L extends Line>(
  lines: readonly L[],
  rules: readonly ScopedRule[],
  currency: string,
): Reckoning<L> {
  const lists = lines.map((line) => lineTotal(line, currency));
  if (lines.length === 0) return { lines: [], shares: [], total: money(0, currency) };
  let nets = lists;
  const shared: Share[] = [];
  for (const target of conditionTargets) {
    for (const rule of rules.filter((each) => each.target === target)) {
      const shares = shareOut(rule, lines, nets, currency);
      if (!shares) continue;
      nets = nets.map((amount, index) => plus(amount, shares[index]!));
      shared.push({ rule, shares });
    }
  }
  return {
    lines: lines.map((line, index) => ({ line, list: lists[index]!, net: nets[index]! })),
    shares: shared,
    total: sumAmounts(nets, currency),
  };
}

/** What the rules did, with their shares of the lines. */
export function listAdjustments({ shares }: Reckoning<unknown>, currency: string): Adjustment[] {
  return shares.map(({ rule, shares: own }) => {
    const { name, type, target, value, code, automatic } = rule;
    return {
      name,
      type,
      target,
      value,
      ...(code === undefined ? {} : { code }),
      ...(automatic === undefined ? {} : { automatic }),
      amountMinor: toMinor(sumAmounts(own, currency)),
      shares: own.map(toMinor),
    };
  });
}

/** @throws TooLarge when an amount is past the integers that a number can hold */
export function checkExact(amounts: readonly Money[]): void {
  if (amounts.every(isExact)) return;
  throw new TooLarge("This costs more than can be paid in one order", Number.MAX_SAFE_INTEGER);
}
