/** Asks providers what came of an order's transactions, because a webhook can be lost for good. */
import type { Actor } from "../base/actor.ts";
import type { Order } from "../orders/order.ts";
import type { PaymentFact } from "../providers/provider.ts";
import type { ReceivingOptions } from "./receiving.ts";

/** Does to an order what a fact asks for; hands the very order back where that is nothing. */
export type Settle = (order: Order, fact: PaymentFact, actor: Actor) => Promise<Order>;

/** Makes `recheck`; the payment service says what it guarantees. */
export function createRechecking(
  { providers, logger, alarm }: Pick<ReceivingOptions, "providers" | "logger" | "alarm">,
  settle: Settle,
) {
  return async function recheck(order: Order, actor: Actor): Promise<Order> {
    let current = order;
    for (const [transactionId, name] of Object.entries(order.payment?.transactions ?? {})) {
      const fact = await providers[name]?.findPayment(transactionId);
      if (fact?.orderId !== order.orderId) continue;
      const known = await settle(current, fact, actor);
      if (known !== current && fact.kind === "captured") {
        logger.warn("A capture that no webhook told of", { orderId: order.orderId, transactionId });
        alarm("UntoldCapture");
      }
      current = known;
    }
    return current;
  };
}
