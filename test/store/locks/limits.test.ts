/** What one user may withhold by locks, on the real engine: so many at a time, each for so long in a row. */
import { beforeAll, beforeEach, expect, inject, test } from "vitest";
import { parseTaken } from "../../../shared/locks/lock-limits.ts";
import { nameResource } from "../../../shared/locks/lock-group.ts";
import { createLockService, type LockService } from "../../../shared/locks/lock-service.ts";
import type { LockOwner } from "../../../shared/locks/lock.ts";
import { createTestClock } from "../../support/clock.ts";
import { createLockWorld, type LockWorld } from "../../support/lock-world.ts";
import { errorOf, metered } from "../../support/world.ts";

const time = createTestClock();
const maxLockMs = 3_600_000;
const lockLimits = { maxLocksPerUser: 3, maxLockMs };
let world: LockWorld;
let locks: LockService;
let serial = 0;
let alice: LockOwner;

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), time.clock);
  const { database } = world;
  locks = createLockService({ database, clock: time.clock, settings: { lockLimits } });
});

beforeEach(() => {
  serial += 1;
  alice = { userId: `alice-${serial}` };
});

const name = (index: number): string => `document/${serial}-${index}`;
const take = (index: number, more: object = {}) =>
  locks.acquire({
    resource: name(index),
    owner: alice,
    leaseMs: 60_000,
    kind: "document",
    ...more,
  });
const tooMany = {
  code: "LIMIT_EXCEEDED",
  fields: { limit: { name: "maxLocksPerUser", value: 3 } },
};

/** What the row of a user names. */
async function counted({ userId }: LockOwner = alice) {
  return parseTaken(await world.database.get("Owners", { userId }));
}

test("a user has so many locks at a time, all sessions and kinds together, and the next is refused", async () => {
  await take(1);
  await take(2, { owner: { ...alice, sessionId: "tab-2" } });
  await locks.named.acquire({ names: [`till-${serial}`], owner: alice });
  const refused = await errorOf(take(4));
  expect(refused).toMatchObject(tooMany);
  expect(refused.fields).toMatchObject({ limit: { untilMs: time.clock() + 60_000 } });
  expect(await locks.find(name(4))).toBeUndefined();
  // Others have room.
  await locks.acquire({ resource: name(4), owner: { userId: `bob-${serial}` }, kind: "document" });
});

test("taking costs one request, renewing one, giving back one; one's own once more two", async () => {
  const taken = await metered(() => take(1));
  expect(taken.meter.requests).toBe(1);
  time.advance(5);
  const again = await metered(() => take(1));
  expect(again.meter.requests).toBe(2);
  expect(again.result.fence).toBe(taken.result.fence);
  const renewed = await metered(() => locks.renew(taken.result));
  const released = await metered(() => locks.release(taken.result));
  expect([renewed.meter.requests, released.meter.requests]).toEqual([1, 1]);
  expect(taken.meter.writeUnits).toBeLessThanOrEqual(8);
  const held = await take(1);
  const refused = await metered(() => errorOf(take(1, { owner: { userId: `bob-${serial}` } })));
  expect(refused.result).toMatchObject({
    code: "LOCK_HELD",
    fields: { lockInfo: { fence: held.fence } },
  });
  expect(refused.meter.requests).toBe(1);
});

test("what was given back, lost, forced or is over counts no more, and looking costs three requests once", async () => {
  const first = await take(1);
  await take(2);
  await take(3);
  await locks.release(first);
  await locks.forceRelease({ resource: name(2), actor: { id: "root" }, reason: "test" });
  const { meter } = await metered(() => take(4));
  expect(meter.requests).toBe(4);
  expect(await counted()).toHaveLength(2);
  await take(5);
  expect(await errorOf(take(6))).toMatchObject(tooMany);
  time.advance(60_000);
  // To the millisecond: leases end exactly then, with no sweep.
  expect((await metered(() => take(6))).meter.requests).toBe(4);
  expect(await counted()).toHaveLength(1);
});

