/** Locks that reach up and down exclude each other in both directions, in one request each. */
import { beforeAll, expect, inject, test } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import { findLockRow } from "../../../shared/locks/lock-store.ts";
import { createTestClock } from "../../support/clock.ts";
import { createLockWorld, createLockWorldOver, type LockWorld } from "../../support/lock-world.ts";
import { errorOf, metered } from "../../support/world.ts";

const time = createTestClock();
const alice = { userId: "alice", username: "Alice" };
const bob = { userId: "bob" };
const scope = "tree" as const;
let world: LockWorld;

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), time.clock);
});

const take = (resource: string, owner = bob, leaseMs = 60_000) =>
  metered(() => world.locks.acquire({ resource, owner, leaseMs, scope }));
const refusalOf = (resource: string, owner = bob) =>
  metered(() => errorOf(world.locks.acquire({ resource, owner, scope })));

/** Sends on, and does something once behind the first request. */
function createAfterwards(work: () => Promise<unknown>) {
  let isFirst = true;
  return async (command: never): Promise<unknown> => {
    const isNow = isFirst;
    isFirst = false;
    try {
      return await world.client.send(command);
    } finally {
      if (isNow) await work();
    }
  };
}

test("a lock on a name excludes all names below and above it, and no other", async () => {
  const free = await take("product/9/variant", alice);
  expect(free.meter.requests).toBe(1);
  for (const name of ["product/9/variant/2", "product/9/variant", "product/9", "product"]) {
    const { meter, result } = await refusalOf(name);
    expect(meter.requests).toBe(1);
    expect(result).toMatchObject({
      code: "LOCK_HELD",
      fields: { lockedBy: "Alice", lockInfo: { userId: "alice", fence: free.result.fence } },
    });
  }
  for (const name of ["product/9/price", "product/91", "product/8/variant"]) {
    expect((await take(name)).meter.requests).toBe(1);
  }
});

test("renew, check and release cost one request each, and then the names around it are free", async () => {
  const { result: lock } = await take("a/b/c", alice);
  time.advance(1_000);
  const renewed = await metered(() => world.locks.renew({ ...lock, leaseMs: 60_000 }));
  expect(renewed).toMatchObject({
    meter: { requests: 1 },
    result: { fence: lock.fence, expiresAtMs: lock.expiresAtMs + 1_000 },
  });
  const own = await take("a/b/c", alice);
  expect(own).toMatchObject({ meter: { requests: 2 }, result: { fence: lock.fence } });
  const passed = await metered(() => world.database.transact(world.locks.checkWrites(lock)));
  expect(passed.meter.requests).toBe(1);
  expect((await metered(() => world.locks.release(lock))).meter.requests).toBe(1);
  const { result: above } = await take("a", bob);
  await refusalOf("a/b/c", alice);
  await world.locks.release(above);
  const { result: again } = await take("a/b/c", alice);
  expect(again.fence).toBeGreaterThan(lock.fence);
});

test("given back by one tab while another one takes it again, it is taken anew", async () => {
  const { result: lock } = await take("tabs/a/b", alice);
  // It is the caller's own, says the first refusal; before it is renewed, it is gone.
  const send = createAfterwards(() => world.locks.release(lock));
  const tab = createLockWorldOver({ ...world, client: { send } as never });
  const again = await tab.locks.acquire({ resource: "tabs/a/b", owner: alice, scope });
  expect(again.fence).toBeGreaterThan(lock.fence);
  await world.locks.renew(again);
});

test("whose lease is over blocks nobody, and is refused afterwards", async () => {
  const { result: below } = await take("over/x/y", alice, 1_000);
  const { result: beside } = await take("over/z", alice, 1_000);
  time.advance(1_000);
  const above = await take("over", bob, 1_000);
  expect(above.meter.requests).toBe(2);
  for (const lock of [below, beside]) {
    expect(await errorOf(world.locks.renew(lock))).toMatchObject({ code: "LOCK_NOT_OWNED" });
  }
  time.advance(1_000);
  expect((await take("over/x/y", alice)).meter.requests).toBe(1);
  expect(await errorOf(world.locks.renew(above.result))).toMatchObject({ code: "LOCK_NOT_OWNED" });
});

test("with a fast clock somebody takes over early, from above or below; no two can write", async () => {
  const fast = createLockWorldOver({ ...world, clock: () => epochMs(time.clock() + 120_000) });
  const { result: below } = await take("skew/x", alice);
  const above = await fast.locks.acquire({ resource: "skew", owner: bob, scope });
  const refused = await errorOf(world.database.transact(world.locks.checkWrites(below)));
  expect(refused).toMatchObject({ code: "LOCK_NOT_OWNED" });
  await world.database.transact(world.locks.checkWrites(above));

  const { result: root } = await take("skew2", alice);
  const leaf = await fast.locks.acquire({ resource: "skew2/x/y", owner: bob, scope });
  expect(await errorOf(world.database.transact(world.locks.checkWrites(root)))).toBeInstanceOf(
    Error,
  );
  await world.database.transact(world.locks.checkWrites(leaf));
});

test("a forced release frees the names around it", async () => {
  await take("forced/x/y", alice);
  const actor = { id: "root" };
  const ended = await world.locks.forceRelease({ resource: "forced/x/y", actor });
  expect(ended).toMatchObject({ owner: alice });
  expect((await take("forced")).meter.requests).toBe(1);
});

test("a plain lock of the same name excludes a tree lock, and the other way round", async () => {
  await world.locks.acquire({ resource: "mixed", owner: alice });
  await refusalOf("mixed");
  await take("mixed2", alice);
  const refused = await errorOf(world.locks.acquire({ resource: "mixed2", owner: alice }));
  expect(refused).toMatchObject({ code: "LOCK_HELD" });
});

test("hundreds of locks that were never released can be taken over @long", async () => {
  for (let index = 0; index < 120; index += 1) {
    await take(`many/${index}`, { userId: `u${index}` }, 1_000);
  }
  time.advance(1_000);
  const { result, meter } = await take("many", alice);
  expect(meter.requests).toBeLessThanOrEqual(6);
  expect(result.owner).toEqual(alice);
  expect(await findLockRow(world.database, "many")).not.toHaveProperty("below");
});

test("names of more than 32 levels are refused for tree locks only", async () => {
  const resource = Array.from({ length: 33 }, (_, level) => level).join("/");
  expect(await errorOf(world.locks.acquire({ resource, owner: alice, scope }))).toMatchObject({
    code: "INVALID_REQUEST",
  });
  await world.locks.acquire({ resource, owner: alice });
});
