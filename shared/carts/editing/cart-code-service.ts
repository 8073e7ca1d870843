/** Promotion codes in carts: a shopper enters one, or takes it back. */
import { changeNote } from "../../base/actor.ts";
import type { Clock } from "../../base/time.ts";
import { parsePriceList, type PriceList } from "../../promotions/price-list.ts";
import { CodeNotAccepted, normalizeCode, type Promotion } from "../../promotions/promotion.ts";
import {
  parsePromotion,
  priceListPlace,
  promotionPlace,
} from "../../promotions/promotion-store.ts";
import { findUseRefusal, listUses } from "../../promotions/uses.ts";
import { ensureOwnUses, findUses } from "../../promotions/uses-store.ts";
import type { Database } from "../../table/database.ts";
import { type Cart, makeCartId, checkUnlocked } from "../model/cart.ts";
import { cartPlace, parseCart, parseReadCart } from "../storage/cart-row.ts";
import { enterCodeWrite, removeCodeWrite } from "./cart-code-store.ts";
import type { CartContents } from "../storage/cart-store.ts";
import { CartMoved, type EditRequest, makeEdit } from "../storage/cart-edits.ts";

/** What entering codes needs. */
export interface CartCodeOptions {
  readonly contents: CartContents;
  readonly database: Database;
  readonly clock: Clock;
  readonly rememberPrices?: ((list: PriceList) => void) | undefined;
}

/** Makes the edits of codes. */
export function createCartCodes(options: CartCodeOptions) {
  const { contents, database, clock, rememberPrices } = options;

  /** Whether uses are left: a look for the shopper's sake; the order takes one or is refused. */
  async function checkUses(promotion: Promotion, { userId, actor }: EditRequest): Promise<void> {
    const uses = listUses(promotion, userId);
    const seen = await findUses(database, uses);
    for (const [index, use] of uses.entries()) {
      const reason = findUseRefusal(use, seen[index], clock());
      if (reason) throw new CodeNotAccepted(promotion.code, reason);
    }
    const note = changeNote("uses.changed", actor, clock());
    for (const [index, use] of uses.entries())
      await ensureOwnUses(database, use, seen[index], note);
  }

  return {
    /**
     * Enters a promotion code into a named cart, or refreshes one that is there. Two requests; where its uses
     * are limited one more, and another the first time that a shopper enters a code with a limit of their own.
     *
     * @throws CodeNotAccepted with the reason; CartLocked, TooLarge; nothing was changed
     * @example await carts.enterCode({ userId, sessionId, instance: "menu", actor }, "SUMMER")
     */
    async enterCode(request: EditRequest, entered: string): Promise<Cart> {
      const code = normalizeCode(entered);
      const { userId, sessionId } = request;
      const cartId = makeCartId(userId, sessionId);
      const places = [cartPlace(cartId), priceListPlace(cartId), promotionPlace(code)];
      const [row, listRow, promotionRow] = await database.getTogether(places);
      const cart = parseReadCart(cartId, row);
      const promotion = parsePromotion(promotionRow);
      rememberPrices?.({ ...parsePriceList(listRow), codes: new Map([[code, promotion]]) });
      const edit = makeEdit(request, "cart.code_entered", clock());
      checkUnlocked(cart, edit.nowMs);
      if (!promotion) throw new CodeNotAccepted(code, "unknown");
      // Judged before anything is made for it, and again by the cart that gets it.
      enterCodeWrite(edit, cart, promotion);
      await checkUses(promotion, request);
      const plan = (current: Cart) => enterCodeWrite(edit, current, promotion);
      return contents.settle(cart, plan, request.keyed);
    },

    /**
     * Takes a code back, if it is there. One request. Safe to repeat.
     *
     * @throws CartLocked; nothing was changed
     * @example await carts.removeCode(at, "SUMMER")
     */
    async removeCode(request: EditRequest, entered: string): Promise<Cart> {
      const cartId = makeCartId(request.userId, request.sessionId);
      const edit = makeEdit(request, "cart.code_removed", clock());
      try {
        const write = removeCodeWrite(edit, normalizeCode(entered));
        return await contents.apply(cartId, write, request.keyed);
      } catch (error) {
        if (!(error instanceof CartMoved)) throw error;
        await contents.bindOnly(request.keyed);
        return parseCart(cartId, error.found);
      }
    },
  };
}
