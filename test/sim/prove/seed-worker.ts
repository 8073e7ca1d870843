/** A worker thread that runs blocks of seeds as they come. */
import { parentPort } from "node:worker_threads";
import { simulate } from "../simulate.ts";
import { workloadNamed, workloadOf } from "../workloads/index.ts";
import { addResult, noTotals } from "./totals.ts";

/** A block of seeds to run, all of one workload or each of its own. */
export interface Block {
  readonly first: number;
  readonly count: number;
  readonly workload?: string | undefined;
}

parentPort?.on("message", async ({ first, count, workload }: Block) => {
  const totals = noTotals();
  for (let seed = first; seed < first + count; seed += 1) {
    const chosen = workload === undefined ? workloadOf(seed) : workloadNamed(workload);
    addResult(totals, chosen.name, await simulate(seed, chosen));
  }
  parentPort?.postMessage({ first, totals });
});
