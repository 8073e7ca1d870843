/** The last hour of the shop, minute by minute, as lines that can be drawn. */
import type { Minute } from "./told.ts";

/** What was counted of the whole shop in one minute. */
export interface ShopMinute {
  readonly minuteMs: number;
  readonly granted: number;
  readonly refused: Readonly<Record<string, number | undefined>>;
  readonly conflicts: number;
}

/** A line of a plot: a value for each minute. */
export interface Line {
  readonly name: string;
  readonly values: readonly number[];
}

/** What is drawn, and when each minute begins. */
export interface Hour {
  readonly atMs: readonly number[];
  readonly orders: readonly Line[];
  /** By reason, those that were met most first; what is rarer is one line. */
  readonly refusals: readonly Line[];
  readonly conflicts: readonly Line[];
}

const minuteMs = 60_000;
const minutesShown = 60;
/** So many reasons have a line of their own: more of them nobody tells apart. */
const mostReasons = 3;

/** All values of a line together. */
export function sumLine({ values }: Line): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function sortReasons(rows: readonly ShopMinute[]): string[] {
  const sums = new Map<string, number>();
  for (const { refused } of rows) {
    for (const [reason, count = 0] of Object.entries(refused)) {
      sums.set(reason, (sums.get(reason) ?? 0) + count);
    }
  }
  return [...sums].toSorted(([, one], [, other]) => other - one).map(([reason]) => reason);
}

/**
 * How many orders were placed in a minute: what was told is here at once, what was counted goes back further, and each
 * may have missed something.
 */
export function countPlaced(
  rows: readonly ShopMinute[],
  told: readonly Minute[],
  fromMs: number,
): number {
  const counted = rows.find(({ minuteMs: at }) => at === fromMs)?.granted ?? 0;
  const heard = told.find((minute) => minute.fromMs === fromMs)?.counts["order.placed"] ?? 0;
  return Math.max(counted, heard);
}

/** How often anybody was refused for this reason within the hour. */
export function countRefused(rows: readonly ShopMinute[], reason: string): number {
  return rows.reduce((sum, { refused }) => sum + (refused[reason] ?? 0), 0);
}

/** The hour that ends now; minutes of which nothing is known are zero. */
export function makeHour(
  rows: readonly ShopMinute[],
  told: readonly Minute[],
  nowMs: number,
): Hour {
  const lastMs = Math.floor(nowMs / minuteMs) * minuteMs;
  const atMs = Array.from(
    { length: minutesShown },
    (_, nth) => lastMs - (minutesShown - 1 - nth) * minuteMs,
  );
  const counted = new Map(rows.map((row) => [row.minuteMs, row]));
  const heard = new Map(told.map((minute) => [minute.fromMs, minute.counts]));
  const draw = (name: string, read: (at: number) => number): Line => ({
    name,
    values: atMs.map(read),
  });
  const countOrders = (at: number): number => countPlaced(rows, told, at);
  const readTold = (type: string) => (at: number) => heard.get(at)?.[type] ?? 0;
  const refusedAt = (at: number, reason: string) => counted.get(at)?.refused[reason] ?? 0;
  const reasons = sortReasons(rows);
  const rare = reasons.slice(mostReasons);
  const named = reasons
    .slice(0, mostReasons)
    .map((reason) =>
      draw(reason.replaceAll("_", " ").toLowerCase(), (at) => refusedAt(at, reason)),
    );
  const others = draw("other reasons", (at) =>
    rare.reduce((sum, reason) => sum + refusedAt(at, reason), 0),
  );
  const perSale = (at: number) => (counted.get(at)?.conflicts ?? 0) / Math.max(1, countOrders(at));
  return {
    atMs,
    orders: [
      draw("placed", countOrders),
      // Only told, never counted: of before the page was opened nothing is known.
      draw("paid since opened", readTold("order.paid")),
      draw("ended unpaid since opened", (at) =>
        ["order.cancelled", "order.expired", "order.failed"].reduce(
          (sum, type) => sum + readTold(type)(at),
          0,
        ),
      ),
    ],
    refusals:
      reasons.length === 0 ? [draw("none", () => 0)] : named.concat(rare.length > 0 ? others : []),
    conflicts: [draw("conflicts a sale", perSale)],
  };
}
