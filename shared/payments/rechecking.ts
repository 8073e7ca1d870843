/** Asks providers what came of an order's transactions, because a webhook can be lost for good. */
import type { Actor } from "../base/actor.ts";
import type { Order } from "../orders/order.ts";
import type { PaymentFact } from "../providers/provider.ts";
import type { ReceivingOptions } from "./receiving.ts";
import { capturedBy } from "./refunds/refund.ts";

/** Does to an order what a fact asks for; hands the very order back where that is nothing. */
export type Settle = (order: Order, fact: PaymentFact, actor: Actor) => Promise<Order>;

/** Makes both; the payment service says what they guarantee. */
export function createRechecking(
  { providers, logger, alarm }: Pick<ReceivingOptions, "providers" | "logger" | "alarm">,
  settle: Settle,
) {
  /** Settles what the provider was asked for: money that came and that no webhook told of may even be back again. */
  async function settleUnheard(order: Order, fact: PaymentFact, actor: Actor): Promise<Order> {
    const isNews = fact.kind === "captured" && capturedBy(order, fact.paymentId) === undefined;
    // Before it is settled: what is known is never asked for again, and is not to be sold for money that is back.
    const refunds = (isNews && (await providers[fact.provider]?.listRefunds(fact))) || [];
    const known = await settle(order, fact, actor);
    if (known === order || fact.kind !== "captured") return known;
    const { orderId, transactionId } = fact;
    logger.warn("A capture that no webhook told of", { orderId, transactionId });
    alarm("UntoldCapture");
    return refunds.length > 0
      ? settle(known, { ...fact, kind: "refunded", refunds }, actor)
      : known;
  }

  async function recheck(order: Order, actor: Actor): Promise<Order> {
    let current = order;
    for (const [transactionId, name] of Object.entries(order.payment?.transactions ?? {})) {
      const fact = await providers[name]?.findPayment(transactionId);
      if (fact?.orderId !== order.orderId) continue;
      current = await settleUnheard(current, fact, actor);
    }
    return current;
  }

  return { settleUnheard, recheck };
}
