/** Runs one seed of a workload and tells how it went. */
import { drawIdsFrom } from "./determinism.ts";
import { type Random, seededRandom } from "./random.ts";
import { type FaultName, type FaultRates, noFaults, roughDay } from "./scheduler/faults.ts";
import { type CrashPoint, InvariantBroken, World, type WorldOptions } from "./scheduler/world.ts";
import { simulatedTables } from "./tables.ts";

/** A workload: what the people of a world do, and what they check when they are done. */
export interface Workload {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
  /** What a workload cannot stand by its nature, for example late repetitions. */
  readonly rates?: (rates: FaultRates) => FaultRates;
  /** What stays the same in every world of this workload. */
  readonly always?: Partial<WorldOptions>;
}

/** A promise that was broken, with all that is needed to see how. */
export interface Violation {
  readonly workload: string;
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
  readonly history: string;
}

export interface RunResult {
  readonly operations: number;
  readonly requests: number;
  readonly struck: ReadonlyMap<FaultName, number>;
  readonly violation?: Violation;
}

/** Weather from fine to very rough; most seeds are rough. */
function drawRates(random: Random): FaultRates {
  const strength = random.pick([0, 0.5, 1, 1, 2, 3]);
  if (strength === 0) return noFaults;
  const entries = Object.entries(roughDay).map(([name, rate]) => [name, rate * strength] as const);
  return Object.fromEntries(entries) as FaultRates;
}

/** The world of a seed; clocks and lags differ from seed to seed too. */
function worldOf(seed: number, workload: Workload, crashPoint?: CrashPoint): World {
  const random = seededRandom(seed);
  drawIdsFrom(random.fork());
  const rates = drawRates(random);
  const world = new World({
    seed: random.int(0, 0x7f_ff_ff_ff),
    tables: simulatedTables,
    rates: crashPoint ? noFaults : (workload.rates?.(rates) ?? rates),
    skewMs: random.pick([0, 0, 100, 2_000, 10_000]),
    lagMs: random.pick([0, 50, 2_000]),
    latencyMs: random.pick([2, 20, 200]),
    ...workload.always,
  });
  world.crashPoint = crashPoint;
  return world;
}

/** Runs a seed to its end or to the first promise that breaks. */
export async function simulate(
  seed: number,
  workload: Workload,
  crashPoint?: CrashPoint,
): Promise<RunResult> {
  const world = worldOf(seed, workload, crashPoint);
  world.script(() => workload.run(world));
  let violation: Violation | undefined;
  try {
    await world.run();
  } catch (error) {
    const { name, stack = "" } = error as Error;
    const invariant = error instanceof InvariantBroken ? error.invariant : name;
    const message = error instanceof InvariantBroken ? error.message : stack;
    violation = {
      workload: workload.name,
      seed,
      invariant,
      message,
      history: world.history.text(),
    };
  }
  const { operations, requests, struck } = world;
  return { operations, requests, struck, ...(violation ? { violation } : {}) };
}

/** What is printed when a seed fails. */
export function describeViolation({ workload, seed, message, history }: Violation): string {
  const command = `npm run prove -- --workload ${workload} --first ${seed} --seeds 1`;
  return `${message}\n\n${history}\n\nseed ${seed} of ${workload}; again with: ${command}`;
}
