/** `npm run prove`: simulates for as long as one likes, plants faults, and writes docs/proof.md. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { startDynamoDbLocal } from "../local/database/dynamodb-local.ts";
import { ROOT } from "../local/root.ts";
import { onStopRequest } from "../local/stop-request.ts";
import { tryCrashPoints } from "../test/sim/crash-points.ts";
import { type Comparison, compareSeeds, connect } from "../test/sim/differential/compare.ts";
import { proofText } from "../test/sim/prove/report.ts";
import { runSeeds } from "../test/sim/prove/seeds.ts";
import { loadProgress, type Progress, saveProgress } from "../test/sim/prove/totals.ts";
import { describeViolation, type Violation } from "../test/sim/simulate.ts";
import { plantedFaults } from "../test/sim/teeth/faults.ts";
import { misfits, tryTeeth } from "../test/sim/teeth/teeth.ts";
import { Live } from "./prove/live.ts";
import { parseProve, usage } from "./prove/options.ts";
import { UsageError } from "./usage-error.ts";

/** A mistake in what it is told is one line, and nothing is begun. */
function options() {
  try {
    return parseProve(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

const { workload, help, seeds, first, calls, faultSeeds, workers } = options();

const git = (...parameters: string[]): string =>
  execFileSync("git", parameters, { cwd: ROOT }).toString().trim();

const commit = git("rev-parse", "--short", "HEAD");

/**
 * Where a run that takes an hour is kept, to go on where it was stopped: by its commit. Sources that differ from it have none:
 * what was found in others says nothing of them.
 */
function keptFile(name: string): string | undefined {
  if (git("status", "--porcelain", "--untracked-files=no") !== "") return undefined;
  return join(ROOT, ".holdfast", "prove", `${name}-${commit}-${first}-${seeds}.json`);
}

const callsEach = 250;
const live = new Live(process.stderr);

/** What was found is said at once: whoever waits for an hour may want to look before. */
function tellViolation({ workload: name, seed, message }: Violation): void {
  const again = `npm run prove -- --workload ${name} --first ${seed} --seeds 1`;
  live.say(`seed ${seed} of ${name}: ${message.split("\n")[0]}; again with: ${again}`);
}

const count = (number: number, name: string): string =>
  `${number} ${name}${number === 1 ? "" : "s"}`;

async function simulateAll(
  progress: Progress,
  file: string | undefined,
  only = workload,
): Promise<void> {
  const { totals } = progress;
  const part = live.begin(only ?? "seeds", progress.seeds, totals.seeds);
  let found = totals.violations.length;
  let lastMs = Date.now();
  await runSeeds({
    progress,
    workers,
    workload: only,
    onBlock: () => {
      progress.elapsedMs += Date.now() - lastMs;
      lastMs = Date.now();
      if (file) saveProgress(file, progress);
    },
    onSeeds: (ran, violations) => {
      violations.forEach(tellViolation);
      found += violations.length;
      part.advance(ran, count(found, "violation"));
    },
  });
}

async function compare(): Promise<Comparison> {
  const part = live.begin("calls compared", calls);
  const database = await startDynamoDbLocal();
  const client = connect(database.endpoint);
  try {
    const plan = { first: 1, count: Math.ceil(calls / callsEach), callsEach };
    return await compareSeeds(client, plan, (compared) => part.advance(compared));
  } finally {
    client.destroy();
    await database.stop();
  }
}

function showViolations(progress: Progress): void {
  for (const violation of progress.totals.violations.slice(0, 3)) {
    console.error(`\n${describeViolation(violation)}`);
  }
}

/** Of two releases side by side there are so many seeds besides. */
const mostOfReleases = 10_000;

/** Shorter runs begin anew. */
const keptFrom = 1_000;

/** One workload or few seeds, to look at something: nothing is recorded. */
async function look(): Promise<number> {
  const file = seeds < keptFrom ? undefined : keptFile(workload ?? "all");
  const progress = loadProgress(file ?? "", first, seeds);
  await simulateAll(progress, file);
  live.stop();
  showViolations(progress);
  const { operations, requests, violations } = progress.totals;
  const seconds = Math.round(progress.elapsedMs / 1_000);
  console.log(`${seeds} seeds, ${operations} operations, ${requests} requests, ${seconds} s`);
  console.log(`${violations.length} violations`);
  return violations.length > 0 ? 1 : 0;
}

async function prove(): Promise<number> {
  const unfit = misfits(ROOT);
  if (unfit.length > 0) throw new Error(unfit.join("\n"));
  const file = keptFile("proof");
  const progress = loadProgress(file ?? "", first, seeds);
  await simulateAll(progress, file);
  const ofReleases = keptFile("releases");
  const releases = loadProgress(ofReleases ?? "", first, Math.min(seeds, mostOfReleases));
  await simulateAll(releases, ofReleases, "releases");
  live.say("Crash points: each route and job is stopped at each of its requests.");
  const crashes = await tryCrashPoints();
  const shownTeeth = live.begin("planted faults", plantedFaults.length);
  progress.teeth ??= await tryTeeth(ROOT, { most: faultSeeds, workers }, ({ invariant }) =>
    shownTeeth.advance(1, invariant === undefined ? "one not caught" : undefined),
  );
  if (file) saveProgress(file, progress);
  progress.comparison ??= await compare();
  if (file) saveProgress(file, progress);
  const { teeth, comparison } = progress;
  live.stop();
  const proof = proofText({
    date: new Date().toISOString().slice(0, 10),
    commit,
    command: `npm run prove -- --seeds ${seeds} --first ${first} --calls ${calls}`,
    progress,
    releases,
    crashes,
    teeth,
    comparison,
  });
  writeFileSync(join(ROOT, "docs", "proof.md"), await format(proof, { parser: "markdown" }));
  showViolations(progress);
  showViolations(releases);
  const failures = [
    ...[progress, releases].flatMap(({ totals }) =>
      totals.violations.map(({ message }) => message),
    ),
    ...crashes.flatMap(({ result }) => result.violation?.message ?? []),
    ...teeth.filter(({ invariant }) => !invariant).map(({ fault }) => `not caught: ${fault.name}`),
    ...comparison.differences.map(({ call }) => `answered differently: ${call}`),
  ];
  for (const failure of failures) console.error(failure.split("\n")[0]);
  console.log(`docs/proof.md is written; ${failures.length} failures`);
  return failures.length > 0 ? 1 : 0;
}

onStopRequest(() => {
  live.stop();
  const isKept = seeds >= keptFrom && keptFile("any") !== undefined;
  console.error(isKept ? "Stopped; the same command goes on from here." : "Stopped.");
  process.exit(130);
});

if (help) console.log(usage);
else {
  const isLook = workload !== undefined || seeds < 100;
  process.exitCode = await (isLook ? look() : prove());
}
