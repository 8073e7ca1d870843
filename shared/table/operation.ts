/** What one operation has spent so far and how long it may go on, carried along implicitly. */
import { AsyncLocalStorage } from "node:async_hooks";

/** Counts an operation's DynamoDB requests, capacity units and time, as the client saw them. */
export interface Meter {
  requests: number;
  writeUnits: number;
  readUnits: number;
  elapsedMs: number;
  /** Requests that DynamoDB refused for going too fast, and for meeting another transaction. */
  throttles: number;
  conflicts: number;
}

/** One request, job or test: everything done inside shares its meter and its deadline. */
export interface Operation {
  readonly meter: Meter;
  /** After this instant nothing is retried any more. */
  readonly deadlineMs: number;
  /**
   * After this instant what merely met others is not tried again, so that a crowd leaves room for who must get
   * through. An answer that was lost is still found out until the deadline.
   */
  readonly patientUntilMs?: number;
}

const operations = new AsyncLocalStorage<Operation>();

/** A meter that has counted nothing yet. */
export function newMeter(): Meter {
  return { requests: 0, writeUnits: 0, readUnits: 0, elapsedMs: 0, throttles: 0, conflicts: 0 };
}

/** Runs `work` as one operation. */
export function runOperation<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
  return operations.run(operation, work);
}

/**
 * Runs what has to be done although the operation's patience may be over: it has so much time more, within the
 * deadline.
 */
export function withMoreTime<T>(
  { moreMs, nowMs }: { readonly moreMs: number; readonly nowMs: number },
  work: () => Promise<T>,
): Promise<T> {
  const operation = operations.getStore();
  if (!operation) return work();
  const { deadlineMs, patientUntilMs = deadlineMs } = operation;
  const untilMs = Math.min(deadlineMs, Math.max(patientUntilMs, nowMs + moreMs));
  return operations.run({ ...operation, patientUntilMs: untilMs }, work);
}

/**
 * Runs what need not be done for the operation to be answered: it meets others for so long at the most, and that it was in
 * vain is told as such, whatever the operation has written before.
 */
export function withOwnPatience<T>(
  { forMs, nowMs }: { readonly forMs: number; readonly nowMs: number },
  work: () => Promise<T>,
): Promise<T> {
  const { meter = newMeter(), deadlineMs = nowMs + forMs } = operations.getStore() ?? {};
  const patientUntilMs = Math.min(deadlineMs, nowMs + forMs);
  return operations.run({ meter, deadlineMs, patientUntilMs }, work);
}

const withCommits = new WeakSet<Operation>();

/** Remembers that the current operation has, or may have, written something: it cannot say any more that it has not. */
export function noteCommit(): void {
  const operation = operations.getStore();
  if (operation) withCommits.add(operation);
}

/** Whether the current operation has written something. */
export function hasCommitted(): boolean {
  const operation = operations.getStore();
  return operation !== undefined && withCommits.has(operation);
}

/** The operation that the present code belongs to, if any. */
export function currentOperation(): Operation | undefined {
  return operations.getStore();
}
