/**
 * How long an operation repeats its requests, and what its callers bear.
 *
 * @see docs/decisions/0004-retries.md
 */
import { TryAgain } from "../base/errors.ts";
import { type Failure, parseFailure } from "./failures.ts";
import { currentOperation, hasCommitted, noteCommit } from "./operation.ts";
import {
  defaultPatienceMs,
  OutcomeUnknown,
  type Patience,
  type Persisting,
  repeat,
} from "./repeating.ts";

/**
 * The items were busy more often than the caller waits for; nothing was written. It reads like "try again"
 * for those who know nothing better to do.
 */
export class Contended extends TryAgain {
  readonly because: "throttle" | "conflict";
  /** Positions of the writes whose items had met another transaction, or had no capacity left. */
  readonly at: readonly number[];

  constructor({ because, at }: Extract<Failure, { kind: "busy" }>) {
    super();
    this.because = because;
    this.at = at;
  }
}

/** A write that is sent once got no answer: it may have taken effect, or may still do so. */
export class AnswerLost extends TryAgain {}

/** Until when the current operation bears what is busy: behind a write that happened, or may have, until its deadline. */
export function patientUntilMs(elseUntilMs = Infinity): number {
  const { deadlineMs = elseUntilMs, patientUntilMs: untilMs = deadlineMs } =
    currentOperation() ?? {};
  return hasCommitted() ? deadlineMs : Math.min(untilMs, deadlineMs);
}

/** What an operation says that has no patience left: "nothing was changed" only where nothing can have been. */
export function outOfPatience(cause?: unknown): Error {
  return hasCommitted()
    ? new OutcomeUnknown("Done in part: out of time", { cause })
    : new TryAgain();
}

/** What a caller bears before it hears of it, who knows something better than to wait. */
export interface Bearing {
  /** So many transactions may be met (default: as many as there is time for). */
  readonly conflicts?: number;
  /** So often there may be no capacity. */
  readonly throttles?: number;
  /** The write is never repeated after a lost answer: no row could tell whether it had taken effect. */
  readonly isOnce?: boolean;
}

/** Counts what is met, and ends the patience with it. */
function createEndurance({ conflicts = Infinity, throttles = Infinity }: Bearing) {
  const met = { conflict: 0, throttle: 0 };
  return (failure: Failure): void => {
    if (failure.kind !== "busy") return;
    met[failure.because] += 1;
    if (met.conflict >= conflicts || met.throttle >= throttles) throw new Contended(failure);
  };
}

/**
 * Makes what repeats the requests of operations. Busy answers end in `TRY_AGAIN`; a lost answer that stays lost is a fault
 * and is never reported as "nothing happened".
 *
 * @throws TryAgain when contention outlasted the operation's patience; the operation has changed nothing
 * @throws Contended, AnswerLost as `bearing` says
 */
export function persistWithin(patience: Patience): Persisting<Bearing> {
  return async (tried, bearing = {}) => {
    const endure = createEndurance(bearing);
    const deadlineMs = currentOperation()?.deadlineMs ?? patience.clock() + defaultPatienceMs;
    try {
      return await repeat(patience, tried, {
        parse: parseFailure,
        meet(failure, afterLoss) {
          if (afterLoss && bearing.isOnce) throw new AnswerLost();
          // Behind a lost answer the transaction that is met may be one's own.
          if (!afterLoss) endure(failure);
        },
        untilMs: (afterLoss) => (afterLoss ? deadlineMs : patientUntilMs(deadlineMs)),
        worn: outOfPatience,
      });
    } catch (error) {
      // Whatever the operation does next, it cannot say any more that nothing was changed.
      if (error instanceof OutcomeUnknown) noteCommit();
      throw error;
    }
  };
}
