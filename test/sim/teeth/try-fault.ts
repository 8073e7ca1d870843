/** Runs seeds over the sources beside it until one fails, and prints which; started by `teeth.ts`. */
import { allPairs } from "../explore/all-pairs.ts";
import { tryBesideLater } from "../crash-points.ts";
import { explorePair } from "../explore/pairs.ts";
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

/** Every order of two operations, one of which has this in its name. */
async function searchPairs(name: string): Promise<object> {
  const pairs = allPairs().filter((pair) => pair.some((each) => each.includes(name)));
  let seeds = 0;
  for (const pair of pairs) {
    const { runs, violation } = await explorePair(pair, { most });
    seeds += runs;
    if (violation !== undefined) {
      const [message = ""] = violation.split("\n");
      return {
        invariant: message.split(":")[0],
        message: `${pair.join(" × ")}: ${message}`,
        seeds,
      };
    }
  }
  return { seeds };
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
const search = async (): Promise<object> => {
  if (only === "later-release") return searchBesideLater();
  if (only === "line-answers") return searchLines();
  if (only?.startsWith(pairsOf)) return searchPairs(only.slice(pairsOf.length));
  return only?.endsWith("histories") ? searchHistories() : searchSeeds();
};
const found = await search();
process.stdout.write(`${JSON.stringify(found)}\n`);
process.exit(0);
