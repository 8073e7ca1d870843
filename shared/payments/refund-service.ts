/** Pays money back: asks the provider until it has confirmed, with one key for each refund. */
import { type Actor, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import type { Logger } from "../base/logger.ts";
import type { Clock } from "../base/time.ts";
import { type Order, OrderNotFound, OrderNotPayable, type Refund } from "../orders/order.ts";
import { findOrder } from "../orders/order-store.ts";
import { type PaymentProvider, ProviderFailed, type Providers } from "../providers/provider.ts";
import type { Database } from "../table/database.ts";
import { OrderMoved, type PaymentAlarm } from "./payment.ts";
import { changeOrderWrite } from "./payment-store.ts";
import {
  afterAttempt,
  listOpenRefunds,
  type RefundAnswer,
  refundKey,
  refundRequested,
  reopened,
} from "./refund.ts";
import type { Settling } from "./settle-service.ts";

/** What refunds are made of. */
export interface RefundOptions {
  readonly database: Database;
  readonly providers: Providers;
  readonly settling: Settling;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly alarm: (name: PaymentAlarm) => void;
}

/** A wish to pay an order back. */
interface Wish {
  readonly orderId: string;
  readonly reason: string;
  readonly actor: Actor;
  /** The money has gone back by other means already. */
  readonly outside?: boolean | undefined;
}

/** How often an order may move under a refund: by facts of its provider, of which it has a handful. */
const mostFacts = 10;

/** A final refusal, with what the provider says is still there to be paid back. */
async function explainRefusal(
  provider: PaymentProvider,
  refund: Refund,
  lastError: string,
): Promise<RefundAnswer> {
  try {
    return { status: "refused", lastError, restMinor: await provider.fetchRefundable(refund) };
  } catch (error) {
    if (!(error instanceof ProviderFailed)) throw error;
    return { status: "unanswered", lastError };
  }
}

/** What the provider says. */
async function ask(
  { providers, logger, alarm }: RefundOptions,
  order: Order,
  refund: Refund,
): Promise<RefundAnswer> {
  const { reason, refundId, transactionId, paymentId, amountMinor, currency } = refund;
  const provider = providers[refund.provider];
  const { orderId } = order;
  // Nothing came, so nothing has to go back.
  if (amountMinor === 0) return { status: "done", refundId: refundKey(order, refund) };
  if (!provider) return { status: "unanswered", lastError: "not_configured" };
  try {
    const state = await provider.refund({
      orderId,
      transactionId,
      paymentId,
      amountMinor,
      currency,
      reason,
      idempotencyKey: refundKey(order, refund),
      refundId,
    });
    if (state.status === "failed") alarm("RefundFailed");
    return state;
  } catch (error) {
    if (!(error instanceof ProviderFailed)) throw error;
    const { reason: lastError, retriable } = error;
    logger.warn("Refund not done yet", { orderId, provider: provider.name, paymentId, lastError });
    if (retriable || refundId !== undefined) return { status: "unanswered", lastError };
    const refusal = await explainRefusal(provider, refund, lastError);
    if (refusal.status === "refused" && refusal.restMinor >= amountMinor) alarm("RefundRefused");
    return refusal;
  }
}

/** Carries refunds out, and takes an administrator's wish for one. */
export function createRefunds(options: RefundOptions) {
  const { database, settling, clock } = options;

  /**
   * Asks for every refund that is open, and records what the provider said: once, or twice where money
   * went back elsewhere and only the rest is owed. Two at the same time ask for the same refund by the
   * same key. One request for each answer.
   */
  async function carryOut(order: Order, actor: Actor): Promise<Order> {
    let current = order;
    const waiting = listOpenRefunds(order);
    for (let refund = waiting.shift(); refund; refund = waiting.shift()) {
      const answer = await ask(options, current, refund);
      const nowMs = clock();
      const next = afterAttempt(current, refund, { answer, nowMs });
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
      const { paymentId, amountMinor } = refund;
      const isLess = (each: Refund): boolean =>
        each.paymentId === paymentId && each.amountMinor < amountMinor;
      waiting.push(...listOpenRefunds(current).filter(isLess));
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
    for (const refund of listOpenRefunds(order)) {
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
  function request(wish: Wish): Promise<Order> {
    const { orderId, reason, actor, outside = false } = wish;
    return again(mostFacts, async () => {
      const order = await findOrder(database, orderId);
      if (!order) throw new OrderNotFound(orderId);
      if (order.status === "refunded") return order;
      if (order.status !== "paid" && order.status !== "refund_due") {
        throw new OrderNotPayable(order);
      }
      try {
        // Refused for good by the provider, but somebody says: once more.
        const due =
          order.status === "paid"
            ? await settling.carryOut(order, refundRequested(order, reason, clock()), actor)
            : reopened(order, clock());
        return await (outside ? record(due, actor) : carryOut(due, actor));
      } catch (error) {
        if (!(error instanceof OrderMoved)) throw error;
        return new OnceMore();
      }
    });
  }

  return { carryOut, request };
}

/** See `createRefunds`. */
export type Refunds = ReturnType<typeof createRefunds>;
