/**
 * `holdfast/testing`: the simulator that proves Holdfast, for code of your own. One DynamoDB in memory, virtual time, and processes
 * that die, stand still, lose answers and have wrong clocks, all drawn from a seed: what fails once can be run again.
 *
 * It needs no table and no rights, and waits for nothing: code under test sleeps by `process.sleep` and reads `process.clock`.
 *
 * @example
 * import { broken, describeViolation, simulate } from "holdfast/testing";
 *
 * const result = await simulate(42, "one publisher at a time", async (scene) => {
 *   const accepted: number[] = []; // what the printer took: it refuses fences below the last one
 *   await scene.people(5, async (person) => {
 *     const process = scene.process();
 *     const lock = { resource: "report", owner: { userId: `p${person}` }, waitMs: 10_000 };
 *     await scene.call(process, "publish", async () => {
 *       const { fence } = await process.locks.acquire(lock);
 *       if (accepted.includes(fence)) broken("one publisher", `fence ${fence} was given twice`);
 *       accepted.push(fence);
 *     });
 *   });
 * });
 * if (result.violation) throw new Error(describeViolation(result.violation));
 */
import { createDatabase, type Database } from "../shared/table/database.ts";
import type { Clock } from "../shared/base/time.ts";
import { createLockService, type LockService } from "../shared/locks/lock-service.ts";
import {
  describeViolation,
  type RunResult,
  simulate as runSeed,
  type Violation,
} from "../test/sim/simulate.ts";
import { type Ending, InvariantBroken, type World } from "../test/sim/scheduler/world.ts";

export { describeViolation };
export type { Clock, Database, Ending, LockService, RunResult, Violation };

/** One process of yours: its clock may be wrong, and it may die within any call. */
export interface Process {
  readonly skewMs: number;
  readonly clock: Clock;
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly database: Database;
  readonly locks: LockService;
}

/** What happens in one run. */
export interface Scene {
  /** True time; processes have clocks of their own. */
  readonly nowMs: () => number;
  /** A new process. */
  readonly process: () => Process;
  /**
   * Lets a process work on something. It ends as `done` with what came of it, `failed` with its error, or `stopped`: the process
   * died within, and nobody was told.
   */
  readonly call: <T>(process: Process, label: string, work: () => Promise<T>) => Promise<Ending<T>>;
  /** So many people at once; ends when all of them are done. */
  readonly people: (count: number, each: (person: number) => Promise<void>) => Promise<void>;
  readonly sleep: (durationMs: number) => Promise<void>;
}

/** Says that a promise of yours was broken: the run ends, with its history. */
export function broken(promise: string, detail: string): never {
  throw new InvariantBroken(promise, detail);
}

function makeProcess(world: World): Process {
  const surroundings = world.process();
  const { client, clock, sleep, random, skewMs } = surroundings;
  const database = createDatabase({ client, tableName: (table) => table, clock, sleep, random });
  const locks = createLockService({ database, clock, sleep, random });
  return { skewMs, clock, sleep, random, database, locks };
}

/**
 * Runs a seed to its end, or to the first promise that breaks. The same seed always gives the same run. One at a time in a
 * process of the operating system: ids are drawn from the seed while it runs.
 *
 * @example const { violation } = await simulate(7, "shop", async (scene) => play(scene));
 */
export function simulate(
  seed: number,
  name: string,
  play: (scene: Scene) => Promise<void>,
): Promise<RunResult> {
  const run = (world: World): Promise<void> =>
    play({
      nowMs: () => world.nowMs,
      process: () => makeProcess(world),
      call: (process, label, work) => world.invoke(label, process, work),
      async people(count, each) {
        await Promise.all(Array.from({ length: count }, (_, person) => each(person)));
      },
      sleep: (durationMs) => world.sleep(durationMs),
    });
  return runSeed(seed, { name, run });
}
