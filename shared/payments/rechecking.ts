/** Asks providers what came of an order's transactions, because a webhook can be lost for good. */
import type { Actor } from "../base/actor.ts";
import type { Order } from "../orders/order.ts";
import { type PaymentFact, ProviderFailed, type ToldRefund } from "../providers/provider.ts";
import type { ReceivingOptions } from "./receiving.ts";
import { capturedBy } from "./refunds/refund.ts";

/** Does to an order what a fact asks for; hands the very order back where that is nothing. */
export type Settle = (order: Order, fact: PaymentFact, actor: Actor) => Promise<Order>;

/** How an order is looked at once more. */
export interface RecheckHow {
  readonly isOver?: boolean;
}

/** Money has come, but what of it went back could not be asked for just now: nothing was done with it. */
export class CaptureUnsettled extends ProviderFailed {}

/** Makes both; the payment service says what they guarantee. */
export function createRechecking(
  { providers, logger, alarm }: Pick<ReceivingOptions, "providers" | "logger" | "alarm">,
  settle: Settle,
) {
  /**
   * Settles what the provider was asked for: money that came and that no webhook told of may even be back again.
   * With `isOver` the order has ended, and nothing but this would find the money: then what went back is not waited
   * for. Its webhook or the reconciler tells of it.
   */
  async function settleUnheard(
    order: Order,
    fact: PaymentFact,
    actor: Actor,
    { isOver = false }: RecheckHow = {},
  ): Promise<Order> {
    const isNews = fact.kind === "captured" && capturedBy(order, fact.paymentId) === undefined;
    // Before it is settled: what is known is never asked for again, and is not to be sold for money that is back.
    const refunds = isNews ? await listRefunds(fact, isOver) : [];
    const known = await settle(order, fact, actor);
    if (known === order || fact.kind !== "captured") return known;
    const { orderId, transactionId } = fact;
    logger.warn("A capture that no webhook told of", { orderId, transactionId });
    alarm("UntoldCapture");
    return refunds.length > 0
      ? settle(known, { ...fact, kind: "refunded", refunds }, actor)
      : known;
  }

  async function listRefunds(fact: PaymentFact, isOver: boolean): Promise<readonly ToldRefund[]> {
    try {
      return (await providers[fact.provider]?.listRefunds(fact)) ?? [];
    } catch (error) {
      if (!(error instanceof ProviderFailed)) throw error;
      if (isOver) return [];
      throw new CaptureUnsettled(fact.provider, error.reason, true);
    }
  }

  async function recheck(order: Order, actor: Actor, how: RecheckHow = {}): Promise<Order> {
    let current = order;
    for (const [transactionId, name] of Object.entries(order.payment?.transactions ?? {})) {
      const fact = await providers[name]?.findPayment(transactionId);
      if (fact?.orderId !== order.orderId) continue;
      current = await settleUnheard(current, fact, actor, how);
    }
    return current;
  }

  return { settleUnheard, recheck };
}
