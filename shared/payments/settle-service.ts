/** Carries out what money does to an order: order, units and cart in one transaction. */
import { transactOpening } from "../inventory/hot/opening.ts";
import { type Actor, type ChangeNote, changeNote } from "../base/actor.ts";
import type { Database } from "../table/database.ts";
import type { AuditAction } from "../base/audit-action.ts";
import type { EpochMs } from "../base/time.ts";
import { again, OnceMore } from "../base/again.ts";
import { completeWrite, reopenWrite } from "../carts/checkout/cart-checkout-store.ts";
import { temporaryTransactionId } from "../carts/model/cart.ts";
import { takeBackWrite } from "../inventory/hold-store.ts";
import { listHoldings, listReleases, releaseMoved } from "../orders/holdings.ts";
import { listBought } from "../orders/order-line.ts";
import { isProcessing, type Order } from "../orders/order.ts";
import { leaveAllowanceWrites } from "../orders/allowance-store.ts";
import { leaveCountWrites } from "../orders/shopper-store.ts";
import { discountChecks } from "../promotions/promotion-store.ts";
import type { PaymentFact } from "../providers/provider.ts";
import { transactTolerating } from "../table/tolerating.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Write } from "../table/write.ts";
import { decide, type DecidingRules } from "./deciding.ts";
import { extendOrder } from "./extending.ts";
import { type Outcome, withDeeds, withDue } from "./outcome.ts";
import { type OnPaymentFailure, OrderMoved } from "./payment.ts";
import { changeOrderWrite } from "./payment-store.ts";
import { isLate, listDiscounts, NotForSale } from "./late-money.ts";
import { createSelling, type SellingOptions } from "./selling.ts";

/** What settling is made of. */
export interface SettlingOptions extends SellingOptions {
  readonly onPaymentFailure: OnPaymentFailure;
  readonly processingMs: DecidingRules["processingMs"];
  /** For how long after an order's deadline money still buys what was ordered, in milliseconds. */
  readonly lateMoneyMs: number;
}

/** Hears what a step did, as history calls it. */
export type TellDeed = (did: AuditAction) => void;

/** Steps that a fact takes an order, and facts that come at the same moment: a handful of each. */
const mostSteps = 20;

/** The write on the order's cart that an outcome asks for, if any. */
function cartWrites(order: Order, outcome: Outcome, told: ChangeNote): Write[] {
  const { orderId, lines, cart: ordered } = order;
  if (!ordered || outcome.cart === "leave") return [];
  const note = { ...told, action: pickAction("cart", order, outcome) };
  const { cartId, version, instances, conditions = [], codes = [] } = ordered;
  if (outcome.cart === "reopen") return [reopenWrite({ cartId, orderId, note })];
  const bought = listBought(lines);
  const purchase = { cartId, orderId, version, bought, instances, conditions, codes, note };
  return [completeWrite(purchase)];
}

/** It was open, and is no more. */
const isOver = (order: Order, { next }: Outcome): boolean =>
  order.status === "pending" && next.status !== "pending";

/** An order that is open no more leaves the shopper's count; that its time was over may have done so before. */
function countWrites(order: Order, outcome: Outcome, nowMs: EpochMs): Write[] {
  const { next } = outcome;
  if (!isOver(order, outcome)) return [];
  // A card that is refused on purpose would withhold the units as well as an order left to expire.
  return leaveCountWrites(order, next.status === "failed" ? "unpaid" : "paid", nowMs);
}

/** What goes along with an order where it can: its cart, and its shopper's count. */
function besideWrites(order: Order, outcome: Outcome, note: ChangeNote): Write[] {
  return [...cartWrites(order, outcome, note), ...countWrites(order, outcome, note.atMs)];
}

/** What the history of the order or of its cart calls a step: where it leads, or that something was noted. */
function pickAction(
  topic: "order" | "cart",
  order: Order,
  { next, next: { status } }: Outcome,
): AuditAction {
  if (isProcessing(next) && !isProcessing(order)) return "payment.processing";
  return status === order.status || status === "pending" ? "payment.noted" : `${topic}.${status}`;
}

function makeNote(order: Order, outcome: Outcome, actor: Actor, nowMs: ChangeNote["atMs"]) {
  const { action, reason } = outcome;
  const isMoved = outcome.next.status !== order.status;
  const told = (isMoved ? undefined : action) ?? pickAction("order", order, outcome);
  const note = changeNote(told, actor, nowMs, reason);
  // Stock that is sold late or taken back tells by this whose it was.
  return { ...note, orderId: order.orderId };
}

/** Whoever has paid has used the promotions, and gives only goods back. */
function takeBackWrites({ back }: Outcome, note: ChangeNote): Write[] {
  if (!back) return [];
  const { units, refundId } = back;
  const told = { ...note, action: "item.returned", refundId } as const;
  return units.map((demand) => takeBackWrite({ ...demand, note: told }));
}

