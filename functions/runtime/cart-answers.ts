/** How carts are answered with: priced by the promotions of now, or of a moment ago. */
import { systemClock } from "../../shared/base/time.ts";
import type { Cart, CartAddress, InstanceAddress } from "../../shared/carts/model/cart.ts";
import { cartInstanceView, cartView } from "../../shared/carts/model/cart-view.ts";
import { listCodes, type Pricing } from "../../shared/carts/model/price-rules.ts";
import type { PriceService } from "../../shared/promotions/price-service.ts";
import { answer } from "./answer.ts";
import { etagHeader } from "./entity-tag.ts";

/** Makes the answers. */
export function createCartAnswers(prices: Pick<PriceService, "look">) {
  /** Readers see codes as they are now; automatic promotions, and all of it after an edit, a moment ago. */
  async function readPricing(cart: Cart, anew: boolean): Promise<Pricing> {
    const wanted = { reader: cart.cartId, anew };
    return { prices: await prices.look(listCodes(cart), wanted), nowMs: systemClock() };
  }

  /** A cart's version does not tell when promotions change what it comes to. */
  const exceedsTag = (cart: Cart, { prices: { revision } }: Pricing): boolean =>
    revision > 0 || listCodes(cart).length > 0;

  return {
    /** All instances; with `anew` the codes in them are looked at as they are now. */
    async wholeCart(cart: Cart, { userId, sessionId }: CartAddress, anew = false) {
      const pricing = await readPricing(cart, anew);
      const view = cartView(cart, { userId, sessionId }, pricing);
      const told = answer(200, view, etagHeader(cart.version));
      return { ...told, exceedsTag: exceedsTag(cart, pricing) };
    },

    /** One of them. */
    async instanceOfCart(cart: Cart, { instance }: InstanceAddress, anew = false) {
      const pricing = await readPricing(cart, anew);
      const view = cartInstanceView(cart, instance, pricing);
      const told = answer(200, view, etagHeader(cart.version));
      return { ...told, exceedsTag: exceedsTag(cart, pricing) };
    },
  };
}
