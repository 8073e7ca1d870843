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
import { answer } from "./runtime/answer.ts";
import { trail } from "./runtime/audit.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { operations } from "./runtime/operations.ts";
import { sweepEverything } from "./runtime/sweeping.ts";

export const handler = createHandler([
  serve(listLocks, async ({ query }) => {
    const { rows, cursor = null } = await operations.overview.list(query);
    return answer(200, { locks: rows, cursor });
  }),
  serve(lockStats, async ({ query }) => answer(200, await operations.overview.stats(query.cursor))),
  serve(itemLocks, async ({ params }) => {
    const { stock, holds } = await operations.overview.item(params.itemId);
    const { itemId, holdPolicy, available } = stock;
    return answer(200, { itemId, isLocked: holds.length > 0, holdPolicy, available, holds });
  }),
  serve(releaseOrder, async ({ params, body, actor }) => {
    const { orderId, status } = await operations.clearing.release(
      params.orderId,
      actor,
      body.reason,
    );
    return answer(200, { success: true, orderId, status });
  }),
  serve(cleanupLocks, async ({ actor }) => {
    const { expiredOrders, releasedLocks } = await sweepEverything(actor);
    return answer(200, { expiredOrders, releasedLocks });
  }),
  serve(clearAllLocks, async ({ body, actor }) =>
    answer(200, await operations.clearing.clearAll({ ...body, actor })),
  ),
  serve(listAudit, async ({ query: { subject, ...page } }) => {
    const { rows, cursor = null } = await trail.audit.list(subject, page);
    const entries = rows.map(({ subject: _subject, ttlSeconds: _ttlSeconds, ...entry }) => {
      return { reason: null, requestId: null, orderId: null, ...entry };
    });
    return answer(200, { entries, cursor });
  }),
  serve(checkInventory, async ({ query }) =>
    answer(200, { cursor: null, ...(await operations.stockCheck.run(query.cursor)) }),
  ),
]);
