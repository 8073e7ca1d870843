/** Pays money back: asks the provider until it has confirmed, with one key for each refund. */
import { type Actor, changeNote } from "../../base/actor.ts";
import { again, OnceMore } from "../../base/again.ts";
import type { Order, Refund } from "../../orders/order.ts";
import { OrderMoved, type PaymentAlarm } from "../payment.ts";
import { changeOrderWrite } from "../payment-store.ts";
import { findRefund, isOpen, listOpenRefunds, mayBeUnderWay } from "./refund.ts";
import { type AskingOptions, askProvider } from "./refund-asking.ts";
import { afterAttempt, type RefundAnswer } from "./refund-attempt.ts";
import { type BeginningOptions, createBeginning } from "./refund-beginning.ts";
import type { RefundWish } from "./refund-wish.ts";

/** What refunds are made of. */
export interface RefundOptions extends AskingOptions, BeginningOptions {
  readonly alarm: (name: PaymentAlarm) => void;
}

/** How often an order may move under a refund: by facts of its provider and by other refunds, a handful of each. */
const mostMoves = 20;

/** Carries refunds out, and takes an administrator's wish for one. */
export function createRefunds(options: RefundOptions) {
  const { database, clock, alarm } = options;
  const begin = createBeginning(options);

  function wake(before: Refund, after: Refund | undefined): void {
    const failures = (each: Refund): number => each.gaveUp?.length ?? 0;
    if (after && failures(after) > failures(before)) alarm("RefundFailed");
    if (after?.status === "failed") alarm("RefundRefused");
  }

  /** Writes an answer down, wherever the order has got to meanwhile. One request, unless it moves. */
  function record(first: Order, refund: Refund, answer: RefundAnswer, actor: Actor) {
    let order = first;
    return again(mostMoves, async () => {
      const nowMs = clock();
      const next = afterAttempt(order, refund, { answer, nowMs });
      if (next === order) return order;
      const action = next.status === order.status ? "refund.attempted" : "order.refunded";
      const note = changeNote(action, actor, nowMs, refund.reason);
      try {
        await database.apply(changeOrderWrite(order, next, note));
      } catch (error) {
        if (!(error instanceof OrderMoved) || !error.found) throw error;
        order = error.found;
        return new OnceMore();
      }
      wake(refund, findRefund(next, refund.refundId));
      return { ...next, revision: (order.revision ?? 0) + 1 };
    });
  }

  /**
   * Asks for every refund that is open, or for one of them, and records what the provider said: once, or twice
   * where money went back elsewhere and only the rest is owed. Two at the same time ask for the same refund by
   * the same key. What somebody says has gone back by other means is left alone for as long as a try from before may
   * be under way. One request for each answer.
   */
  async function carryOut(order: Order, actor: Actor, only?: string): Promise<Order> {
    let current = order;
    const isMeant = (refund: Refund): boolean =>
      (only === undefined || refund.refundId === only) && !mayBeUnderWay(refund, clock());
    const waiting = listOpenRefunds(order).filter(isMeant);
    for (let refund = waiting.shift(); refund; refund = waiting.shift()) {
      current = await record(current, refund, await askProvider(options, current, refund), actor);
      const now = findRefund(current, refund.refundId);
      if (now && isOpen(now) && now.amountMinor < refund.amountMinor) waiting.push(now);
    }
    return current;
  }

  /**
   * Pays back what an order has cost, a part of it, or what lines that come back were paid with. Units that go back
   * into stock do so at once, in the transaction that makes the refund due; the money goes as soon as the
   * provider does it, retried by the sweep for as long as that takes. With `outside` nobody is asked for money: it
   * has gone back by other means, which is for providers that cannot do it. Where the provider may have been asked
   * before, it is asked what has come of that: what it has done is its refund. Of what it does not know the sweep makes
   * sure once more, when no try from before can be under way any more. Safe to repeat: the same
   * reference, or without one the same words, are the same refund. Two requests for a part of the money, three
   * for all of it or with goods.
   *
   * @throws OrderNotPayable when no money was captured; nothing was changed
   * @throws RefundExceeded, ReturnExceeded when there is not so much left; nothing was changed
   * @throws IdempotencyKeyReused when the reference was used for another refund; nothing was changed
   * @throws RefundAtProvider with `outside`, when the provider has paid it back, or is at work on it
   * @throws ProviderFailed with `outside`, when it cannot be asked now what has come of that; nothing was changed
   * @example await refunds.request({ orderId: "ord_x", reason: "damaged", actor: { id: "root" } })
   */
  async function request(wish: RefundWish): Promise<Order> {
    const { order, refundId } = await begin(wish);
    return carryOut(order, wish.actor, refundId);
  }

  return { carryOut, request };
}

/** See `createRefunds`. */
export type Refunds = ReturnType<typeof createRefunds>;
