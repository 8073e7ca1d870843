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
  /** Readers see the prices of now; an answer to an edit may show those of a moment ago. */
  async function readPricing(cart: Cart, anew: boolean): Promise<Pricing> {
    return { prices: await prices.look(listCodes(cart), { anew }), nowMs: systemClock() };
  }

  return {
    /** All instances; with `anew` the codes in them are looked at as they are now. */
    async wholeCart(cart: Cart, { userId, sessionId }: CartAddress, anew = false) {
      const view = cartView(cart, { userId, sessionId }, await readPricing(cart, anew));
      return answer(200, view, etagHeader(cart.version));
    },

    /** One of them. */
    async instanceOfCart(cart: Cart, { instance }: InstanceAddress, anew = false) {
      const view = cartInstanceView(cart, instance, await readPricing(cart, anew));
      return answer(200, view, etagHeader(cart.version));
    },
  };
}
