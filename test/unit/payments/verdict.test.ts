/** What `npm run reconcile` says at its end: books that differ are one thing, providers that cannot be asked another. */
import { expect, it } from "vitest";
import { createTally } from "../../../scripts/reconcile/verdict.ts";
import type { Difference } from "../../../shared/payments/reconciling/difference.ts";

const agreeing = { checked: 3, settled: 1, differences: [], unreachable: [] };
const differing = { ...agreeing, differences: [{ kind: "unsettled" } as Difference] };
const silent = { provider: "stripe", reason: "timeout" } as const;

function verdictOf(...runs: Parameters<ReturnType<typeof createTally>["add"]>[0][]) {
  const tally = createTally();
  for (const run of runs) tally.add(run);
  return tally.judge();
}

it("books that agree are a success", () => {
  expect(verdictOf(agreeing, agreeing)).toEqual({ code: 0, text: "The books agree" });
});

it("a provider that cannot be asked is no difference, and no success either", () => {
  const { code, text } = verdictOf(agreeing, { ...agreeing, unreachable: [silent] });
  expect(code).toBe(2);
  expect(text).toContain("not compared: stripe (timeout)");
});

it("a difference counts more than a provider that cannot be asked, which is named beside it", () => {
  const { code, text } = verdictOf({ ...agreeing, unreachable: [silent, silent] }, differing);
  expect(code).toBe(1);
  expect(text).toBe("1 difference, each on a line above; not compared: stripe (timeout)");
});

it("tells as it goes how many payments were looked at", () => {
  const tally = createTally();
  expect(tally.add({ ...agreeing, checked: 1, settled: 0 })).toBe("1 payment checked, 0 settled");
  expect(tally.add(agreeing)).toBe("4 payments checked, 1 settled");
});
