/** The composition root of administration and audit; the parts that shops need too are in container.ts. */
import { createClearingService } from "../../shared/admin/clearing-service.ts";
import { createOverviewService } from "../../shared/admin/overview-service.ts";
import { createPendingOrderStore } from "../../shared/admin/pending-order-store.ts";
import { createAuditService } from "../../shared/audit/audit-service.ts";
import { createAuditStore } from "../../shared/audit/audit-store.ts";
import { createOrderMovementService } from "../../shared/inventory/order-movement-service.ts";
import { createStockCheckService } from "../../shared/inventory/stock-check-service.ts";
import { clock, database, once, services, stores } from "./container.ts";
import { required } from "./env.ts";
import { moneyServices } from "./payment-container.ts";

const auditStore = once(() =>
  createAuditStore({ database: database(), tableName: required("AUDIT_TABLE") }),
);
const pendingOrders = once(() =>
  createPendingOrderStore({ database: database(), tableName: required("ORDERS_TABLE") }),
);

const audit = once(() => createAuditService({ store: auditStore() }));

const orderMovements = once(() =>
  createOrderMovementService({ database: database(), movementStore: stores.movements() }),
);

const stockCheck = once(() => createStockCheckService({ stockStore: stores.stock(), clock }));

const overview = once(() => {
  const { locks, inventory } = services;
  return createOverviewService({ locks, inventory, pendingOrders: pendingOrders(), clock });
});

const clearing = once(() => {
  const { locks, orders } = services;
  const parts = { locks, orders, payments: moneyServices.payments, clock };
  return createClearingService({ ...parts, pendingOrders: pendingOrders() });
});

/** The services that operate the shop, built on first use. */
export const operations = {
  get audit() {
    return audit();
  },
  get orderMovements() {
    return orderMovements();
  },
  get stockCheck() {
    return stockCheck();
  },
  get overview() {
    return overview();
  },
  get clearing() {
    return clearing();
  },
};
