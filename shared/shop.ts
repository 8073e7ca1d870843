/**
 * THE composition: what every service of a shop is made of. Each recipe makes its service when it is first asked
 * for, once for these parts. A function imports the recipes that it needs, so that its bundle has nothing else;
 * whoever wants all of them, a simulation or a test, asks `createShop`.
 */
import { setTimeout as sleepMs } from "node:timers/promises";
import { createClearingService } from "./admin/clearing-service.ts";
import { createOverviewService } from "./admin/overview-service.ts";
import { createTrialLocksService } from "./admin/trial-locks-service.ts";
import { createTrialService } from "./admin/trial-service.ts";
import { createAuditService } from "./audit/audit-service.ts";
import { servedBy } from "./base/served-by.ts";
import { createCartService } from "./carts/cart-service.ts";
import { createDocumentService } from "./documents/document-service.ts";
import { createHoldMemory } from "./insight/hold-memory.ts";
import { createItemMemory } from "./inventory/hot/item-memory.ts";
import { createInventoryService } from "./inventory/inventory-service.ts";
import { createItemLineService } from "./inventory/line/item-line-service.ts";
import { createLedgerService } from "./inventory/ledger-service.ts";
import { createLevelMemory } from "./inventory/level-memory.ts";
import { createOrderMovementService } from "./inventory/order-movement-service.ts";
import { createStockCheckService } from "./inventory/stock-check-service.ts";
import { createAnnouncingService } from "./live/announcing-service.ts";
import { createLiveService } from "./live/live-service.ts";
import { createPostingService, type PostingOptions } from "./live/posting-service.ts";
import { createEventService } from "./events/event-service.ts";
import { createPublishingService } from "./events/publishing-service.ts";
import { createLockService } from "./locks/lock-service.ts";
import { createFulfilmentService } from "./orders/fulfilments/fulfilment-service.ts";
import { createOrderService } from "./orders/order-service.ts";
import { createPriceService } from "./promotions/price-service.ts";
import { createPromotionService } from "./promotions/promotion-service.ts";
import { type CashierOptions, createCashier } from "./payments/cashier.ts";
import { createCancelling } from "./payments/cancel-service.ts";
import { createPaymentService } from "./payments/payment-service.ts";
import type { PaymentAlarm } from "./payments/payment.ts";
import { createReconciling } from "./payments/reconciling/reconcile-service.ts";
import { createSweep } from "./payments/sweep.ts";
import type { ShopParts } from "./shop-settings.ts";
import type { Providers } from "./providers/provider.ts";

export type { ShopParts, ShopSettings } from "./shop-settings.ts";

/** What services that deal with money are made of; apart, because providers bring their SDKs. */
export interface PayingShopParts extends ShopParts {
  readonly providers: Providers;
  /** Raises an alarm that somebody should look at. */
  readonly alarm: (name: PaymentAlarm) => void;
  /** The sandbox's keys, and where its signed events go; only where there is a sandbox. */
  readonly sandbox?: Pick<CashierOptions, "keys" | "deliver">;
}

// Stands in this file, so that bundlers see that an unused recipe leaves nothing behind.
// @__NO_SIDE_EFFECTS__
function recipe<Parts extends object, Service>(
  make: (parts: Parts) => Service,
): (parts: Parts) => Service {
  const made = new WeakMap<Parts, { readonly service: Service }>();
  return (parts) => {
    if (!made.has(parts)) made.set(parts, { service: make(parts) });
    return made.get(parts)!.service;
  };
}

/** Locks by name. */
export const lockService = recipe((parts: ShopParts) => createLockService(parts));

/** Documents that only the owner of their lock can change. */
export const documentService = recipe((parts: ShopParts) =>
  createDocumentService({ ...parts, locks: lockService(parts) }),
);

/** What a process has seen of stock levels; whoever sees some spares the ledger a request. */
const levelMemory = recipe((_parts: ShopParts) => createLevelMemory());

/** Items. */
export const inventoryService = recipe((parts: ShopParts) =>
  createInventoryService({ ...parts, lastSeen: levelMemory(parts) }),
);

/** Movements of stock outside of orders. */
export const ledgerService = recipe((parts: ShopParts) =>
  createLedgerService({ ...parts, lastSeen: levelMemory(parts) }),
);

/** The lines for sold-out items. */
export const itemLineService = recipe((parts: ShopParts) => createItemLineService(parts));

/** The check of the conservation law. */
export const stockCheckService = recipe((parts: ShopParts) => createStockCheckService(parts));

/** Promotions. */
export const promotionService = recipe((parts: ShopParts) => createPromotionService(parts));

/** What decides on prices, as readers of carts see it. */
export const priceService = recipe((parts: ShopParts) => createPriceService(parts));

/** Carts. */
export const cartService = recipe((parts: ShopParts) => {
  const { cartStorage: storage, lockTimeoutMs } = parts.settings;
  const guard = { locks: lockService(parts), storage, lockTimeoutMs };
  return createCartService({ ...parts, ...guard, rememberPrices: priceService(parts).remember });
});

