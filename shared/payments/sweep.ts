/** The sweep: expires orders whose time is over and goes on with refunds; never needed for safety. */
import limitTo from "p-limit";
import type { Actor } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { type Clock, type EpochMs, isExpired, later, secondsToMs } from "../base/time.ts";
import { dueShards, usualDueShards } from "../orders/due-shards.ts";
import type { InventoryService } from "../inventory/inventory-service.ts";
import type { Order } from "../orders/order.ts";
import type { OrderService } from "../orders/order-service.ts";
import { listDueOrders } from "../orders/order-store.ts";
import { ProviderFailed } from "../providers/provider.ts";
import type { Database } from "../table/database.ts";
import { currentOperation } from "../table/operation.ts";
import type { Page } from "../table/paging.ts";
import type { PaymentService } from "./payment-service.ts";
import { CaptureUnsettled } from "./rechecking.ts";
import { listOpenRefunds } from "./refunds/refund.ts";

/** What a sweep works with. */
export interface SweepOptions {
  readonly database: Database;
  readonly orders: Pick<OrderService, "expire">;
  readonly payments: Pick<PaymentService, "abandon" | "recheck" | "retryRefunds">;
  /** Makes what is over of items available again, for who only looks at levels. */
  readonly inventory: Pick<InventoryService, "reclaim" | "reclaimSpread">;
  /** How many partitions of the index of due orders new ones go to. */
  readonly settings: { readonly dueShards: number };
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

/** Kept back from the operation's time, to finish what is under way and to tell of it: nothing begins in it. */
const reserveMs = secondsToMs(5);

/** Due orders that are read at once from a partition of the index; the next page follows while there is time. */
const pageSize = 25;
/** Orders that are dealt with side by side: each is a transaction of its own, or a provider that is asked. */
const sideBySide = 16;
/** Partitions of the index that are walked side by side. */
const shardsAtOnce = 16;
/**
 * So often a process looks into all partitions, and first of all when it starts: those that nothing goes to any more
 * may still have orders, of before the shop lowered their number.
 */
const everywhereMs = secondsToMs(600);

type Step = Partial<Omit<Swept, "lagMs">>;

const countAttempts = (order: Order): number =>
  Math.max(0, ...listOpenRefunds(order).map(({ attempts }) => attempts));

/** Asks once more whether it was paid; who cannot be asked for long has had time enough, but for money that has come. */
async function recheck(
  { payments, clock }: SweepOptions,
  order: Order,
  actor: Actor,
): Promise<Order> {
  try {
    return await payments.recheck(order, actor);
  } catch (error) {
    const isPatient = clock() < later(order.expiresAtMs, patienceMs);
    const hasPaid = error instanceof CaptureUnsettled;
    if (!(error instanceof ProviderFailed) || isPatient || hasPaid) throw error;
    return order;
  }
}

const isOverdue = ({ status, expiresAtMs }: Order, nowMs: EpochMs): boolean =>
  status === "pending" && isExpired(expiresAtMs, nowMs);

/** What is looked at ahead of its deadline is not late before it. */
const whenIsDue = ({ status, expiresAtMs, dueAtMs }: Order, nowMs: EpochMs): EpochMs =>
  status === "pending" ? expiresAtMs : (dueAtMs ?? nowMs);

/** What a sweep has done so far. */
function newTally() {
  const done = {
    expiredOrders: 0,
    settledOrders: 0,
    releasedLocks: 0,
    refundsTried: 0,
    refundAttempts: 0,
    failures: 0,
    lagMs: 0,
  };
  return {
    done,
    add(did: Step): void {
      done.expiredOrders += did.expiredOrders ?? 0;
      done.settledOrders += did.settledOrders ?? 0;
      done.releasedLocks += did.releasedLocks ?? 0;
      done.refundsTried += did.refundsTried ?? 0;
      done.failures += did.failures ?? 0;
      done.refundAttempts = Math.max(done.refundAttempts, did.refundAttempts ?? 0);
    },
    isLate(lagMs: number): void {
      done.lagMs = Math.max(done.lagMs, lagMs);
    },
  };
}

/**
 * Which partitions a sweep walks: those that new orders go to, every so often all. Each time another one is the first, so
 * that none is always reached last where time is short.
 */
function createRounds(inUse: number) {
  let wholeAgainAtMs = 0;
  return function nextRound(nowMs: EpochMs): readonly string[] {
    const isWhole = nowMs >= wholeAgainAtMs;
    if (isWhole) wholeAgainAtMs = later(nowMs, everywhereMs);
    const round = isWhole ? dueShards : dueShards.slice(0, Math.max(inUse, usualDueShards));
    const first = Math.floor(nowMs / secondsToMs(60)) % round.length;
    return [...round.slice(first), ...round.slice(0, first)];
  };
}

/** Time has freed the units; what is missing is only that the item's levels tell it. */
async function reclaimFrom(
  { inventory, logger }: SweepOptions,
  expired: readonly Order[],
): Promise<void> {
  if (expired.length === 0) return;
  const itemIds = expired.flatMap(({ lines, uses = [] }) =>
    [...lines, ...uses].map(({ itemId }) => itemId),
  );
  try {
    await inventory.reclaim([...new Set(itemIds)]);
  } catch (error) {
    logger.warn("Expired units not given back yet", { error });
  }
}

/** Of items in several rows also what no order leads to: what was paid, or never became an order. */
async function reclaimSpread(
  { inventory, logger }: SweepOptions,
  goesOn: () => boolean,
): Promise<void> {
  try {
    await inventory.reclaimSpread(goesOn);
  } catch (error) {
    logger.warn("Rows of crowded items not tidied up yet", { error });
  }
}

/**
 * Makes `sweep`, housekeeping within bounds: it walks the partitions of the index of due orders side by side,
 * page by page, and does for each order what is due, in a transaction of its own, until nothing is left or the
 * operation's time is up. A partition with nothing due costs one request; see `createRounds` for which are looked at. Last come the items in several rows: one request where there are none. An order that cannot be helped now is passed by, and met again by the next sweep.
 * Two at once, or one that dies in between, do no harm: every step carries its own condition.
 *
 * @example const { expiredOrders } = await createSweep(parts)({ id: "system:sweep" });
 */
export function createSweep(options: SweepOptions) {
  const { database, orders, payments, clock, logger } = options;
  const nextRound = createRounds(options.settings.dueShards);

  async function expire(order: Order, actor: Actor): Promise<Step> {
    const known = await recheck(options, order, actor);
    if (known.status !== "pending") return { settledOrders: 1 };
    // It was asked for ahead of its deadline, or a bank is at work and no webhook has told so.
    if (!isExpired(known.expiresAtMs, clock())) return {};
    const { released } = await orders.expire(known, actor);
    await payments.abandon(known, actor);
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

  return async function sweep(actor: Actor): Promise<Swept> {
    const endMs = (currentOperation()?.deadlineMs ?? Number.POSITIVE_INFINITY) - reserveMs;
    const isOver = () => clock() >= endMs;
    const throughMs = clock();
    const tally = newTally();
    const lane = limitTo(sideBySide);
    const walks = limitTo(shardsAtOnce);

    async function sweepShard(dueShard: string): Promise<void> {
      let cursor: string | undefined;
      do {
        const query = { dueShard, throughMs, limit: pageSize, cursor };
        const page: Page<Order> = await listDueOrders(database, query);
        for (const order of page.rows) tally.isLate(throughMs - whenIsDue(order, throughMs));
        // First, because the order is what leads the next sweep here, should this one die in between.
        const overdue = page.rows.filter((order) => isOverdue(order, throughMs));
        await reclaimFrom(options, overdue);
        await lane.map(page.rows, async (order) =>
          isOver() ? undefined : tally.add(await step(order, actor)),
        );
        cursor = page.cursor;
      } while (cursor !== undefined && !isOver());
    }

    const round = nextRound(throughMs);
    await walks.map(round, async (dueShard) => (isOver() ? undefined : sweepShard(dueShard)));
    await reclaimSpread(options, () => !isOver());
    const { expiredOrders, releasedLocks } = tally.done;
    const summary = `Cleaned up ${expiredOrders} expired orders and released ${releasedLocks} locks`;
    logger.info(`Periodic cleanup: ${summary}`, { ...tally.done });
    return tally.done;
  };
}
