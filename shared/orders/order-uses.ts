/** What an order takes of limited promotions, what it checks of the others, and what a refusal of these means. */
import { type ChangeNote, changeNote } from "../base/actor.ts";
import { pickShard } from "../base/ids.ts";
import type { Clock, EpochMs } from "../base/time.ts";
import { parseStock } from "../inventory/stock-store.ts";
import type { Stock } from "../inventory/stock.ts";
import type { PriceList } from "../promotions/price-list.ts";
import { lowersPrice } from "../promotions/price-rule.ts";
import { CodeNotAccepted, type Promotion } from "../promotions/promotion.ts";
import { stampCheck, stampCount } from "../promotions/promotion-store.ts";
import { findUseRefusal, isSeenAsIs, listUses, type Use } from "../promotions/uses.ts";
import { ensureOwnUses, findUses } from "../promotions/uses-store.ts";
import type { Database } from "../table/database.ts";
import type { TransactionRefused } from "../table/transaction.ts";
import type { Write } from "../table/write.ts";
import type { PlaceOrder } from "./order-request.ts";

/** What a transaction has to find and take for the promotions of an order. */
export interface PromotionParts {
  readonly uses: readonly Use[];
  /** Pass only while what is not limited is as it was priced: one for all that apply by themselves. */
  readonly checks: readonly Write[];
  /** When the first of those that lower the price ends, where one does. */
  readonly discountsEndAtMs?: number;
}

/** The earliest end of what lowers a price; taxes and fees only raise it. */
function findDiscountsEnd(applied: readonly Promotion[]): Pick<PromotionParts, "discountsEndAtMs"> {
  const discounts = applied.filter(lowersPrice);
  const discountsEndAtMs = Math.min(...discounts.map(({ endsAtMs = Infinity }) => endsAtMs));
  return Number.isFinite(discountsEndAtMs) ? { discountsEndAtMs } : {};
}

/** What the promotions that apply to an order, each once, ask of its transaction. */
export function planPromotions(
  applied: readonly Promotion[],
  prices: PriceList,
  { orderId, userId }: { readonly orderId: string; readonly userId: string },
): PromotionParts {
  const copy = pickShard(orderId, stampCount);
  // The row of its uses tells whether a limited one is as it was priced.
  const unlimited = applied.filter(({ automatic, maxUses }) => !automatic && maxUses === undefined);
  const isAutomatic = applied.some(({ automatic }) => automatic);
  return {
    uses: applied.flatMap((promotion) => listUses(promotion, userId)),
    ...findDiscountsEnd(applied),
    checks: [
      ...(isAutomatic ? [stampCheck(prices.revision, copy)] : []),
      ...unlimited.map(({ revision, code }) => stampCheck(revision, copy, code)),
    ],
  };
}

/** What became of uses and checks in a refused transaction. */
export interface UsesJudged {
  /** Rows of uses in which expired holds have to make room. */
  readonly rooms: ReadonlyMap<string, Stock>;
  /** Some promotion is another one than the order was priced by. */
  readonly isStale: boolean;
}

/** @throws CodeNotAccepted when the uses of a promotion, as it still is, are used up */
export function judgeUses(
  refused: TransactionRefused,
  attempt: { readonly uses: ReadonlyMap<Write, Use>; readonly checks: readonly Write[] },
  nowMs: EpochMs,
): UsesJudged {
  const rooms = new Map<string, Stock>();
  let isStale = attempt.checks.some((check) => refused.of(check));
  for (const [write, use] of attempt.uses) {
    const refusal = refused.of(write);
    if (!refusal) continue;
    const stock = refusal.found && parseStock(refusal.found);
    if (stock && isSeenAsIs(use, stock)) {
      const reason = findUseRefusal(use, stock, nowMs);
      if (reason) throw new CodeNotAccepted(use.code, reason);
      rooms.set(use.demand.itemId, stock);
    } else isStale = true;
  }
  return { rooms, isStale };
}

/** Brings a shopper's own rows to the limits of now, so that the next try finds them. One request, or one more a row. */
export async function ensureOwnRows(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  { actor }: PlaceOrder,
  uses: readonly Use[],
): Promise<void> {
  const own = uses.filter(({ isOwn }) => isOwn);
  const seen = await findUses(database, own);
  const note: ChangeNote = changeNote("uses.changed", actor, clock());
  for (const [index, use] of own.entries()) await ensureOwnUses(database, use, seen[index], note);
}
