/** Pays money back: asks the provider until it has confirmed, with one key for each refund. */
import { type Actor, changeNote } from "../base/actor.ts";
import { TryAgain } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Clock } from "../base/time.ts";
import { type Order, OrderNotFound, OrderNotPayable, type Refund } from "../orders/order.ts";
import { ProviderFailed, type Providers, type RefundState } from "../providers/provider.ts";
import type { Database } from "../table/database.ts";
import { OrderMoved } from "./payment.ts";
import type { PaymentStore } from "./payment-store.ts";
import { afterAttempt, openRefundsOf, refundKey, refundRequested } from "./refund.ts";
import type { Settling } from "./settle-service.ts";

/** What refunds are made of. */
export interface RefundOptions {
  readonly database: Database;
  readonly payments: PaymentStore;
  readonly providers: Providers;
  readonly settling: Settling;
  readonly clock: Clock;
  readonly logger: Logger;
}

const maxRounds = 10;

/** Carries refunds out, and takes an administrator's wish for one. */
export function createRefunds(options: RefundOptions) {
  const { database, payments, providers, settling, clock, logger } = options;

  /** What the provider says, or undefined when it failed: the next attempt will ask again. */
  async function ask(order: Order, refund: Refund): Promise<RefundState | undefined> {
    const { provider, reason, refundId, transactionId, paymentId, amountMinor, currency } = refund;
    try {
      return await providers[provider]?.refund({
        transactionId,
        paymentId,
        amountMinor,
        currency,
        reason,
        idempotencyKey: refundKey(order, refund),
        refundId,
      });
    } catch (error) {
      if (!(error instanceof ProviderFailed)) throw error;
      const { orderId } = order;
      logger.warn("Refund not done yet", { orderId, provider, paymentId, reason: error.reason });
      return undefined;
    }
  }

  /**
   * Asks once for every refund that is open, and records what the provider said. Two at the same time
   * ask for the same refund by the same key. One request for each open refund.
   */
  async function carryOut(order: Order, actor: Actor): Promise<Order> {
    let current = order;
    for (const refund of openRefundsOf(order)) {
      const state = await ask(current, refund);
      const nowMs = clock();
      const next = afterAttempt(current, refund, { state, nowMs });
      const action = next.status === current.status ? "refund_attempted" : next.status;
      const note = changeNote(action, actor, nowMs, refund.reason);
      try {
        await database.apply(payments.changeWrite(current, next, note));
      } catch (error) {
        if (!(error instanceof OrderMoved)) throw error;
        // Somebody else has written down an answer meanwhile; what is still open stays due.
        return (await payments.find(order.orderId)) ?? current;
      }
      current = { ...next, revision: (current.revision ?? 0) + 1 };
    }
    return current;
  }

  /**
   * Pays back what an order has cost: its units come back at once, the money as soon as the provider
   * does it, retried by the sweep for as long as that takes. Safe to repeat.
   *
   * @throws OrderNotPayable when no money was captured; nothing was changed
   * @example await refunds.request({ orderId: "ord_x", reason: "damaged", actor: { id: "root" } })
   */
  async function request(wish: { orderId: string; reason: string; actor: Actor }): Promise<Order> {
    const { orderId, reason, actor } = wish;
    for (let round = 0; round < maxRounds; round += 1) {
      const order = await payments.find(orderId);
      if (!order) throw new OrderNotFound(orderId);
      if (order.status === "refunded") return order;
      if (order.status === "refund_due") return carryOut(order, actor);
      if (order.status !== "paid") throw new OrderNotPayable(order);
      const outcome = refundRequested(order, reason, clock());
      try {
        return await carryOut(await settling.carryOut(order, outcome, actor), actor);
      } catch (error) {
        if (!(error instanceof OrderMoved)) throw error;
      }
    }
    throw new TryAgain();
  }

  return { carryOut, request };
}

/** See `createRefunds`. */
export type Refunds = ReturnType<typeof createRefunds>;
