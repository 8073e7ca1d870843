/** Runs seeds over the sources beside it until one fails, and prints which; started by `teeth.ts`. */
import { startHistories } from "../histories/histories.ts";
import { simulate } from "../simulate.ts";
import { workloadNamed, workloadOf } from "../workloads/index.ts";

const [first = 1, most = 1_000] = process.argv.slice(2, 4).map(Number);
const [only] = process.argv.slice(4);

/** The exact instants first: they are the same for every seed. */
async function search(): Promise<object> {
  const edges = await simulate(first, workloadNamed("edges"));
  if (edges.violation) return { ...edges.violation, history: "", seeds: 1 };
  for (let seed = first; seed < first + most; seed += 1) {
    const { violation } = await simulate(seed, only ? workloadNamed(only) : workloadOf(seed));
    if (violation) return { ...violation, history: "", seeds: seed - first + 2 };
  }
  return { seeds: most + 1 };
}

/** Histories with the providers themselves; a fault in them meets no other workload. */
async function searchHistories(): Promise<object> {
  const histories = await startHistories();
  for (let seed = first; seed < first + most; seed += 1) {
    const { violation } = await histories.play(seed);
    if (violation) return { ...violation, seeds: seed - first + 1 };
  }
  return { seeds: most };
}

const found = only === "histories" ? await searchHistories() : await search();
process.stdout.write(`${JSON.stringify(found)}\n`);
process.exit(0);
