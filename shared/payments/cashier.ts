/** The sandbox's cashier: lets a test pay, or fail to, and sends the signed webhook for it. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { randomId } from "../base/ids.ts";
import { type Clock, epochMs } from "../base/time.ts";
import { isOwnOrder, type Order, type OrderCaller, OrderNotFound } from "../orders/order.ts";
import { findOrder } from "../orders/order-store.ts";
import { type KeyReader, ProviderFailed } from "../providers/provider.ts";
import {
  parseSandboxTransactionId,
  type SignedEvent,
  signSandboxEvent,
} from "../providers/sandbox.ts";
import type { Database } from "../table/database.ts";
import { knowsTransaction } from "./payment.ts";

/** What the cashier needs; `deliver` posts to our own webhook route and tells the answer's status. */
export interface CashierOptions {
  readonly database: Database;
  readonly keys: KeyReader;
  readonly clock: Clock;
  readonly sleep?: (durationMs: number) => Promise<unknown>;
  readonly deliver: (event: SignedEvent) => Promise<number>;
}

/** A wish to pay by sandbox, or to fail to. */
export interface SandboxWish {
  readonly transactionId: string;
  readonly outcome: "success" | "failure";
  readonly delayMs?: number | undefined;
  /** Deliveries of the same event beyond the first, all at the same time. */
  readonly duplicates?: number | undefined;
  readonly caller: OrderCaller;
}

/** Makes the cashier. */
export function createCashier({ database, keys, clock, sleep = sleepMs, deliver }: CashierOptions) {
  async function getOrder(transactionId: string, caller: OrderCaller): Promise<Order> {
    const order = await findOrder(database, parseSandboxTransactionId(transactionId) ?? "");
    if (order && isOwnOrder(order, caller) && knowsTransaction(order, transactionId)) return order;
    throw new OrderNotFound(transactionId);
  }

  return {
    /**
     * Sends the webhook and waits for its answers. One request of its own, besides the webhook's.
     *
     * @throws OrderNotFound when the transaction is of none of the caller's orders; nothing was sent
     * @throws ProviderFailed when our own webhook route could not be reached
     * @example await cashier.pay({ transactionId, outcome: "success", caller })
     */
    async pay(wish: SandboxWish) {
      const { transactionId, outcome, delayMs = 0, duplicates = 0, caller } = wish;
      const { orderId, totalMinor, currency } = await getOrder(transactionId, caller);
      const [current] = await keys();
      if (delayMs > 0) await sleep(delayMs);
      const type = outcome === "success" ? "payment.captured" : "payment.failed";
      const money = { amountMinor: totalMinor, currency };
      const data = { orderId, transactionId, paymentId: transactionId, ...money };
      const eventId = randomId("msg");
      const at = new Date(epochMs(clock()));
      const event = signSandboxEvent(current, { type, data }, { id: eventId, at });
      const copies = Array.from({ length: 1 + duplicates }, () => deliver(event));
      const statuses = await Promise.all(copies).catch(() => {
        throw new ProviderFailed("sandbox", "unreachable", true);
      });
      return { transactionId, eventId, deliveries: statuses.map((status) => ({ status })) };
    },
  };
}
