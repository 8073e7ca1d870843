/** What two carts of one user become when they are merged, for example when a guest signs in. */
import { isDeepStrictEqual } from "node:util";
import {
  type Cart,
  type CartCondition,
  type CartInstance,
  type CartLine,
  CurrencyMismatch,
  areOrderedTogether,
  selectInstance,
} from "./cart.ts";
import { areCombinable, maxCodes, type Promotion } from "../../promotions/promotion.ts";
import { checkLineQuantity } from "./cart-limits.ts";
import { indexLines } from "./cart-lines.ts";

/** Whose quantity counts where both carts have a line: both, the larger one, or the target's. */
export const mergeStrategies = ["sum", "max", "keep"] as const;

/** One of these. */
export type MergeStrategy = (typeof mergeStrategies)[number];

const quantities: Readonly<Record<MergeStrategy, (mine: number, theirs: number) => number>> = {
  sum: (mine, theirs) => mine + theirs,
  max: Math.max,
  keep: (mine) => mine,
};

function mergedLines(
  target: readonly CartLine[],
  source: readonly CartLine[],
  strategy: MergeStrategy,
): CartLine[] {
  const [mine, theirs] = [indexLines(target), indexLines(source)];
  const both = [...mine].map(([lineId, line]) => {
    const other = theirs.get(lineId);
    if (!other) return { ...line, lineId };
    const quantity = quantities[strategy](line.quantity, other.quantity);
    checkLineQuantity(quantity);
    return { ...line, lineId, quantity };
  });
  const others = [...theirs].filter(([lineId]) => !mine.has(lineId));
  return [...both, ...others.map(([lineId, line]) => ({ ...line, lineId }))];
}

/** What of a name is kept before a number, so that both together are still a name. */
const longestStem = 120;

/** The first of `name`, `name (2)`, `name (3)` … that none of them has. */
function freeName(name: string, among: readonly CartCondition[]): string {
  const taken = new Set(among.map((condition) => condition.name));
  let candidate = name;
  for (let number = 2; taken.has(candidate); number += 1) {
    candidate = `${name.slice(0, longestStem)} (${number})`;
  }
  return candidate;
}

/**
 * The conditions of both: administrators set them, so a shopper's merge must not make one of them go. Two of
 * one name that say the same are one; where they differ, the source's goes along under a name of its own.
 */
function mergedConditions(
  target: readonly CartCondition[],
  source: readonly CartCondition[],
): CartCondition[] {
  const merged = [...target];
  for (const condition of source) {
    if (target.some((known) => isDeepStrictEqual(known, condition))) continue;
    merged.push({ ...condition, name: freeName(condition.name, merged) });
  }
  return merged;
}

/** Codes by the named cart that they are entered for. */
type Entered = ReadonlyMap<string, readonly Promotion[]>;

/** The codes of both, as far as they go together and a cart takes so many: those of the target go first. */
function mergedCodes(target: Cart, source: Cart): Entered {
  const merged = new Map(
    [...target.instances.values()].map(({ instance, codes = [] }) => [instance, codes]),
  );
  for (const { instance, codes = [] } of source.instances.values()) {
    for (const entered of codes) {
      const own = merged.get(instance) ?? [];
      const all = [...merged.values()].flat();
      const company = [...merged].flatMap(([name, known]) =>
        areOrderedTogether(name, instance) ? known : [],
      );
      // Entered once more it is still one, which counts for all that is ordered together.
      const isKnown = company.some(({ code }) => code === entered.code);
      const fits = all.length < maxCodes && areCombinable([...company, entered]);
      if (!isKnown && fits) merged.set(instance, [...own, entered]);
    }
  }
  return merged;
}

function mergedInstance(
  target: CartInstance,
  source: CartInstance,
  strategy: MergeStrategy,
  codes: readonly Promotion[],
): CartInstance {
  const [mine, theirs] = [target.currency, source.currency];
  if (mine !== undefined && theirs !== undefined && mine !== theirs) {
    throw new CurrencyMismatch(mine, theirs);
  }
  const currency = mine ?? theirs;
  return {
    instance: target.instance,
    lines: mergedLines(target.lines, source.lines, strategy),
    conditions: mergedConditions(target.conditions, source.conditions),
    ...(codes.length > 0 ? { codes } : {}),
    metadata: new Map([...source.metadata, ...target.metadata]),
    ...(currency === undefined ? {} : { currency }),
  };
}

/**
 * The target's instances with the source's put in. Where both have a line with the same attributes, the
 * target's price stays and the strategy decides on the quantity; where both have a metadata value of one name,
 * the target's stays. The conditions of both go along, and so do codes that go together.
 *
 * @throws CurrencyMismatch when a named cart has lines of different currencies in the two
 */
export function mergedInstances(
  target: Cart,
  source: Cart,
  strategy: MergeStrategy,
): CartInstance[] {
  const names = new Set([...target.instances.keys(), ...source.instances.keys()]);
  const codes = mergedCodes(target, source);
  return [...names].map((name) => {
    const [mine, theirs] = [selectInstance(target, name), selectInstance(source, name)];
    return mergedInstance(mine, theirs, strategy, codes.get(name) ?? []);
  });
}
