/** What a cart comes to, for its reader and for its order; `reckoning.ts` says how rules change prices. */
import { minus, sumAmounts, toMinor } from "../../base/money.ts";
import { CodeNotAccepted, type Promotion } from "../../promotions/promotion.ts";
import { lowersPrice } from "../../promotions/price-rule.ts";
import { type OrderRules, scopedConditions } from "./price-rules.ts";
import {
  type Adjustment,
  checkExact,
  type Line,
  listAdjustments,
  reckon,
  type Reckoning,
  type ScopedRule,
} from "./reckoning.ts";
import {
  type Cart,
  CartEmpty,
  type CartInstance,
  type CartLine,
  CurrencyMismatch,
  isOrderedUnnamed,
} from "./cart.ts";

/** What instances come to. */
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
  /** The conditions that gave something for what is bought, to be removed with it; what adds to a price stays. */
  readonly conditions: readonly { readonly instance: string; readonly name: string }[];
  /** The codes that were entered for what is bought, to be removed with it. */
  readonly codes: readonly { readonly instance: string; readonly code: string }[];
  /** The promotions that applied. */
  readonly applied: readonly Promotion[];
}

type LineOfInstance = CartLine & { readonly instance: string };

function listLines(instances: readonly CartInstance[]): LineOfInstance[] {
  return instances.flatMap(({ instance, lines }) => lines.map((line) => ({ ...line, instance })));
}

/**
 * What instances of one currency come to when they are ordered together, as their reader sees it; by their own
 * conditions where no rules are given.
 */
export function priceInstances(
  instances: readonly CartInstance[],
  rules: readonly ScopedRule[] = scopedConditions(instances),
): InstancePrice {
  const lines = listLines(instances);
  const currency = instances.find((each) => each.currency !== undefined)?.currency;
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

/** Lines with their shares. */
function pricedLines({ lines }: Reckoning<LineOfInstance>): PricedLine[] {
  return lines.map(({ line, list, net }) => {
    const { addedAtMs: _at, previousUnitPriceMinor: _before, perShopper: _most, ...facts } = line;
    return {
      ...facts,
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
  rules: readonly ScopedRule[],
  currency: string,
) {
  const reckoning = reckon(lines, rules, currency);
  const lists = reckoning.lines.map(({ list }) => list);
  checkExact([reckoning.total, sumAmounts(lists, currency)]);
  const priced = reckoning.lines.map(({ line, list, net }) => {
    const adjustmentMinor = toMinor(minus(net, list));
    return { ...line, lineTotalMinor: toMinor(list), adjustmentMinor };
  });
  const adjustments = listAdjustments(reckoning, currency);
  return { lines: priced, totalMinor: toMinor(reckoning.total), adjustments };
}

/** The instances to order; undefined asks for all but those kept for later. */
export function listWanted(cart: Cart, names: readonly string[] | undefined): CartInstance[] {
  const wanted = names && new Set(names);
  const isWanted = (name: string): boolean => wanted?.has(name) ?? isOrderedUnnamed(name);
  return [...cart.instances.values()].filter(({ instance }) => isWanted(instance));
}

function commonCurrency(instances: readonly CartInstance[]): string {
  const [currency, ...others] = instances.map((instance) => instance.currency ?? "");
  const other = others.find((candidate) => candidate !== currency);
  if (other !== undefined) throw new CurrencyMismatch(currency!, other);
  return currency!;
}

/** By their own conditions alone. */
const byConditions = (instances: readonly CartInstance[]): OrderRules => {
  return { rules: scopedConditions(instances), applied: [], refused: [] };
};

/**
 * What ordering these instances of a cart comes to (by default all but `wishlist` and `saved`): the same numbers that
 * their readers see (P2), who are shown the same rules. A promotion applies once to all of it, however it is spread.
 *
 * @throws CartEmpty when they have no lines, CurrencyMismatch when they do not add up, TooLarge when
 * the total is past the integers that a number can hold, CodeNotAccepted when a code that was entered does not
 * apply; nothing is written here
 */
export function priceForOrder(
  cart: Cart,
  instances?: readonly string[],
  rulesFor: (wanted: readonly CartInstance[]) => OrderRules = byConditions,
): OrderPrice {
  const wanted = listWanted(cart, instances);
  const ordered = wanted.filter(({ lines }) => lines.length > 0);
  if (ordered.length === 0) throw new CartEmpty();
  const currency = commonCurrency(ordered);
  // A code counts for all of it, also where nothing stands beside it.
  const { rules, applied, refused } = rulesFor(wanted);
  const [first] = refused;
  if (first) throw new CodeNotAccepted(first.code, first.reason, { instance: first.instance });
  const reckoning = reckon(listLines(ordered), rules, currency);
  const lists = reckoning.lines.map(({ list }) => list);
  checkExact([reckoning.total, sumAmounts(lists, currency)]);
  return {
    lines: pricedLines(reckoning),
    totalMinor: toMinor(reckoning.total),
    currency,
    adjustments: listAdjustments(reckoning, currency),
    instances: ordered.map(({ instance }) => instance),
    // What an administrator gave was for what is bought now; what adds to a price is for what comes next as well.
    conditions: ordered.flatMap(({ instance, conditions }) =>
      conditions.filter(lowersPrice).map(({ name }) => ({ instance, name })),
    ),
    codes: wanted.flatMap(({ instance, codes = [] }) =>
      codes.map(({ code }) => ({ instance, code })),
    ),
    applied,
  };
}
