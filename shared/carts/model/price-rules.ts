/** Which rules change the prices of a named cart: its conditions, automatic promotions, and codes that apply. */
import type { EpochMs } from "../../base/time.ts";
import type { PriceList } from "../../promotions/price-list.ts";
import { compareRules, isMeant, type PriceRule } from "../../promotions/price-rule.ts";
import {
  areCombinable,
  type CodeRefusal,
  findCodeRefusal,
  makeRule,
  type Promotion,
} from "../../promotions/promotion.ts";
import type { Cart, CartInstance, CartLine } from "./cart.ts";

/** By which list, and at which instant, something is priced. */
export interface Pricing {
  readonly prices: PriceList;
  readonly nowMs: EpochMs;
}

/** A code that does not apply, and why. */
export interface RefusedCode {
  readonly code: string;
  readonly reason: CodeRefusal;
}

/** What prices a named cart. */
export interface InstanceRules {
  /** In the order in which those of one target apply. */
  readonly rules: readonly PriceRule[];
  /** The promotions among them. */
  readonly applied: readonly Promotion[];
  readonly refused: readonly RefusedCode[];
}

/** Lines with what an administrator and their shopper have put beside them: a named cart, or none. */
interface Priced extends Pick<CartInstance, "conditions" | "codes"> {
  readonly lines: readonly Pick<CartLine, "itemId" | "kind" | "quantity" | "unitPriceMinor">[];
}

/** Every code in the cart, once. */
export function listCodes(cart: Cart): string[] {
  const codes = [...cart.instances.values()].flatMap((each) => each.codes ?? []);
  return [...new Set(codes.map(({ code }) => code))];
}

/** Lines at their unit prices. */
function sumLists({ lines }: Priced): bigint {
  return lines.reduce(
    (sum, { unitPriceMinor, quantity }) => sum + BigInt(unitPriceMinor) * BigInt(quantity),
    0n,
  );
}

/** Why a code does not apply to these lines, beside those that were accepted before it. */
export function judgeCode(
  promotion: Promotion | undefined,
  instance: Priced,
  others: readonly Promotion[],
  nowMs: EpochMs,
): CodeRefusal | undefined {
  if (!promotion || promotion.automatic) return "unknown";
  const refusal = findCodeRefusal(promotion, { nowMs, subtotalMinor: sumLists(instance) });
  if (refusal) return refusal;
  return areCombinable([...others, promotion]) ? undefined : "not_combinable";
}

/** Codes as they are now, where somebody has looked, else as they were entered; one after the other. */
function judgeCodes(instance: Priced, { prices, nowMs }: Pricing) {
  const accepted: Promotion[] = [];
  const refused: RefusedCode[] = [];
  for (const entered of instance.codes ?? []) {
    const { code } = entered;
    const promotion = prices.codes?.has(code) ? prices.codes.get(code) : entered;
    const reason = judgeCode(promotion, instance, accepted, nowMs);
    if (reason) refused.push({ code, reason });
    else accepted.push(promotion!);
  }
  return { accepted, refused };
}

/**
 * The rules for a named cart, or for lines without one. What applies by itself and does not apply here is left
 * out; a code that does not apply is named, because it is never dropped without a word.
 */
export function selectRules(instance: Priced, pricing: Pricing): InstanceRules {
  const { lines, conditions } = instance;
  const { prices, nowMs } = pricing;
  const facts = { nowMs, subtotalMinor: sumLists(instance) };
  const automatic = lines.length > 0 ? prices.automatic : [];
  const { accepted, refused } = judgeCodes(instance, pricing);
  const applied = [
    ...automatic.filter((promotion) => !findCodeRefusal(promotion, facts)),
    ...accepted,
  ].filter((rule) => rule.target !== "item" || lines.some((line) => isMeant(rule, line)));
  if (applied.length === 0) return { rules: conditions, applied, refused };
  const rules = [...conditions, ...applied.map(makeRule)].toSorted(compareRules);
  return { rules, applied, refused };
}
