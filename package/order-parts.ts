/** What orders that stand alone are made of: the product's own services over its own layout. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { type Logger, silentLogger } from "../shared/base/logger.ts";
import { systemClock } from "../shared/base/time.ts";
import { createItemMemory } from "../shared/inventory/hot/item-memory.ts";
import { createInventoryService } from "../shared/inventory/inventory-service.ts";
import { createLevelMemory } from "../shared/inventory/level-memory.ts";
import { usualDueShards } from "../shared/orders/due-shards.ts";
import type { Order } from "../shared/orders/order.ts";
import { orderView } from "../shared/orders/order-view.ts";
import type { ShopperLimits } from "../shared/orders/shopper.ts";
import { type Connection, openDatabase } from "./open-database.ts";

/** Where orders and the units that they sell are. */
export interface OrderTables extends Connection {
  readonly table: string;
  /** The table of units, that of `holdfast/holds` or the product's stock. */
  readonly unitsTable: string;
  /** Where it is written down how units came; needed where the catalogue says how many there are first. */
  readonly ledgerTable?: string;
  /** Counts what each shopper has open; needed for limits, the items' own included, and only for them. */
  readonly shoppersTable?: string;
  /** For how long after an order's deadline money still buys what was ordered, if it is to be had; a day by default. */
  readonly lateMoneyMs?: number;
  readonly logger?: Logger;
}

/** An order as it is shown: lines, total, deadline, and what is known of its money. */
export type OrderView = Omit<ReturnType<typeof orderView>, "paymentMethod" | "sessionId">;

/** The order as callers see it. */
export function viewOrder(order: Order): OrderView {
  const { paymentMethod: _method, sessionId: _session, ...seen } = orderView(order);
  return seen;
}

/** Nobody is limited. */
const noLimits: ShopperLimits = {
  maxOpenOrders: 0,
  maxUnitsPerLine: 0,
  maxUnpaidOrders: 0,
  unpaidPauseMs: 0,
};

/** Makes the parts. Opens nothing yet: the first request does. */
export function makeOrderParts(
  options: OrderTables & {
    readonly limits?: Partial<ShopperLimits>;
    readonly autoShards?: number;
    /** Only where a provider tells of money. */
    readonly eventsTable?: string;
  },
) {
  const { table, unitsTable, ledgerTable, shoppersTable, eventsTable } = options;
  const { limits, autoShards = 8, lateMoneyMs = 86_400_000, logger = silentLogger } = options;
  if (limits && shoppersTable === undefined) {
    throw new Error("Limits are counted in a table of their own: name it as shoppersTable");
  }
  const tables = {
    Orders: table,
    Stock: unitsTable,
    Movements: ledgerTable,
    Shoppers: shoppersTable,
    Events: eventsTable,
  };
  const clock = systemClock;
  const database = openDatabase(tables, options);
  return {
    database,
    clock,
    logger,
    sleep: (durationMs: number): Promise<void> => sleepMs(durationMs),
    random: Math.random,
    memory: createItemMemory(clock, 250),
    inventory: createInventoryService({ database, clock, lastSeen: createLevelMemory() }),
    limits: { ...noLimits, ...limits },
    hasPriceList: false,
    settings: { dueShards: usualDueShards },
    autoShards,
    lateMoneyMs,
  };
}

/** See `makeOrderParts`. */
export type OrderParts = ReturnType<typeof makeOrderParts>;
