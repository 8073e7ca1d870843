/** What administrators see of the events that providers sent about an order. */
import { OrderNotFound } from "../../orders/order.ts";
import { findOrder } from "../../orders/order-store.ts";
import type { Database } from "../../table/database.ts";
import type { Page } from "../../table/paging.ts";
import { listRemembered, type NotedEntry } from "./noted-event.ts";
import { listKept } from "./noted-event-store.ts";

/** Which events to list. */
export interface NotedEventQuery {
  readonly orderId: string;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Makes the service. */
export function createNotedEvents({ database }: { readonly database: Database }) {
  return {
    /**
     * A page of the events about an order, newest first: the first one has all that did something, which are 50 at
     * the most, and every page up to `limit` of those that did nothing in the last 90 days. Two requests, for a
     * page that goes on one.
     *
     * @throws OrderNotFound when there is neither the order nor an event that names it
     * @example const { rows, cursor } = await notedEvents.list({ orderId: "ord_x", limit: 20 });
     */
    async list({ orderId, ...page }: NotedEventQuery): Promise<Page<NotedEntry>> {
      if (page.cursor !== undefined) return listKept(database, orderId, page);
      const [order, { rows, ...more }] = await Promise.all([
        findOrder(database, orderId),
        listKept(database, orderId, page),
      ]);
      if (!order && rows.length === 0) throw new OrderNotFound(orderId);
      const remembered = order ? listRemembered(order) : [];
      const all = [...remembered, ...rows].toSorted((one, other) => other.atMs - one.atMs);
      return { rows: all, ...more };
    },
  };
}
