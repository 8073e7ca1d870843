/** What happens in the shop, as it is told: the latest orders, and what happened in each minute since one looks. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { LiveMessage } from "../../client/live.ts";
import type { Session } from "../parts/session.ts";

/** An order, as far as a list of the latest shows it. */
export interface Glance {
  readonly orderId: string;
  readonly userId: string;
  readonly status: string;
  readonly totalMinor: number;
  readonly currency: string;
  readonly createdAtMs: number;
  /** Of what was told: how many units it is about. */
  readonly units?: number;
}

/** How often what happened within a minute, by the names of events. */
export interface Minute {
  readonly fromMs: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** Everything that was told since the page was opened. */
export interface Activity {
  /** The orders that were told of last, newest first. */
  readonly orders: ReadonlySignal<readonly Glance[]>;
  /** Up to an hour of minutes, oldest first; those in which nothing happened are not among them. */
  readonly minutes: ReadonlySignal<readonly Minute[]>;
  /** Asks for each of these orders as it is now: one request each, where something may have been missed. */
  refresh(): Promise<void>;
}

/** So many orders stand in the list of the latest. */
export const latestOrders = 10;
const minuteMs = 60_000;
/** So many minutes are kept. */
const keptMinutes = 60;

/** Two lists of orders as one, newest first; where both have an order, it is as the first says. */
export function mergeGlances(
  first: readonly Glance[],
  second: readonly Glance[],
): readonly Glance[] {
  const known = new Set(first.map(({ orderId }) => orderId));
  return [...first, ...second.filter(({ orderId }) => !known.has(orderId))]
    .toSorted((one, other) => other.createdAtMs - one.createdAtMs)
    .slice(0, latestOrders);
}

/** The minutes with these counts added to the one of that instant. */
export function addCounts(
  minutes: readonly Minute[],
  counts: Readonly<Record<string, number>>,
  atMs: number,
): readonly Minute[] {
  const fromMs = Math.floor(atMs / minuteMs) * minuteMs;
  const before = minutes.find((minute) => minute.fromMs === fromMs)?.counts ?? {};
  const sums = { ...before };
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  return [...minutes.filter((minute) => minute.fromMs !== fromMs), { fromMs, counts: sums }]
    .filter((minute) => minute.fromMs > fromMs - keptMinutes * minuteMs)
    .toSorted((one, other) => one.fromMs - other.fromMs);
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
