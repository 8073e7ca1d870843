/** Calls to providers end in time, are repeated only after faults, and leave alone for a while who is down. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { expect, test } from "vitest";
import { createGuard } from "../../../shared/providers/guard.ts";
import { ProviderFailed } from "../../../shared/providers/provider.ts";

const fault = () => Promise.reject(new Error("down"));
const refusal = () => Promise.reject(new ProviderFailed("stripe", "refused", false));

test("faults in a row leave the provider alone for a while, then one call tries", async () => {
  const guard = createGuard("stripe", { retries: 0, failuresToOpen: 2, openMs: 100 });
  // A refusal is an answer.
  for (let refusals = 0; refusals < 3; refusals += 1) {
    await expect(guard(refusal)).rejects.toMatchObject({ reason: "refused" });
  }
  for (let failures = 0; failures < 2; failures += 1) {
    await expect(guard(fault)).rejects.toMatchObject({ reason: "unreachable" });
  }
  await expect(guard(async () => 1)).rejects.toMatchObject({ reason: "circuit_open" });
  await sleepMs(150);
  expect(await guard(async () => 2)).toBe(2);
  expect(await guard(async () => 3)).toBe(3);
});

test("a fault is tried again, so often; a refusal is not", async () => {
  const guard = createGuard("stripe", { firstBackoffMs: 1, retries: 2 });
  let calls = 0;
  const counted = (call: () => Promise<never>) => () => {
    calls += 1;
    return call();
  };
  await expect(guard(counted(fault))).rejects.toMatchObject({ reason: "unreachable" });
  expect(calls).toBe(3);
  await expect(guard(counted(refusal))).rejects.toMatchObject({ reason: "refused" });
  expect(calls).toBe(4);
});

test("who hangs is let go of by its signal, and nothing is begun once all time is over", async () => {
  const patience = { firstBackoffMs: 1, attemptMs: 30, totalMs: 100, retries: 1_000 };
  const guard = createGuard("stripe", { ...patience, failuresToOpen: 10_000 });
  const signals: AbortSignal[] = [];
  const hang = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<never>(() => undefined);
  };
  await expect(guard(hang)).rejects.toMatchObject({ reason: "timeout", retriable: true });
  const begun = signals.length;
  expect(begun).toBeGreaterThan(0);
  await sleepMs(100);
  expect(signals).toHaveLength(begun);
  expect(signals.every(({ aborted }) => aborted)).toBe(true);
});

test("nor after a pause between two attempts that outlasts all time", async () => {
  // How long a pause is, is drawn: of so many at once some outlast it for sure.
  const tries = Array.from({ length: 50 }, async () => {
    const guard = createGuard("stripe", { firstBackoffMs: 40, totalMs: 60, retries: 1_000 });
    let begunLate = 0;
    let isOver = false;
    const call = () => {
      if (isOver) begunLate += 1;
      return fault();
    };
    await guard(call).catch(() => (isOver = true));
    await sleepMs(300);
    return begunLate;
  });
  expect(await Promise.all(tries)).toEqual(tries.map(() => 0));
});
