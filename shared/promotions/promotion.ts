/** What a promotion is, when it applies, and why a code is not accepted. */
import { HoldfastError } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";
import type { PriceRule } from "./price-rule.ts";

/** What an administrator says of a promotion. */
export interface PromotionFacts extends Omit<PriceRule, "code" | "automatic"> {
  /** Applies to every cart and order by itself; without it a shopper enters the code. */
  readonly automatic: boolean;
  /** Not before this instant. */
  readonly startsAtMs?: number | undefined;
  /** Not at this instant any more, nor later. */
  readonly endsAtMs?: number | undefined;
  /** Lines at their unit prices have to come to this much before it applies. */
  readonly minSubtotalMinor?: number | undefined;
  /** So many uses in all. A code only. */
  readonly maxUses?: number | undefined;
  /** So many uses by each shopper. A code only. */
  readonly maxUsesPerShopper?: number | undefined;
  /** Whether it goes together with other codes; with what applies by itself, every code does. */
  readonly combinable: boolean;
  readonly active: boolean;
}

/** A promotion as it is stored. */
export interface Promotion extends PromotionFacts {
  readonly code: string;
  /** Grows with every change, and goes on when a deleted promotion is made anew. */
  readonly revision: number;
  /** Names the rows that count its uses; another one for a promotion that was made anew. */
  readonly usesId: string;
}

/** Why a code is not accepted. */
export const codeRefusals = [
  "unknown",
  "not_started",
  "ended",
  "used_up",
  "used_by_you",
  "minimum_not_reached",
  "not_applicable",
  "not_combinable",
] as const;

/** One of these. */
export type CodeRefusal = (typeof codeRefusals)[number];

/** Automatic promotions that are active at once: each of them is reckoned with every cart. */
export const maxAutomaticPromotions = 20;

/** Codes in one cart: each may take two writes of an order's transaction, which has 100. */
export const maxCodes = 3;

/** Codes are told apart without a look at their case, as people type them. */
export function normalizeCode(entered: string): string {
  return entered.toUpperCase();
}

const sentences: Readonly<Record<CodeRefusal, string>> = {
  unknown: "There is no such code",
  not_started: "This code does not apply yet",
  ended: "This code does not apply any more",
  used_up: "This code has been used up",
  used_by_you: "You have used this code as often as you may",
  minimum_not_reached: "The cart does not come to the minimum of this code",
  not_applicable: "This code is for nothing that is in the cart",
  not_combinable: "This code does not go together with another one in the cart",
};

/** A promotion code does not apply; nothing was changed. `reason` says why. */
export class CodeNotAccepted extends HoldfastError {
  readonly reason: CodeRefusal;

  constructor(code: string, reason: CodeRefusal, more: Readonly<Record<string, unknown>> = {}) {
    super("CODE_NOT_ACCEPTED", sentences[reason], { promotionCode: code, reason, ...more });
    this.reason = reason;
  }
}

/** There is no promotion of this code. */
export class PromotionNotFound extends HoldfastError {
  constructor(code: string) {
    super("PROMOTION_NOT_FOUND", `There is no promotion ${code}`, { promotionCode: code });
  }
}

/** A promotion or the list changed since it was read; nothing was changed. */
export class PromotionMoved extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "The promotion was changed in the meantime");
  }
}

/** So many automatic promotions are active already; nothing was changed. */
export class TooManyAutomatic extends HoldfastError {
  constructor() {
    const limit = { name: "maxAutomaticPromotions", value: maxAutomaticPromotions };
    super("LIMIT_EXCEEDED", `At most ${limit.value} automatic promotions are active at once`, {
      limit,
    });
  }
}

/** Why a promotion does not apply at this instant to lines that come to so much; undefined when it does. */
export function findCodeRefusal(
  promotion: Pick<PromotionFacts, "active" | "startsAtMs" | "endsAtMs" | "minSubtotalMinor">,
  { nowMs, subtotalMinor }: { readonly nowMs: EpochMs; readonly subtotalMinor: bigint },
): CodeRefusal | undefined {
  const { active, startsAtMs = 0, endsAtMs = Number.POSITIVE_INFINITY } = promotion;
  if (!active) return "unknown";
  if (nowMs < startsAtMs) return "not_started";
  if (nowMs >= endsAtMs) return "ended";
  return subtotalMinor < BigInt(promotion.minSubtotalMinor ?? 0)
    ? "minimum_not_reached"
    : undefined;
}

/** Whether codes go together: one alone always does, several only if each of them says so. */
export function areCombinable(codes: readonly Pick<PromotionFacts, "combinable">[]): boolean {
  return codes.length < 2 || codes.every(({ combinable }) => combinable);
}

/** A promotion as the rule that it is. */
export function makeRule(promotion: Promotion): PriceRule {
  const { code, name, type, target, value, itemId, kind, order, automatic } = promotion;
  return { name, type, target, value, itemId, kind, order, code, automatic };
}
