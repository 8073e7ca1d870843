/** What a long run has seen so far; it is kept on disk, so that a run that was stopped goes on. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Comparison } from "../differential/compare.ts";
import type { RunResult, Violation } from "../simulate.ts";
import type { Caught } from "../teeth/teeth.ts";

/** Sums over seeds; everything in it can be written as JSON. */
export interface Totals {
  seeds: number;
  operations: number;
  requests: number;
  struck: Record<string, number>;
  perWorkload: Record<string, number>;
  violations: Violation[];
}

/** How far a run is. */
export interface Progress {
  readonly first: number;
  readonly seeds: number;
  /** Beginnings of the blocks of seeds that are done. */
  readonly done: number[];
  readonly totals: Totals;
  /** Time spent, over all parts of the run. */
  elapsedMs: number;
  /** What came of the planted faults, and of the comparison, once they are through. */
  teeth?: Caught[];
  comparison?: Comparison;
}

export const noTotals = (): Totals => {
  return { seeds: 0, operations: 0, requests: 0, struck: {}, perWorkload: {}, violations: [] };
};

/** Adds a seed's result. */
export function addResult(totals: Totals, workload: string, result: RunResult): void {
  totals.seeds += 1;
  totals.operations += result.operations;
  totals.requests += result.requests;
  totals.perWorkload[workload] = (totals.perWorkload[workload] ?? 0) + 1;
  for (const [name, count] of result.struck) {
    totals.struck[name] = (totals.struck[name] ?? 0) + count;
  }
  if (result.violation) totals.violations.push(result.violation);
}

function addCounts(into: Record<string, number>, from: Record<string, number>): void {
  for (const [name, count] of Object.entries(from)) into[name] = (into[name] ?? 0) + count;
}

/** Adds what another process has summed up. */
export function addTotals(into: Totals, from: Totals): void {
  into.seeds += from.seeds;
  into.operations += from.operations;
  into.requests += from.requests;
  addCounts(into.struck, from.struck);
  addCounts(into.perWorkload, from.perWorkload);
  into.violations.push(...from.violations);
}

/** The progress of this run if it was begun before, or a fresh start. */
export function loadProgress(file: string, first: number, seeds: number): Progress {
  try {
    const known = JSON.parse(readFileSync(file, "utf8")) as Progress;
    if (known.first === first && known.seeds === seeds) return known;
  } catch {
    // Not begun before, or unreadable: from the start then.
  }
  return { first, seeds, done: [], totals: noTotals(), elapsedMs: 0 };
}

export function saveProgress(file: string, progress: Progress): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(progress));
}
