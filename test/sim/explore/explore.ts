/** Explores many pairs on several threads. */
import { Worker } from "node:worker_threads";
import { addSums, noSums, type Pair, type Reach, type Sums } from "./all-pairs.ts";
import type { Errand } from "./pair-worker.ts";

export interface Exploration {
  readonly pairs: readonly Pair[];
  readonly reach: Reach;
  readonly workers: number;
  /** After every pair, with what there is so far. */
  readonly onPair?: (sums: Sums) => void;
}

/** Gives pairs to a worker until there are none left. */
function serve(waiting: Pair[], { reach, onPair }: Exploration, sums: Sums): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./pair-worker.ts", import.meta.url));
    const next = (): void => {
      const pair = waiting.shift();
      if (pair) worker.postMessage({ pair, reach } satisfies Errand);
      else void worker.terminate().then(() => resolve());
    };
    worker.on("error", reject);
    worker.on("message", (more: Sums) => {
      addSums(sums, more);
      onPair?.(sums);
      next();
    });
    next();
  });
}

/** Explores all of these pairs. */
export async function explorePairs(exploration: Exploration): Promise<Sums> {
  const sums = noSums();
  const waiting = [...exploration.pairs];
  const workers = Array.from({ length: exploration.workers }, () =>
    serve(waiting, exploration, sums),
  );
  await Promise.all(workers);
  return sums;
}
