/** What happens in the shop, as it is told: the latest orders, and what happened in each minute since one looks. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { LiveMessage } from "../../client/live.ts";
import type { Session } from "../parts/session.ts";
import { addCounts, type Glance, mergeGlances, type Minute } from "./told.ts";

/** Everything that was told since the page was opened. */
export interface Activity {
  /** The orders that were told of last, newest first. */
  readonly orders: ReadonlySignal<readonly Glance[]>;
  /** Up to an hour of minutes, oldest first; those in which nothing happened are not among them. */
  readonly minutes: ReadonlySignal<readonly Minute[]>;
  /** Asks for each of these orders as it is now: one request each, where something may have been missed. */
  refresh(): Promise<void>;
}

/**
 * Follows what happens, and hands each message on: none where something may have been missed. No request but those of
 * the connection.
 */
export function followActivity(
  { client, live }: Session,
  onTold: (message?: LiveMessage) => void,
): Activity {
  const orders = signal<readonly Glance[]>([]);
  const minutes = signal<readonly Minute[]>([]);
  live.follow("admin/activity", (message) => {
    if (message) {
      const { counts, orders: moved } = message.data as unknown as {
        readonly counts: Readonly<Record<string, number>>;
        readonly orders: readonly Glance[];
      };
      // Of an order that moved twice, the last one counts.
      const last = [...new Map(moved.map((order) => [order.orderId, order])).values()];
      if (last.length > 0) orders.value = mergeGlances(last, orders.value);
      minutes.value = addCounts(minutes.value, counts, message.occurredAtMs);
    }
    onTold(message);
  });
  const refresh = async (): Promise<void> => {
    const asked = orders.value.map(({ orderId }) => client.getOrder({ params: { orderId } }));
    orders.value = mergeGlances(await Promise.all(asked), orders.value);
  };
  return { orders, minutes, refresh };
}
