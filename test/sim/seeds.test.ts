/** Seeds of every workload: every promise of the design holds in each of them. */
import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { effort } from "../support/effort.ts";
import { runSeeds } from "./prove/seeds.ts";
import { loadProgress } from "./prove/totals.ts";
import { describeViolation, simulate } from "./simulate.ts";
import { workloadNamed } from "./workloads/index.ts";

const seeds = effort({ part: 200, all: 2_000 });

test(`${seeds} seeds break no promise`, { timeout: 3_000_000 }, async () => {
  const progress = loadProgress("", 1, seeds);
  const workers = Math.min(2, availableParallelism());
  let told = 0;
  const onSeeds = (count: number): void => {
    told += count;
  };
  await runSeeds({ progress, workers, onBlock: () => {}, onSeeds });
  const { totals } = progress;
  expect(totals.violations.slice(0, 2).map(describeViolation)).toEqual([]);
  expect([totals.seeds, told]).toEqual([seeds, seeds]);
  // The run would prove little in fine weather: every fault has to strike, and often.
  for (const [name, count] of Object.entries(totals.struck))
    expect(count, name).toBeGreaterThan(seeds / 4);
  expect(Object.keys(totals.struck)).toHaveLength(8);
});

test("the same seed gives the same run", async () => {
  for (const name of ["shop", "editors", "carts", "stock"]) {
    const [one, other] = [
      await simulate(7, workloadNamed(name)),
      await simulate(7, workloadNamed(name)),
    ];
    expect(other, name).toEqual(one);
  }
});

/** Seeds that once found something, in the product or in what judges it. */
const found = [
  // An edit whose answer was lost counted twice once four others had followed it.
  ["carts", 86],
  ["carts", 106],
  ["carts", 189],
  // A force release whose answer was lost ended the next owner's hold as well.
  ["editors", 4913],
  // An acquisition whose answer was lost twice took the lock again after it had been ended by force.
  ["editors", 73177],
  // Out of time behind its own write, a movement said that nothing was changed.
  ["stock", 51095],
  ["stock", 65271],
  // More expired units were in the way of late money than one webhook has time for: the bank says it again.
  ["hot", 1202],
  // A request to join that came once more after its sender had left stood in the line twice: nobody could be served.
  ["lock-lines", 234],
  // An order that had come without an answer, behind a refusal of its repetition: "nothing was changed" was not true.
  ["code-crowd", 8049],
  // Given up by its provider behind a dispute that was lost meanwhile, a refund stayed due for more than was left.
  ["releases", 334],
] as const;

test.for(found)("seed $1 of $0, which found a fault once, finds none", async ([name, seed]) => {
  const { violation } = await simulate(seed, workloadNamed(name));
  expect(violation && describeViolation(violation)).toBeUndefined();
});
