/** The checker accepts what could have happened in some order, and nothing else. */
import { expect, test } from "vitest";
import { checkLinearizability, type Operation } from "./linearizability.ts";
import {
  type LockInput,
  lockModel,
  type LockOutput,
  stockModel,
  type StockInput,
  type StockOutput,
} from "./models.ts";

type LockOp = Operation<LockInput, LockOutput>;

const leaseMs = 1_000;

function op(
  [calledAtMs, returnedAtMs]: readonly [number, number],
  input: Pick<LockInput, "kind" | "owner"> & { fence?: number },
  output: LockOutput | undefined,
): LockOp {
  const clockMs = [calledAtMs, returnedAtMs] as const;
  return { input: { ...input, leaseMs, clockMs }, output, calledAtMs, returnedAtMs };
}

const granted = (fence: number, expiresAtMs: number): LockOutput => {
  return { kind: "granted", fence, expiresAtMs };
};
const alice = { kind: "acquire", owner: "alice" } as const;
const bob = { kind: "acquire", owner: "bob" } as const;

function verdict(...history: LockOp[]): boolean {
  return checkLinearizability(lockModel, history).isLinearizable;
}

test("one owner after the other is in order", () => {
  expect(
    verdict(
      op([0, 10], alice, granted(1, 1_005)),
      op([20, 30], { kind: "release", owner: "alice", fence: 1 }, { kind: "done" }),
      op([40, 50], bob, granted(2, 1_045)),
      op([60, 70], alice, { kind: "held", owner: "bob", fence: 2 }),
    ),
  ).toBe(true);
});

test("two owners at the same time are impossible", () => {
  expect(verdict(op([0, 10], alice, granted(1, 1_005)), op([20, 30], bob, granted(2, 1_025)))).toBe(
    false,
  );
});

test("taking over is in order once the lease is over", () => {
  expect(
    verdict(op([0, 10], alice, granted(1, 1_005)), op([1_020, 1_030], bob, granted(2, 2_025))),
  ).toBe(true);
});

test("a fence that does not grow is impossible", () => {
  expect(
    verdict(
      op([0, 10], alice, granted(5, 1_005)),
      op([20, 30], { kind: "release", owner: "alice", fence: 5 }, { kind: "done" }),
      op([40, 50], bob, granted(5, 1_045)),
    ),
  ).toBe(false);
});

test("a release by somebody else that takes effect is impossible", () => {
  expect(
    verdict(
      op([0, 10], alice, granted(1, 1_005)),
      op([20, 30], { kind: "release", owner: "bob", fence: 1 }, { kind: "done" }),
    ),
  ).toBe(false);
});

test("a holder that is told to have lost a lock nobody took is impossible", () => {
  expect(
    verdict(
      op([0, 10], alice, granted(1, 1_005)),
      op([20, 30], { kind: "renew", owner: "alice", fence: 1 }, { kind: "notOwned" }),
    ),
  ).toBe(false);
});

test("a renewal after a force release that succeeds is impossible", () => {
  expect(
    verdict(
      op([0, 10], alice, granted(1, 1_005)),
      op([20, 30], { kind: "force", owner: "root" }, { kind: "done" }),
      op([40, 50], { kind: "renew", owner: "alice", fence: 1 }, granted(1, 1_045)),
    ),
  ).toBe(false);
});

test("a look that finds the lock free while somebody has it is impossible", () => {
  expect(
    verdict(
      op([0, 10], alice, granted(1, 1_005)),
      op([20, 30], { kind: "find", owner: "-" }, { kind: "free" }),
    ),
  ).toBe(false);
});

test("an acquisition whose answer was lost may have happened, or not", () => {
  const lost = op([0, Infinity], alice, undefined);
  expect(verdict(lost, op([20, 30], bob, granted(7, 1_025)))).toBe(true);
  expect(verdict(lost, op([20, 30], bob, { kind: "held", owner: "alice", fence: 3 }))).toBe(true);
  expect(verdict(lost, op([20, 30], bob, { kind: "held", owner: "carol", fence: 3 }))).toBe(false);
});

type StockHistory = readonly Operation<StockInput, StockOutput>[];

function stockVerdict(units: number, history: StockHistory): boolean {
  return checkLinearizability(stockModel(units), history).isLinearizable;
}

const at = (calledAtMs: number, returnedAtMs: number) => ({ calledAtMs, returnedAtMs });

test("the last unit goes to one of two buyers, never to both", () => {
  const hold = (orderId: string) => ({ kind: "hold" as const, orderId, quantity: 1 });
  const one = { input: hold("one"), ...at(0, 20) };
  const other = { input: hold("other"), ...at(5, 25) };
  const done = { kind: "done" } as const;
  const refused = { kind: "refused" } as const;
  expect(
    stockVerdict(1, [
      { ...one, output: done },
      { ...other, output: refused },
    ]),
  ).toBe(true);
  expect(
    stockVerdict(1, [
      { ...one, output: done },
      { ...other, output: done },
    ]),
  ).toBe(false);
  expect(
    stockVerdict(1, [
      { ...one, output: refused },
      { ...other, output: refused },
    ]),
  ).toBe(false);
});

test("a refusal while the unit was free all the time is impossible", () => {
  const input = { kind: "hold" as const, orderId: "one", quantity: 1 };
  const output = { kind: "refused" } as const;
  expect(stockVerdict(1, [{ input, output, ...at(0, 10) }])).toBe(false);
});

test("a unit that comes back twice is impossible", () => {
  const done = { kind: "done" } as const;
  const history = [
    { input: { kind: "hold" as const, orderId: "one", quantity: 1 }, output: done, ...at(0, 1) },
    { input: { kind: "cancel" as const, orderId: "one", quantity: 0 }, output: done, ...at(2, 3) },
    { input: { kind: "cancel" as const, orderId: "one", quantity: 0 }, output: done, ...at(4, 5) },
  ];
  const read = { kind: "read" as const, quantity: 0 };
  const level = (available: number) => ({ kind: "level" as const, available });
  expect(stockVerdict(1, [...history, { input: read, output: level(1), ...at(6, 7) }])).toBe(true);
  expect(stockVerdict(1, [...history, { input: read, output: level(2), ...at(6, 7) }])).toBe(false);
});
