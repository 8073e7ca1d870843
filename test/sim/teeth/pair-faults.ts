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
    name: "what the provider paid back is forgotten where somebody said that he had",
    file: "shared/payments/refunds/refund-attempt.ts",
    find: 'if (isSaidDone(refund) && answer.status === "done") {',
    replace: 'if (isSaidDone(refund) && answer.status === "unanswered") {',
    workload: "pairs of POST /payments/{orderId}/refund, of money that went back outside",
  },
];
