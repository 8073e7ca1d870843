/**
 * The composition root of everything that deals with money. It stands apart so that only functions
 * which do carry the providers' SDKs: those are four fifths of a bundle.
 */
import { secondsToMs } from "../../shared/base/time.ts";
import { createCashier } from "../../shared/payments/cashier.ts";
import { createPaymentService } from "../../shared/payments/payment-service.ts";
import { createPaymentStore } from "../../shared/payments/payment-store.ts";
import { createSweep } from "../../shared/payments/sweep.ts";
import { clock, database, once, services, stores } from "./container.ts";
import { env, optional, required } from "./env.ts";
import { domainLogger } from "./observe.ts";
import {
  alarm,
  buildProviders,
  deliverSandboxEvent,
  paymentMs,
  requiredKeysOf,
  wait,
} from "./payments.ts";

const paymentStore = once(() =>
  createPaymentStore({
    database: database(),
    ordersTable: required("ORDERS_TABLE"),
    eventsTable: optional("EVENTS_TABLE"),
  }),
);

const payments = once(() =>
  createPaymentService({
    database: database(),
    payments: paymentStore(),
    holds: stores.holds(),
    carts: stores.carts(),
    providers: buildProviders(),
    clock,
    logger: domainLogger,
    alarm,
    paymentMs,
    maxHoldMs: secondsToMs(env.MAX_HOLD_SECONDS),
    onPaymentFailure: env.ON_PAYMENT_FAILURE,
  }),
);

const cashier = once(() =>
  createCashier({
    payments: paymentStore(),
    keys: requiredKeysOf("sandbox"),
    clock,
    sleep: wait,
    deliver: deliverSandboxEvent,
  }),
);

const sweep = once(() =>
  createSweep({
    orderStore: stores.orders(),
    orders: services.orders,
    payments: payments(),
    clock,
    logger: domainLogger,
  }),
);

/** The services that deal with money, built on first use. */
export const moneyServices = {
  get payments() {
    return payments();
  },
  get cashier() {
    return cashier();
  },
  /** See `createSweep`. */
  get sweep() {
    return sweep();
  },
};
