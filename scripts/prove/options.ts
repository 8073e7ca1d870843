/** What `npm run prove` can be told. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { workloadNames } from "../../test/sim/workloads/index.ts";
import { parseCount, UsageError } from "../usage-error.ts";

export const usage = `npm run prove -- [options]

  --seeds N         how many seeds to run (10,000)
  --first N         the first seed (1)
  --workload NAME   one workload only, nothing recorded: ${workloadNames.join(", ")}
  --calls N         how many calls to compare with DynamoDB Local (100,000)
  --fault-seeds N   the most seeds a planted fault may take (3,000)
  --workers N       threads (as many as processors)

Exits with 1 when a promise was broken, with 2 when it was told something that it does not know.`;

function parse(args: readonly string[]) {
  const text = (standard: string) => ({ type: "string", default: standard }) as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        seeds: text("10000"),
        first: text("1"),
        workload: { type: "string" },
        calls: text("100000"),
        "fault-seeds": text("3000"),
        workers: text(String(availableParallelism())),
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split("\n")[0]);
  }
}

/**
 * The options of a run; seeds, calls and workers as numbers from 1 on.
 *
 * @throws UsageError for an option, a workload or a number that there is not
 */
export function parseProve(args: readonly string[]) {
  const { workload, help, ...numbers } = parse(args);
  if (workload !== undefined && !workloadNames.includes(workload)) {
    throw new UsageError(`There is no workload ${workload}, but ${workloadNames.join(", ")}`);
  }
  const count = (name: keyof typeof numbers): number => parseCount(name, numbers[name]);
  return {
    workload,
    help,
    seeds: count("seeds"),
    first: count("first"),
    calls: count("calls"),
    faultSeeds: count("fault-seeds"),
    workers: count("workers"),
  };
}
