/** Runs seeds over the sources beside it until one fails, and prints which; started by `teeth.ts`. */
import { addPair, allPairs, noSums } from "../explore/all-pairs.ts";
import { tryBesideLater } from "../crash-points.ts";
import { startHistories } from "../histories/histories.ts";
import { checkLinearizability } from "../linearizability.ts";
import { runLineHistory } from "../lock-line-histories.ts";
import { lockLineModel } from "../lock-line-model.ts";
import { simulate } from "../simulate.ts";
import { workloadNamed, workloadOf } from "../workloads/index.ts";

const [first = 1, most = 1_000] = process.argv.slice(2, 4).map(Number);
const [only] = process.argv.slice(4);

/** The exact instants first: they are the same for every seed. */
async function searchSeeds(): Promise<object> {
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
    const { violation } = await histories.play(seed, {
      hasDisputes: only === "disputed histories",
      hasNamelessParts: only === "nameless histories",
    });
    if (violation) return { ...violation, seeds: seed - first + 1 };
  }
  return { seeds: most };
}

/** Histories of a line, against its model: what people are told has to be true as well. */
async function searchLines(): Promise<object> {
  for (let seed = first; seed < first + most; seed += 1) {
    const history = await runLineHistory({ seed, skewsMs: [0, 50, 1_000] });
    if (!checkLinearizability(lockLineModel, history).isLinearizable) {
      return { invariant: "W1", message: "no order", seeds: seed - first + 1 };
    }
  }
  return { seeds: most };
}

/** Every order of two operations whose names have this in them; with what one fault makes of each, if wanted. */
async function searchPairs(name: string, mostRunsEachFault: number): Promise<object> {
  const sums = noSums();
  for (const pair of allPairs().filter((each) => each.join(" × ").includes(name))) {
    await addPair(sums, pair, { mostRuns: most, mostRunsEachFault });
    const seeds = sums.runs + sums.faultyRuns;
    const [violation] = sums.violations;
    if (violation === undefined) continue;
    const [message = ""] = violation.split("\n");
    return { invariant: /: (\w+): /.exec(message)?.[1], message, seeds };
  }
  return { seeds: sums.runs + sums.faultyRuns };
}

/** Every route and job beside a later release: its faults meet no other workload. */
async function searchBesideLater(): Promise<object> {
  let seeds = 0;
  for await (const { scene, result } of tryBesideLater()) {
    seeds += 1;
    const { violation } = result;
    if (violation) {
      return { ...violation, message: `${scene}: ${violation.message}`, history: "", seeds };
    }
  }
  return { seeds };
}

const pairsOf = "pairs of ";
const faultyPairsOf = "faulty pairs of ";
/** As many as the exploration of all pairs allows each fault. */
const mostEachFault = 20;
const search = async (): Promise<object> => {
  if (only === "later-release") return searchBesideLater();
  if (only === "line-answers") return searchLines();
  if (only?.startsWith(pairsOf)) return searchPairs(only.slice(pairsOf.length), 0);
  if (only?.startsWith(faultyPairsOf)) {
    return searchPairs(only.slice(faultyPairsOf.length), mostEachFault);
  }
  return only?.endsWith("histories") ? searchHistories() : searchSeeds();
};
const found = await search();
process.stdout.write(`${JSON.stringify(found)}\n`);
process.exit(0);
