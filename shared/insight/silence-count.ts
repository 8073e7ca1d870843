/** Counts of silences: those of one day under leases of about one length, by age; no single owner. */
import { groupBy } from "../base/group-by.ts";
import { dayMs, epochMs, type EpochMs } from "../base/time.ts";
import { pickBucket } from "./duration-grid.ts";
import { countDurations, type Histogram, mergeHistograms } from "./histogram.ts";
import type { Silence } from "./silence.ts";

/** What was counted, or is to be added to what was. */
export interface SilenceCount {
  /** When the day began in which they were seen. */
  readonly dayStartMs: EpochMs;
  /** The bucket of the grid that their leases are in: those are of one length but for 9 %. */
  readonly leaseBucket: number;
  readonly silences: number;
  /** Of the leases of all of them together: says how long one is on average. */
  readonly leasesMs: number;
  /** Of those who came back, by age then. */
  readonly back: Histogram;
  /** Of those who had not come back, by the age up to which they were watched. */
  readonly gone: Histogram;
}

const floorToDay = (atMs: number): EpochMs => epochMs(Math.floor(atMs / dayMs) * dayMs);

function sumSilences(group: readonly Silence[]): SilenceCount {
  const { atMs, leaseMs } = group[0]!;
  const pickAges = (isBack: boolean) =>
    group.filter((silence) => silence.isBack === isBack).map(({ ageMs }) => ageMs);
  return {
    dayStartMs: floorToDay(atMs),
    leaseBucket: pickBucket(leaseMs),
    silences: group.length,
    leasesMs: group.reduce((sum, silence) => sum + silence.leaseMs, 0),
    back: countDurations(pickAges(true)),
    gone: countDurations(pickAges(false)),
  };
}

/** Counts silences, by day and length of the lease. */
export function countSilences(silences: readonly Silence[]): SilenceCount[] {
  const groups = groupBy(
    silences,
    ({ atMs, leaseMs }) => `${floorToDay(atMs)}/${pickBucket(leaseMs)}`,
  );
  return [...groups.values()].map(sumSilences);
}

/** What was seen under leases of about one length on all days together; the lease that most silences were seen under first. */
export interface LeaseInUse {
  /** On average, in milliseconds. */
  readonly leaseMs: number;
  readonly silences: number;
  readonly back: Histogram;
  readonly gone: Histogram;
}

/** Counts of all days together, for each length of a lease. */
export function mergeByLease(counts: readonly SilenceCount[]): LeaseInUse[] {
  const groups = groupBy(counts, ({ leaseBucket }) => String(leaseBucket));
  return [...groups.values()]
    .map((group) => {
      const silences = group.reduce((sum, count) => sum + count.silences, 0);
      const leasesMs = group.reduce((sum, count) => sum + count.leasesMs, 0);
      return {
        leaseMs: leasesMs / silences,
        silences,
        back: mergeHistograms(group.map(({ back }) => back)),
        gone: mergeHistograms(group.map(({ gone }) => gone)),
      };
    })
    .toSorted((one, other) => other.silences - one.silences);
}
