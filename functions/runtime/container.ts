/** The composition root: the only place that builds clients, stores and services, each when needed. */
import { secondsToMs, systemClock } from "../../shared/base/time.ts";
import { createCartContentsStore } from "../../shared/carts/cart-contents-store.ts";
import { createCartService } from "../../shared/carts/cart-service.ts";
import { createCartStore } from "../../shared/carts/cart-store.ts";
import { createDocumentService } from "../../shared/documents/document-service.ts";
import { createDocumentStore } from "../../shared/documents/document-store.ts";
import { createHoldStore } from "../../shared/inventory/hold-store.ts";
import { createInventoryService } from "../../shared/inventory/inventory-service.ts";
import { createLedgerService } from "../../shared/inventory/ledger-service.ts";
import { createLevelMemory } from "../../shared/inventory/level-memory.ts";
import { createMovementStore } from "../../shared/inventory/movement-store.ts";
import { createStockStore } from "../../shared/inventory/stock-store.ts";
import { createLockService } from "../../shared/locks/lock-service.ts";
import { createLockStore } from "../../shared/locks/lock-store.ts";
import { createOrderService } from "../../shared/orders/order-service.ts";
import { createOrderStore } from "../../shared/orders/order-store.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { createDatabase } from "../../shared/table/database.ts";
import { env, optional, required } from "./env.ts";
import { lockWaited } from "./metrics.ts";
import { domainLogger } from "./observe.ts";

/** Builds a part on first use, so that a function needs only what its environment grants it. */
export function once<T>(build: () => T): () => T {
  let built: { readonly part: T } | undefined;
  return () => (built ??= { part: build() }).part;
}

/** The machine's clock, as every part gets it. */
export const clock = systemClock;
/** The one database of this function. */
export const database = once(() => createDatabase({ client: createDocumentClient(), clock }));

/** Stores that several services share. */
export const stores = {
  locks: once(() => createLockStore({ database: database(), tableName: required("LOCKS_TABLE") })),
  documents: once(() =>
    createDocumentStore({ database: database(), tableName: required("DOCUMENTS_TABLE") }),
  ),
  stock: once(() => createStockStore({ database: database(), tableName: required("STOCK_TABLE") })),
  holds: once(() => createHoldStore({ tableName: required("STOCK_TABLE") })),
  movements: once(() =>
    createMovementStore({
      database: database(),
      tableName: required("MOVEMENTS_TABLE"),
      stockTable: optional("STOCK_TABLE"),
    }),
  ),
  carts: once(() => createCartStore({ database: database(), tableName: required("CARTS_TABLE") })),
  cartContents: once(() =>
    createCartContentsStore({
      database: database(),
      tableName: required("CARTS_TABLE"),
      stockTable: required("STOCK_TABLE"),
    }),
  ),
  orders: once(() =>
    createOrderStore({ database: database(), tableName: required("ORDERS_TABLE") }),
  ),
};

const locks = once(() =>
  createLockService({ store: stores.locks(), clock, logger: domainLogger, waited: lockWaited }),
);

const documents = once(() =>
  createDocumentService({
    database: database(),
    documentStore: stores.documents(),
    lockStore: stores.locks(),
    locks: locks(),
    clock,
  }),
);

const lastSeen = createLevelMemory();

const inventory = once(() =>
  createInventoryService({
    database: database(),
    stockStore: stores.stock(),
    movementStore: stores.movements(),
    clock,
    lastSeen,
  }),
);

const ledger = once(() =>
  createLedgerService({
    database: database(),
    stockStore: stores.stock(),
    movementStore: stores.movements(),
    holdStore: stores.holds(),
    clock,
    lastSeen,
  }),
);

const carts = once(() =>
  createCartService({
    database: database(),
    store: stores.carts(),
    contents: stores.cartContents(),
    clock,
    storage: env.CART_LOCKING === "on" ? "locking" : "versioned",
    locks: optional("LOCKS_TABLE") ? locks() : undefined,
    lockTimeoutMs: secondsToMs(env.LOCK_TIMEOUT_SECONDS),
    logger: domainLogger,
  }),
);

const orders = once(() =>
  createOrderService({
    database: database(),
    orders: stores.orders(),
    stock: stores.stock(),
    holds: stores.holds(),
    carts: stores.carts(),
    clock,
    holdMs: secondsToMs(env.HOLD_SECONDS),
  }),
);

/** Whether DynamoDB answers: one cheap read. */
const health = {
  async check(): Promise<void> {
    await database().get(required("LOCKS_TABLE"), { resource: "health" });
  },
};

/** The services of the domain, built on first use. */
export const services = {
  get locks() {
    return locks();
  },
  get documents() {
    return documents();
  },
  health,
  get inventory() {
    return inventory();
  },
  get ledger() {
    return ledger();
  },
  get carts() {
    return carts();
  },
  get orders() {
    return orders();
  },
};
