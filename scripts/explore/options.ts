/** What `npm run explore` can be told. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { sceneNames } from "../../test/sim/crash-points.ts";
import { parseCount, UsageError } from "../usage-error.ts";

export const usage = `npm run explore -- [options]

  --runs N         the most orders of a pair (200)
  --fault-runs N   the most orders for each fault in a pair, 0 for no faults (20)
  --only TEXT      pairs of operations with this in their name, nothing recorded
  --workers N      threads (as many as processors)

Exits with 1 when a promise was broken, with 2 when it was told something that it does not know.`;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        runs: { type: "string", default: "200" },
        "fault-runs": { type: "string", default: "20" },
        only: { type: "string" },
        workers: { type: "string", default: String(availableParallelism()) },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split("\n")[0]);
  }
}

/**
 * The options of an exploration.
 *
 * @throws UsageError for an option, a number or a name that there is not
 */
export function parseExplore(args: readonly string[]) {
  const { only, help, ...numbers } = parse(args);
  if (only !== undefined && !sceneNames.some((name) => name.includes(only))) {
    throw new UsageError(`No route or job has ${only} in its name`);
  }
  return {
    only,
    help,
    runs: parseCount("runs", numbers.runs),
    faultRuns: parseCount("fault-runs", numbers["fault-runs"], 0),
    workers: parseCount("workers", numbers.workers),
  };
}
