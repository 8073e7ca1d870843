/** Several names are taken, kept and given back together, on the real engine: all of them or none. */
import { beforeAll, expect, inject, test } from "vitest";
import { again, OnceMore } from "../../../shared/base/again.ts";
import { LockNotOwned } from "../../../shared/locks/lock.ts";
import { nameResource } from "../../../shared/locks/lock-group.ts";
import { createTestClock } from "../../support/clock.ts";
import { createLockWorld, type LockWorld } from "../../support/lock-world.ts";
import { errorOf, metered } from "../../support/world.ts";

const time = createTestClock();
const alice = { userId: "alice" };
const bob = { userId: "bob" };
let world: LockWorld;
let serial = 0;

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), time.clock);
});

/** Names that no other test has. */
const fresh = (count: number): string[] => {
  serial += 1;
  return Array.from({ length: count }, (_, index) => `till-${serial}/${index}`);
};
const acquire = (names: readonly string[], owner = alice, more = {}) =>
  metered(() => world.locks.named.acquire({ names, owner, leaseMs: 60_000, ...more }));
const find = (name: string) => world.locks.find(nameResource(name));

test("three names cost one request to take, two to keep and two to give back", async () => {
  const names = fresh(3);
  const taken = await acquire(names);
  expect(taken.meter.requests).toBe(1);
  time.advance(1_000);
  const kept = await metered(() => world.locks.named.extend({ names, owner: alice }));
  expect(kept.meter.requests).toBe(2);
  expect(kept.result.locks.map(({ fence }) => fence)).toEqual(
    taken.result.map(({ fence }) => fence),
  );
  const released = await metered(() => world.locks.named.release({ names, owner: alice }));
  expect(released.meter.requests).toBe(2);
  for (const name of names) expect(await find(name)).toBeUndefined();
});

test("one name costs one request each, like a document's lock", async () => {
  const names = fresh(1);
  expect((await acquire(names)).meter.requests).toBe(1);
  const kept = await metered(() => world.locks.named.extend({ names, owner: alice }));
  const released = await metered(() => world.locks.named.release({ names, owner: alice }));
  expect([kept.meter.requests, released.meter.requests]).toEqual([1, 1]);
});

test("where one is somebody else's none is taken, and the answer says which", async () => {
  const names = fresh(3);
  await acquire([names[1]!], bob);
  const { meter, result } = await metered(() =>
    errorOf(world.locks.named.acquire({ names, owner: alice })),
  );
  expect(meter.requests).toBe(1);
  expect(result).toMatchObject({ code: "LOCK_HELD", fields: { name: names[1], lockedBy: "bob" } });
  expect(await find(names[0]!)).toBeUndefined();
  expect(await find(names[2]!)).toBeUndefined();
});

test("what is the caller's own is renewed, and the rest is taken with it", async () => {
  const names = fresh(3);
  const [first] = (await acquire([names[0]!])).result;
  time.advance(5_000);
  const { meter, result } = await acquire(names);
  expect(meter.requests).toBe(2);
  expect(result[0]).toMatchObject({ fence: first!.fence, acquiredAtMs: first!.acquiredAtMs });
  const ends = result.map(({ expiresAtMs }) => expiresAtMs);
  expect(new Set(ends).size).toBe(1);
});

test("where one is lost none is kept or given back", async () => {
  const names = fresh(2);
  const [, second] = (await acquire(names)).result;
  await world.locks.forceRelease({ resource: nameResource(names[0]!), actor: { id: "root" } });
  const { extend, release } = world.locks.named;
  for (const work of [extend, release]) {
    expect(await errorOf(work({ names, owner: alice }))).toBeInstanceOf(LockNotOwned);
  }
  expect(await find(names[1]!)).toMatchObject({ expiresAtMs: second!.expiresAtMs });
});

