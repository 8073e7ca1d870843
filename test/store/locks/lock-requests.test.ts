/** What each lock operation costs, and that refusals name the holder, on the real engine. */
import { beforeAll, describe, expect, inject, test } from "vitest";
import { findLockRow } from "../../../shared/locks/lock-store.ts";
import { createTestClock } from "../../support/clock.ts";
import { createLockWorld, type LockWorld } from "../../support/lock-world.ts";
import { errorOf, metered } from "../../support/world.ts";

const time = createTestClock();
const alice = { userId: "alice", username: "Alice" };
const bob = { userId: "bob" };
const admin = { id: "root" };
let world: LockWorld;

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), time.clock);
});

describe("requests", () => {
  test("acquire costs one when free, one when over, one when held, two for the own owner", async () => {
    const { locks } = world;
    const resource = "requests/acquire";
    const free = await metered(() => locks.acquire({ resource, owner: alice, leaseMs: 1_000 }));
    expect(free.meter.requests).toBe(1);
    const held = await metered(() => errorOf(locks.acquire({ resource, owner: bob })));
    expect(held.meter.requests).toBe(1);
    expect(held.result).toMatchObject({
      code: "LOCK_HELD",
      fields: {
        success: false,
        lockedBy: "Alice",
        lockInfo: {
          userId: "alice",
          username: "Alice",
          sessionId: null,
          timestamp: time.clock(),
          expiresAtMs: time.clock() + 1_000,
          fence: free.result.fence,
        },
      },
    });
    time.advance(500);
    const own = await metered(() => locks.acquire({ resource, owner: alice, leaseMs: 1_000 }));
    expect(own.meter.requests).toBe(2);
    expect(own.result).toEqual({ ...free.result, expiresAtMs: time.clock() + 1_000 });
    time.advance(1_000);
    const over = await metered(() => locks.acquire({ resource, owner: bob }));
    expect(over.meter.requests).toBe(1);
    expect(over.result.fence).toBeGreaterThan(free.result.fence);
  });

  test("renew, release, force release and reading cost one each", async () => {
    const { locks } = world;
    const resource = "requests/others";
    const lock = await locks.acquire({ resource, owner: alice });
    expect((await metered(() => locks.renew(lock))).meter.requests).toBe(1);
    expect((await metered(() => locks.find(resource))).meter).toMatchObject({ requests: 1 });
    expect((await metered(() => locks.release(lock))).meter.requests).toBe(1);
    await locks.acquire({ resource, owner: alice });
    const forced = await metered(() => locks.forceRelease({ resource, actor: admin }));
    expect(forced.meter.requests).toBe(1);
    expect(forced.result).toMatchObject({ owner: alice });
    const again = await metered(() => locks.forceRelease({ resource, actor: admin }));
    expect(again).toMatchObject({ result: undefined, meter: { requests: 1 } });
  });
});

describe("the rules that WOPI tests", () => {
  test("locking again as the same owner refreshes and keeps the fence", async () => {
    const resource = "wopi/refresh";
    const first = await world.locks.acquire({ resource, owner: alice, leaseMs: 10_000 });
    time.advance(5_000);
    const second = await world.locks.acquire({ resource, owner: alice, leaseMs: 10_000 });
    expect(second.fence).toBe(first.fence);
    expect(second.expiresAtMs).toBe(first.expiresAtMs + 5_000);
  });

  test("unlocking with the wrong owner fails and reports the present one", async () => {
    const resource = "wopi/wrong-owner";
    await world.locks.acquire({ resource, owner: alice });
    const error = await errorOf(world.locks.release({ resource, owner: bob }));
    expect(error).toMatchObject({
      code: "LOCK_NOT_OWNED",
      fields: { success: false, lockInfo: { userId: "alice" } },
    });
    expect(await world.locks.find(resource)).toMatchObject({ owner: alice });
  });

  test("refreshing an expired lock fails, and so does refreshing with the wrong owner", async () => {
    const resource = "wopi/expired";
    const lock = await world.locks.acquire({ resource, owner: alice, leaseMs: 1_000 });
    expect(await errorOf(world.locks.renew({ resource, owner: bob }))).toMatchObject({
      fields: { lockInfo: { userId: "alice" } },
    });
    time.advance(1_000);
    expect(await errorOf(world.locks.renew(lock))).toMatchObject({
      code: "LOCK_NOT_OWNED",
      fields: { lockInfo: null },
    });
  });

  test("unlocking what is unlocked fails and says that it is unlocked", async () => {
    const resource = "wopi/unlocked";
    const never = await errorOf(world.locks.release({ resource, owner: alice }));
    expect(never).toMatchObject({ code: "LOCK_NOT_OWNED", fields: { lockInfo: null } });
    expect(never.message).toMatch(/not locked/);
    const lock = await world.locks.acquire({ resource, owner: alice });
    await world.locks.release(lock);
    const twice = await errorOf(world.locks.release(lock));
    expect(twice).toMatchObject({ code: "LOCK_NOT_OWNED", fields: { lockInfo: null } });
  });
});

