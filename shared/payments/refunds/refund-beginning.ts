/** Begins refunds: what is due and what comes back is written down before any provider is asked. */
import { changeNote } from "../../base/actor.ts";
import { again, OnceMore } from "../../base/again.ts";
import type { Clock } from "../../base/time.ts";
import { type Order, OrderNotFound } from "../../orders/order.ts";
import { findOrder, parseOrder } from "../../orders/order-store.ts";
import type { Database } from "../../table/database.ts";
import { OrderMoved } from "../payment.ts";
import type { Settling } from "../settle-service.ts";
import { PartRefused, refundPartWrite } from "./refund-store.ts";
import { decideRefund, type RefundWish, wishedEntry, wishedRefundId } from "./refund-wish.ts";

/** What beginning takes. */
export interface BeginningOptions {
  readonly database: Database;
  readonly settling: Settling;
  readonly clock: Clock;
}

/** An order whose refunds can be carried out: all that are open, or the one that was wished for. */
export interface Begun {
  readonly order: Order;
  readonly refundId?: string | undefined;
}

/** How often an order may move under a wish: by facts of its provider and by other refunds, a handful of each. */
const mostMoves = 20;

/** Makes `begin`. */
export function createBeginning({ database, settling, clock }: BeginningOptions) {
  /** A part of the money is due by the first request, where the order is as nearly all are. */
  async function beginPart(wish: RefundWish, amountMinor: number): Promise<Begun | PartRefused> {
    const { orderId, actor, reason } = wish;
    const nowMs = clock();
    const refundId = wishedRefundId(wish);
    const entry = wishedEntry(wish, amountMinor, nowMs);
    const note = changeNote("refund.due", actor, nowMs, reason);
    try {
      const write = refundPartWrite({ orderId, refundId, entry, nowMs, note });
      return { order: parseOrder(await database.apply(write)), refundId };
    } catch (error) {
      if (error instanceof PartRefused) return error;
      throw error;
    }
  }

  /** With a look at the order: what is due, what comes back, in one transaction. */
  function beginKnown(wish: RefundWish, first: Order | undefined): Promise<Begun> {
    let found = first;
    return again(mostMoves, async () => {
      const order = found ?? (await findOrder(database, wish.orderId));
      if (!order) throw new OrderNotFound(wish.orderId);
      const { outcome, refundId } = decideRefund(order, wish, clock());
      if (!outcome) return { order, refundId };
      try {
        return { order: await settling.carryOut(order, outcome, wish.actor), refundId };
      } catch (error) {
        if (!(error instanceof OrderMoved)) throw error;
        found = error.found;
        return new OnceMore();
      }
    });
  }

  /** Writes down what a wish comes to. One request for a part of the money, two for anything else. */
  return async function begin(wish: RefundWish): Promise<Begun> {
    const { amountMinor, lines } = wish;
    const isPart = amountMinor !== undefined && lines === undefined;
    const first = isPart ? await beginPart(wish, amountMinor) : undefined;
    return first && !(first instanceof PartRefused) ? first : beginKnown(wish, first?.found);
  };
}
