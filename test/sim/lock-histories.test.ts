/** 10,000 random histories of lock operations, with skewed clocks: each has an order that keeps L1 to L6. */
import { expect, test } from "vitest";
import type { Command } from "./engine/engine.ts";
import { checkLinearizability } from "./linearizability.ts";
import { type HistoryOptions, historyModel, runHistory } from "./lock-histories.ts";

interface Verdict {
  readonly isSound: boolean;
  readonly kinds: readonly string[];
  readonly overlaps: boolean;
}

/** Linearizable as a lock (L1, L2, L4 to L6), and nothing saved under a fence but the present one (L3). */
async function judge(options: HistoryOptions): Promise<Verdict> {
  const { operations, saves } = await runHistory(options);
  const { isLinearizable } = checkLinearizability(historyModel, operations);
  const isFenced = saves.every(({ fence, presentFence }) => fence === presentFence);
  const grows = saves.every(({ fence }, index) => fence >= (saves[index - 1]?.fence ?? 0));
  const kinds = operations.map(({ input, output }) => `${input.kind} ${output?.kind}`);
  const overlaps = operations.some((one, index) =>
    operations.slice(index + 1).some((other) => other.calledAtMs < one.returnedAtMs),
  );
  return { isSound: isLinearizable && isFenced && grows, kinds, overlaps };
}

test("10,000 histories of five owners keep every promise of locks", async () => {
  const counts = new Map<string, number>();
  let overlapping = 0;
  for (let seed = 0; seed < 10_000; seed += 1) {
    const { isSound, kinds, overlaps } = await judge({ seed });
    if (!isSound) expect.fail(`seed ${seed} breaks a promise: ${kinds.join(", ")}`);
    for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (overlaps) overlapping += 1;
  }
  // Both outcomes of every operation, often; and operations that really overlap.
  const outcomes = ["granted", "held"].map((outcome) => `acquire ${outcome}`);
  for (const kind of ["renew granted", "renew notOwned", "find held", "find free", ...outcomes]) {
    expect(counts.get(kind), kind).toBeGreaterThan(500);
  }
  for (const kind of ["release done", "release notOwned", "save done", "save notOwned"]) {
    expect(counts.get(kind), kind).toBeGreaterThan(500);
  }
  expect(overlapping).toBeGreaterThan(5_000);
});

type Input = { ConditionExpression?: string; UpdateExpression?: string; TransactItems?: object[] };

/** The same command with its input changed. */
function changed(command: Command, change: (input: Input) => object): Command {
  const copy = Object.create(Object.getPrototypeOf(command)) as Command;
  return Object.assign(copy, command, { input: change(command.input as Input) });
}

const alwaysTrue = (input: Input): object =>
  input.ConditionExpression
    ? {
        ...input,
        ConditionExpression: `(${input.ConditionExpression}) OR size(resource) > size(resource) OR attribute_exists(resource) OR attribute_not_exists(resource)`,
      }
    : input;

/** Ways to lose what a lock promises; each must show in the histories. */
const tamperings: Record<string, (command: Command) => Command> = {
  "conditions that do not hold anybody back": (command) => changed(command, alwaysTrue),
  "saves that do not check the lock": (command) =>
    changed(command, (input) =>
      input.TransactItems
        ? {
            ...input,
            TransactItems: input.TransactItems.map((part) =>
              Object.fromEntries(
                Object.entries(part).map(([kind, write]) => [kind, alwaysTrue(write as Input)]),
              ),
            ),
          }
        : input,
    ),
  "a release that leaves the owner in place": (command) =>
    changed(command, (input) =>
      input.UpdateExpression?.includes("REMOVE") &&
      !input.UpdateExpression.includes("if_not_exists")
        ? {
            ...input,
            UpdateExpression: `${input.UpdateExpression.split(" REMOVE")[0]} REMOVE nothing, kindShard`,
          }
        : input,
    ),
};

test.each(Object.keys(tamperings))("the check finds %s", async (name) => {
  const tamper = tamperings[name]!;
  let found = 0;
  for (let seed = 0; seed < 300; seed += 1) {
    const verdict = await judge({ seed, tamper }).catch(() => undefined);
    if (verdict && !verdict.isSound) found += 1;
  }
  expect(found).toBeGreaterThan(10);
});
