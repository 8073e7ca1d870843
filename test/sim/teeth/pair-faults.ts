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
  {
    name: "a row above a tree lock refuses, and somebody must have it",
    file: "shared/locks/tree-lock-store.ts",
    find: "return holder ? new LockHeld(holder) : new LockNotOwned(row, nowMs);",
    replace: "return new LockHeld(holder!);",
    workload: "pairs of a tree lock",
  },
  {
    name: "nobody looks back for a try that arrived behind the word that the money went back otherwise",
    file: "shared/payments/refunds/refund-asking.ts",
    find: 'if (refund.saidAtMs === undefined) return { status: "outside" };',
    replace: 'if (refund.saidAtMs !== null) return { status: "outside" };',
    workload:
      "faulty pairs of POST /payments/{orderId}/refund × POST /payments/{orderId}/refund, of money that went back outside",
  },
];
