/** Reckons what becomes of the units of a row whose time is over, by what its settlement rows say. */
import { bucketEndMs } from "../deadline.ts";
import type { Counted } from "../buckets.ts";
import type { Openings } from "./openings-store.ts";
import type { Part, Settled } from "./settlement-store.ts";

/** What a span of buckets comes to. */
export interface Reckoned {
  /** Units that were neither sold nor moved on. */
  readonly left: number;
  readonly sold: number;
  /** Units that moved on, by the later bucket that counts them now. */
  readonly arriving: ReadonlyMap<string, number>;
}

/**
 * What the buckets come to that end by `throughMs`, one after the other: what moved on from one may have been sold in
 * the next.
 */
export function reckon(
  due: Counted["due"],
  settled: ReadonlyMap<string, Settled>,
  throughMs: number,
): Reckoned {
  const counts = new Map(Object.entries(due).filter(([key]) => bucketEndMs(key) <= throughMs));
  const arriving = new Map<string, number>();
  const add = (counting: Map<string, number>, key: string, quantity: number): void => {
    counting.set(key, (counting.get(key) ?? 0) + quantity);
  };
  let [left, soldInAll] = [0, 0];
  while (counts.size > 0) {
    const key = String(Math.min(...[...counts.keys()].map(Number)));
    const { sold = 0, moved = {} } = settled.get(key) ?? {};
    left += counts.get(key)! - sold;
    soldInAll += sold;
    counts.delete(key);
    for (const [to, quantity] of Object.entries(moved).filter(([, units]) => units > 0)) {
      left -= quantity;
      add(bucketEndMs(to) <= throughMs ? counts : arriving, to, quantity);
    }
  }
  return { left, sold: soldInAll, arriving };
}

/** The settlement rows of a row that were opened for buckets which end after the first instant and by the last. */
export function listParts(
  row: number,
  openings: Openings,
  [afterMs, throughMs]: readonly [afterMs: number, throughMs: number],
): Part[] {
  return [...openings]
    .filter(([key]) => bucketEndMs(key) > afterMs && bucketEndMs(key) <= throughMs)
    .flatMap(([bucket, parts]) => parts.map((part) => ({ row, bucket, part })));
}
