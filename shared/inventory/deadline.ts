/** The grid on which holds end: coarse enough that an item counts few instants, and exact on each. */
import { type EpochMs, epochMs, secondsToMs } from "../base/time.ts";

/** Up to how many seconds of holding which step of the grid is used; each step divides the next. */
const steps: readonly (readonly [longestSeconds: number, stepSeconds: number])[] = [
  [30, 1],
  [100, 5],
  [400, 20],
  [1_200, 60],
  [6_000, 300],
  [18_000, 900],
  [72_000, 3_600],
];
const coarsestSeconds = 21_600;

/**
 * The step of the grid for holds of this length: a second for short ones, at most a third of the time
 * for longer ones. Holds of up to 5 minutes, extended to 10 while they are paid and to an hour at the
 * most, so end at about 30 different instants altogether, however many there are.
 */
export function gridStepMs(holdMs: number): number {
  const fitting = steps.find(([longestSeconds]) => holdMs <= secondsToMs(longestSeconds));
  return secondsToMs(fitting?.[1] ?? coarsestSeconds);
}

/**
 * When a hold that begins now and lasts `holdMs` ends: the next instant of the grid. It is what the
 * shopper is told and what every condition compares, so that it is exact.
 */
export function deadlineAfter(nowMs: EpochMs, holdMs: number): EpochMs {
  const stepMs = gridStepMs(holdMs);
  return epochMs(Math.ceil((nowMs + holdMs) / stepMs) * stepMs);
}

/** The last instant of the grid of such holds that is not later than `latestMs`: for upper bounds. */
export function deadlineWithin(latestMs: EpochMs, holdMs: number): EpochMs {
  const stepMs = gridStepMs(holdMs);
  return epochMs(Math.floor(latestMs / stepMs) * stepMs);
}

/**
 * The bucket in which a hold with this deadline is counted: the second in which it ends. Deadlines off
 * the grid, of orders older than it, are counted until the end of their second.
 */
export function bucketKey(expiresAtMs: number): string {
  return String(Math.ceil(expiresAtMs / 1_000));
}

/** The instant at which a bucket is over. */
export function bucketEndMs(bucket: string): EpochMs {
  return epochMs(Number(bucket) * 1_000);
}
