/**
 * Repeats what may be repeated, with full jitter, for as long as there is time.
 *
 * @see docs/decisions/0004-retries.md
 */
import { setTimeout as sleepMs } from "node:timers/promises";
import { TryAgain } from "../base/errors.ts";
import { type Clock, systemClock } from "../base/time.ts";
import { type Failure, parseItemFailure } from "./failures.ts";
import { knownRow } from "./layout.ts";
import type { Row, Write } from "./write.ts";

/** What waiting depends on; handed in, so that a test can run years of it in no time. */
export interface Patience {
  readonly clock: Clock;
  readonly sleep: (durationMs: number) => Promise<void>;
  readonly random: () => number;
}

/** The machine's own, where nothing else is handed in. */
export function completePatience(given: Partial<Patience>): Patience {
  const { clock = systemClock, random = Math.random } = given;
  return { clock, random, sleep: given.sleep ?? ((durationMs: number) => sleepMs(durationMs)) };
}

/** First and longest backoff; AWS's builders' library suggests full jitter under a cap. */
const firstBackoffMs = 20;
const longestBackoffMs = 1_000;
/** How long an operation without a deadline of its own keeps trying. */
export const defaultPatienceMs = 10_000;

/**
 * An answer was lost and did not come back by repeating, or time was up behind a write that had
 * happened: nobody may say that nothing was changed.
 */
export class OutcomeUnknown extends Error {}

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

/** What is tried: `afterLoss` tells both that an earlier attempt may have taken effect. */
export interface Tried<T> {
  readonly attempt: (afterLoss: boolean) => Promise<T>;
  readonly refused: (failure: Extract<Failure, { kind: "refused" }>, afterLoss: boolean) => T;
  /** Whether attempts can have an effect that a lost answer hides; a read's cannot. */
  readonly hasEffect: boolean;
}

/** By what rules it is repeated. */
export interface Rules {
  /** What an error of the SDK means. */
  readonly parse: (error: unknown) => Failure;
  /** Hears of each failure that may be repeated, and throws where this one is not to be. */
  readonly meet?: (failure: Failure, afterLoss: boolean) => void;
  readonly untilMs: (afterLoss: boolean) => number;
  /** What it comes to when nothing was changed and time is up. */
  readonly worn: (cause: unknown) => Error;
}

/**
 * Runs `attempt` until it succeeds, is refused, or time is up. A lost answer that stays lost is a fault and is never reported as
 * "nothing happened".
 *
 * @throws OutcomeUnknown when an answer was lost and stayed lost; else as the rules say
 */
export async function repeat<T>(
  patience: Patience,
  { attempt, refused, hasEffect }: Tried<T>,
  { parse, meet, untilMs, worn }: Rules,
): Promise<T> {
  const nextPause = createPauses(patience);
  let afterLoss = false;
  for (;;) {
    try {
      return await attempt(afterLoss);
    } catch (error) {
      const failure = parse(error);
      if (failure.kind === "refused") return refused(failure, afterLoss);
      if (failure.kind === "other") throw failure.error;
      afterLoss ||= hasEffect && failure.kind === "unknown";
      meet?.(failure, afterLoss);
      const pauseMs = nextPause(untilMs(afterLoss));
      if (pauseMs === undefined) {
        if (afterLoss) throw new OutcomeUnknown("No answer from DynamoDB", { cause: error });
        throw worn(error);
      }
      await patience.sleep(pauseMs);
    }
  }
}

/** How requests are repeated, whatever they are; `Bearing` is what the caller bears. */
export type Persisting<Bearing = never> = <T>(tried: Tried<T>, bearing?: Bearing) => Promise<T>;

/** Repeats requests of single items that belong to no operation, each for ten seconds at most. */
export function persistAlone(patience: Patience): Persisting {
  return (tried) => {
    const endMs = patience.clock() + defaultPatienceMs;
    const untilMs = () => endMs;
    return repeat(patience, tried, {
      parse: parseItemFailure,
      untilMs,
      worn: () => new TryAgain(),
    });
  };
}
