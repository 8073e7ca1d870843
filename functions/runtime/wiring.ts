/** From settings to a shop: what the services of this function are made of. */
import { secondsToMs, systemClock } from "../../shared/base/time.ts";
import { carryingOver } from "../../shared/inventory/old-layout.ts";
import type { ShopParts } from "../../shared/shop.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { createDatabase } from "../../shared/table/database.ts";
import { env, paymentMs, processingMs, tableName } from "./env.ts";
import { lockWaited } from "./metrics.ts";
import { domainLogger } from "./observe.ts";

const clock = systemClock;

/**
 * The parts of this function's services: `lockService(shop)` of `shared/shop.ts` makes one. A table
 * that the function was not granted is refused when it is asked for.
 */
export const shop: ShopParts = {
  database: carryingOver(
    createDatabase({ client: createDocumentClient(), clock, tableName }),
    clock,
  ),
  clock,
  logger: domainLogger,
  waited: lockWaited,
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
  },
};
