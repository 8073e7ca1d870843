/** People over HTTP, for administrators: what there is of one, and its erasure. */
import { liveLockView } from "../shared/admin/live-lock.ts";
import { erasePerson, exportPerson } from "../shared/api/people.ts";
import type { AuditEntry } from "../shared/audit/audit.ts";
import { listEntries } from "../shared/audit/audit-store.ts";
import { cleanHistory, cleanMentions } from "../shared/audit/erasing-store.ts";
import { listMentions, type Mentioned } from "../shared/audit/mention-store.ts";
import { parseCartId } from "../shared/carts/model/cart.ts";
import { cartView } from "../shared/carts/model/cart-view.ts";
import { noPromotions } from "../shared/promotions/price-list.ts";
import { orderView } from "../shared/orders/order-view.ts";
import { createErasingService } from "../shared/people/erasing-service.ts";
import { createExportService } from "../shared/people/export-service.ts";
import { answer } from "./runtime/answer.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { shop } from "./runtime/wiring.ts";

const { database } = shop;

/** So much of an order's history is read with it; few orders have more. */
const historyLimit = 100;

const exporting = createExportService<AuditEntry>({
  ...shop,
  trail: {
    about: async (subject) => (await listEntries(database, subject, { limit: historyLimit })).rows,
    by: (mentioned: Mentioned, cursor) => listMentions(database, mentioned, cursor),
  },
});
const erasing = createErasingService({
  ...shop,
  trail: { history: cleanHistory, mentions: cleanMentions },
});

/** At the prices that are stored with it, without what promotions of now would do. */
const asStored = () => ({ prices: noPromotions, nowMs: shop.clock() });

function entryView({ ttlSeconds: _ttlSeconds, ...entry }: AuditEntry) {
  return { reason: null, requestId: null, orderId: null, ...entry, steps: [...entry.steps] };
}

export const handler = createHandler([
  serve(exportPerson, async ({ params: { userId }, query }) => {
    const page = await exporting.read(userId, query.cursor);
    const { orders, carts, locks, entries, cursor = null } = page;
    return answer(200, {
      orders: orders.map(orderView),
      carts: carts.map((cart) => cartView(cart, parseCartId(cart.cartId), asStored())),
      locks: locks.map(liveLockView),
      entries: entries.map(entryView),
      cursor,
    });
  }),
  serve(erasePerson, async ({ params: { userId }, query, actor }) => {
    const includeUnsent = query.includeUnsent === "true";
    const erasure = await erasing.erase({ userId, actor, includeUnsent });
    const { phase, orders, carts, locks, auditEntries, beganAtMs, endedAtMs = null } = erasure;
    const counts = { orders, carts, locks, auditEntries };
    return answer(200, { userId, done: phase === "done", phase, ...counts, beganAtMs, endedAtMs });
  }),
]);
