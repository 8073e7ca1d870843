/** How carts are answered with: read at the unit prices of now, and by the promotions of now or of a moment ago. */
import { systemClock } from "../../shared/base/time.ts";
import { cartAtPrices } from "../../shared/carts/checkout/cart-repricing.ts";
import {
  type Cart,
  type CartAddress,
  type InstanceAddress,
  liveLock,
} from "../../shared/carts/model/cart.ts";
import { cartInstanceView, cartView } from "../../shared/carts/model/cart-view.ts";
import { listCodes } from "../../shared/carts/model/price-rules.ts";
import type { CartService } from "../../shared/carts/cart-service.ts";
import type { PriceService } from "../../shared/promotions/price-service.ts";
import { answer } from "./answer.ts";
import { etagHeader } from "./entity-tag.ts";

/** Makes the answers. */
export function createCartAnswers(
  prices: Pick<PriceService, "look">,
  carts: Pick<CartService, "lookAtSale">,
) {
  /** Readers see codes and items as they are now; automatic promotions, and all of it after an edit, a moment ago. */
  async function readShowing(cart: Cart, anew: boolean) {
    const [list, sale] = await Promise.all([
      prices.look(listCodes(cart), { reader: cart.cartId, anew }),
      carts.lookAtSale(cart, { anew }),
    ]);
    return { prices: list, ...sale, nowMs: systemClock() };
  }

  type Showing = Awaited<ReturnType<typeof readShowing>>;

  /** What is being paid for is shown at the prices that it is paid at. */
  const atPricesOfNow = (cart: Cart, { unitPrices, nowMs }: Showing): Cart =>
    liveLock(cart, nowMs) ? cart : cartAtPrices(cart, unitPrices);

  /** A cart's version does not tell when prices or promotions change what it comes to, nor when an item is withdrawn. */
  const exceedsTag = (cart: Cart, { prices: { revision }, mayChange }: Showing): boolean =>
    revision > 0 || mayChange || listCodes(cart).length > 0;

  return {
    /** All instances; with `anew` the codes in them are looked at as they are now. */
    async wholeCart(cart: Cart, { userId, sessionId }: CartAddress, anew = false) {
      const showing = await readShowing(cart, anew);
      const view = cartView(atPricesOfNow(cart, showing), { userId, sessionId }, showing);
      const told = answer(200, view, etagHeader(cart.version));
      return { ...told, exceedsTag: exceedsTag(cart, showing) };
    },

    /** One of them. */
    async instanceOfCart(cart: Cart, { instance }: InstanceAddress, anew = false) {
      const showing = await readShowing(cart, anew);
      const view = cartInstanceView(atPricesOfNow(cart, showing), instance, showing);
      const told = answer(200, view, etagHeader(cart.version));
      return { ...told, exceedsTag: exceedsTag(cart, showing) };
    },
  };
}

/** See `createCartAnswers`. */
export type CartAnswers = ReturnType<typeof createCartAnswers>;
