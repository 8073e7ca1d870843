/** The real stores and services over DynamoDB Local (or a simulation), with a clock of the test's. */
import type { Clock } from "../../shared/base/time.ts";
import { createCartContentsStore } from "../../shared/carts/cart-contents-store.ts";
import { createCartService } from "../../shared/carts/cart-service.ts";
import { createCartStore } from "../../shared/carts/cart-store.ts";
import { createHoldStore } from "../../shared/inventory/hold-store.ts";
import type { HoldPolicy, Stock } from "../../shared/inventory/stock.ts";
import { createStockStore } from "../../shared/inventory/stock-store.ts";
import { createOrderService } from "../../shared/orders/order-service.ts";
import { createOrderStore } from "../../shared/orders/order-store.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { createDatabase, type DocumentClient } from "../../shared/table/database.ts";
import { type Meter, newMeter, runOperation } from "../../shared/table/operation.ts";
import { createTables, localClientSettings, type TableNames } from "./tables.ts";

/** How long an order of a test's world holds its units. */
export const holdMs = 300_000;

export interface WorldOptions {
  readonly client: DocumentClient;
  readonly tables: TableNames;
  readonly clock: Clock;
}

/** Everything that orders touch, over a client and tables that are there. */
export function createWorldOver({ client, tables, clock }: WorldOptions) {
  const database = createDatabase({ client });
  const stock = createStockStore({ database, tableName: tables.Stock });
  const holds = createHoldStore({ tableName: tables.Stock });
  const carts = createCartStore({ database, tableName: tables.Carts });
  const contents = createCartContentsStore({
    database,
    tableName: tables.Carts,
    stockTable: tables.Stock,
  });
  const cartService = createCartService({ database, store: carts, contents, clock });
  const orderStore = createOrderStore({ database, tableName: tables.Orders });
  const parts = { database, stock, holds, carts, clock, holdMs };
  const orders = createOrderService({ ...parts, orders: orderStore });
  return { client, tables, database, clock, stock, holds, carts, cartService, orderStore, orders };
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
export async function giveItem({ database, stock }: World, given: ItemGiven): Promise<Stock> {
  const { itemId, quantity = 10, holdPolicy = "counted" } = given;
  const { amountMinor = 1_000, currency = "EUR" } = given;
  const levels = { available: quantity, sold: 0, received: quantity, adjusted: 0, holds: {} };
  const names = { name: `The ${itemId}`, kind: "Retail", vendorId: null };
  const item = { itemId, ...names, amountMinor, currency, holdPolicy, ...levels, createdAtMs: 1 };
  await database.apply(
    stock.createWrite(item, { action: "item.create", actor: "test", atMs: 1 as never }),
  );
  return item;
}

/** Units of an item wherever they are; S1 says that this never changes by itself. */
export function unitsOf({ available, sold, holds }: Stock): number {
  const held = Object.values(holds).reduce((sum, { quantity }) => sum + quantity, 0);
  return available + held + sold;
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
