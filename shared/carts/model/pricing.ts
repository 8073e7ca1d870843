/**
 * What a cart comes to. Integers only; the one rounding rule is in `base/money.ts`.
 *
 * Conditions apply in three stages, within each in their order:
 * 1. `item`: to the line's total (all lines, or only `itemId`). An amount counts once per unit.
 * 2. `subtotal`: to the sum of the lines after stage 1, running.
 * 3. `total`: to the sum after stage 2, running.
 * Per cent are taken of the running amount and rounded once. No running amount falls below 0: what a
 * discount would take beyond that is lost. An instance without lines costs nothing, fees or not.
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
import { conditionValuePattern } from "../../promotions/price-rule.ts";
import {
  type Cart,
  type CartCondition,
  CartEmpty,
  type CartInstance,
  type CartLine,
  CurrencyMismatch,
} from "./cart.ts";

/** What one instance comes to. */
export interface InstancePrice {
  readonly count: number;
  /** Lines at their unit prices, before any condition. */
  readonly subtotalMinor: number;
  /** After all conditions. */
  readonly totalMinor: number;
  readonly currency: string | null;
}

/** One line of an order: its price and its share of the conditions. */
export interface PricedLine extends Omit<CartLine, "addedAtMs" | "previousUnitPriceMinor"> {
  readonly instance: string;
  readonly lineTotalMinor: number;
  /** What conditions add to this line (or take from it); it never takes more than the line. */
  readonly adjustmentMinor: number;
}

/** What an order of a cart is made of. */
export interface OrderPrice {
  /** Their totals and adjustments add up to `totalMinor` exactly. */
  readonly lines: readonly PricedLine[];
  readonly totalMinor: number;
  readonly currency: string;
  /** The instances that have lines in the order. */
  readonly instances: readonly string[];
  /** The conditions that were counted, to be removed with what is bought. */
  readonly conditions: readonly { readonly instance: string; readonly name: string }[];
}

/** The change that a condition makes to an amount, before the floor at 0; `units` multiply amounts. */
function computeEffect(
  { value }: CartCondition,
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

function applied(
  conditions: readonly CartCondition[],
  start: Money,
  units: number,
  currency: string,
): Money {
  return conditions.reduce(
    (amount, condition) =>
      atLeastZero(plus(amount, computeEffect(condition, amount, units, currency))),
    start,
  );
}

interface Reckoning {
  /** Each line at its unit price, and after the conditions on items. */
  readonly lines: readonly { readonly line: CartLine; readonly list: Money; readonly net: Money }[];
  readonly total: Money;
}

/** A line at its unit price, before any condition. */
export function lineTotal(line: CartLine, currency: string): Money {
  return times(money(line.unitPriceMinor, currency), line.quantity);
}

function reckon({ lines, conditions }: CartInstance, currency: string): Reckoning {
  const of = (target: CartCondition["target"]): CartCondition[] =>
    conditions.filter((condition) => condition.target === target);
  const onItems = of("item");
  const reckoned = lines.map((line) => {
    const list = lineTotal(line, currency);
    const own = onItems.filter(({ itemId }) => itemId === undefined || itemId === line.itemId);
    return { line, list, net: applied(own, list, line.quantity, currency) };
  });
  const sum = sumAmounts(
    reckoned.map(({ net }) => net),
    currency,
  );
  if (lines.length === 0) return { lines: [], total: sum };
  const subtotal = applied(of("subtotal"), sum, 1, currency);
  return { lines: reckoned, total: applied(of("total"), subtotal, 1, currency) };
}

/** What an instance comes to, as its reader sees it. */
export function priceInstance(instance: CartInstance): InstancePrice {
  const { lines, currency } = instance;
  const count = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  if (currency === undefined) return { count, subtotalMinor: 0, totalMinor: 0, currency: null };
  const reckoning = reckon(instance, currency);
  const lists = reckoning.lines.map(({ list }) => list);
  return {
    count,
    subtotalMinor: toMinor(sumAmounts(lists, currency)),
    totalMinor: toMinor(reckoning.total),
    currency,
  };
}

/** An instance's lines with their shares: of the conditions on them, and of those on the sums. */
function pricedLines(
  instance: string,
  { lines, total }: Reckoning,
  currency: string,
): PricedLine[] {
  const nets = lines.map(({ net }) => net);
  const shares = split(minus(total, sumAmounts(nets, currency)), nets);
  return lines.map(({ line, list, net }, index) => {
    const { addedAtMs: _since, previousUnitPriceMinor: _before, ...facts } = line;
    const adjustment = plus(minus(net, list), shares[index]!);
    return {
      ...facts,
      instance,
      lineTotalMinor: toMinor(list),
      adjustmentMinor: toMinor(adjustment),
    };
  });
}

/** Instances for what is kept for later: bought only by who names them. */
const keptForLater = new Set(["wishlist", "saved"]);

/** The instances to order that have lines; undefined asks for all but those kept for later. */
function orderable(cart: Cart, names: readonly string[] | undefined): CartInstance[] {
  const wanted = names && new Set(names);
  const isWanted = (name: string): boolean => wanted?.has(name) ?? !keptForLater.has(name);
  return [...cart.instances.values()].filter(
    ({ instance, lines }) => lines.length > 0 && isWanted(instance),
  );
}

function commonCurrency(instances: readonly CartInstance[]): string {
  const [currency, ...others] = instances.map((instance) => instance.currency ?? "");
  const other = others.find((candidate) => candidate !== currency);
  if (other !== undefined) throw new CurrencyMismatch(currency!, other);
  return currency!;
}

/**
 * What ordering these instances of a cart comes to (by default all but `wishlist` and `saved`): the same numbers that
 * their readers see (P2).
 *
 * @throws CartEmpty when they have no lines, CurrencyMismatch when they do not add up, TooLarge when
 * the total is past the integers that a number can hold; nothing is written here
 */
export function priceForOrder(cart: Cart, instances?: readonly string[]): OrderPrice {
  const ordered = orderable(cart, instances);
  if (ordered.length === 0) throw new CartEmpty();
  const currency = commonCurrency(ordered);
  const reckoned = ordered.map((instance) => ({
    instance,
    reckoning: reckon(instance, currency),
  }));
  const totals = reckoned.map(({ reckoning }) => reckoning.total);
  const lists = reckoned.flatMap(({ reckoning }) => reckoning.lines.map(({ list }) => list));
  const total = sumAmounts(totals, currency);
  if (![total, sumAmounts(lists, currency)].every(isExact)) {
    throw new TooLarge("This costs more than can be paid in one order", Number.MAX_SAFE_INTEGER);
  }
  return {
    lines: reckoned.flatMap(({ instance, reckoning }) =>
      pricedLines(instance.instance, reckoning, currency),
    ),
    totalMinor: toMinor(total),
    currency,
    instances: ordered.map(({ instance }) => instance),
    conditions: ordered.flatMap(({ instance, conditions }) =>
      conditions.map(({ name }) => ({ instance, name })),
    ),
  };
}
