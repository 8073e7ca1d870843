/** Proof of a lock as part of a transaction that its owner sends himself, by the SDK's document client. */
import type { TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import type { LockProof } from "../shared/locks/lock.ts";
import { makeRequest, type Write } from "../shared/table/write.ts";

/** A part of `TransactItems` of a TransactWriteCommand. */
export type TransactItem = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

/** What locks tell a transaction of somebody's own. */
export interface LockChecks {
  /**
   * Parts of a transaction that let it pass only while the caller holds the lock: one, of a tree lock one more for each name above.
   * With them in front of what the lock protects, no former owner can overwrite anything.
   *
   * @example
   * const TransactItems = [...locks.checkItems(lock), { Put: { TableName: "reports", Item: report } }];
   * await documentClient.send(new TransactWriteCommand({ TransactItems }));
   */
  checkItems(proof: LockProof): TransactItem[];
}

/** Adds them to locks of a table. */
export function withChecks<Locks extends { checkWrites(proof: LockProof): Write[] }>(
  locks: Locks,
  table: string,
): Locks & LockChecks {
  return {
    ...locks,
    checkItems(proof) {
      const requests = locks.checkWrites(proof).map((write) => makeRequest(write, () => table));
      return requests.map((request) => ({ ConditionCheck: { Key: undefined, ...request } }));
    },
  };
}
