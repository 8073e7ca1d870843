/** What a cart comes to, for its reader and for its order; `reckoning.ts` says how rules change prices. */
import { minus, sumAmounts, toMinor } from "../../base/money.ts";
import type { PriceRule } from "../../promotions/price-rule.ts";
import { CodeNotAccepted, type Promotion } from "../../promotions/promotion.ts";
import type { InstanceRules } from "./price-rules.ts";
import {
  type Adjustment,
  checkExact,
  type Line,
  listAdjustments,
  reckon,
  type Reckoning,
} from "./reckoning.ts";
import {
  type Cart,
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
export interface PricedLine extends Omit<
  CartLine,
  "addedAtMs" | "previousUnitPriceMinor" | "perShopper"
> {
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
  /** What each rule did; the shares of a line add up to its adjustment. */
  readonly adjustments: readonly Adjustment[];
  /** The instances that have lines in the order. */
  readonly instances: readonly string[];
  /** The conditions that were counted, to be removed with what is bought. */
  readonly conditions: readonly { readonly instance: string; readonly name: string }[];
  /** The codes that were entered for what is bought, to be removed with it. */
  readonly codes: readonly { readonly instance: string; readonly code: string }[];
  /** The promotions that applied, once for each instance. */
  readonly applied: readonly Promotion[];
}

/** What an instance comes to, as its reader sees it; by its own conditions where no rules are given. */
export function priceInstance(
  instance: CartInstance,
  rules: readonly PriceRule[] = instance.conditions,
): InstancePrice {
  const { lines, currency } = instance;
  const count = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  if (currency === undefined) return { count, subtotalMinor: 0, totalMinor: 0, currency: null };
  const reckoning = reckon(lines, rules, currency);
  const lists = reckoning.lines.map(({ list }) => list);
  return {
    count,
    subtotalMinor: toMinor(sumAmounts(lists, currency)),
    totalMinor: toMinor(reckoning.total),
    currency,
  };
}

/** An instance's lines with their shares. */
function pricedLines(instance: string, { lines }: Reckoning<CartLine>): PricedLine[] {
  return lines.map(({ line, list, net }) => {
    const { addedAtMs: _at, previousUnitPriceMinor: _before, perShopper: _most, ...facts } = line;
    return {
      ...facts,
      instance,
      lineTotalMinor: toMinor(list),
      adjustmentMinor: toMinor(minus(net, list)),
    };
  });
}

/**
 * Lines of an order without a cart, with their shares of these rules.
 *
 * @throws TooLarge when they come to more than a number can hold exactly
 */
export function priceLines<L extends Line>(
  lines: readonly L[],
  rules: readonly PriceRule[],
  currency: string,
) {
  const reckoning = reckon(lines, rules, currency);
  const lists = reckoning.lines.map(({ list }) => list);
  checkExact([reckoning.total, sumAmounts(lists, currency)]);
  const priced = reckoning.lines.map(({ line, list, net }) => {
    const adjustmentMinor = toMinor(minus(net, list));
    return { ...line, lineTotalMinor: toMinor(list), adjustmentMinor };
  });
  const adjustments = listAdjustments(reckoning, 0, 0, currency);
  return { lines: priced, totalMinor: toMinor(reckoning.total), adjustments };
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

/** By its own conditions alone. */
const byConditions = ({ conditions }: CartInstance): InstanceRules => {
  return { rules: conditions, applied: [], refused: [] };
};

/**
 * What ordering these instances of a cart comes to (by default all but `wishlist` and `saved`): the same numbers that
 * their readers see (P2), who are shown the same rules.
 *
 * @throws CartEmpty when they have no lines, CurrencyMismatch when they do not add up, TooLarge when
 * the total is past the integers that a number can hold, CodeNotAccepted when a code that was entered does not
 * apply; nothing is written here
 */
export function priceForOrder(
  cart: Cart,
  instances?: readonly string[],
  rulesFor: (instance: CartInstance) => InstanceRules = byConditions,
): OrderPrice {
  const ordered = orderable(cart, instances);
  if (ordered.length === 0) throw new CartEmpty();
  const currency = commonCurrency(ordered);
  const reckoned = ordered.map((instance) => {
    const { rules, applied, refused } = rulesFor(instance);
    const [first] = refused;
    if (first) throw new CodeNotAccepted(first.code, first.reason, { instance: instance.instance });
    return { instance, applied, reckoning: reckon(instance.lines, rules, currency) };
  });
  const total = sumAmounts(
    reckoned.map(({ reckoning }) => reckoning.total),
    currency,
  );
  const lists = reckoned.flatMap(({ reckoning }) => reckoning.lines.map(({ list }) => list));
  checkExact([total, sumAmounts(lists, currency)]);
  let before = 0;
  const adjustments = reckoned.flatMap(({ reckoning }) => {
    const own = reckoning.lines.length;
    const listed = listAdjustments(reckoning, before, lists.length - before - own, currency);
    before += own;
    return listed;
  });
  return {
    lines: reckoned.flatMap(({ instance, reckoning }) => pricedLines(instance.instance, reckoning)),
    totalMinor: toMinor(total),
    currency,
    adjustments,
    instances: ordered.map(({ instance }) => instance),
    conditions: ordered.flatMap(({ instance, conditions }) =>
      conditions.map(({ name }) => ({ instance, name })),
    ),
    codes: ordered.flatMap(({ instance, codes = [] }) =>
      codes.map(({ code }) => ({ instance, code })),
    ),
    applied: reckoned.flatMap(({ applied }) => applied),
  };
}
