/** The composition root of administration; the parts that shops need too are in container.ts. */
import { createClearingService } from "../../shared/admin/clearing-service.ts";
import { createOverviewService } from "../../shared/admin/overview-service.ts";
import { createPendingOrderStore } from "../../shared/admin/pending-order-store.ts";
import { createStockCheckService } from "../../shared/inventory/stock-check-service.ts";
import { clock, database, once, services, stores } from "./container.ts";
import { required } from "./env.ts";
import { moneyServices } from "./payment-container.ts";

const pendingOrders = once(() =>
  createPendingOrderStore({ database: database(), tableName: required("ORDERS_TABLE") }),
);

const stockCheck = once(() => createStockCheckService({ stockStore: stores.stock(), clock }));

const overview = once(() => {
  const { locks } = services;
  const parts = { pendingOrders: pendingOrders(), stockStore: stores.stock() };
  return createOverviewService({ locks, ...parts, clock });
});

const clearing = once(() => {
  const { locks, orders } = services;
  const parts = { locks, orders, payments: moneyServices.payments, clock };
  return createClearingService({ ...parts, pendingOrders: pendingOrders() });
});

/** The services that operate the shop, built on first use. */
export const operations = {
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
