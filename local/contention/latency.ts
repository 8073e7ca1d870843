/** Draws times: most near the middle, a few much longer, as measured latencies are. */
import type { Latency } from "./settings.ts";

/** 99 of 100 values of a normal distribution are below so many standard deviations. */
const p99Deviations = 2.326_347_874;

/** A time of this distribution; `random` gives numbers from 0 up to 1. Always its median where p99 is no longer. */
export function drawMs({ medianMs, p99Ms }: Latency, random: () => number): number {
  if (medianMs <= 0 || p99Ms <= medianMs) return medianMs;
  // Box and Muller: two uniform numbers make a normal one.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return medianMs * Math.exp((Math.log(p99Ms / medianMs) / p99Deviations) * normal);
}
