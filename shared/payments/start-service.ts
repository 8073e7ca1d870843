/** Starts a payment: the provider's transaction, and the time in which it may be paid. */
import { transactOpening } from "../inventory/hot/opening.ts";
import { type Actor, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { type Clock, type EpochMs, epochMs, isExpired, later } from "../base/time.ts";
import {
  isProcessing,
  type Order,
  OrderNotPayable,
  type PaymentMethod,
  type PendingOrder,
} from "../orders/order.ts";
import { pickHoldMs } from "../orders/new-order.ts";
import type { PaymentProvider, Transaction } from "../providers/provider.ts";
import type { Database } from "../table/database.ts";
import { TransactionRefused } from "../table/transaction.ts";
import { extendOrder } from "./extending.ts";
import { earlierTransaction, OrderMoved } from "./payment.ts";
import { deadlineAfter, deadlineWithin } from "../inventory/deadline.ts";

/** What starting a payment takes. */
export interface StartingOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** How long a shopper has to pay by each method, in milliseconds. */
  readonly paymentMs: (method: PaymentMethod) => number;
  /** How long an order may hold its units altogether, in milliseconds. */
  readonly maxHoldMs: number;
}

/** A payment that has started. */
export interface StartedPayment extends Transaction {
  readonly provider: PaymentMethod;
  readonly expiresAtMs: EpochMs;
}

/** A wish to pay an order; `read` reads the order again and again, until nobody else changes it. */
export interface StartRequest {
  readonly read: () => Promise<Order>;
  readonly method?: PaymentMethod | undefined;
  readonly getProvider: (method: PaymentMethod) => PaymentProvider;
  readonly actor: Actor;
}

/** How often other payments for the order may start, or facts about them come, under our hands. */
const mostPaymentSteps = 10;

/** Starts payments; see `initiate` of the payment service for what it guarantees. */
export function createStarting(options: StartingOptions) {
  const { database, clock } = options;

  function assertPayable(order: Order): asserts order is PendingOrder {
    // While a bank is at work, another payment could only be one too many.
    if (order.status !== "pending" || isProcessing(order)) throw new OrderNotPayable(order);
    if (!isExpired(order.expiresAtMs, clock())) return;
    throw new OrderNotPayable({ ...order, status: "expired" });
  }

  /** A payment gets its method's time, or what was learned of it; but all time together is bounded, and none is taken away. */
  function computeDeadline(order: Order, method: PaymentMethod): EpochMs {
    const isAsPlaced = method === order.paymentMethod && order.holdDecision?.by !== "setting";
    const usualMs = options.paymentMs(method);
    const paymentMs = isAsPlaced ? pickHoldMs(order, usualMs) : usualMs;
    const latestMs = deadlineWithin(later(order.createdAtMs, options.maxHoldMs), paymentMs);
    const wishedMs = deadlineAfter(clock(), paymentMs);
    return epochMs(Math.max(order.expiresAtMs, Math.min(wishedMs, latestMs)));
  }

  /** Order, cart lock and every hold learn of the transaction and the new deadline, or none does. */
  async function attach(order: PendingOrder, started: StartedPayment, actor: Actor): Promise<void> {
    const { provider, transactionId, expiresAtMs } = started;
    const transactions = { ...order.payment?.transactions, [transactionId]: provider };
    const begun = { ...order.payment, provider, transactionId, transactions };
    // However the attempt before it ended, this one has only started.
    const { state: _former, ...payment } = begun;
    const note = changeNote("payment.started", actor, clock());
    const next = { ...order, payment, expiresAtMs };
    const { writes } = extendOrder({ order, next, transactionId, note });
    await transactOpening(database, writes);
  }

  /** Asks the provider, then extends everything to the payment's deadline in one transaction. */
  async function attempt(order: Order, request: StartRequest): Promise<StartedPayment> {
    assertPayable(order);
    const method = request.method ?? order.payment?.provider ?? order.paymentMethod;
    const expiresAtMs = computeDeadline(order, method);
    const { orderId, totalMinor: amountMinor, currency } = order;
    const transactionId = earlierTransaction(order, method);
    const wish = { orderId, amountMinor, currency, expiresAtMs, transactionId };
    const transaction = await request.getProvider(method).create(wish);
    const started: StartedPayment = { ...transaction, provider: method, expiresAtMs };
    await attach(order, started, request.actor);
    return started;
  }

  return {
    /** See `initiate` of the payment service. */
    start(request: StartRequest): Promise<StartedPayment> {
      return again(mostPaymentSteps, async () => {
        const order = await request.read();
        try {
          return await attempt(order, request);
        } catch (error) {
          if (!(error instanceof TransactionRefused)) throw error;
          const moved = error.refusals.some((refusal) => refusal.error instanceof OrderMoved);
          // The order stands, so somebody has taken its hold or its cart over: its time was up.
          if (!moved) throw new OrderNotPayable({ ...order, status: "expired" });
          return new OnceMore();
        }
      });
    },
  };
}
