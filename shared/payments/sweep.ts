/** The sweep: expires orders whose time is over and goes on with refunds; never needed for safety. */
import type { Actor } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { type Clock, later, secondsToMs } from "../base/time.ts";
import type { Order } from "../orders/order.ts";
import type { OrderService } from "../orders/order-service.ts";
import { listDueOrders } from "../orders/order-store.ts";
import { ProviderFailed } from "../providers/provider.ts";
import type { Database } from "../table/database.ts";
import { currentOperation } from "../table/operation.ts";
import type { PaymentService } from "./payment-service.ts";
import { listOpenRefunds } from "./refund.ts";

/** What a sweep works with. */
export interface SweepOptions {
  readonly database: Database;
  readonly orders: Pick<OrderService, "expire">;
  readonly payments: Pick<PaymentService, "abandon" | "recheck" | "retryRefunds">;
  /** Makes what is over of these items available again, for who only looks at levels. */
  readonly reclaim: (itemIds: readonly string[]) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What one sweep has done. */
export interface Swept {
  readonly expiredOrders: number;
  /** Orders whose time was over, but for which the provider had money that no webhook told of. */
  readonly settledOrders: number;
  /** Holds and cart locks that those orders still had. */
  readonly releasedLocks: number;
  /** Orders whose open refunds the provider was asked for. */
  readonly refundsTried: number;
  /** The most attempts that any of those refunds had before: it tells how long money has been due. */
  readonly refundAttempts: number;
  /** Orders that it could not help by a fault of ours; they are looked at again. */
  readonly failures: number;
  /** How late the most overdue order was, in milliseconds. */
  readonly lagMs: number;
}

/** For so long an order stays open while its provider cannot be asked; late money is dealt with anyway. */
const patienceMs = secondsToMs(3_600);

/** Due orders that one sweep takes from each partition of the index; the next one goes on. */
const pageSize = 25;

type Step = Partial<Omit<Swept, "lagMs">>;

const countAttempts = (order: Order): number =>
  Math.max(0, ...listOpenRefunds(order).map(({ attempts }) => attempts));

/** Asks once more whether it was paid; who cannot be asked for long has had time enough. */
async function recheck(
  { payments, clock }: SweepOptions,
  order: Order,
  actor: Actor,
): Promise<Order> {
  try {
    return await payments.recheck(order, actor);
  } catch (error) {
    const isPatient = clock() < later(order.expiresAtMs, patienceMs);
    if (!(error instanceof ProviderFailed) || isPatient) throw error;
    return order;
  }
}

/**
 * Makes `sweep`, a bounded piece of housekeeping: it looks at a page of orders for which something is
 * due and does that, each in a transaction of its own. It stops when the operation's time is up. Two
 * at once, or one that dies in between, do no harm: every step carries its own condition.
 *
 * @example const { expiredOrders } = await createSweep(parts)({ id: "system:sweep" });
 */
export function createSweep(options: SweepOptions) {
  const { database, orders, payments, clock, logger } = options;

  async function expire(order: Order, actor: Actor): Promise<Step> {
    const known = await recheck(options, order, actor);
    if (known.status !== "pending") return { settledOrders: 1 };
    const { released } = await orders.expire(order, actor);
    await payments.abandon(order);
    return { expiredOrders: 1, releasedLocks: released };
  }

  /** One order that cannot be helped now must not keep the others waiting. */
  async function step(order: Order, actor: Actor): Promise<Step> {
    try {
      if (order.status === "pending") return await expire(order, actor);
      await payments.retryRefunds(order, actor);
      return { refundsTried: 1, refundAttempts: countAttempts(order) };
    } catch (error) {
      const { orderId } = order;
      if (!(error instanceof HoldfastError)) {
        logger.error("Sweep of an order failed", { orderId, error });
        return { failures: 1 };
      }
      logger.info("Left alone", { orderId, code: error.code });
      return {};
    }
  }

  /** Time has freed the units; what is missing is only that the item's levels tell it. */
  async function reclaimFrom(expired: readonly Order[]): Promise<void> {
    const itemIds = expired.flatMap(({ lines }) => lines.map(({ itemId }) => itemId));
    try {
      await options.reclaim([...new Set(itemIds)]);
    } catch (error) {
      logger.warn("Expired units not given back yet", { error });
    }
  }

  return async function sweep(actor: Actor): Promise<Swept> {
    const deadlineMs = currentOperation()?.deadlineMs ?? Number.POSITIVE_INFINITY;
    const nowMs = clock();
    const due = await listDueOrders(database, nowMs, pageSize);
    const lags = due.map(({ dueAtMs }) => nowMs - (dueAtMs ?? nowMs));
    const done = {
      expiredOrders: 0,
      settledOrders: 0,
      releasedLocks: 0,
      refundsTried: 0,
      refundAttempts: 0,
      failures: 0,
    };
    // First, because the order is what leads the next sweep here, should this one die in between.
    await reclaimFrom(due.filter(({ status }) => status === "pending"));
    for (const order of due) {
      if (clock() >= deadlineMs) break;
      const did = await step(order, actor);
      done.expiredOrders += did.expiredOrders ?? 0;
      done.settledOrders += did.settledOrders ?? 0;
      done.releasedLocks += did.releasedLocks ?? 0;
      done.refundsTried += did.refundsTried ?? 0;
      done.failures += did.failures ?? 0;
      done.refundAttempts = Math.max(done.refundAttempts, did.refundAttempts ?? 0);
    }
    const { expiredOrders, releasedLocks } = done;
    const summary = `Cleaned up ${expiredOrders} expired orders and released ${releasedLocks} locks`;
    logger.info(`Periodic cleanup: ${summary}`, { ...done });
    return { ...done, lagMs: Math.max(0, ...lags) };
  };
}
