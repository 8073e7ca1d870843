/** Mistakes that break nothing, but for which everything comes to rest too late, or never. */
import type { PlantedFault } from "./faults.ts";

const sweep = "shared/payments/sweep.ts";
const attempt = "shared/payments/refunds/refund-attempt.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  [
    "a sweep comes to orders a quarter of an hour late",
    sweep,
    "const query = { dueShard, throughMs, limit: pageSize, cursor };",
    "const query = { dueShard, throughMs: later(throughMs, -900_000), limit: pageSize, cursor };",
  ],
  [
    "a refund that could not be asked for is not tried again",
    attempt,
    "Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempts, 20))",
    "attempts === 1 ? 1e12 : firstPauseMs",
  ],
];

/** See `faults.ts`. */
export const restFaults: readonly PlantedFault[] = faults.map(([name, file, find, replace]) => {
  return { name, file, find, replace, workload: "refunds" };
});