/** A refused transaction reads like its first refusal; the order's own is the one that counts. */
function orderMovedIn(error: unknown): unknown {
  if (!(error instanceof TransactionRefused)) return error;
  const errors = error.refusals.map((refusal) => refusal.error);
  return errors.find((each) => each instanceof OrderMoved) ?? error;
}

/** Everything but a sale: units that the order holds or has bought go back. */
async function change(
  database: Database,
  order: Order,
  outcome: Outcome,
  note: ChangeNote,
): Promise<void> {
  const given = isOver(order, outcome) ? leaveAllowanceWrites(order) : [];
  const carted = [...besideWrites(order, outcome, note), ...given];
  const changed = changeOrderWrite(order, outcome.next, note);
  const required = [changed, ...takeBackWrites(outcome, note)];
  const held = outcome.stock === "release" ? listHoldings(order, note) : [];
  const back = listReleases(held, required.length + carted.length);
  const gone = await transactTolerating(database, required, [...back, ...carted]);
  const left = held.filter((_, index) => gone.includes(back[index]!));
  await releaseMoved(database, left);
}

/**
 * Everything that the order holds is held for longer, or, where some of it was taken over because its time
 * was up, nothing is; what there is to note is noted in any case.
 */
async function extend(
  database: Database,
  order: Order,
  { next }: Outcome,
  note: ChangeNote,
): Promise<Order> {
  // Until a payment starts, the cart's lock names a transaction that no provider knows.
  const transactionId = next.payment?.transactionId ?? temporaryTransactionId(order.orderId);
  const longer = extendOrder({ order, next, transactionId, note });
  try {
    await transactOpening(database, longer.writes);
    return longer.next;
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    if (orderMovedIn(error) !== error) throw error;
    const noted = withDue({ ...next, expiresAtMs: order.expiresAtMs }, note.atMs);
    await database.apply(changeOrderWrite(order, noted, note));
    return noted;
  }
}

/** Settles facts about money; every step of it is one transaction, all or nothing. */
export function createSettling(options: SettlingOptions) {
  const { database, clock, onPaymentFailure: policy, processingMs, lateMoneyMs } = options;
  const sell = createSelling(options);

  /**
   * Brings an order to an outcome and hands back the order as it is then. One request, unless holds
   * were lost meanwhile.
   *
   * @throws OrderMoved when the order was changed after it was read; nothing was changed
   */
  async function carryOut(
    order: Order,
    decided: Outcome,
    actor: Actor,
    tellDeed?: TellDeed,
  ): Promise<Order> {
    const { stock, corrected } = decided;
    const note = makeNote(order, decided, actor, clock());
    const next = withDeeds(order, decided.next, note.action);
    const outcome = { ...decided, next };
    try {
      let done: Order = next;
      if (stock === "extend") done = await extend(database, order, outcome, note);
      else if (stock === "sell") {
        const orderWrite = changeOrderWrite(order, next, note);
        const beside = besideWrites(order, outcome, note);
        // A discount that the cart was given is had once: by who is in time, or takes it out of there.
        const isGiven = isLate(order, note.atMs) && (order.cart?.conditions ?? []).length > 0;
        const gift = isGiven ? beside.slice(0, 1) : [];
        const discounts = order.status === "pending" ? [] : listDiscounts(order);
        const needed = [...gift, ...discountChecks(discounts, order.orderId, note.atMs)];
        await sell({ order, orderWrite, cartWrites: beside, needed, note });
      } else await change(database, order, outcome, note);
      tellDeed?.(note.action);
      return { ...done, revision: (order.revision ?? 0) + 1 };
    } catch (error) {
      const instead = error instanceof NotForSale ? outcome[error.why] : undefined;
      if (instead) return carryOut(order, instead, actor, tellDeed);
      const refused = orderMovedIn(error);
      if (corrected && refused instanceof TransactionRefused) {
        return carryOut(order, corrected, actor, tellDeed);
      }
      throw refused;
    }
  }

  /**
   * Does to the order what the fact asks for: at most once, in whatever order facts come, under
   * concurrency and repetition. `first` is the order as it was read. One request for each step that
   * the order takes, which is one for all but a refund out of the blue; none when the fact is known. `tellDeed` is
   * called with what each step did.
   *
   * @throws TryAgain when the order kept changing; then nothing was done
   */
  function settle(
    first: Order,
    fact: PaymentFact,
    actor: Actor,
    tellDeed?: TellDeed,
  ): Promise<Order> {
    let order = first;
    return again(mostSteps, async () => {
      const rules = { policy, processingMs, lateMoneyMs, nowMs: clock() };
      const outcome = decide(order, fact, rules);
      if (!outcome) return order;
      try {
        order = await carryOut(order, outcome, actor, tellDeed);
      } catch (error) {
        if (!(error instanceof OrderMoved)) throw error;
        order = error.found ?? order;
      }
      return new OnceMore();
    });
  }

  return { settle, carryOut };
}

/** See `createSettling`. */
export type Settling = ReturnType<typeof createSettling>;