test("a lease that is over is ended for good where it counts no more: no slower clock renews it", async () => {
  const lapsing = await take(1);
  await take(2);
  await take(3);
  time.advance(60_000);
  await take(4);
  const late = createLockService({
    database: world.database,
    clock: () => lapsing.acquiredAtMs,
    settings: { lockLimits },
  });
  expect(await errorOf(late.renew(lapsing))).toMatchObject({ code: "LOCK_NOT_OWNED" });
});

test("20 at once never get one too many", async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => take(index)));
  const got = results.filter(({ status }) => status === "fulfilled");
  expect(got).toHaveLength(3);
  for (const result of results) {
    if (result.status === "rejected") expect(result.reason).toMatchObject(tooMany);
  }
});

test("one's own lock is renewed though there is no room for another one", async () => {
  const first = await take(1);
  await take(2);
  await take(3);
  time.advance(1_000);
  expect((await take(1)).fence).toBe(first.fence);
});

test("several names count each, all or none; and so does a tree", async () => {
  const names = [1, 2, 3, 4].map((index) => `till-${serial}/${index}`);
  expect(await errorOf(locks.named.acquire({ names, owner: alice }))).toMatchObject(tooMany);
  const { meter } = await metered(() =>
    locks.named.acquire({ names: names.slice(0, 2), owner: alice, scope: "tree" }),
  );
  expect(meter.requests).toBe(1);
  expect(await errorOf(locks.named.acquire({ names: names.slice(2), owner: alice }))).toMatchObject(
    tooMany,
  );
  expect(await locks.find(nameResource(names[2]!))).toBeUndefined();
  // Renewed with others: only what is new needs room.
  const three = await metered(() =>
    locks.named.acquire({ names: names.slice(0, 3), owner: alice, scope: "tree" }),
  );
  expect(three.result).toHaveLength(3);
  expect(three.meter.requests).toBe(2);
});

test("a turn counts when it is claimed, by whatever claims it, and is refused where there is no room @long", async () => {
  const owner = { userId: `bob-${serial}` };
  const held = await locks.acquire({ resource: name(9), owner, kind: "document" });
  const wanted = { resource: name(9), owner: alice, kind: "document", leaseMs: 60_000 } as const;
  const standing = await locks.acquireOrQueue(wanted);
  const { ticket } = (standing as { place: { ticket: string } }).place;
  await locks.release(held);
  await take(1);
  await take(2);
  await take(3);
  const actor = { id: alice.userId };
  const place = { resource: name(9), ticket, userId: alice.userId, actor };
  expect(await errorOf(locks.line.ask(place))).toMatchObject(tooMany);
  // Neither renewing nor taking it makes it last longer than a turn does.
  expect(await errorOf(locks.extend({ resource: name(9), owner: alice }))).toMatchObject(tooMany);
  expect(await errorOf(take(9))).toMatchObject(tooMany);
  await locks.release({ resource: name(1), owner: alice });
  const claimed = await metered(() => locks.line.ask(place));
  expect(claimed.result).toMatchObject({ lock: { owner: alice } });
  expect(await errorOf(take(4))).toMatchObject(tooMany);
});

test("a turn is claimed by extending or taking the lock, too: it runs what was asked for", async () => {
  const owner = { userId: `bob-${serial}` };
  for (const claim of ["extend", "acquire"] as const) {
    const held = await locks.acquire({ resource: name(1), owner, kind: "document" });
    await locks.acquireOrQueue({ resource: name(1), owner: alice, kind: "document" });
    await locks.release(held);
    const lock =
      claim === "extend"
        ? (await locks.extend({ resource: name(1), owner: alice, leaseMs: 120_000 })).lock
        : await take(1, { leaseMs: 120_000 });
    expect(lock.expiresAtMs).toBe(time.clock() + 120_000);
    expect((await counted()).map(({ fence }) => fence)).toContain(lock.fence);
    await locks.release(lock);
  }
});

