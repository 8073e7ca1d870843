/** Work under a lock: kept alive while it runs, always given back, and told in time when it is lost. */
import { AsyncResource } from "node:async_hooks";
import { expect, test } from "vitest";
import { TryAgain } from "../../../shared/base/errors.ts";
import { silentLogger } from "../../../shared/base/logger.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { RenewRequest } from "../../../shared/locks/lock-requests.ts";
import { type Lock, LockNotOwned } from "../../../shared/locks/lock.ts";
import { createWithLock } from "../../../shared/locks/with-lock.ts";
import { createVirtualTime } from "../../support/virtual-time.ts";
import { errorOf } from "../../support/world.ts";

const leaseMs = 9_000;
const owner = { userId: "alice" };

/** A lock service of one lock; `renew` can be made to fail or hang. */
function setUp() {
  const time = createVirtualTime();
  const calls: string[] = [];
  const behaviour = {
    renew: async (_request: RenewRequest): Promise<void> => undefined,
    /** No renewal goes beyond. */
    endsAtMs: Infinity,
  };
  const withLock = createWithLock({
    async acquire({ resource, owner: by, leaseMs: lease = 0 }): Promise<Lock> {
      const acquiredAtMs = time.clock();
      const expiresAtMs = epochMs(acquiredAtMs + lease);
      calls.push(`acquire ${by.sessionId !== undefined}`);
      const kind = "custom";
      return { resource, kind, scope: "exact", owner: by, fence: 7, acquiredAtMs, expiresAtMs };
    },
    async renew(request) {
      calls.push(`renew ${request.fence}`);
      const expiresAtMs = epochMs(Math.min(time.clock() + leaseMs, behaviour.endsAtMs));
      await behaviour.renew(request);
      return { ...(request as Lock), expiresAtMs };
    },
    async release(request) {
      calls.push(`release ${request.fence}`);
    },
    timing: { ...time, random: () => 0.5, logger: silentLogger },
  });
  return { time, calls, behaviour, withLock };
}

/** Work that goes on until the test ends it. */
function openWork() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const seen: { signal?: AbortSignal; fence?: number } = {};
  const work = (held: { signal: AbortSignal; fence: number }) => {
    Object.assign(seen, held);
    return promise;
  };
  return { work, seen, finish: resolve };
}

test("renews at a third of the lease with the fence, and stops when it gives the lock back", async () => {
  const { time, calls, withLock } = setUp();
  const { work, seen, finish } = openWork();
  const running = withLock("x", { owner, leaseMs }, work);
  await time.pass(10_000);
  expect(calls).toEqual(["acquire true", "renew 7", "renew 7", "renew 7"]);
  expect(seen).toMatchObject({ fence: 7, signal: { aborted: false } });
  finish("done");
  await time.pass(0);
  expect(await running).toBe("done");
  await time.pass(60_000);
  expect(calls.slice(4)).toEqual(["release 7"]);
});

test("gives the lock back when the work throws, and throws what the work threw", async () => {
  const { calls, withLock } = setUp();
  const error = await errorOf(
    withLock("x", { owner, leaseMs }, () => Promise.reject(new Error("broken"))),
  );
  expect(error.message).toBe("broken");
  expect(calls).toEqual(["acquire true", "release 7"]);
});

test("aborts the signal as soon as a renewal says that the lock is lost", async () => {
  const { time, behaviour, withLock } = setUp();
  behaviour.renew = async () => {
    throw new LockNotOwned(undefined, time.clock());
  };
  const { work, seen, finish } = openWork();
  const running = withLock("x", { owner, leaseMs }, work);
  await time.pass(2_999);
  expect(seen.signal?.aborted).toBe(false);
  await time.pass(1);
  expect(seen.signal?.reason).toMatchObject({ code: "LOCK_NOT_OWNED" });
  finish("stopped");
  expect(await running).toBe("stopped");
});

test("reports a lost lease before it is over when renewals fail or hang", async () => {
  for (const failing of [
    () => Promise.reject(new TryAgain()),
    () => new Promise<never>(() => undefined),
  ]) {
    const { time, behaviour, withLock } = setUp();
    behaviour.renew = failing;
    const { work, seen, finish } = openWork();
    const running = withLock("x", { owner, leaseMs }, work);
    await time.pass(leaseMs * 0.9 - 1);
    expect(seen.signal?.aborted).toBe(false);
    await time.pass(1);
    expect(seen.signal?.reason).toMatchObject({ code: "LOCK_NOT_OWNED" });
    finish("stopped");
    await running;
  }
});

test("a renewal that fails once is tried again in time", async () => {
  const { time, behaviour, calls, withLock } = setUp();
  let failures = 1;
  behaviour.renew = async () => {
    if ((failures -= 1) >= 0) throw new TryAgain();
  };
  const { work, seen, finish } = openWork();
  const running = withLock("x", { owner, leaseMs }, work);
  await time.pass(30_000);
  expect(seen.signal?.aborted).toBe(false);
  expect(calls.filter((call) => call.startsWith("renew")).length).toBeGreaterThan(5);
  finish("done");
  await running;
});

