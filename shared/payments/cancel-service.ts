/** Cancels orders whose money may be under way: the provider is asked before and told after. */
import type { Actor } from "../base/actor.ts";
import type { Logger } from "../base/logger.ts";
import { type Order, type OrderCaller, OrderNotPayable } from "../orders/order.ts";
import type { OrderService } from "../orders/order-service.ts";
import { ProviderFailed } from "../providers/provider.ts";
import type { PaymentService } from "./payment-service.ts";
import { CaptureUnsettled } from "./rechecking.ts";

/** What cancelling is made of. */
export interface CancellingOptions {
  readonly orders: Pick<OrderService, "get" | "end">;
  readonly payments: Pick<PaymentService, "abandon" | "recheck">;
  readonly logger: Logger;
}

/** A wish to end an order that waits for its money. */
export interface CancelWish {
  readonly orderId: string;
  readonly caller: OrderCaller;
  readonly actor: Actor;
  readonly reason?: string | undefined;
}

/** Makes the service. */
export function createCancelling({ orders, payments, logger }: CancellingOptions) {
  /** The order with what its provider knows; one that cannot be asked keeps nobody from cancelling, money that came does. */
  async function lookFirst(order: Order, actor: Actor): Promise<Order> {
    try {
      return await payments.recheck(order, actor);
    } catch (error) {
      if (!(error instanceof ProviderFailed) || error instanceof CaptureUnsettled) throw error;
      const { orderId } = order;
      logger.warn("Cancelled without asking the provider", { orderId, reason: error.reason });
      return order;
    }
  }

  return {
    /**
     * Ends a pending order: its units can be bought and its cart edited from this instant, and where the
     * provider can, it takes no more money. Two requests, and what a payment that was found costs. Repeating
     * it answers with the cancelled order.
     *
     * @throws OrderNotPayable when the order is past pending, when a bank is at work on its payment (`reason:
     *   "payment_processing"`), or when it turned out to be paid: then it is settled
     * @throws CaptureUnsettled when it was paid, but the provider cannot say now whether that went back; nothing was changed
     * @example await cancelling.cancel({ orderId: "ord_x", caller, actor: { id: "alice" } })
     */
    async cancel({ orderId, caller, actor, reason }: CancelWish): Promise<Order> {
      const order = await orders.get(orderId, caller);
      const known = order.status === "pending" ? await lookFirst(order, actor) : order;
      const ended = await orders.end(known, actor, reason);
      const left = await payments.abandon(ended, actor);
      if (left.status === "cancelled") return left;
      throw new OrderNotPayable(left);
    },
  };
}

/** See `createCancelling`. */
export type Cancelling = ReturnType<typeof createCancelling>;
