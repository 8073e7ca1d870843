/** Uses of limited promotions: what an order takes of them, and how many are left. */
import { HoldfastError } from "../base/errors.ts";
import { makeShopperUsesId } from "../base/uses-id.ts";
import type { EpochMs } from "../base/time.ts";
import { expiredUnits } from "../inventory/buckets.ts";
import type { Demand, Price, Stock } from "../inventory/stock.ts";
import type { Promotion } from "./promotion.ts";

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
export function makeShopperMark(most: number): Price {
  return { amountMinor: most, currency: noCurrency };
}

/** What an order wants of uses, and whose refusal means what. */
export type UsesDemand = Demand & { readonly price: Price };

/** What one use of a promotion by this shopper takes: nothing where nothing is limited. */
export function listUses(promotion: Promotion, userId: string): UsesDemand[] {
  const { usesId, maxUses, maxUsesPerShopper } = promotion;
  return [
    ...(maxUses === undefined ? [] : [{ itemId: usesId, quantity: 1, price: makeMark(promotion) }]),
    ...(maxUsesPerShopper === undefined
      ? []
      : [
          {
            itemId: makeShopperUsesId(usesId, userId),
            quantity: 1,
            price: makeShopperMark(maxUsesPerShopper),
          },
        ]),
  ];
}

/** How many uses somebody could take at this instant; below 0 where a limit was lowered under what was used. */
export function countUsesLeft(stock: Stock, nowMs: EpochMs): number {
  return stock.available + expiredUnits(stock, nowMs);
}
