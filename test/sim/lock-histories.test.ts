/** Random histories of lock operations, with skewed clocks: each has an order that keeps L1 to L6. */
import { expect, test } from "vitest";
import { type HistoryOptions, type Tamper } from "./history-steps.ts";
import { checkLinearizability } from "./linearizability.ts";
import { historyModel, runHistory } from "./lock-histories.ts";
import { changed, type TamperedInput as Input } from "./tampering.ts";
import { effort } from "../support/effort.ts";

const histories = effort({ part: 2_500, all: 10_000 });

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

test(
  `${histories} histories of five owners keep every promise of locks`,
  { timeout: 3_000_000 },
  async () => {
    const counts = new Map<string, number>();
    let overlapping = 0;
    for (let seed = 0; seed < histories; seed += 1) {
      const { isSound, kinds, overlaps } = await judge({ seed });
      if (!isSound) throw new Error(`Seed ${seed} breaks a promise: ${kinds.join(", ")}`);
      for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (overlaps) overlapping += 1;
    }
    // Both outcomes of every operation, often; and operations that really overlap.
    const often = [...counts].filter(([, count]) => count > histories / 20).map(([kind]) => kind);
    expect(often).toEqual(
      expect.arrayContaining(
        [
          "acquire granted, acquire held, renew granted, renew notOwned, release done, release notOwned",
          "save done, save notOwned, force done, find held, find free",
        ].flatMap((kinds) => kinds.split(", ")),
      ),
    );
    expect(overlapping).toBeGreaterThan(histories / 2);
  },
);

/** A condition that still uses its names and values, and holds whatever they are. */
function unconditional(input: Input): Input {
  const { ConditionExpression: condition } = input;
  if (condition === undefined) return input;
  const never = "attribute_exists(nothing)";
  return { ...input, ConditionExpression: `(${condition}) OR NOT (${never})` };
}

/** Ways to lose what a lock promises; each must show in the histories. */
const tamperings: Record<string, Tamper> = {
  "acquisitions that ask nobody": (command) =>
    changed(command, (input) =>
      // Only an acquisition counts the fence up; a renewal merely never brings a later deletion nearer.
      /if_not_exists\([^)]*\) \+/.test(input.UpdateExpression ?? "") ? unconditional(input) : input,
    ),
  "saves that do not look at the lock": (command) =>
    changed(command, (input) => {
      const { TransactItems: parts } = input;
      if (!parts) return input;
      const loosened = parts.map((part) =>
        Object.fromEntries(
          Object.entries(part).map(([kind, write]) => [kind, unconditional(write)]),
        ),
      );
      return { ...input, TransactItems: loosened };
    }),
  "releases that are answered, but not carried out": (command) => {
    const { UpdateExpression: update = "" } = command.input as Input;
    return update.includes("REMOVE") && !update.includes("if_not_exists") ? undefined : command;
  },
};

const tampered = effort({ part: 100, all: 300 });

test.each(Object.keys(tamperings))("the check finds %s", async (name) => {
  let found = 0;
  for (let seed = 0; seed < tampered; seed += 1) {
    if (!(await judge({ seed, tamper: tamperings[name]! })).isSound) found += 1;
  }
  expect(found).toBeGreaterThan(tampered / 10);
});
