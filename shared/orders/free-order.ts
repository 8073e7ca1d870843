/** Orders that cost nothing: paid when they are placed, because no provider takes a payment of nothing. */
import { type Actor, changeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import { purchaseWrite } from "../carts/checkout/cart-purchase-store.ts";
import type { Cart } from "../carts/model/cart.ts";
import type { Write } from "../table/write.ts";
import type { Order, PendingOrder } from "./order.ts";
import { listBought } from "./order-line.ts";

/** What stands where others have a provider's transaction: it names the order, so no provider's is ever the same. */
const freePaymentId = ({ orderId }: Pick<Order, "orderId">): string => `free_${orderId}`;

/** Whether nothing was to be paid for it: there is a record of what came back, but no payment. */
export function isFree(order: Pick<Order, "orderId" | "payment">): boolean {
  return order.payment?.paymentId === freePaymentId(order);
}

/** The order as it is placed: what costs nothing is paid at once, with no transaction of a provider. */
export function payIfFree(order: PendingOrder): Order {
  const { totalMinor, paymentMethod: provider, createdAtMs } = order;
  if (totalMinor > 0) return order;
  const name = freePaymentId(order);
  const payment = { provider, transactionId: name, paymentId: name };
  const none = { capturedMinor: 0, refundableMinor: 0, refunds: {} };
  const captured = { ...payment, ...none, capturedAtMs: createdAtMs };
  const { dueShard: _shard, dueAtMs: _atMs, isCounted: _open, ...facts } = order;
  return { ...facts, status: "paid", payment: captured };
}

/** What was bought leaves the cart in the order's own transaction. */
export function planPurchase(cart: Cart, order: Order, actor: Actor, nowMs: EpochMs): Write {
  const { orderId, lines, cart: ordered } = order;
  const { instances = [], conditions = [], codes = [] } = ordered ?? {};
  const note = changeNote("cart.paid", actor, nowMs);
  return purchaseWrite({
    cart,
    orderId,
    bought: listBought(lines),
    instances,
    conditions,
    codes,
    note,
  });
}
