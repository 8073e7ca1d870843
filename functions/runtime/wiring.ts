/** From settings to a shop: what the services of this function are made of. */
import { secondsToMs, systemClock } from "../../shared/base/time.ts";
import { createGathering } from "../../shared/insight/gathering.ts";
import { lockByKind } from "../../shared/insight/granted.ts";
import type { LearnedHoldSettings } from "../../shared/insight/learned-hold.ts";
import { carryingOver } from "../../shared/inventory/old-layout.ts";
import type { ShopParts } from "../../shared/shop.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { createDatabase } from "../../shared/table/database.ts";
import { env, optional, paymentMs, processingMs, tableName } from "./env.ts";
import { lockWaited } from "./metrics.ts";
import { domainLogger } from "./observe.ts";

const clock = systemClock;
const database = carryingOver(
  createDatabase({ client: createDocumentClient(), clock, tableName }),
  clock,
);

/** What this process gathers of refusals, conflicts and waits, where it was granted the table for that. */
export const gathering =
  optional("INSIGHT_TABLE") === undefined ? undefined : createGathering({ database, clock });

/** Bounds of learned hold times; none is longer than an order may hold its units altogether. */
function readLearnedHolds(mode: LearnedHoldSettings["mode"]): LearnedHoldSettings {
  const mostSeconds = Math.min(env.LEARNED_HOLD_MOST_SECONDS, env.MAX_HOLD_SECONDS);
  const leastSeconds = Math.min(env.LEARNED_HOLD_LEAST_SECONDS, mostSeconds);
  const bounds = {
    leastMs: secondsToMs(leastSeconds),
    mostMs: secondsToMs(mostSeconds),
    lateCostMs: secondsToMs(env.LATE_PAYMENT_SECONDS),
  };
  return { mode, bounds, keptLongestPercent: env.KEPT_LONGEST_PERCENT };
}

/**
 * The parts of this function's services: `lockService(shop)` of `shared/shop.ts` makes one. A table
 * that the function was not granted is refused when it is asked for.
 */
export const shop: ShopParts = {
  database,
  clock,
  logger: domainLogger,
  waited(waitedMs, { kind, resource }) {
    lockWaited(waitedMs);
    gathering?.waited(waitedMs, lockByKind(kind, resource));
  },
  settings: {
    holdMs: secondsToMs(env.HOLD_SECONDS),
    paymentMs,
    maxHoldMs: secondsToMs(env.MAX_HOLD_SECONDS),
    processingMs,
    limits: {
      maxOpenOrders: env.MAX_OPEN_ORDERS,
      maxUnitsPerLine: env.MAX_UNITS_PER_LINE,
      maxUnpaidOrders: env.MAX_UNPAID_ORDERS,
      unpaidPauseMs: secondsToMs(env.UNPAID_PAUSE_SECONDS),
    },
    lockLimits: {
      maxLocksPerUser: env.MAX_LOCKS_PER_USER,
      maxLockMs: secondsToMs(env.MAX_LOCK_SECONDS),
    },
    dueShards: env.DUE_SHARDS,
    onPaymentFailure: env.ON_PAYMENT_FAILURE,
    lateMoneyMs: secondsToMs(env.LATE_MONEY_SECONDS),
    cartStorage: env.CART_LOCKING === "on" ? "locking" : "versioned",
    autoShards: env.AUTO_SHARDS,
    soldOutMemoryMs: env.SOLD_OUT_MEMORY_MS,
    lowStock: env.LOW_STOCK,
    lockTimeoutMs: secondsToMs(env.LOCK_TIMEOUT_SECONDS),
    ...(env.LEARNED_HOLDS !== "off" && { learnedHolds: readLearnedHolds(env.LEARNED_HOLDS) }),
  },
};
