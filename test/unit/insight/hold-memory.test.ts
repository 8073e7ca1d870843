/** What an order is told where the decision about hold times cannot be read. */
import { expect, test, vi } from "vitest";
import { createHoldMemory } from "../../../shared/insight/hold-memory.ts";
import type { Database } from "../../../shared/table/database.ts";
import { createTestClock } from "../../support/clock.ts";

const learnedHolds = {
  mode: "apply",
  bounds: { leastMs: 60_000, mostMs: 1_800_000, lateCostMs: 3_600_000 },
  keptLongestPercent: 2,
} as const;

function createMemory(mode: "apply" | "suggest") {
  const time = createTestClock();
  const look = vi.fn<() => Promise<never>>(() => Promise.reject(new Error("throttled")));
  const warn = vi.fn<() => void>();
  const { holds } = createHoldMemory({
    database: { look } as unknown as Database,
    clock: time.clock,
    logger: { warn, info: warn, error: warn } as never,
    settings: { learnedHolds: { ...learnedHolds, mode }, holdMs: 600_000, lowStock: 5 },
  });
  return { time, look, warn, holds };
}

test("an order has the setting's time, and nobody asks again within a minute", async () => {
  const { time, look, warn, holds } = createMemory("apply");
  const tell = await holds!.prepare("sandbox");
  const otherwise = { by: "setting", seconds: 600 };
  expect(tell("ord_1", Infinity)).toMatchObject(otherwise);
  time.advance(59_000);
  expect((await holds!.prepare("sandbox"))("ord_2", 0)).toMatchObject(otherwise);
  expect([look, warn].map((each) => each.mock.calls.length)).toEqual([1, 1]);
  time.advance(1_000);
  await holds!.prepare("sandbox");
  expect(look).toHaveBeenCalledTimes(2);
});

test("where times are only suggested, there is nothing to ask", () => {
  expect(createMemory("suggest").holds).toBeUndefined();
});
