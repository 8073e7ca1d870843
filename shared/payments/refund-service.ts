/** Pays money back: asks the provider until it has confirmed, with one key for each refund. */
import { type Actor, changeNote } from "../base/actor.ts";
import { TryAgain } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Clock } from "../base/time.ts";
import { type Order, OrderNotFound, OrderNotPayable, type Refund } from "../orders/order.ts";
import { findOrder } from "../orders/order-store.ts";
import { ProviderFailed, type Providers, type RefundState } from "../providers/provider.ts";
import type { Database } from "../table/database.ts";
import { OrderMoved } from "./payment.ts";
import { changeOrderWrite } from "./payment-store.ts";
import { afterAttempt, openRefundsOf, refundKey, refundRequested } from "./refund.ts";
import type { Settling } from "./settle-service.ts";

/** What refunds are made of. */
export interface RefundOptions {
  readonly database: Database;
  readonly providers: Providers;
  readonly settling: Settling;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A wish to pay an order back. */
interface Wish {
  readonly orderId: string;
  readonly reason: string;
  readonly actor: Actor;
  /** The money has gone back by other means already. */
  readonly outside?: boolean | undefined;
}

const maxRounds = 10;

/** What the provider says, or undefined when it failed: the next attempt will ask again. */
async function ask(
  { providers, logger }: RefundOptions,
  order: Order,
  refund: Refund,
): Promise<RefundState | undefined> {
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

/** Carries refunds out, and takes an administrator's wish for one. */
export function createRefunds(options: RefundOptions) {
  const { database, settling, clock } = options;

  /**
   * Asks once for every refund that is open, and records what the provider said. Two at the same time
   * ask for the same refund by the same key. One request for each open refund.
   */
  async function carryOut(order: Order, actor: Actor): Promise<Order> {
    let current = order;
    for (const refund of openRefundsOf(order)) {
      const state = await ask(options, current, refund);
      const nowMs = clock();
      const next = afterAttempt(current, refund, { state, nowMs });
      const action = next.status === current.status ? "refund.attempted" : "order.refunded";
      const note = changeNote(action, actor, nowMs, refund.reason);
      try {
        await database.apply(changeOrderWrite(current, next, note));
      } catch (error) {
        if (!(error instanceof OrderMoved)) throw error;
        // Somebody else has written down an answer meanwhile; what is still open stays due.
        return error.found ?? current;
      }
      current = { ...next, revision: (current.revision ?? 0) + 1 };
    }
    return current;
  }

  /** Money that went back by other means: written down as if the provider had told. */
  async function record(order: Order, actor: Actor): Promise<Order> {
    const told = {
      kind: "refunded",
      type: "outside",
      orderId: order.orderId,
      certain: true,
    } as const;
    let current = order;
    for (const refund of openRefundsOf(order)) {
      current = await settling.settle(current, { ...refund, ...told }, actor);
    }
    return current;
  }

  /**
   * Pays back what an order has cost: its units come back at once, the money as soon as the provider
   * does it, retried by the sweep for as long as that takes. With `outside` nobody is asked: the money
   * has gone back by other means, which is for providers that cannot do it. Safe to repeat.
   *
   * @throws OrderNotPayable when no money was captured; nothing was changed
   * @example await refunds.request({ orderId: "ord_x", reason: "damaged", actor: { id: "root" } })
   */
  async function request(wish: Wish): Promise<Order> {
    const { orderId, reason, actor, outside = false } = wish;
    for (let round = 0; round < maxRounds; round += 1) {
      const order = await findOrder(database, orderId);
      if (!order) throw new OrderNotFound(orderId);
      if (order.status === "refunded") return order;
      if (order.status !== "paid" && order.status !== "refund_due") {
        throw new OrderNotPayable(order);
      }
      try {
        const due =
          order.status === "paid"
            ? await settling.carryOut(order, refundRequested(order, reason, clock()), actor)
            : order;
        return await (outside ? record(due, actor) : carryOut(due, actor));
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
