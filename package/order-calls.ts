/** What can be asked of orders that stand alone: checked, done once, answered with the order. */
import type { Actor } from "../shared/base/actor.ts";
import { createOrderService } from "../shared/orders/order-service.ts";
import { createSweep } from "../shared/payments/sweep.ts";
import { createMoneyCalls, outside } from "./money-calls.ts";
import type { OrderView } from "./order-parts.ts";
import type { OrderAccess, OrderWish } from "./order-wishes.ts";
import {
  answer,
  asCaller,
  createReadingCalls,
  placeOrder,
  type PlacingParts,
} from "./placing-calls.ts";

/** There is no provider to ask what came of an order: trusted code says so. */
const nobodyToAsk = {
  recheck: async <T>(order: T): Promise<T> => order,
  abandon: async <T>(order: T): Promise<T> => order,
  retryRefunds: async <T>(order: T): Promise<T> => order,
};

/** Makes the calls. */
export function createOrderCalls(parts: PlacingParts) {
  const service = createOrderService(parts);
  const sweep = createSweep({ ...parts, orders: service, payments: nobodyToAsk });
  return {
    /**
     * Places an order: every line is held until its deadline, or none is. Two requests, three where expired holds have to be
     * taken over. Repeating it answers with the order as it is now, whatever things cost by then. One that comes to 0 is paid.
     *
     * @throws ItemsUnavailable naming every line that cannot be had; nothing was held
     * @throws IdempotencyKeyReused when the key came with another wish before; nothing was held
     * @throws HoldfastError `TOTAL_CHANGED`, `LIMIT_EXCEEDED`, `TOO_LARGE`, `CURRENCY_MISMATCH`; nothing was held
     * @throws TryAgain when others kept getting in between; nothing was held
     * @example await orders.place({ userId: "ann", items: [{ itemId: "stalls", quantity: 2 }], idempotencyKey: "booking-7" });
     */
    place: (wish: OrderWish): Promise<OrderView> => placeOrder(parts, wish, outside),

    ...createReadingCalls(service),

    /**
     * Ends a pending order: its units are free from this instant. Two requests; repeating it answers with the cancelled order.
     *
     * @throws OrderNotFound also when it is not the user's who was named
     * @throws OrderNotPayable when it is past pending; nothing was changed
     */
    async cancel(
      orderId: string,
      access: OrderAccess & { readonly reason?: string; readonly actor?: Actor } = {},
    ): Promise<OrderView> {
      const { userId, reason, actor = { id: userId ?? "orders" } } = access;
      return answer(service.cancel(orderId, asCaller(access), actor, reason));
    },

    ...createMoneyCalls(parts),

    /**
     * Says `expired` of orders whose time is over, and counts their units as free for who only looks at levels. Never needed for
     * safety: who wants them takes them over. Safe to repeat, and to run twice at once. It asks no
     * provider: an order that was paid in its last instants has to be told of by `markPaid`, which sells it or has it paid back.
     *
     * @returns how many it ended, how many orders still owe money to who paid, and how many it could not help now
     */
    async sweep(actor: Actor = { id: "system:sweep" }) {
      const { expiredOrders, refundsTried: refundsDue, failures } = await sweep(actor);
      return { expiredOrders, refundsDue, failures };
    },
  };
}
