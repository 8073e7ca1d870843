/** A worker thread that runs blocks of seeds as they come. */
import { parentPort } from "node:worker_threads";
import { simulate, type Violation } from "../simulate.ts";
import { workloadNamed, workloadOf } from "../workloads/index.ts";
import { addResult, noTotals, type Totals } from "./totals.ts";

/** A block of seeds to run, all of one workload or each of its own. */
export interface Block {
  readonly first: number;
  readonly count: number;
  readonly workload?: string | undefined;
}

/** What a worker says: how many seeds more it has run, with what they broke, or that a block is done. */
export type Said =
  | { readonly ran: number; readonly violations: readonly Violation[] }
  | { readonly first: number; readonly totals: Totals };

/** A seed may take a few milliseconds; whoever looks on wants no more than this. */
const tellEveryMs = 250;

parentPort?.on("message", async ({ first, count, workload }: Block) => {
  const totals = noTotals();
  let told = { seeds: 0, violations: 0, atMs: Date.now() };
  const tell = (): void => {
    const { seeds, violations } = totals;
    const said: Said = { ran: seeds - told.seeds, violations: violations.slice(told.violations) };
    parentPort?.postMessage(said);
    told = { seeds, violations: violations.length, atMs: Date.now() };
  };
  for (let seed = first; seed < first + count; seed += 1) {
    const chosen = workload === undefined ? workloadOf(seed) : workloadNamed(workload);
    addResult(totals, chosen.name, await simulate(seed, chosen));
    if (Date.now() - told.atMs >= tellEveryMs) tell();
  }
  tell();
  const said: Said = { first, totals };
  parentPort?.postMessage(said);
});
