/** What an answer shows of contention: sums, and durations as quantiles. */
import { type Contention, countAttempts } from "./contention.ts";
import { findQuantile, type Histogram, sumCounts } from "./histogram.ts";

const roundedQuantile = (histogram: Histogram, share: number): number | null => {
  const found = findQuantile(histogram, share);
  return found === undefined ? null : Math.round(found);
};

function durationsView(histogram: Histogram) {
  return {
    count: sumCounts(histogram),
    p50Ms: roundedQuantile(histogram, 0.5),
    p95Ms: roundedQuantile(histogram, 0.95),
    p99Ms: roundedQuantile(histogram, 0.99),
  };
}

/** One minute of a thing. Quantiles are in milliseconds and off by at most 9 %; null where nothing was counted. */
export function contentionView({ waits, holds, ...counted }: Contention) {
  return {
    ...counted,
    attempts: countAttempts(counted),
    waits: durationsView(waits),
    holds: durationsView(holds),
  };
}
