/** What can go wrong with a request, how often it shall, and how often it did. */
import {
  InternalServerError,
  ProvisionedThroughputExceededException,
  TransactionConflictException,
} from "@aws-sdk/client-dynamodb";
import { transactionCancelled } from "../engine/errors.ts";
import type { Random } from "../random.ts";

/**
 * - `conflict`: DynamoDB saw another transaction on the item; nothing was written
 * - `throttled`: DynamoDB had no capacity; nothing was written
 * - `lostRequest`: it never arrived; the caller sees the connection fail
 * - `lostResponse`: it was carried out; the caller sees the connection fail
 * - `late`: the caller sees the connection fail and repeats itself; later on the first request is
 *   carried out all the same, as a late duplicate
 * - `pause`: the caller stands still for a while before it hears the answer
 * - `stopBefore`, `stopAfter`: the caller stops for ever, with the request not sent or carried out
 */
export type FaultName =
  | "conflict"
  | "throttled"
  | "lostRequest"
  | "lostResponse"
  | "late"
  | "pause"
  | "stopBefore"
  | "stopAfter";

export type FaultRates = Readonly<Record<FaultName, number>>;

export const noFaults: FaultRates = {
  conflict: 0,
  throttled: 0,
  lostRequest: 0,
  lostResponse: 0,
  late: 0,
  pause: 0,
  stopBefore: 0,
  stopAfter: 0,
};

/** A rough day: about every fifth request meets a fault. */
export const roughDay: FaultRates = {
  conflict: 0.04,
  throttled: 0.02,
  lostRequest: 0.02,
  lostResponse: 0.04,
  late: 0.015,
  pause: 0.03,
  stopBefore: 0.015,
  stopAfter: 0.02,
};

/** Which fault meets this request, if any. */
export function drawFault(random: Random, rates: FaultRates): FaultName | undefined {
  let left = random.next();
  for (const name of Object.keys(rates) as FaultName[]) {
    left -= rates[name];
    if (left < 0) return name;
  }
  return undefined;
}

/** The connection failed: nobody can tell from this whether the request was carried out. */
export function connectionLost(): Error {
  const error = new Error("socket hang up");
  error.name = "TimeoutError";
  return error;
}

const metadata = { httpStatusCode: 400, attempts: 1 };

/** DynamoDB's refusal because of a transaction under way; single writes and transactions differ. */
export function conflict(command: { readonly input: object }): Error {
  const { TransactItems } = command.input as { TransactItems?: readonly unknown[] };
  const message = "Transaction is ongoing for the item";
  if (!TransactItems) return new TransactionConflictException({ message, $metadata: metadata });
  return transactionCancelled(
    TransactItems.map((_part, index) =>
      index === 0 ? { Code: "TransactionConflict", Message: message } : { Code: "None" },
    ),
  );
}

/** DynamoDB's refusal for want of capacity. */
export function throttled(): Error {
  return new ProvisionedThroughputExceededException({
    message: "The level of configured provisioned throughput for the table was exceeded",
    $metadata: metadata,
  });
}

/** DynamoDB's own failure; like a lost answer it tells nothing. */
export function internalError(): Error {
  return new InternalServerError({
    message: "Internal server error",
    $metadata: { httpStatusCode: 500 },
  });
}
