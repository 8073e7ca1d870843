/**
 * How long it takes until what is waited for happens, from counts by age: Kaplan and Meier's estimate, which lets those
 * who were given up early say what they can, namely that it had not happened to them until then.
 */
import { bucketBounds } from "./duration-grid.ts";
import { type Histogram, mergeHistograms, sortBuckets, sumCounts } from "./histogram.ts";

/** What was seen, by age. */
export interface Observed {
  /** Those to whom it happened, at that age. */
  readonly events: Histogram;
  /** Those who were watched until that age, to whom it had not happened by then. */
  readonly censored: Histogram;
}

/** One bucket of the grid in which somebody was seen. */
interface CurveStep {
  readonly fromMs: number;
  readonly toMs: number;
  /** How many were still watched when the bucket began. */
  readonly atRisk: number;
  /** The share to whom it has not happened, when the bucket begins. */
  readonly before: number;
  /** The same when it ends. */
  readonly after: number;
}

/** The share to whom it has not happened yet, by age; falls from 1, and is level where nothing was seen. */
export interface SurvivalCurve {
  /** Youngest first. */
  readonly steps: readonly CurveStep[];
  /** How many were seen in all. */
  readonly observations: number;
  /** The greatest age that anybody was seen at; what the curve says beyond it is only that it stays as it is. */
  readonly knownToMs: number;
}

/**
 * Estimates the curve. Whoever left in a bucket counts as watched through all of it, which the bucket's width of 9 %
 * bounds. At most one step for each bucket of the grid.
 */
export function estimateSurvival({ events, censored }: Observed): SurvivalCurve {
  const all = mergeHistograms([events, censored]);
  const observations = sumCounts(all);
  const steps: CurveStep[] = [];
  let atRisk = observations;
  let share = 1;
  for (const [bucket, count] of sortBuckets(all)) {
    if (count <= 0) continue;
    const after = share * (1 - (events.get(bucket) ?? 0) / atRisk);
    steps.push({ ...bucketBounds(bucket), atRisk, before: share, after });
    atRisk -= count;
    share = after;
  }
  const last = steps.at(-1);
  const knownToMs = !last || last.toMs === Infinity ? (last?.fromMs ?? 0) : last.toMs;
  return { steps, observations, knownToMs };
}

/** The share (0 to 1) to whom it has not happened at an age in milliseconds; straight within a bucket. */
export function survivalAt({ steps }: SurvivalCurve, ageMs: number): number {
  let share = 1;
  for (const { fromMs, toMs, before, after } of steps) {
    if (ageMs <= fromMs) return share;
    if (ageMs < toMs) {
      const part = toMs === Infinity ? 1 : (ageMs - fromMs) / (toMs - fromMs);
      return before + (after - before) * part;
    }
    share = after;
  }
  return share;
}

/**
 * How long somebody is waited for on average who is given up at `untilMs`, in milliseconds: the area below the curve up
 * to there.
 */
export function meanWaitMs(curve: SurvivalCurve, untilMs: number): number {
  let area = 0;
  let reachedMs = 0;
  let share = 1;
  for (const { fromMs, toMs, after } of curve.steps) {
    if (fromMs >= untilMs) break;
    area += share * (fromMs - reachedMs);
    const endMs = Math.min(toMs, untilMs);
    area += ((survivalAt(curve, fromMs) + survivalAt(curve, endMs)) / 2) * (endMs - fromMs);
    [reachedMs, share] = [endMs, after];
  }
  return area + share * Math.max(0, untilMs - reachedMs);
}
