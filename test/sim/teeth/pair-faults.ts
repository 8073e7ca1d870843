/** Mistakes that take two operations at the same moment to be seen: the exploration of pairs meets them, seeds hardly ever. */
import type { PlantedFault } from "./faults.ts";

export const pairFaults: readonly PlantedFault[] = [
  {
    name: "what stands in two places of an index is read twice in one batch",
    file: "shared/table/batch-read.ts",
    find: "const wanted = distinct(places, tableName);",
    replace: "const wanted = [...places, ...distinct([], tableName)];",
    workload: "pairs of POST /admin/locks/clear-all",
  },
];
