/** Instants and durations, so that seconds and milliseconds cannot be mixed up by accident. */

declare const epochMsBrand: unique symbol;

/** An instant in milliseconds since the epoch. */
export type EpochMs = number & { readonly [epochMsBrand]: true };

/** Tells the present instant; passed in everywhere, so that a test can move it. */
export type Clock = () => EpochMs;

/** Marks a number as an instant in milliseconds since the epoch. */
export function epochMs(value: number): EpochMs {
  return value as EpochMs;
}

/** The clock of the machine. */
export const systemClock: Clock = () => epochMs(Date.now());

/** The instant `durationMs` milliseconds after `instant`. */
export function later(instant: EpochMs, durationMs: number): EpochMs {
  return epochMs(instant + durationMs);
}

/** Seconds as milliseconds. */
export function secondsToMs(seconds: number): number {
  return Math.round(seconds * 1000);
}

/**
 * Whether a lease or hold that ends at `expiresAtMs` is over: it ends exactly at that instant,
 * which is the same rule that every condition in the stores uses.
 */
export function isExpired(expiresAtMs: number, nowMs: EpochMs): boolean {
  return expiresAtMs <= nowMs;
}

/** DynamoDB's TTL attribute for a row that may go at `instant`: whole seconds, rounded up. */
export function ttlSecondsAt(instant: EpochMs): number {
  return Math.ceil(instant / 1000);
}

/** One day in milliseconds. */
export const dayMs = 86_400_000;

/** Clocks are corrected all the time, by little; only a step says that the wall clock cannot be believed. */
const toleranceMs = 1_000;

/**
 * Measures how much time can have passed since now, in milliseconds: what the later of two clocks says. The
 * wall clock goes on while a machine sleeps, but can be set; `steadyMs` cannot be set, but may stand still.
 * Endless once the wall clock was set back, because that may hide a sleep of any length.
 */
export function stopwatch(clock: Clock, steadyMs: () => number): () => number {
  const [startMs, steadyStartMs] = [clock(), steadyMs()];
  return () => {
    const [byWall, bySteady] = [clock() - startMs, steadyMs() - steadyStartMs];
    return byWall < bySteady - toleranceMs ? Infinity : Math.max(byWall, bySteady);
  };
}
