/** Uses of limited promotions: what an order takes of them, and how many are left. */
import { HoldfastError } from "../base/errors.ts";
import { makeShopperUsesId } from "../base/uses-id.ts";
import type { EpochMs } from "../base/time.ts";
import { expiredUnits } from "../inventory/buckets.ts";
import type { Demand, Price, Stock } from "../inventory/stock.ts";
import type { CodeRefusal, Promotion } from "./promotion.ts";

/** Uses have no price and no currency; `XXX` is ISO's word for that. */
const noCurrency = "XXX";

/** A row of uses is another one than was read; nothing was changed. */
export class UsesChanged extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "The uses of this promotion were changed in the meantime");
  }
}

/** The mark of the row of all uses: the promotion's revision, so that whoever takes one has seen it. */
export function makeMark({ revision }: Pick<Promotion, "revision">): Price {
  return { amountMinor: revision, currency: noCurrency };
}

/** The mark of a shopper's row: how many uses it is about. */
function makeShopperMark(most: number): Price {
  return { amountMinor: most, currency: noCurrency };
}

/** One use of a promotion, as an order takes it: of all uses that there are, or of the shopper's own. */
export interface Use {
  readonly code: string;
  readonly isOwn: boolean;
  readonly demand: Demand & { readonly price: Price };
}

/** What one use of a promotion by this shopper takes: nothing where nothing is limited. */
export function listUses(promotion: Promotion, userId: string): Use[] {
  const { code, usesId, maxUses, maxUsesPerShopper: own } = promotion;
  const take = (itemId: string, price: Price, isOwn: boolean): Use => {
    return { code, isOwn, demand: { itemId, quantity: 1, price } };
  };
  return [
    ...(maxUses === undefined ? [] : [take(usesId, makeMark(promotion), false)]),
    ...(own === undefined
      ? []
      : [take(makeShopperUsesId(usesId, userId), makeShopperMark(own), true)]),
  ];
}

/** How many uses somebody could take at this instant; below 0 where a limit was lowered under what was used. */
function countUsesLeft(stock: Stock, nowMs: EpochMs): number {
  return stock.available + expiredUnits(stock, nowMs);
}

/** Whether a row of uses is the one that the use was planned with. */
export function isSeenAsIs({ demand }: Use, stock: Stock): boolean {
  return demand.price.amountMinor === stock.amountMinor;
}

/** Why a use cannot be taken of its row as it was seen; a row that is not there yet has all of its uses. */
export function findUseRefusal(
  { isOwn, demand }: Use,
  stock: Stock | undefined,
  nowMs: EpochMs,
): CodeRefusal | undefined {
  if (!stock) return undefined;
  // A shopper's row tells by its mark for which limit it was made; it is brought to that of now.
  const raised = isOwn ? demand.price.amountMinor - stock.amountMinor : 0;
  if (countUsesLeft(stock, nowMs) + raised >= demand.quantity) return undefined;
  return isOwn ? "used_by_you" : "used_up";
}
