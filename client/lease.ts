/** How long a lease has run, by two clocks that fail in different ways. */

/** The two clocks of a machine. */
export interface Clocks {
  /** Milliseconds since the epoch: goes on while the machine sleeps, but people set it. */
  readonly now: () => number;
  /** Milliseconds since some instant: nobody sets it, but it may stand still while the machine sleeps. */
  readonly steadyMs: () => number;
}

/** One instant, by both clocks. */
export interface Moment {
  readonly wallMs: number;
  readonly steadyMs: number;
}

/** Clocks are corrected all the time, by little; only a step says that one of them cannot be believed. */
const toleranceMs = 1_000;

/** This instant. */
export function readMoment({ now, steadyMs }: Clocks): Moment {
  return { wallMs: now(), steadyMs: steadyMs() };
}

/**
 * How much time can have passed since then, in milliseconds: what the later of the two clocks says, and
 * endless after the wall clock was set back, because that may hide a sleep of any length.
 */
export function passedSince(then: Moment, clocks: Clocks): number {
  const { wallMs, steadyMs } = readMoment(clocks);
  const [byWall, bySteady] = [wallMs - then.wallMs, steadyMs - then.steadyMs];
  return byWall < bySteady - toleranceMs ? Infinity : Math.max(byWall, bySteady);
}
