/** `npm run explore`: runs every two operations in every order of their requests, and writes down what it found. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SingleBar } from "cli-progress";
import { format } from "prettier";
import { ROOT } from "../local/root.ts";
import { allPairs } from "../test/sim/explore/all-pairs.ts";
import { explorePairs } from "../test/sim/explore/explore.ts";
import { explorationText } from "../test/sim/explore/report.ts";
import { parseExplore, usage } from "./explore/options.ts";
import { UsageError } from "./usage-error.ts";

function options() {
  try {
    return parseExplore(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

const { help, only, runs: mostRuns, faultRuns: mostRunsEachFault, workers } = options();

/** Where nobody looks at a terminal, a line for every hundredth. */
function showProgress(total: number): (done: number, note: string) => void {
  if (!process.stderr.isTTY) {
    const step = Math.ceil(total / 100);
    return (done, note) => {
      if (done % step === 0) console.error(`${done}/${total} pairs, ${note}`);
    };
  }
  const bar = new SingleBar({ format: "pairs {bar} {value}/{total} {note}", hideCursor: true });
  bar.start(total, 0, { note: "" });
  return (done, note) => {
    bar.update(done, { note });
    if (done === total) bar.stop();
  };
}

async function explore(): Promise<number> {
  const pairs = allPairs().filter((pair) => !only || pair.some((name) => name.includes(only)));
  const startedAtMs = Date.now();
  const show = showProgress(pairs.length);
  const reach = { mostRuns, mostRunsEachFault };
  const sums = await explorePairs({
    pairs,
    reach,
    workers,
    onPair: ({ pairs: done, violations }) => show(done, `${violations.length} violations`),
  });
  const { runs, faults, faultyRuns, cut, apart, violations } = sums;
  for (const violation of violations.slice(0, 3)) console.error(`\n${violation}`);
  console.log(`${sums.pairs} pairs in ${runs} orders, ${faults} faults in ${faultyRuns} orders`);
  console.log(
    `${cut.length} cut short, ${apart.length} not together, ${violations.length} violations`,
  );
  if (only) return violations.length > 0 ? 1 : 0;
  const text = explorationText({
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT }).toString().trim(),
    command: `npm run explore -- --runs ${mostRuns} --fault-runs ${mostRunsEachFault}`,
    minutes: Math.round((Date.now() - startedAtMs) / 60_000),
    reach,
    sums,
  });
  writeFileSync(
    join(ROOT, "docs", "interleavings.md"),
    await format(text, { parser: "markdown", printWidth: 140 }),
  );
  console.log("interleavings.md is written into docs");
  return violations.length > 0 ? 1 : 0;
}

if (help) console.log(usage);
else process.exitCode = await explore();
