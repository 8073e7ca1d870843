/** All pairs of writing operations, and with each what one fault makes of it; sums over them. */
import { sceneNames } from "../crash-points.ts";
import { type Explored, explorePair, faultsOf } from "./pairs.ts";

export type Pair = readonly [string, string];

/** How far one looks: runs for a pair, and for each fault in it. */
export interface Reach {
  readonly mostRuns: number;
  /** 0 for no faults. */
  readonly mostRunsEachFault: number;
}

export interface Sums {
  pairs: number;
  /** Of pairs without a fault, and of those with one. */
  runs: number;
  faults: number;
  faultyRuns: number;
  /** Pairs with nothing in common: their order cannot matter, and faults are those of crash points. */
  independent: number;
  /** Pairs of which one makes what the other needs impossible, with the reason. */
  apart: string[];
  /** What has more orders than were allowed. */
  cut: string[];
  violations: string[];
}

export const noSums = (): Sums => {
  const counts = { pairs: 0, runs: 0, faults: 0, faultyRuns: 0, independent: 0 };
  return { ...counts, apart: [], cut: [], violations: [] };
};

/** Every pair, also of an operation with itself: the same request twice at once. */
export function allPairs(): Pair[] {
  return sceneNames.flatMap((one, index) =>
    sceneNames.slice(index).map((other): Pair => [one, other]),
  );
}

function note(sums: Sums, { name, apart, isCut, violation }: Explored): void {
  if (apart !== undefined) sums.apart.push(`${name}: ${apart}`);
  if (isCut) sums.cut.push(name);
  if (violation !== undefined) sums.violations.push(`${name}: ${violation}`);
}

async function addFaults(sums: Sums, pair: Pair, told: Explored, most: number): Promise<void> {
  for (const fault of faultsOf(told)) {
    const explored = await explorePair(pair, { most, fault });
    sums.faults += 1;
    sums.faultyRuns += explored.runs;
    note(sums, explored);
  }
}

/** Explores one pair, and adds what came of it. */
export async function addPair(
  sums: Sums,
  [one, other]: Pair,
  { mostRuns, mostRunsEachFault: most }: Reach,
): Promise<void> {
  const told = await explorePair([one, other], { most: mostRuns });
  sums.pairs += 1;
  sums.runs += told.runs;
  note(sums, told);
  const isIndependent = told.runs === 1 && !told.isCut;
  if (isIndependent) sums.independent += 1;
  if (most === 0 || told.runs === 0 || isIndependent || told.violation !== undefined) return;
  await addFaults(sums, [one, other], told, most);
  if (one === other) return;
  // The other one may meet it, too.
  await addFaults(sums, [other, one], await explorePair([other, one], { most: 1 }), most);
}

/** Adds what another one has summed up. */
export function addSums(sums: Sums, more: Sums): void {
  for (const name of ["pairs", "runs", "faults", "faultyRuns", "independent"] as const) {
    sums[name] += more[name];
  }
  for (const name of ["apart", "cut", "violations"] as const) sums[name].push(...more[name]);
}