test("names of a tree exclude all above and below; keeping and giving back need no scope", async () => {
  const [one, two] = fresh(2);
  const { result } = await acquire([one!, two!], alice, { scope: "tree" });
  const above = one!.slice(0, one!.indexOf("/"));
  for (const name of [above, `${one}/deeper`]) {
    const refused = errorOf(
      world.locks.named.acquire({ names: [name], owner: bob, scope: "tree" }),
    );
    expect(await refused).toMatchObject({ code: "LOCK_HELD" });
  }
  time.advance(50_000);
  const kept = await world.locks.named.extend({ names: [one!, two!], owner: alice });
  expect(kept.locks.map(({ fence }) => fence)).toEqual(result.map(({ fence }) => fence));
  time.advance(50_000);
  // Also the entries above were kept: whoever wants the name above is still refused.
  const early = world.locks.named.acquire({ names: [above], owner: bob, scope: "tree" });
  expect(await errorOf(early)).toMatchObject({ code: "LOCK_HELD" });
  const alone = await metered(() => world.locks.named.extend({ names: [one!], owner: alice }));
  expect(alone.meter.requests).toBeLessThanOrEqual(3);
  await world.locks.named.release({ names: [one!, two!], owner: alice });
  await acquire([above], bob, { scope: "tree" });
});

test("names above one another, doubled or too many are refused before anything is read", async () => {
  const refusals = [
    { names: ["a/b", "a"], scope: "tree" as const },
    { names: ["same", "same"] },
    { names: Array.from({ length: 21 }, (_, index) => `n${index}`) },
    { names: [] },
  ];
  for (const wish of refusals) {
    const { meter, result } = await metered(() =>
      errorOf(world.locks.named.acquire({ ...wish, owner: alice })),
    );
    expect(meter.requests).toBe(0);
    expect(result).toMatchObject({
      code: "INVALID_REQUEST",
      fields: { issues: [{ path: "names" }] },
    });
  }
});

test("whoever waits for a name goes before who comes for several", async () => {
  const names = fresh(2);
  await acquire([names[0]!], bob);
  const queued = await world.locks.named.acquireOrQueue({ names: [names[0]!], owner: alice });
  expect(queued).toHaveProperty("place");
  await world.locks.named.release({ names: [names[0]!], owner: bob });
  const greedy = await errorOf(world.locks.named.acquire({ names, owner: { userId: "carol" } }));
  expect(greedy).toMatchObject({ code: "LOCK_HELD", fields: { lockedBy: "alice" } });
});

test("several that are given back pass on to who waits for one of them", async () => {
  const names = fresh(3);
  await acquire(names, bob);
  await world.locks.named.acquireOrQueue({ names: [names[2]!], owner: alice });
  await world.locks.named.release({ names, owner: bob });
  expect(await find(names[2]!)).toMatchObject({ owner: { userId: "alice" } });
});

test("a line in which nobody is left keeps nobody from taking several", async () => {
  const names = fresh(2);
  await acquire([names[0]!], bob);
  await world.locks.named.acquireOrQueue({ names: [names[0]!], owner: alice });
  time.advance(120_000);
  const { result } = await acquire(names, { userId: "carol" });
  expect(result.map(({ owner }) => owner.userId)).toEqual(["carol", "carol"]);
});

test("of twenty who want overlapping names at once, no two ever have one together @long", async () => {
  const names = fresh(4);
  const pairs = names.flatMap((one, at) => names.slice(at + 1).map((two) => [one, two]));
  const had: string[] = [];
  const held = new Set<string>();
  await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const owner = { userId: `worker-${index}` };
      const wanted = pairs[index % pairs.length]!;
      await again(500, async () => {
        try {
          await world.locks.named.acquire({ names: wanted, owner });
        } catch (error) {
          if ((error as { code?: string }).code !== "LOCK_HELD") throw error;
          await new Promise((settle) => setTimeout(settle, 20));
          return new OnceMore(error);
        }
        for (const name of wanted) {
          expect(held.has(name)).toBe(false);
          held.add(name);
        }
        await new Promise((settle) => setTimeout(settle, 5));
        for (const name of wanted) held.delete(name);
        await world.locks.named.release({ names: wanted, owner });
        had.push(owner.userId);
        return true;
      });
    }),
  );
  expect(had).toHaveLength(20);
});

test("a repeated release or extension with its key changes nothing and says so", async () => {
  const names = fresh(2);
  await acquire(names);
  const keyed = { names, owner: alice, idempotencyKey: "once" };
  expect(await world.locks.named.release(keyed)).toEqual({ replayed: false });
  const [next] = (await acquire(names)).result;
  expect(await world.locks.named.release(keyed)).toEqual({ replayed: true });
  expect(await find(names[0]!)).toMatchObject({ fence: next!.fence });
  const other = { ...keyed, names: [names[0]!] };
  expect(await errorOf(world.locks.named.release(other))).toMatchObject({
    code: "IDEMPOTENCY_KEY_REUSED",
  });
});