describe("owners", () => {
  test("sessions of one user are owners of their own when named", async () => {
    const resource = "owners/sessions";
    const left = { userId: "alice", sessionId: "left" };
    const right = { userId: "alice", sessionId: "right" };
    const lock = await world.locks.acquire({ resource, owner: left });
    for (const owner of [right, { userId: "alice" }]) {
      expect(await errorOf(world.locks.acquire({ resource, owner }))).toMatchObject({
        fields: { lockInfo: { sessionId: "left" } },
      });
      expect(await errorOf(world.locks.renew({ resource, owner }))).toBeInstanceOf(Error);
      expect(await errorOf(world.locks.release({ resource, owner }))).toBeInstanceOf(Error);
    }
    await world.locks.release(lock);
    const bare = await world.locks.acquire({ resource, owner: { userId: "alice" } });
    expect(bare.owner.sessionId).toBeUndefined();
    expect(await errorOf(world.locks.renew({ resource, owner: left }))).toBeInstanceOf(Error);
  });

  test("after a force release the former owner is refused, though nobody else has it", async () => {
    const resource = "owners/forced";
    const lock = await world.locks.acquire({ resource, owner: alice });
    await world.locks.forceRelease({ resource, actor: admin, reason: "went home" });
    const error = await errorOf(world.locks.renew(lock));
    expect(error).toMatchObject({ code: "LOCK_NOT_OWNED", fields: { lockInfo: null } });
    expect(error.message).toMatch(/administrator.*went home/);
    const row = await findLockRow(world.database, resource);
    expect(row).toMatchObject({
      formerOwner: "alice",
      change: { action: "lock.forced", actor: "root", reason: "went home" },
    });
    expect(await errorOf(world.database.transact(world.locks.checkWrites(lock)))).toMatchObject({
      code: "LOCK_NOT_OWNED",
    });
  });
});

describe("lists", () => {
  test("lists page through live locks of a kind or an owner; the sweep drops the others @long", async () => {
    const lists = await createLockWorld(inject("dynamoDbEndpoint"), time.clock);
    const { locks } = lists;
    for (let index = 0; index < 25; index += 1) {
      const owner = index % 5 === 0 ? bob : alice;
      const leaseMs = index < 5 ? 1_000 : 60_000;
      const kind = index % 2 === 0 ? ("document" as const) : ("custom" as const);
      await locks.acquire({ resource: `list/${index}`, owner, leaseMs, kind });
    }
    time.advance(1_000);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await locks.list({ limit: 7, cursor });
      expect(page.rows.length).toBeLessThanOrEqual(7);
      seen.push(...page.rows.map(({ resource }) => resource));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(20);
    expect(seen).toHaveLength(20);
    const documents = await locks.list({ kind: "document", limit: 100 });
    expect(documents.rows.every(({ kind }) => kind === "document")).toBe(true);
    const ofBob = await locks.list({ userId: "bob", limit: 100 });
    expect(ofBob.rows.map(({ resource }) => resource).toSorted()).toEqual(
      [5, 10, 15, 20].map((index) => `list/${index}`).toSorted(),
    );
    expect(await locks.sweep({ limit: 100, actor: { id: "system:sweep" } })).toBe(5);
    expect(await locks.sweep({ limit: 100, actor: { id: "system:sweep" } })).toBe(0);
    expect(await findLockRow(lists.database, "list/0")).toMatchObject({
      change: { action: "lock.expired", actor: "system:sweep" },
    });
    expect(await errorOf(locks.list({ limit: 5, cursor: "eyJzaGFyZCI6OTl9" }))).toMatchObject({
      code: "INVALID_REQUEST",
    });
  });
});
