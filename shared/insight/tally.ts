/** Adds counts up by place, in memory that is bounded: so many places, and what comes beyond them together. */
import {
  type Contention,
  type ContentionCounts,
  type ContentionPlace,
  othersTogether,
  type Refusals,
} from "./contention.ts";
import { emptyHistogram, mergeHistograms } from "./histogram.ts";

/** Counts that are to be added: those that are missing are none. */
export type SomeCounts = Partial<ContentionCounts>;

interface Counted {
  readonly sum: Contention;
  /** How often something was added: who has most of it is written first. */
  readonly times: number;
}

/** Counts by place that can be added to and taken out. */
export interface Tally {
  add(place: ContentionPlace, counts: SomeCounts): void;
  /** Takes out at most so many places, those to which something was added most often. */
  take(most: number): Contention[];
  /** How many places there are. */
  size(): number;
}

const nothing: ContentionCounts = {
  granted: 0,
  refused: {},
  conflicts: 0,
  waits: emptyHistogram,
  holds: emptyHistogram,
};

/** Beyond its places a tally has room for so many of `others`: each kind, in some minutes. */
const roomForOthers = 20;

const makeName = ({ kind, resource, minuteMs }: ContentionPlace): string =>
  `${kind}/${minuteMs}/${resource}`;

function addRefusals(one: Refusals, other: Refusals): Refusals {
  const sums: Record<string, number> = { ...one };
  for (const [reason, times] of Object.entries(other)) sums[reason] = (sums[reason] ?? 0) + times;
  return sums;
}

function addCounts(sum: Contention, counts: SomeCounts): Contention {
  const { granted, refused, conflicts, waits, holds } = { ...nothing, ...counts };
  return {
    ...sum,
    granted: sum.granted + granted,
    refused: addRefusals(sum.refused, refused),
    conflicts: sum.conflicts + conflicts,
    waits: mergeHistograms([sum.waits, waits]),
    holds: mergeHistograms([sum.holds, holds]),
  };
}

/**
 * Makes an empty tally of at most `mostPlaces` places. One that comes when it is full is counted under `others` of its
 * kind and minute, and what finds no room there either is lost.
 */
export function createTally(mostPlaces: number): Tally {
  const counted = new Map<string, Counted>();

  const hasRoom = (place: ContentionPlace, most: number): boolean =>
    counted.size < most || counted.has(makeName(place));

  return {
    add(wanted, counts) {
      const isKnown = hasRoom(wanted, mostPlaces);
      const place = isKnown ? wanted : { ...wanted, resource: othersTogether };
      if (!hasRoom(place, mostPlaces + roomForOthers)) return;
      const { sum, times } = counted.get(makeName(place)) ?? {
        sum: { ...place, ...nothing },
        times: 0,
      };
      counted.set(makeName(place), { sum: addCounts(sum, counts), times: times + 1 });
    },
    take(most) {
      const first = [...counted.entries()].toSorted(([, a], [, b]) => b.times - a.times);
      return first.slice(0, most).map(([name, { sum }]) => {
        counted.delete(name);
        return sum;
      });
    },
    size: () => counted.size,
  };
}
