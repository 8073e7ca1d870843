/** Administration over HTTP: locks and holds, the sweep, clear-all, the audit trail, the stock check. */
import {
  checkInventory,
  cleanupLocks,
  clearAllLocks,
  itemLocks,
  listAudit,
  listLocks,
  lockStats,
  releaseOrder,
} from "../shared/api/admin.ts";
import { listContention } from "../shared/api/analytics.ts";
import { listEvents } from "../shared/api/told-events.ts";
import { listPaymentEvents, reconcilePayments } from "../shared/api/payment-admin.ts";
import {
  auditService,
  clearingService,
  overviewService,
  paymentService,
  reconciling,
  stockCheckService,
} from "../shared/shop.ts";
import { createContentionService } from "../shared/insight/contention-service.ts";
import { contentionView } from "../shared/insight/contention-view.ts";
import { createToldService } from "../shared/events/told-service.ts";
import { listLeases } from "../shared/api/lease-analytics.ts";
import { listHolds } from "../shared/api/hold-analytics.ts";
import { createLeaseService } from "../shared/insight/lease-service.ts";
import { createLearnedHoldService } from "../shared/insight/learned-hold-service.ts";
import { answer } from "./runtime/answer.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { sweepEverything } from "./runtime/sweeping.ts";
import { payingShop as shop } from "./runtime/payments.ts";

const audit = auditService(shop);
const clearing = clearingService(shop);
const overview = overviewService(shop);
const stockCheck = stockCheckService(shop);
const told = createToldService(shop);
const leases = createLeaseService(shop);
const learnedHolds = createLearnedHoldService(shop);
const contention = createContentionService(shop);

export const handler = createHandler([
  serve(listLocks, async ({ query: { order = "name", ...query } }) => {
    const list = order === "end" ? overview.listNext : overview.list;
    const { rows, cursor = null } = await list(query);
    return answer(200, { locks: rows, cursor });
  }),
  serve(lockStats, async ({ query }) => answer(200, await overview.stats(query.cursor))),
  serve(itemLocks, async ({ params, query }) => {
    const found = await overview.item(params.itemId, query.cursor);
    const { stock, isLocked, holds, cursor = null } = found;
    const { itemId, holdPolicy, available } = stock;
    return answer(200, { itemId, isLocked, holdPolicy, available, holds, cursor });
  }),
  serve(releaseOrder, async ({ params, body, actor }) => {
    const { orderId, status } = await clearing.release(params.orderId, actor, body.reason);
    return answer(200, { success: true, orderId, status });
  }),
  serve(cleanupLocks, async ({ actor }) => {
    const { expiredOrders, releasedLocks } = await sweepEverything(actor);
    return answer(200, { expiredOrders, releasedLocks });
  }),
  serve(clearAllLocks, async ({ body, actor }) =>
    answer(200, await clearing.clearAll({ ...body, actor })),
  ),
  serve(listAudit, async ({ query: { subject, ...page } }) => {
    const { rows, cursor = null } = await audit.list(subject, page);
    const entries = rows.map(({ subject: _subject, ttlSeconds: _ttlSeconds, ...entry }) => {
      return { reason: null, requestId: null, orderId: null, ...entry };
    });
    return answer(200, { entries, cursor });
  }),
  serve(listContention, async ({ query }) => {
    const { rows, cursor = null } = await contention.listMinutes(query);
    return answer(200, { minutes: rows.map(contentionView), cursor });
  }),
  serve(listEvents, async ({ query: { resource, ...page } }) => {
    const { rows, cursor = null } = await told.list(resource, page);
    return answer(200, { events: [...rows], cursor });
  }),
  serve(reconcilePayments, async ({ body, actor }) => {
    const { cursor = null, ...found } = await reconciling(shop).reconcile(body, actor);
    return answer(200, { ...found, cursor });
  }),
  serve(listPaymentEvents, async ({ query }) => {
    const { rows: events, cursor = null } = await paymentService(shop).listEvents(query);
    return answer(200, { events, cursor });
  }),
  serve(listHolds, async () => answer(200, { holds: await learnedHolds.show() })),
  serve(listLeases, async () => answer(200, await leases.show())),
  serve(checkInventory, async ({ query }) =>
    answer(200, { cursor: null, ...(await stockCheck.run(query.cursor)) }),
  ),
]);
