/** Ends the checkout of a cart that stands alone: what was paid for leaves it, in the write that unlocks it. */
import { changeNote } from "../../base/actor.ts";
import { TransactionRefused } from "../../table/transaction.ts";
import { makeCartId } from "../model/cart.ts";
import type { CartCheckoutOptions, CheckoutRequest, LockedCart } from "./cart-checkout-service.ts";
import { completeWrite } from "./cart-checkout-store.ts";

/** Makes `complete`. */
export function createCartCompletion({ database, clock }: CartCheckoutOptions) {
  return {
    /**
     * Takes out what was paid for, with the discounts that were for it, and unlocks the cart; other instances and all
     * metadata stay. Money that comes after the lock's time finds its lines only where nobody has edited since. One
     * request. Repeating it is refused: by then nothing of it is there.
     *
     * @throws CheckoutGone when the cart is not the one that was paid for (any more); nothing was changed
     * @example await carts.complete({ userId, sessionId, orderId: "ord_1", actor }, locked)
     */
    async complete(request: CheckoutRequest, { cart, price }: LockedCart): Promise<void> {
      const { orderId, actor } = request;
      const write = completeWrite({
        cartId: makeCartId(request.userId, request.sessionId),
        orderId,
        version: cart.version,
        bought: price.lines,
        instances: price.instances,
        conditions: price.conditions,
        note: changeNote("cart.paid", actor, clock()),
      });
      try {
        // Not alone: a transaction carries a token, by which a lost answer takes effect once.
        await database.transact([write]);
      } catch (error) {
        throw error instanceof TransactionRefused ? error.refusals[0]!.error : error;
      }
    },
  };
}
