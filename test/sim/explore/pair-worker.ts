/** A worker thread that explores pairs as they come. */
import { parentPort } from "node:worker_threads";
import { addPair, noSums, type Pair, type Reach } from "./all-pairs.ts";

/** A pair to explore, and how far. */
export interface Errand {
  readonly pair: Pair;
  readonly reach: Reach;
}

parentPort?.on("message", async ({ pair, reach }: Errand) => {
  const sums = noSums();
  await addPair(sums, pair, reach);
  parentPort?.postMessage(sums);
});
