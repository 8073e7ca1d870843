/** The errors of the simulated DynamoDB: the SDK's own classes, as its client throws them. */
import {
  ConditionalCheckFailedException,
  IdempotentParameterMismatchException,
  ResourceNotFoundException,
  TransactionCanceledException,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Item } from "./values.ts";

const metadata = { httpStatusCode: 400, attempts: 1 };

/**
 * An input that DynamoDB refuses to look at; nothing was read or written. Not the SDK's own class,
 * whose `instanceof` goes by name and would not know this one.
 */
export class SimulatedValidationError extends Error {
  readonly $fault = "client";
  readonly $metadata = metadata;
  /** Everything that is wrong where several things are; DynamoDB names one of them. */
  readonly faults: readonly string[];

  constructor(message: string, faults: readonly string[] = [message]) {
    super(message);
    this.name = "ValidationException";
    this.faults = faults;
  }
}

/**
 * Collects everything that is wrong with one request. DynamoDB reports one fault of several, in no
 * documented order; keeping them all lets a comparison accept any of them and nothing else.
 */
export class Faults {
  readonly #messages: string[] = [];

  /** Runs a check; what it finds is kept, and the next check can go on. */
  attempt<T>(check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof SimulatedValidationError)) throw error;
      this.#messages.push(...error.faults);
      return undefined;
    }
  }

  /** Throws what was found, if anything was. */
  raise(): void {
    const [first] = this.#messages;
    if (first !== undefined) throw new SimulatedValidationError(first, this.#messages);
  }
}

/** Throws a ValidationException. */
export function invalid(message: string): never {
  throw new SimulatedValidationError(message);
}

/** An item as the SDK puts it into errors: marshalled, since lib-dynamodb unmarshalls answers only. */
function marshalled(item: Item): Record<string, never> {
  return marshall(item) as Record<string, never>;
}

/** The refusal of a single write. */
export function conditionFailed(item: Item | undefined): ConditionalCheckFailedException {
  return new ConditionalCheckFailedException({
    message: "The conditional request failed",
    $metadata: metadata,
    ...(item ? { Item: marshalled(item) } : {}),
  });
}

/** Why one action of a transaction stood in its way; `None` where it did not. */
export interface CancellationReason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: Item;
}

/** The refusal of a transaction. */
export function transactionCancelled(
  reasons: readonly CancellationReason[],
): TransactionCanceledException {
  const codes = reasons.map(({ Code }) => Code).join(", ");
  return new TransactionCanceledException({
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    $metadata: metadata,
    CancellationReasons: reasons.map(({ Item, ...reason }) => ({
      ...reason,
      ...(Item ? { Item: marshalled(Item) } : {}),
    })),
  });
}

/** There is no such table. */
export function noSuchTable(): ResourceNotFoundException {
  return new ResourceNotFoundException({
    message: "Cannot do operations on a non-existent table",
    $metadata: metadata,
  });
}

/** A token came again with another transaction. */
export function tokenReused(): IdempotentParameterMismatchException {
  return new IdempotentParameterMismatchException({ message: "UnknownError", $metadata: metadata });
}
