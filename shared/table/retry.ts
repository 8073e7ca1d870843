/**
 * Repeats what may be repeated, with full jitter, for as long as the operation has time.
 *
 * @see docs/decisions/0004-retries.md
 */
import { TryAgain } from "../base/errors.ts";
import type { Clock } from "../base/time.ts";
import { type Failure, parseFailure } from "./failures.ts";
import { knownRow } from "./layout.ts";
import { currentOperation, hasCommitted, noteCommit } from "./operation.ts";
import type { Row, Write } from "./write.ts";

/** What waiting depends on; handed in, so that a test can run years of it in no time. */
export interface Patience {
  readonly clock: Clock;
  readonly sleep: (durationMs: number) => Promise<void>;
  readonly random: () => number;
}

/** First and longest backoff; AWS's builders' library suggests full jitter under a cap. */
const firstBackoffMs = 20;
const longestBackoffMs = 1_000;
/** How long an operation without a deadline of its own keeps trying. */
const defaultPatienceMs = 10_000;

/**
 * An answer was lost and did not come back by repeating, or time was up behind a write that had
 * happened: nobody may say that nothing was changed.
 */
class OutcomeUnknown extends Error {
  constructor(...args: ConstructorParameters<typeof Error>) {
    super(...args);
    // Whatever the operation does next, it cannot say any more that nothing was changed.
    noteCommit();
  }
}

/**
 * What a refused write comes to: its row, where an earlier attempt had taken effect and only the
 * answer was lost; otherwise its error.
 *
 * @throws OutcomeUnknown when the item no longer tells whether it did; LayoutUnknown when a later release has written it
 */
export function refusedAs(write: Write, found: Row | undefined, afterLoss: boolean): Row {
  knownRow(found);
  if (afterLoss && write.applied?.(found)) return found ?? {};
  if (!afterLoss || write.recall?.isPossible(found) !== false) throw write.refused(found);
  throw new OutcomeUnknown("No answer from DynamoDB");
}

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

/** Whether attempts can have an effect that a lost answer hides (a read's cannot), and what is borne. */
export interface Effect extends Bearing {
  readonly hasEffect: boolean;
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
 * Draws pauses with full jitter, longer ones each time, that end before an instant; undefined where time is up. One that would
 * outlast it is drawn from what is left, once: whoever may wait for so long does, and gives up no sooner.
 */
function createPauses({ clock, random }: Patience) {
  let longestMs = firstBackoffMs;
  let isLast = false;
  return (untilMs: number): number | undefined => {
    const share = random();
    const pauseMs = share * longestMs;
    longestMs = Math.min(longestBackoffMs, 2 * longestMs);
    const leftMs = untilMs - clock();
    if (pauseMs < leftMs) return pauseMs;
    if (isLast || leftMs <= 0) return undefined;
    isLast = true;
    return share * leftMs;
  };
}

/**
 * Runs `attempt` until it succeeds, is refused, or time is up.
 *
 * `afterLoss` tells both that an earlier attempt may have taken effect. Busy answers end in
 * `TRY_AGAIN`; a lost answer that stays lost is a fault and is never reported as "nothing happened".
 *
 * @throws TryAgain when contention outlasted the operation's patience; the operation has changed nothing
 * @throws Contended, AnswerLost as `bearing` says
 */
export async function persist<T>(
  patience: Patience,
  attempt: (afterLoss: boolean) => Promise<T>,
  refused: (failure: Extract<Failure, { kind: "refused" }>, afterLoss: boolean) => T,
  { hasEffect, ...bearing }: Effect = { hasEffect: true },
): Promise<T> {
  const endure = createEndurance(bearing);
  const deadlineMs = currentOperation()?.deadlineMs ?? patience.clock() + defaultPatienceMs;
  const nextPause = createPauses(patience);
  let afterLoss = false;
  for (;;) {
    try {
      return await attempt(afterLoss);
    } catch (error) {
      const failure = parseFailure(error);
      if (failure.kind === "refused") return refused(failure, afterLoss);
      if (failure.kind === "other") throw failure.error;
      afterLoss ||= hasEffect && failure.kind === "unknown";
      if (afterLoss && bearing.isOnce) throw new AnswerLost();
      // Behind a lost answer the transaction that is met may be one's own.
      if (!afterLoss) endure(failure);
      const pauseMs = nextPause(afterLoss ? deadlineMs : patientUntilMs(deadlineMs));
      if (pauseMs === undefined) {
        if (afterLoss) throw new OutcomeUnknown("No answer from DynamoDB", { cause: error });
        throw outOfPatience(error);
      }
      await patience.sleep(pauseMs);
    }
  }
}