test("a turn that its owner extends and takes several times at once is claimed by one of them, for all", async () => {
  const owner = { userId: `bob-${serial}` };
  const held = await locks.acquire({ resource: name(1), owner, kind: "document" });
  await locks.acquireOrQueue({ resource: name(1), owner: alice, kind: "document" });
  await locks.release(held);
  const extended = () => locks.renew({ resource: name(1), owner: alice, leaseMs: 60_000 });
  const all = await Promise.all([1, 2, 3, 4].flatMap(() => [extended(), take(1)]));
  expect(new Set(all.map(({ fence }) => fence))).toEqual(new Set([held.fence + 1]));
  expect((await counted()).map(({ fence }) => fence)).toEqual([held.fence + 1]);
});

test("a lock that waits in line for nobody is taken past a line of the dead, and counts", async () => {
  const owner = { userId: `bob-${serial}` };
  const held = await locks.acquire({ resource: name(1), owner, kind: "document" });
  await locks.acquireOrQueue({ resource: name(1), owner: { userId: "dead" }, kind: "document" });
  time.advance(20_000);
  await locks.release(held).catch(() => undefined);
  time.advance(400_000);
  const lock = await take(1);
  expect((await counted()).map(({ fence }) => fence)).toEqual([lock.fence]);
});

test("a lock lasts so long in a row: a longer lease is shortened, and renewals end there", async () => {
  const lock = await take(1, { leaseMs: 2 * maxLockMs });
  const endMs = lock.acquiredAtMs + maxLockMs;
  expect(lock.expiresAtMs).toBe(endMs);
  time.advance(maxLockMs - 30_000);
  const byOwner = await metered(() => locks.extend({ resource: name(1), owner: alice }));
  expect(byOwner.result.lock.expiresAtMs).toBe(endMs);
  expect(byOwner.meter.requests).toBe(1);
  expect((await locks.renew({ ...lock, leaseMs: 60_000 })).expiresAtMs).toBe(endMs);
  expect((await take(1)).expiresAtMs).toBe(endMs);
  expect((await locks.find(name(1)))!.expiresAtMs).toBe(endMs);
  time.advance(30_000);
  expect(await errorOf(locks.renew(lock))).toMatchObject({ code: "LOCK_NOT_OWNED" });
  // Whoever wants it longer takes it anew.
  expect((await take(1)).fence).toBeGreaterThan(lock.fence);
});

test("a renewal near that end is as long as it may be: two requests", async () => {
  const other = await take(2);
  time.advance(1_000);
  await locks.extend({ resource: name(2), owner: alice, leaseMs: maxLockMs - 5_000 });
  time.advance(10_000);
  const last = await metered(() =>
    locks.extend({ resource: name(2), owner: alice, leaseMs: maxLockMs }),
  );
  expect(last.result.lock.expiresAtMs).toBe(other.acquiredAtMs + maxLockMs);
  expect(last.meter.requests).toBe(2);
});

test("names are bound in the same way, several and trees too, with their entries above @long", async () => {
  for (const scope of ["exact", "tree"] as const) {
    const names = [`shelf-${serial}-${scope}/1`, `shelf-${serial}-${scope}/2`];
    const taken = await locks.named.acquire({ names, owner: alice, scope, leaseMs: 3_000_000 });
    time.advance(1_000_000);
    const kept = await locks.named.extend({ names, owner: alice, leaseMs: 3_000_000 });
    for (const [index, lock] of kept.locks.entries()) {
      expect(lock.expiresAtMs).toBe(taken[index]!.acquiredAtMs + maxLockMs);
    }
    await locks.named.release({ names, owner: alice });
    time.advance(maxLockMs);
  }
});

test("a hundred times the same lock leaves a row that stays small @long", async () => {
  for (let round = 0; round < 100; round += 1) {
    time.advance(1);
    await locks.release(await take(1));
  }
  expect((await counted()).length).toBeLessThanOrEqual(3);
});
