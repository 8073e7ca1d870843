/** Runs many seeds on several threads, in blocks, each of which is written down when it is done. */
import { Worker } from "node:worker_threads";
import type { Violation } from "../simulate.ts";
import type { Block, Said } from "./seed-worker.ts";
import { addTotals, type Progress } from "./totals.ts";

const blockSize = 100;

export interface SeedRun {
  readonly progress: Progress;
  readonly workers: number;
  readonly workload?: string | undefined;
  /** After every block; what is in `progress` then is worth keeping. */
  readonly onBlock: () => void;
  /** So many more were run, and this is what they broke; several times a second, long before their block is done. */
  readonly onSeeds?: (count: number, violations: readonly Violation[]) => void;
}

function blocksOf({ first, seeds, done }: Progress, workload: string | undefined): Block[] {
  const blocks: Block[] = [];
  for (let start = first; start < first + seeds; start += blockSize) {
    const count = Math.min(blockSize, first + seeds - start);
    if (!done.includes(start)) blocks.push({ first: start, count, workload });
  }
  return blocks;
}

/** Gives blocks to a worker until there are none left. */
function serve(blocks: Block[], run: SeedRun): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./seed-worker.ts", import.meta.url));
    const next = (): void => {
      const block = blocks.shift();
      if (block) worker.postMessage(block);
      else void worker.terminate().then(() => resolve());
    };
    worker.on("error", reject);
    worker.on("message", (said: Said) => {
      if ("ran" in said) {
        run.onSeeds?.(said.ran, said.violations);
        return;
      }
      addTotals(run.progress.totals, said.totals);
      run.progress.done.push(said.first);
      run.onBlock();
      next();
    });
    next();
  });
}

/** Runs all seeds of the progress that are not done yet. */
export async function runSeeds(run: SeedRun): Promise<void> {
  const blocks = blocksOf(run.progress, run.workload);
  await Promise.all(Array.from({ length: run.workers }, () => serve(blocks, run)));
}
