/**
 * For how long units are best held: longer withholds them from others, shorter lets money come too late.
 *
 * @see docs/decisions/0030-learned-hold-times.md
 */
import { createHash } from "node:crypto";
import { secondsToMs } from "../base/time.ts";
import { meanWaitMs, survivalAt, type SurvivalCurve } from "./survival.ts";

/** Between what is chosen, and by what; times in milliseconds. */
export interface HoldBounds {
  readonly leastMs: number;
  readonly mostMs: number;
  /** One payment that comes too late costs as much as one unit that is withheld for so long. */
  readonly lateCostMs: number;
}

/** Fewer orders than this say nothing. */
export const fewestObservations = 200;

/** What was seen of fewer orders than this is chance: the curve is believed up to the age at which so many are left. */
const fewestAtRisk = 20;

/** Withholding a unit of which few are left costs so many times as much. */
const scarceFactor = 4;

/** A hold time changes by a quarter a day at the most: whatever the counts say, somebody can look first. */
const mostChange = 0.25;

const toSeconds = (ms: number): number => Math.round(ms / 1_000) * 1_000;

/** What holding each unit for `holdMs` costs on average, as time for which a unit is withheld. */
function costMs(curve: SurvivalCurve, holdMs: number, withholding: number, lateMs: number): number {
  const late = survivalAt(curve, holdMs) - survivalAt(curve, Infinity);
  return withholding * meanWaitMs(curve, holdMs) + lateMs * late;
}

/** The part of the curve that enough orders were left for. */
function trustedPart(curve: SurvivalCurve): SurvivalCurve {
  const steps = curve.steps.filter(({ atRisk }) => atRisk >= fewestAtRisk);
  return { ...curve, steps, knownToMs: Math.min(curve.knownToMs, steps.at(-1)?.toMs ?? 0) };
}

/**
 * The hold time of least cost for orders like those of the curve, in milliseconds (whole seconds), within its bounds;
 * undefined where fewer than 200 orders were seen. Within a bucket cost bends downwards, so it is least at a bucket's
 * border. Never longer than what was seen, or the shortest that is allowed.
 */
export function chooseHold(
  curve: SurvivalCurve,
  { leastMs, mostMs, lateCostMs }: HoldBounds,
  isScarce = false,
): number | undefined {
  if (curve.observations < fewestObservations) return undefined;
  const trusted = trustedPart(curve);
  const longestMs = Math.max(leastMs, Math.min(mostMs, trusted.knownToMs));
  const borders = trusted.steps.map(({ toMs }) => toMs);
  const candidates = [leastMs, longestMs, ...borders].filter(
    (ms) => ms >= leastMs && ms <= longestMs,
  );
  const costs = candidates.map((holdMs) => ({
    holdMs,
    cost: costMs(trusted, holdMs, isScarce ? scarceFactor : 1, lateCostMs),
  }));
  const best = costs.reduce((least, each) => (each.cost < least.cost ? each : least));
  return toSeconds(best.holdMs);
}

/** The next hold time on the way from one to another, in milliseconds: a quarter of it nearer at the most. */
export function stepTowards(formerMs: number, wishedMs: number): number {
  const least = Math.ceil((formerMs * (1 - mostChange)) / 1_000) * 1_000;
  const most = Math.floor((formerMs * (1 + mostChange)) / 1_000) * 1_000;
  return Math.min(Math.max(wishedMs, least), Math.max(most, formerMs));
}

/**
 * Whether an order is one of the few that are held for the longest time, so that longer times can be learned too: it
 * follows from its id, so a repeated request is told the same. `percent` of all ids are.
 */
export function isKeptLongest(orderId: string, percent: number): boolean {
  const digest = createHash("sha256").update(`kept longest/${orderId}`).digest();
  return digest.readUInt32BE() < (percent / 100) * 2 ** 32;
}

/** A time that is in use within the bounds of learned ones, from which a decision sets out; in whole seconds. */
export function clampHold(
  holdMs: number,
  { leastMs, mostMs }: Pick<HoldBounds, "leastMs" | "mostMs">,
): number {
  return Math.min(Math.max(toSeconds(holdMs), leastMs), mostMs);
}

/** What one payment that comes too late costs where nothing else is said: a unit that is withheld for an hour. */
export const usualLateCostMs = secondsToMs(3_600);
