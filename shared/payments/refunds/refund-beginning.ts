/** Begins refunds: what is due and what comes back is written down before any provider is asked. */
import { changeNote } from "../../base/actor.ts";
import { again, OnceMore } from "../../base/again.ts";
import type { Clock } from "../../base/time.ts";
import { type Order, OrderNotFound } from "../../orders/order.ts";
import { findOrder, parseOrder } from "../../orders/order-store.ts";
import type { Providers } from "../../providers/provider.ts";
import type { Database } from "../../table/database.ts";
import { OrderMoved } from "../payment.ts";
import type { Settling } from "../settle-service.ts";
import { hearAbout } from "./refund-hearing.ts";
import { PartRefused, refundPartWrite } from "./refund-store.ts";
import {
  decideRefund,
  type FindStep,
  type RefundWish,
  wishedEntry,
  wishedRefundId,
} from "./refund-wish.ts";

/** What beginning takes. */
export interface BeginningOptions {
  readonly database: Database;
  readonly settling: Settling;
  readonly clock: Clock;
  /** Asked what their tables say, and of what may have been carried out unheard. */
  readonly providers: Providers;
}

/** An order whose refunds can be carried out: all that are open, or the one that was wished for. */
export interface Begun {
  readonly order: Order;
  readonly refundId?: string | undefined;
}

/** How often an order may move under a wish: by facts of its provider and by other refunds, a handful of each. */
const mostMoves = 20;

/** Makes `begin`. */
export function createBeginning({ database, settling, clock, providers }: BeginningOptions) {
  const findStep: FindStep = (name, currency) => providers[name]?.steps[currency] ?? 1;

  /** The currencies in which not every provider has a number for the amount. */
  function listUnsure(amountMinor: number): readonly string[] {
    const steps = Object.values(providers).flatMap((each) => Object.entries(each.steps));
    const coarse = steps.filter(([, stepMinor]) => amountMinor % stepMinor > 0);
    return [...new Set(coarse.map(([currency]) => currency))];
  }

  /** A part of the money is due by the first request, where the order is as nearly all are. */
  async function beginPart(wish: RefundWish, amountMinor: number): Promise<Begun | PartRefused> {
    const { orderId, actor, reason } = wish;
    const nowMs = clock();
    const refundId = wishedRefundId(wish);
    const entry = wishedEntry(wish, amountMinor, nowMs);
    const note = changeNote("refund.due", actor, nowMs, reason);
    try {
      const unsure = listUnsure(amountMinor);
      const write = refundPartWrite({ orderId, refundId, entry, nowMs, note, unsure });
      return { order: parseOrder(await database.apply(write)), refundId };
    } catch (error) {
      if (error instanceof PartRefused) return error;
      throw error;
    }
  }

  /**
   * With a look at the order: what is due, what comes back, in one transaction. What the provider has carried out
   * unheard is written down before, and decides.
   */
  function beginKnown(wish: RefundWish, first: Order | undefined): Promise<Begun> {
    let found = first;
    return again(mostMoves, async () => {
      const order = found ?? (await findOrder(database, wish.orderId));
      if (!order) throw new OrderNotFound(wish.orderId);
      const { outcome, refundId, unheard = [] } = decideRefund(order, wish, clock(), findStep);
      if (!outcome) return { order, refundId };
      const news = await hearAbout(providers, order, { unheard, nowMs: clock() });
      try {
        const next = await settling.carryOut(order, news ?? outcome, wish.actor);
        if (!news) return { order: next, refundId };
        found = next;
        return new OnceMore();
      } catch (error) {
        if (!(error instanceof OrderMoved)) throw error;
        found = error.found;
        return new OnceMore();
      }
    });
  }

  /**
   * Writes down what a wish comes to. One request for a part of the money, two for anything else: what went back by other
   * means may be what is owed already.
   */
  return async function begin(wish: RefundWish): Promise<Begun> {
    const { amountMinor, lines, outside = false } = wish;
    const isPart = amountMinor !== undefined && lines === undefined && !outside;
    const first = isPart ? await beginPart(wish, amountMinor) : undefined;
    return first && !(first instanceof PartRefused) ? first : beginKnown(wish, first?.found);
  };
}