test("a clock that was set back does not hide a sleep: the loss is told at the next look", async () => {
  const { time, withLock } = setUp();
  const { work, seen, finish } = openWork();
  const running = withLock("x", { owner, leaseMs }, work);
  await time.pass(100);
  time.jump(3_600_000);
  time.setBack(2 * 3_600_000);
  await time.pass(leaseMs / 10);
  expect(seen.signal?.aborted).toBe(true);
  finish("stopped");
  await running;
});

test("a renewal that hangs does not keep the next one from being sent", async () => {
  const { time, behaviour, calls, withLock } = setUp();
  let asked = 0;
  behaviour.renew = () =>
    (asked += 1) === 1 ? new Promise<never>(() => undefined) : Promise.resolve();
  const { work, seen, finish } = openWork();
  const running = withLock("x", { owner, leaseMs }, work);
  await time.pass(60_000);
  expect(seen.signal?.aborted).toBe(false);
  expect(calls.length).toBeGreaterThan(15);
  finish("done");
  await running;
});

test("a machine that slept through the lease learns of it before anything else is renewed", async () => {
  const { time, calls, withLock } = setUp();
  const { work, seen, finish } = openWork();
  const running = withLock("x", { owner, leaseMs }, work);
  await time.pass(0);
  time.jump(leaseMs + 1);
  await time.pass(0);
  expect(seen.signal?.aborted).toBe(true);
  expect(calls).toEqual(["acquire true"]);
  finish("stopped");
  await running;
});

test("a release that fails does not hide what the work came to", async () => {
  const time = createVirtualTime();
  const lock = { resource: "x", fence: 1, owner, acquiredAtMs: time.clock() } as Lock;
  const withLock = createWithLock({
    acquire: async () => lock,
    renew: async () => lock,
    release: () => Promise.reject(new TryAgain()),
    timing: { ...time, random: () => 0.5, logger: silentLogger },
  });
  expect(await withLock("x", { owner, leaseMs }, async () => "done")).toBe("done");
});

test("a lock that may last no longer is reported lost before its end, though renewing it succeeds", async () => {
  const { time, calls, behaviour, withLock } = setUp();
  const { work, seen, finish } = openWork();
  behaviour.endsAtMs = time.clock() + 10_000;
  const running = withLock("x", { owner, leaseMs }, work);
  await time.pass(9_000);
  expect(seen.signal?.aborted).toBe(false);
  await time.pass(1_000);
  expect(seen.signal?.aborted).toBe(true);
  expect(calls.filter((call) => call.startsWith("renew")).length).toBeGreaterThan(1);
  finish("done");
  await time.pass(0);
  await running;
});

test("the work of an owner enters his lock again without a request, with the same fence and signal", async () => {
  const { calls, withLock } = setUp();
  const told = await withLock("x", { owner, leaseMs }, (outer) =>
    withLock("x", { owner, leaseMs, waitMs: 1_000 }, async (inner) => {
      const innermost = await withLock("x", { owner }, async ({ fence }) => fence);
      return { fences: [outer.fence, inner.fence, innermost], same: inner.signal === outer.signal };
    }),
  );
  expect(told).toEqual({ fences: [7, 7, 7], same: true });
  expect(calls).toEqual(["acquire true", "release 7"]);
});

test("the lock is given back when all works inside are over, and renewed until then", async () => {
  const { time, calls, withLock } = setUp();
  const { work, finish } = openWork();
  const running = withLock("x", { owner, leaseMs }, async () => {
    void withLock("x", { owner }, work);
  });
  await time.pass(4_000);
  expect(calls).toEqual(["acquire true", "renew 7"]);
  finish("done");
  await time.pass(0);
  await running;
  expect(calls).toEqual(["acquire true", "renew 7", "release 7"]);
});

test("another owner, another name, and work that is left over take a lock of their own", async () => {
  const { time, calls, withLock } = setUp();
  const later: (() => Promise<unknown>)[] = [];
  await withLock("x", { owner, leaseMs }, async () => {
    await withLock("y", { owner, leaseMs }, async () => undefined);
    await withLock("x", { owner: { userId: "bob" }, leaseMs }, async () => undefined);
    const asWithin = AsyncResource.bind(() => withLock("x", { owner, leaseMs }, async () => 1));
    later.push(asWithin);
  });
  expect(calls.filter((call) => call.startsWith("acquire"))).toHaveLength(3);
  await later[0]!();
  await time.pass(0);
  expect(calls.filter((call) => call.startsWith("acquire"))).toHaveLength(4);
  expect(calls.filter((call) => call.startsWith("release"))).toHaveLength(4);
});

test("a lock that is lost is not entered again", async () => {
  const { time, behaviour, withLock } = setUp();
  behaviour.renew = () => Promise.reject(new LockNotOwned(undefined, epochMs(0)));
  let begun = 0;
  const running = withLock("x", { owner, leaseMs }, async ({ signal }) => {
    await new Promise((lost) => signal.addEventListener("abort", lost));
    return errorOf(withLock("x", { owner }, async () => (begun += 1)));
  });
  await time.pass(4_000);
  expect(await running).toBeInstanceOf(LockNotOwned);
  expect(begun).toBe(0);
});
