/** What a refused request is told, in the service's own words and codes, and what of a batch is left over. */
import type { Reason } from "./contention.ts";

/** Texts of the service's errors, as API references and SDKs quote them. */
export const refusalTexts = {
  conflict: "Transaction is ongoing for the item",
  throttled:
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly.",
  throttledBatch: "The level of configured provisioned throughput for the table was exceeded",
  inProgress: "The transaction with the given request token is already in progress",
} as const;

/** The reasons of a cancelled transaction, one for each of its actions. */
export function listCancellations(
  reasons: readonly Reason[],
): { Code: string; Message?: string }[] {
  const codes = { conflict: "TransactionConflict", throttled: "ThrottlingError" } as const;
  return reasons.map((reason) =>
    reason ? { Code: codes[reason], Message: refusalTexts[reason] } : { Code: "None" },
  );
}

/** A batch of reads or writes by table. */
export type Batch = Record<string, { Keys?: object[] } | object[]>;

/** Splits a batch by the positions of its keys: into what was let in and what is left over. */
export function splitBatch(
  items: Batch,
  isIn: (position: number) => boolean,
): { admitted: Batch; left: Batch } {
  const parts: { admitted: Batch; left: Batch } = { admitted: {}, left: {} };
  let position = 0;
  for (const [name, request] of Object.entries(items)) {
    const list = Array.isArray(request) ? request : (request.Keys ?? []);
    const marks = list.map(() => isIn(position++));
    for (const [into, wanted] of [
      [parts.admitted, true],
      [parts.left, false],
    ] as const) {
      const chosen = list.filter((_one, index) => marks[index] === wanted);
      if (chosen.length === 0) continue;
      into[name] = Array.isArray(request) ? chosen : { ...request, Keys: chosen };
    }
  }
  return parts;
}
