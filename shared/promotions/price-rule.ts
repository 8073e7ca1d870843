/** What a rule that changes a price says, whoever made it: a cart's condition or a promotion. */

/** What a rule is counted on. */
export const conditionTargets = ["item", "subtotal", "total"] as const;

/** One of these. */
export type ConditionTarget = (typeof conditionTargets)[number];

/** `-10%`, `+19.5%`, `+500`: a sign, digits, and up to four decimals for per cent. */
export const conditionValuePattern = /^([+-])(?:(\d{1,4})(?:\.(\d{1,4}))?%|(\d{1,10}))$/;

/** A discount, tax, shipping or fee; the carts' `pricing.ts` says what it comes to. */
export interface PriceRule {
  readonly name: string;
  /** What it is called in front of shoppers: `discount`, `tax`, `shipping`, `fee` … */
  readonly type: string;
  readonly target: ConditionTarget;
  /** Per cent or minor units with a sign: `-10%`, `+500`. */
  readonly value: string;
  /** The only item that it is for, where its target is `item`; without it, every line. */
  readonly itemId?: string | undefined;
  /** The only kind of items that it is for, where its target is `item`. */
  readonly kind?: string | undefined;
  /** Rules of one target are applied in this order, and by name where it is equal. */
  readonly order: number;
  /** The code of the promotion that it is. */
  readonly code?: string | undefined;
  /** Whether it applies by itself. */
  readonly automatic?: boolean | undefined;
}

/** Whether a rule takes from a price; what adds to one never does. */
export const lowersPrice = ({ value }: Pick<PriceRule, "value">): boolean => value.startsWith("-");

/** Whether a rule on items is for this line. */
export function isMeant(
  rule: Pick<PriceRule, "itemId" | "kind">,
  line: { readonly itemId: string; readonly kind: string },
): boolean {
  const { itemId = line.itemId, kind = line.kind } = rule;
  return itemId === line.itemId && kind === line.kind;
}

/** The order in which rules of one target apply: whoever reckons has to keep it. */
export function compareRules(one: PriceRule, other: PriceRule): number {
  const [a, b] = [one, other].map(({ name, code = "" }) => `${name}\u0000${code}`);
  return one.order - other.order || (a! < b! ? -1 : Number(a! > b!));
}
