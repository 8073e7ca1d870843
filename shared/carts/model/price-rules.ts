/** Which rules change the prices of what is ordered together: conditions, automatic promotions, and codes that apply. */
import type { EpochMs } from "../../base/time.ts";
import type { PriceList } from "../../promotions/price-list.ts";
import { compareRules, isMeant } from "../../promotions/price-rule.ts";
import {
  areCombinable,
  type CodeRefusal,
  findCodeRefusal,
  makeRule,
  type Promotion,
} from "../../promotions/promotion.ts";
import { areOrderedTogether, type Cart, type CartInstance, selectInstance } from "./cart.ts";
import type { Line, ScopedRule } from "./reckoning.ts";

/** By which list, and at which instant, something is priced. */
export interface Pricing {
  readonly prices: PriceList;
  readonly nowMs: EpochMs;
}

/** A code that does not apply, why, and where it was entered. */
export interface RefusedCode {
  readonly code: string;
  readonly reason: CodeRefusal;
  readonly instance: string | undefined;
  readonly entered: Promotion;
}

/** What prices all that is ordered together. */
export interface OrderRules {
  /** In the order in which those of one target apply. */
  readonly rules: readonly ScopedRule[];
  /** The promotions among them. */
  readonly applied: readonly Promotion[];
  readonly refused: readonly RefusedCode[];
}

/** Lines with what an administrator and their shopper have put beside them: a named cart, or none. */
interface Priced extends Pick<CartInstance, "conditions" | "codes"> {
  readonly instance?: string;
  readonly lines: readonly Line[];
}

/** Every code in the cart, once. */
export function listCodes(cart: Cart): string[] {
  return listEntered([...cart.instances.values()]).map(({ entered }) => entered.code);
}

/** Each code that was entered for them, once: as it was seen last, where several have it. */
function listEntered(together: readonly Pick<Priced, "instance" | "codes">[]) {
  const byCode = new Map<string, Pick<RefusedCode, "instance" | "entered">>();
  for (const { instance, codes = [] } of together) {
    for (const entered of codes) {
      const known = byCode.get(entered.code);
      if (known && known.entered.revision >= entered.revision) continue;
      byCode.set(entered.code, { instance, entered });
    }
  }
  return [...byCode.values()].toSorted((a, b) => (a.entered.code < b.entered.code ? -1 : 1));
}

/** What an administrator has put beside them, each for the lines of its own named cart. */
export function scopedConditions(
  together: readonly Pick<Priced, "instance" | "conditions">[],
): ScopedRule[] {
  return together.flatMap(({ instance, conditions }) =>
    conditions.map((condition) => ({ ...condition, instance })),
  );
}

/** Lines at their unit prices. */
function sumLists(lines: readonly Line[]): bigint {
  return lines.reduce(
    (sum, { unitPriceMinor, quantity }) => sum + BigInt(unitPriceMinor) * BigInt(quantity),
    0n,
  );
}

/** What is ordered together with a named cart, itself included, where an order names none. */
function listTogether(cart: Cart, instance: string): CartInstance[] {
  const present = selectInstance(cart, instance);
  const { currency } = present;
  const others = [...cart.instances.values()].filter(
    (each) =>
      each.instance !== instance &&
      areOrderedTogether(each.instance, instance) &&
      (each.currency ?? currency) === (currency ?? each.currency),
  );
  return [present, ...others];
}

/** Whether it is for items of which there are none. */
function isForNone(promotion: Promotion, lines: readonly Line[]): boolean {
  return promotion.target === "item" && !lines.some((line) => isMeant(promotion, line));
}

/** Why a code does not apply to these lines, beside those that were accepted before it. */
function judge(
  promotion: Promotion | undefined,
  lines: readonly Line[],
  others: readonly Promotion[],
  nowMs: EpochMs,
): CodeRefusal | undefined {
  if (!promotion || promotion.automatic) return "unknown";
  const refusal = findCodeRefusal(promotion, { nowMs, subtotalMinor: sumLists(lines) });
  if (refusal) return refusal;
  if (isForNone(promotion, lines)) return "not_applicable";
  return areCombinable([...others, promotion]) ? undefined : "not_combinable";
}

/** Why a code cannot be entered for a named cart: it counts for all that is ordered together with it. */
export function judgeEntry(
  promotion: Promotion,
  cart: Cart,
  { instance, nowMs }: { readonly instance: string; readonly nowMs: EpochMs },
): CodeRefusal | undefined {
  const together = listTogether(cart, instance);
  const others = listEntered(together)
    .map(({ entered }) => entered)
    .filter(({ code }) => code !== promotion.code);
  const lines = together.flatMap((each) => each.lines);
  return judge(promotion, lines, others, nowMs);
}

/** Codes as they are now, where somebody has looked, else as they were entered; one after the other. */
function judgeCodes(together: readonly Priced[], { prices, nowMs }: Pricing) {
  const accepted: Promotion[] = [];
  const refused: RefusedCode[] = [];
  const lines = together.flatMap((each) => each.lines);
  for (const { instance, entered } of listEntered(together)) {
    const { code } = entered;
    const promotion = prices.codes?.has(code) ? prices.codes.get(code) : entered;
    const reason = judge(promotion, lines, accepted, nowMs);
    if (reason) refused.push({ code, reason, instance, entered });
    else accepted.push(promotion!);
  }
  return { accepted, refused };
}

/**
 * The rules for what is ordered together: named carts, or lines without one. Conditions are for their own named
 * cart; a promotion is judged by all lines, and applies once. What applies by itself and does not apply here is left
 * out; a code that does not apply is named, because it is never dropped without a word.
 */
export function selectRules(together: readonly Priced[], pricing: Pricing): OrderRules {
  const { prices, nowMs } = pricing;
  const lines = together.flatMap((each) => each.lines);
  const facts = { nowMs, subtotalMinor: sumLists(lines) };
  const automatic = lines.length > 0 ? prices.automatic : [];
  const { accepted, refused } = judgeCodes(together, pricing);
  const byThemselves = automatic.filter(
    (promotion) => !findCodeRefusal(promotion, facts) && !isForNone(promotion, lines),
  );
  const applied = [...byThemselves, ...accepted];
  const rules = [...scopedConditions(together), ...applied.map(makeRule)].toSorted(compareRules);
  return { rules, applied, refused };
}