/** What a process has seen of crowded items. */
const itemMemory = recipe((parts: ShopParts) =>
  createItemMemory(parts.clock, parts.settings.soldOutMemoryMs),
);

/** What taking units of crowded items is made of. */
function makeTakingParts(parts: ShopParts) {
  const { sleep = (durationMs: number) => sleepMs(durationMs), random = Math.random } = parts;
  return { sleep, random, memory: itemMemory(parts) };
}

/** What placing orders is made of. */
function makePlacingParts(parts: ShopParts) {
  const { holdMs, dueShards, autoShards, limits } = parts.settings;
  const told = { prices: priceService(parts), ...createHoldMemory(parts) };
  return { ...parts, ...makeTakingParts(parts), ...told, holdMs, dueShards, autoShards, limits };
}

/** Orders, for those who end or read them: nothing is asked of providers. */
export const orderService = recipe((parts: ShopParts) =>
  createOrderService(makePlacingParts(parts)),
);

/** What was sent of orders. */
export const fulfilmentService = recipe((parts: ShopParts) => createFulfilmentService(parts));

/** The audit trail. */
export const auditService = recipe((parts: ShopParts) => createAuditService(parts));

/** The ledger's entries for what orders did. */
export const orderMovementService = recipe((parts: ShopParts) => createOrderMovementService(parts));

/** Who listens to what. */
export const liveService = recipe((parts: ShopParts) => createLiveService(parts));

/** Whether anybody listens to what happened. */
export const announcingService = recipe((parts: ShopParts) => createAnnouncingService(parts));

/** Tells those who listen. */
export const postingService = recipe((parts: ShopParts & Pick<PostingOptions, "post">) =>
  createPostingService({ ...parts, live: liveService(parts), inventory: inventoryService(parts) }),
);

/** What leaves as events. */
export const eventService = recipe((parts: ShopParts) =>
  createEventService({ ...parts, ...parts.settings, inventory: inventoryService(parts) }),
);

/** Hands events on. */
export const publishingService = recipe(createPublishingService);

/** What administrators see of locks and holds. */
export const overviewService = recipe((parts: ShopParts) =>
  createOverviewService({ ...parts, locks: lockService(parts) }),
);

/** Trials of items, for test routes. */
export const trialService = recipe((parts: ShopParts) => {
  const [ledger, inventory] = [ledgerService(parts), inventoryService(parts)];
  return createTrialService({ ...parts, ledger, inventory });
});

/** Locks that tests took. */
export const trialLocksService = recipe((parts: ShopParts) =>
  createTrialLocksService({ locks: lockService(parts) }),
);

/** Payments. */
export const paymentService = recipe((parts: PayingShopParts) =>
  createPaymentService({ ...parts, ...parts.settings, ...makeTakingParts(parts) }),
);

/** Ends orders that wait for their money. */
export const cancelling = recipe((parts: PayingShopParts) =>
  createCancelling({ ...parts, orders: orderService(parts), payments: paymentService(parts) }),
);

/** Orders that can be paid: what the chosen provider would not take is refused before anything is held. */
export const payableOrderService = recipe((parts: PayingShopParts) =>
  createOrderService({
    ...makePlacingParts(parts),
    assertPayable: paymentService(parts).assertPayable,
  }),
);

/** The sandbox's cashier. */
export const cashier = recipe(({ sandbox, ...parts }: PayingShopParts) => {
  if (!sandbox) throw new Error("There is no sandbox here");
  return createCashier({ ...parts, ...sandbox });
});

/** Ends orders and locks by an administrator's word. */
export const clearingService = recipe((parts: PayingShopParts) =>
  createClearingService({ ...parts, locks: lockService(parts), cancelling: cancelling(parts) }),
);

/** The reconciler. */
export const reconciling = recipe((parts: PayingShopParts) =>
  createReconciling({ ...parts, settle: paymentService(parts).settleUnheard }),
);

/** The sweep. */
export const sweep = recipe((parts: PayingShopParts) =>
  createSweep({
    ...parts,
    orders: orderService(parts),
    payments: paymentService(parts),
    inventory: inventoryService(parts),
  }),
);

/**
 * Every service of a shop, each made when it is first asked for.
 *
 * @example const { orders } = createShop({ database, clock, logger, settings, providers, alarm });
 */
export function createShop(parts: PayingShopParts) {
  return servedBy(
    {
      locks: lockService,
      documents: documentService,
      inventory: inventoryService,
      itemLine: itemLineService,
      ledger: ledgerService,
      stockCheck: stockCheckService,
      promotions: promotionService,
      carts: cartService,
      orders: payableOrderService,
      fulfilments: fulfilmentService,
      payments: paymentService,
      cancelling,
      reconciling,
      cashier,
      sweep,
      audit: auditService,
      orderMovements: orderMovementService,
      events: eventService,
      overview: overviewService,
      clearing: clearingService,
    },
    parts,
  );
}
