/** The writes by which an order gets more time, with everything that it holds and its cart's lock. */
import type { ChangeNote } from "../base/actor.ts";
import { extendCheckoutWrite } from "../carts/checkout/cart-checkout-store.ts";
import { extendAllowanceWrites } from "../orders/allowance-store.ts";
import { extendPieces, extendWrite, listHoldings } from "../orders/holdings.ts";
import type { Order } from "../orders/order.ts";
import { extendCountWrites } from "../orders/shopper-store.ts";
import type { Write } from "../table/write.ts";
import { withDue } from "./outcome.ts";
import { changeOrderWrite } from "./payment-store.ts";

/** An order that is about to get the deadline of `next`, and the transaction that its cart's lock names. */
interface Extension {
  readonly order: Order;
  readonly next: Order;
  readonly transactionId: string;
  readonly note: ChangeNote;
}

/**
 * The order, every hold, the shopper's counts and the cart's lock, for one transaction: all of them learn of the
 * later deadline, or none does. `next` is the order as it is then.
 */
export function extendOrder({ order, next, transactionId, note }: Extension) {
  const { orderId, cart } = order;
  const { expiresAtMs } = next;
  const pieces = extendPieces(order, expiresAtMs);
  const moved = withDue(pieces ? { ...next, pieces } : next, expiresAtMs);
  const ofCart = cart && { cartId: cart.cartId, orderId, transactionId, expiresAtMs, note };
  const writes: Write[] = [
    changeOrderWrite(order, moved, note),
    ...listHoldings(order, note).map((holding) => extendWrite(holding, expiresAtMs)),
    ...extendCountWrites(order, expiresAtMs),
    ...extendAllowanceWrites(order, expiresAtMs),
    ...(ofCart ? [extendCheckoutWrite(ofCart)] : []),
  ];
  return { next: moved, writes };
}
