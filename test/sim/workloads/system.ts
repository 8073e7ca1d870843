/** The product's own stores and services, wired as in its container, for one simulated process. */
import { createClearingService } from "../../../shared/admin/clearing-service.ts";
import { createPendingOrderStore } from "../../../shared/admin/pending-order-store.ts";
import { createAuditService } from "../../../shared/audit/audit-service.ts";
import { createAuditStore } from "../../../shared/audit/audit-store.ts";
import { createCartContentsStore } from "../../../shared/carts/cart-contents-store.ts";
import { createCartService } from "../../../shared/carts/cart-service.ts";
import { createCartStore } from "../../../shared/carts/cart-store.ts";
import type { CartStorage } from "../../../shared/carts/collection-guard.ts";
import { createDocumentService } from "../../../shared/documents/document-service.ts";
import { createDocumentStore } from "../../../shared/documents/document-store.ts";
import { createHoldStore } from "../../../shared/inventory/hold-store.ts";
import { createInventoryService } from "../../../shared/inventory/inventory-service.ts";
import { createLedgerService } from "../../../shared/inventory/ledger-service.ts";
import { createLevelMemory } from "../../../shared/inventory/level-memory.ts";
import { createMovementStore } from "../../../shared/inventory/movement-store.ts";
import { createOrderMovementService } from "../../../shared/inventory/order-movement-service.ts";
import { createStockStore } from "../../../shared/inventory/stock-store.ts";
import { createLockService } from "../../../shared/locks/lock-service.ts";
import { createLockStore } from "../../../shared/locks/lock-store.ts";
import { createOrderService } from "../../../shared/orders/order-service.ts";
import { createOrderStore } from "../../../shared/orders/order-store.ts";
import type { OnPaymentFailure } from "../../../shared/payments/payment.ts";
import { createPaymentService } from "../../../shared/payments/payment-service.ts";
import { createPaymentStore } from "../../../shared/payments/payment-store.ts";
import { createSweep } from "../../../shared/payments/sweep.ts";
import type { Providers } from "../../../shared/providers/provider.ts";
import { silentLogger } from "../../../shared/base/logger.ts";
import { createDatabase, type DocumentClient } from "../../../shared/table/database.ts";
import type { World } from "../scheduler/world.ts";
import { simulatedTableNames as names } from "../tables.ts";

/** What deployments can choose, in milliseconds where it is a time. */
export interface Settings {
  readonly holdMs: number;
  readonly paymentMs: number;
  readonly maxHoldMs: number;
  readonly onPaymentFailure: OnPaymentFailure;
  readonly cartStorage: CartStorage;
}

export const defaultSettings: Settings = {
  holdMs: 60_000,
  paymentMs: 120_000,
  maxHoldMs: 300_000,
  onPaymentFailure: "release",
  cartStorage: "versioned",
};

/** Builds the services of a process that has just started. */
export function createSystem(
  world: Pick<World, "process">,
  settings: Settings,
  providersOf: (clock: ReturnType<World["process"]>["clock"]) => Providers = () => ({}),
) {
  const process = world.process();
  const { clock, sleep, random } = process;
  const client = process.client as unknown as DocumentClient;
  const database = createDatabase({ client, clock, sleep, random });
  const lockStore = createLockStore({ database, tableName: names.Locks });
  const locks = createLockService({ store: lockStore, clock, sleep, random });
  const stock = createStockStore({ database, tableName: names.Stock });
  const holds = createHoldStore({ tableName: names.Stock });
  const movementStore = createMovementStore({
    database,
    tableName: names.Movements,
    stockTable: names.Stock,
  });
  const cartStore = createCartStore({ database, tableName: names.Carts });
  const contents = createCartContentsStore({
    database,
    tableName: names.Carts,
    stockTable: names.Stock,
    clock,
    sleep,
    random,
  });
  const orderStore = createOrderStore({ database, tableName: names.Orders });
  const paymentStore = createPaymentStore({
    database,
    ordersTable: names.Orders,
    eventsTable: names.Events,
  });
  const lastSeen = createLevelMemory();
  const ledgerParts = { database, stockStore: stock, movementStore, clock, lastSeen };
  const orders = createOrderService({
    database,
    orders: orderStore,
    stock,
    holds,
    carts: cartStore,
    clock,
    holdMs: settings.holdMs,
  });
  const payments = createPaymentService({
    database,
    payments: paymentStore,
    holds,
    carts: cartStore,
    providers: providersOf(clock),
    clock,
    logger: silentLogger,
    alarm: () => {},
    paymentMs: () => settings.paymentMs,
    maxHoldMs: settings.maxHoldMs,
    onPaymentFailure: settings.onPaymentFailure,
  });
  const documentStore = createDocumentStore({ database, tableName: names.Documents });
  const auditStore = createAuditStore({ database, tableName: names.Audit });
  return {
    process,
    clock,
    database,
    locks,
    lockStore,
    stock,
    holds,
    documentStore,
    orderStore,
    orders,
    payments,
    inventory: createInventoryService(ledgerParts),
    ledger: createLedgerService({ ...ledgerParts, holdStore: holds }),
    carts: createCartService({
      database,
      store: cartStore,
      contents,
      clock,
      storage: settings.cartStorage,
      locks,
      logger: silentLogger,
    }),
    documents: createDocumentService({
      database,
      documentStore,
      lockStore,
      locks,
      clock,
    }),
    clearing: createClearingService({
      locks,
      orders,
      payments,
      pendingOrders: createPendingOrderStore({ database, tableName: names.Orders }),
      clock,
    }),
    audit: createAuditService({ store: auditStore }),
    auditStore,
    orderMovements: createOrderMovementService({ database, movementStore }),
    sweep: createSweep({ orderStore, orders, payments, clock, logger: silentLogger }),
  };
}

export type System = ReturnType<typeof createSystem>;
