/** Random histories of a lock and its line, with skewed clocks: each has an order in which turns come by arrival. */
import { expect, test } from "vitest";
import { effort } from "../support/effort.ts";
import type { Tamper } from "./history-steps.ts";
import { checkLinearizability } from "./linearizability.ts";
import { runLineHistory, withoutLine } from "./lock-line-histories.ts";
import { lockLineModel, type LineOperation } from "./lock-line-model.ts";
import { lockModel } from "./models.ts";
import { changed, type TamperedInput } from "./tampering.ts";

const histories = effort({ part: 150, all: 5_000 });

const kindsOf = (history: readonly LineOperation[]): string[] =>
  history.map(({ input, output }) => `${input.kind} ${output?.kind}`);

test(
  `${histories} histories of a line are in order: joined, kept, left, granted by arrival, forced, lapsed`,
  { timeout: 3_000_000 },
  async () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < histories; seed += 1) {
      const history = await runLineHistory({ seed, skewsMs: [0, 50, 1_000] });
      if (!checkLinearizability(lockLineModel, history).isLinearizable) {
        throw new Error(`Seed ${seed} has no order: ${kindsOf(history).join(", ")}`);
      }
      for (const kind of kindsOf(history)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    // Every operation with each of its answers, often.
    const often = [...counts].filter(([, count]) => count > histories / 10).map(([kind]) => kind);
    expect(often).toEqual(
      expect.arrayContaining(
        [
          "join granted, join queued, ask granted, ask queued, ask gone, leave done, force done",
          "release done, release notOwned, renew granted, renew notOwned, find held, find free",
        ].flatMap((kinds) => kinds.split(", ")),
      ),
    );
  },
);

const change = (how: (input: TamperedInput & { UpdateExpression: string }) => object): Tamper => {
  return (command) =>
    changed(command, (input) => {
      const { UpdateExpression } = input;
      return UpdateExpression === undefined ? input : how({ ...input, UpdateExpression });
    });
};

/** Whatever the line's length is, it is taken for empty. */
const blind = ({ ConditionExpression: condition = "", ...input }: TamperedInput): object => ({
  ...input,
  ConditionExpression: condition.replace(/size\((#\w+)\) = /, "size($1) >= "),
});

const isAcquisition = ({ UpdateExpression }: TamperedInput): boolean =>
  /if_not_exists\(\S+ \S+\) \+/.test(UpdateExpression ?? "");

/** Ways to lose what a line promises, and nothing else of what a lock does. */
const tamperings: Record<string, Tamper> = {
  "who joins stands at the head": change((input) => ({
    ...input,
    UpdateExpression: input.UpdateExpression.replace(
      /list_append\((if_not_exists\(.*?\)), (:\w+)\)/,
      "list_append($2, $1)",
    ),
  })),
  "a place is kept in words only": change((input) => ({
    ...input,
    UpdateExpression: input.UpdateExpression.replace(/^SET (#\w+\.#\w+) = :\w+$/, "SET $1 = $1"),
  })),
  "who leaves stays": (command) => {
    const { UpdateExpression: update = "" } = command.input as TamperedInput;
    return /^REMOVE #\w+$/.test(update) ? undefined : command;
  },
  "a release looks past the line": change((input) => (isAcquisition(input) ? input : blind(input))),
  "a stranger passes the line": change((input) => (isAcquisition(input) ? blind(input) : input)),
  "a hand-over turns the line around": change((input) => {
    const values = Object.entries(input.ExpressionAttributeValues ?? {});
    const turned = values.map(([name, value]) => {
      const isNew = input.UpdateExpression.includes(`= ${name}`);
      return [name, Array.isArray(value) && isNew ? value.toReversed() : value];
    });
    return { ...input, ExpressionAttributeValues: Object.fromEntries(turned) as object };
  }),
  "a turn lasts longer than its place": change((input) => {
    const { UpdateExpression, ExpressionAttributeValues: values } = input;
    const end = / = (#\w+\.#\w+)(?=,)/;
    if (!end.test(UpdateExpression)) return input;
    return {
      ...input,
      UpdateExpression: UpdateExpression.replace(end, " = $1 + :more"),
      ExpressionAttributeValues: { ...values, ":more": 20_000 },
    };
  }),
};

const tampered = effort({ part: 100, all: 300 });
const enough = effort({ part: 2, all: 300 });

test.each(Object.keys(tamperings))("only the line in the model finds: %s", async (name) => {
  let found = 0;
  for (let seed = 0; seed < tampered && found < enough; seed += 1) {
    const history = await runLineHistory({ seed, skewsMs: [0], tamper: tamperings[name] });
    if (!checkLinearizability(lockLineModel, history).isLinearizable) found += 1;
    expect(checkLinearizability(lockModel, withoutLine(history)).isLinearizable).toBe(true);
  }
  expect(found).toBeGreaterThanOrEqual(2);
});
