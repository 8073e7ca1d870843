/** Distributions of the time that shoppers take to pay, of which the truth is known, and orders drawn from them. */
import type { Observed } from "../../../shared/insight/survival.ts";
import { countDurations } from "../../../shared/insight/histogram.ts";

/** One of them: some never pay, the others by its curve. */
export interface KnownTimes {
  readonly name: string;
  readonly payingShare: number;
  /** The share of those who pay at all who have paid at an age in milliseconds. */
  readonly paidBy: (ageMs: number) => number;
  /** The age at which a share of them has paid. */
  readonly ageAt: (share: number) => number;
}

/** Waiting that does not age. */
export const exponential = (meanMs: number, payingShare: number): KnownTimes => ({
  name: `exponential, ${meanMs / 1000} s on average, ${payingShare * 100} % pay`,
  payingShare,
  paidBy: (ageMs) => 1 - Math.exp(-ageMs / meanMs),
  ageAt: (share) => -meanMs * Math.log(1 - share),
});

/** Log-logistic: a few seconds at least, and a long tail; both directions have a formula. */
const logLogistic = (medianMs: number, shape: number, payingShare: number): KnownTimes => ({
  name: `log-logistic, median ${medianMs / 1000} s, ${payingShare * 100} % pay`,
  payingShare,
  paidBy: (ageMs) => 1 / (1 + (ageMs / medianMs) ** -shape),
  ageAt: (share) => medianMs * (share / (1 - share)) ** (1 / shape),
});

/** Weibull: with a shape over 1 it becomes likelier with age, as where an app asks twice. */
const weibull = (scaleMs: number, shape: number, payingShare: number): KnownTimes => ({
  name: `Weibull, scale ${scaleMs / 1000} s, shape ${shape}, ${payingShare * 100} % pay`,
  payingShare,
  paidBy: (ageMs) => 1 - Math.exp(-((ageMs / scaleMs) ** shape)),
  ageAt: (share) => scaleMs * (-Math.log(1 - share)) ** (1 / shape),
});

/** The three that hold times are judged on. */
export const knownTimes: readonly KnownTimes[] = [
  exponential(150_000, 0.8),
  logLogistic(90_000, 2.2, 0.85),
  weibull(240_000, 1.6, 0.7),
];

/** Numbers from 0 to 1 that look random and are the same for each seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** When an order was paid had it been held for ever; Infinity where never. */
const drawAge = (times: KnownTimes, random: () => number): number =>
  random() < times.payingShare ? times.ageAt(random()) : Infinity;

/** Orders as a shop sees them that holds each for the time that `holdMs` says. */
export function drawOrders(
  times: KnownTimes,
  { count, holdMs, random }: { count: number; holdMs: () => number; random: () => number },
): Observed {
  const paid: number[] = [];
  const unpaid: number[] = [];
  for (let drawn = 0; drawn < count; drawn += 1) {
    const [ageMs, untilMs] = [drawAge(times, random), holdMs()];
    if (ageMs <= untilMs) paid.push(ageMs);
    else unpaid.push(untilMs);
  }
  return { events: countDurations(paid), censored: countDurations(unpaid) };
}
