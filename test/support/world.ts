/** The real services over DynamoDB Local (or a simulation), with a clock of the test's. */
import { silentLogger } from "../../shared/base/logger.ts";
import type { Clock } from "../../shared/base/time.ts";
import { listBuckets, unitsIn } from "../../shared/inventory/buckets.ts";
import { gridStepMs } from "../../shared/inventory/deadline.ts";
import type { HoldPolicy, Stock } from "../../shared/inventory/stock.ts";
import { createStockWrite } from "../../shared/inventory/stock-store.ts";
import { noLockLimits } from "../../shared/locks/lock-limits.ts";
import { createSandbox } from "../../shared/providers/sandbox.ts";
import { createShop, type PayingShopParts, type ShopSettings } from "../../shared/shop.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { createDatabase, type DocumentClient } from "../../shared/table/database.ts";
import { type Meter, newMeter, runOperation } from "../../shared/table/operation.ts";
import { createTables, localClientSettings, type TableNames } from "./tables.ts";

/** How long an order of a test's world holds its units, at the least. */
export const holdMs = 300_000;
/** After so long every such hold is over: it ends at the next instant of the grid. */
export const wholeHoldMs = holdMs + gridStepMs(holdMs);
/** How long a payment takes in these tests, and an order altogether, in milliseconds. */
export const paymentMs = 600_000;
export const maxHoldMs = 3_600_000;
/** For how long after its deadline money still buys an order. */
export const lateMoneyMs = 7_200_000;

export const sandboxKeys = { webhookSecret: Buffer.alloc(33, "k").toString("base64") };

const testSettings: ShopSettings = {
  holdMs,
  paymentMs: () => paymentMs,
  maxHoldMs,
  processingMs: () => maxHoldMs,
  onPaymentFailure: "release",
  lateMoneyMs,
  cartStorage: "versioned",
  // Off, but in the tests that are about them.
  lockLimits: noLockLimits,
  limits: { maxOpenOrders: 0, maxUnitsPerLine: 0, maxUnpaidOrders: 0, unpaidPauseMs: 0 },
  dueShards: 4,
  autoShards: 8,
  soldOutMemoryMs: 250,
  lockTimeoutMs: 5_000,
  lowStock: 2,
};

export interface WorldOptions {
  readonly client: DocumentClient;
  readonly tables: TableNames;
  readonly clock: Clock;
  /** Waits before something is tried again. */
  readonly sleep?: (durationMs: number) => Promise<unknown>;
}

/** A shop over a client and tables that are there, with the sandbox as its only provider. */
export function createWorldOver({ client, tables, clock, sleep }: WorldOptions) {
  const database = createDatabase({ client, tableName: (table) => tables[table] });
  const parts: PayingShopParts = {
    database,
    clock,
    logger: silentLogger,
    settings: testSettings,
    providers: { sandbox: createSandbox({ keys: async () => [sandboxKeys], clock }) },
    alarm: () => {},
    ...(sleep ? { sleep } : {}),
  };
  const shop = createShop(parts);
  const { orders, carts, locks, promotions } = shop;
  return { client, tables, database, clock, parts, orders, carts, locks, promotions };
}

export type World = ReturnType<typeof createWorldOver>;

/** A world of its own in DynamoDB Local. */
export async function createWorld(endpoint: string, clock: Clock): Promise<World> {
  const client = createDocumentClient(localClientSettings(endpoint));
  return createWorldOver({ client, tables: await createTables(endpoint), clock });
}

export interface ItemGiven {
  readonly itemId: string;
  readonly quantity?: number;
  readonly holdPolicy?: HoldPolicy;
  readonly amountMinor?: number;
  readonly currency?: string;
}

/** Puts an item into the world, ten units at 10.00 EUR unless the test says otherwise. */
export async function giveItem({ database }: World, given: ItemGiven): Promise<Stock> {
  const { itemId, quantity = 10, holdPolicy = "counted" } = given;
  const { amountMinor = 1_000, currency = "EUR" } = given;
  const levels = { available: quantity, sold: 0, received: quantity, adjusted: 0, held: 0 };
  const counted = { due: {}, reclaimedThroughMs: 0 };
  const names = { name: `The ${itemId}`, kind: "Retail", vendorId: null };
  const item = {
    itemId,
    ...names,
    amountMinor,
    currency,
    holdPolicy,
    ...levels,
    ...counted,
    createdAtMs: 1,
  };
  await database.apply(
    createStockWrite(item, { action: "item.create", actor: "test", atMs: 1 as never }),
  );
  return item;
}

/** Units of an item wherever they are; S1 says that this never changes by itself. */
export function unitsOf({ available, sold, due }: Stock): number {
  return available + unitsIn(listBuckets({ due })) + sold;
}

/** What some work costs in DynamoDB, besides what it comes to. */
export async function metered<T>(work: () => Promise<T>): Promise<{ result: T; meter: Meter }> {
  const meter = newMeter();
  const result = await runOperation({ meter, deadlineMs: Number.POSITIVE_INFINITY }, work);
  return { result, meter };
}

/** The error that some work ends in; fails when it does not. */
export async function errorOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return work.then(
    () => {
      throw new Error("This was expected to be refused");
    },
    (error) => error,
  );
}
