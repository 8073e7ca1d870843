/** What was told of the shop, as it is kept: the latest orders, and what happened in each minute. */

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
