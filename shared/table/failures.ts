/** Sorts what DynamoDB can answer into refused, busy, unknown and wrong; nobody else reads its errors. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { TooLarge } from "../base/errors.ts";
import type { Row } from "./write.ts";

/** DynamoDB's limit for one item, in bytes. */
const maxItemBytes = 400 * 1024;

/** Errors carry items as they travel: the document client unmarshals answers only. */
type WireItem = Record<string, AttributeValue>;

function parseRow(item: WireItem | undefined): Row | undefined {
  return item && unmarshall(item);
}

interface SdkError {
  name?: string;
  code?: string;
  message?: string;
  Item?: WireItem;
  $metadata?: { httpStatusCode?: number };
  CancellationReasons?: readonly { Code?: string; Item?: WireItem; Message?: string }[];
}

/** Refused for sure with nothing written, because somebody else was there at the same time. */
const busyNames = new Set([
  "TransactionConflictException",
  "TransactionInProgressException",
  "ThrottlingException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "LimitExceededException",
]);

const busyReasons = new Set([
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
]);

/**
 * What an error of the SDK means for the write that met it.
 * - `refused`: a condition failed; `found` holds, by position, the items that failed theirs
 * - `busy`: nothing was written, the same request may succeed later; `at` are the positions of the items
 *   on which a transaction was met or for which there was no capacity, where the answer tells them
 * - `unknown`: the answer was lost, so the write may have happened
 * - `other`: a fault; `error` is what to raise
 */
export type Failure =
  | { readonly kind: "refused"; readonly found: ReadonlyMap<number, Row | undefined> }
  | {
      readonly kind: "busy";
      readonly because: "throttle" | "conflict";
      readonly at: readonly number[];
    }
  | { readonly kind: "unknown" }
  | { readonly kind: "other"; readonly error: unknown };

/** A single write names its conflict as a transaction's reasons do, with more words behind it. */
const findCause = (name: string): "throttle" | "conflict" =>
  /^Transaction(?:Conflict|InProgress)/.test(name) ? "conflict" : "throttle";

function busyBecause(codes: readonly string[]): Failure {
  const busy = codes.flatMap((code, index) => (busyReasons.has(code) ? [{ code, index }] : []));
  const isConflict = busy.some(({ code }) => findCause(code) === "conflict");
  const at = busy.map(({ index }) => index);
  return { kind: "busy", because: isConflict ? "conflict" : "throttle", at };
}

/** A conflict anywhere means that the other reasons may be out of date: look again, then judge. */
function cancelled(reasons: NonNullable<SdkError["CancellationReasons"]>, error: unknown): Failure {
  const codes = reasons.map(({ Code = "" }) => Code);
  if (codes.some((code) => busyReasons.has(code))) return busyBecause(codes);
  const found = new Map(
    reasons.flatMap(({ Code, Item }, index) =>
      Code === "ConditionalCheckFailed" ? [[index, parseRow(Item)] as const] : [],
    ),
  );
  if (found.size > 0) return { kind: "refused", found };
  const invalid = reasons.find(({ Code }) => Code === "ValidationError");
  return { kind: "other", error: invalid ? translated(invalid.Message ?? "", error) : error };
}

/** The one validation error that a caller's own writing can cause; all others are faults of ours. */
function translated(message: string, error: unknown): unknown {
  if (/item size.*exceed|exceeded the maximum allowed size/i.test(message)) {
    return new TooLarge("This would grow past the size that one record may have", maxItemBytes);
  }
  return error;
}

/** Tells what an error thrown by the document client means. */
export function parseFailure(error: unknown): Failure {
  const { name, message = "", CancellationReasons } = error as SdkError;
  if (name === "TransactionCanceledException") return cancelled(CancellationReasons ?? [], error);
  if (name === "ValidationException") return { kind: "other", error: translated(message, error) };
  return parseItemFailure(error);
}

/** The same of a request for one item, whose size is its caller's business. */
export function parseItemFailure(error: unknown): Failure {
  const { name = "", Item, $metadata } = error as SdkError;
  if (name === "ConditionalCheckFailedException") {
    return { kind: "refused", found: new Map([[0, parseRow(Item)]]) };
  }
  if (busyNames.has(name)) return { kind: "busy", because: findCause(name), at: [0] };
  const status = $metadata?.httpStatusCode;
  // An error under a good status: the answer broke off, or what came is not one.
  const isRefusal = status !== undefined && status >= 300 && status < 500;
  if (isRefusal || name === "ValidationException") return { kind: "other", error };
  if (status !== undefined) return { kind: "unknown" };
  return isLostAnswer(error as SdkError) ? { kind: "unknown" } : { kind: "other", error };
}

/** The handler's words for time that ran out. */
const lostNames = new Set(["TimeoutError", "AbortError"]);

/**
 * Without a status the request was on its way when the connection broke or time ran out. Anything else,
 * an item that cannot be marshalled for example, never left and fails the same way every time.
 */
function isLostAnswer({ name, code, $metadata }: SdkError): boolean {
  return $metadata !== undefined || lostNames.has(name ?? "") || /^E[A-Z]+$/.test(code ?? "");
}

/** Whether DynamoDB found a request invalid before it did anything. */
export function isInvalidInput(error: unknown): boolean {
  return (error as SdkError).name === "ValidationException";
}
