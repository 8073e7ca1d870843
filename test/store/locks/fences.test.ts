/** Fences only grow, whatever ends a hold, whoever's clock is off, and when TTL has deleted the row. */
import { beforeAll, expect, inject, test } from "vitest";
import { DeleteCommand } from "@aws-sdk/lib-dynamodb";
import { epochMs } from "../../../shared/base/time.ts";
import { findLockRow } from "../../../shared/locks/lock-store.ts";
import { createTestClock } from "../../support/clock.ts";
import { createLockWorld, createLockWorldOver, type LockWorld } from "../../support/lock-world.ts";
import { errorOf } from "../../support/world.ts";
import { effort } from "../../support/effort.ts";

const time = createTestClock();
const hourMs = 3_600_000;
const rounds = effort({ part: 250, all: 1_000 });
/** Three callers whose clocks are up to two hours apart. */
let worlds: LockWorld[];

beforeAll(async () => {
  const world = await createLockWorld(inject("dynamoDbEndpoint"), time.clock);
  const skewed = (skewMs: number) =>
    createLockWorldOver({ ...world, clock: () => epochMs(time.clock() + skewMs) });
  worlds = [world, skewed(hourMs), skewed(-hourMs)];
});

/** As TTL would: not before its instant, by the true clock. */
async function deleteAfterTtl(world: LockWorld, resource: string): Promise<void> {
  const row = await findLockRow(world.database, resource);
  time.advance(Number(row?.["ttlSeconds"]) * 1_000 - time.clock() + 1_000);
  const TableName = world.tables.Locks;
  await world.client.send(new DeleteCommand({ TableName, Key: { resource } }));
}

test(`${rounds} rounds of acquire, then release, expiry, force release or deletion by TTL`, async () => {
  const resource = "fences";
  const fences: number[] = [];
  const ends = { released: 0, expired: 0, forced: 0, deleted: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const world = worlds[round % 3]!;
    const owner = { userId: `user-${round % 7}` };
    const lock = await world.locks.acquire({ resource, owner, leaseMs: 1_000 + round });
    fences.push(lock.fence);
    time.advance(round % 5);
    if (round % 97 === 96) {
      await deleteAfterTtl(world, resource);
      ends.deleted += 1;
    } else if (round % 3 === 0) {
      await world.locks.release(lock);
      ends.released += 1;
    } else if (round % 3 === 1) {
      await world.locks.forceRelease({ resource, actor: { id: "root" } });
      ends.forced += 1;
    } else {
      time.advance(lock.expiresAtMs - time.clock() + 2 * hourMs);
      ends.expired += 1;
    }
  }
  expect(fences).toEqual(fences.toSorted((one, other) => one - other));
  expect(new Set(fences).size).toBe(rounds);
  expect(Math.min(...Object.values(ends))).toBeGreaterThanOrEqual(rounds / 125);
});

test("the row outlives its lease by a day, also after a release", async () => {
  const [world] = worlds;
  const lock = await world!.locks.acquire({ resource: "ttl", owner: { userId: "a" } });
  await world!.locks.release(lock);
  const row = await findLockRow(world!.database, "ttl");
  expect(row?.["ttlSeconds"]).toBe(Math.ceil((lock.expiresAtMs + 86_400_000) / 1_000));
  expect(row).not.toHaveProperty("kindShard");
  expect(row).toMatchObject({ fence: lock.fence, change: { action: "lock.released", actor: "a" } });
});

test("a fast clock takes over early, and then the former owner's protected write is refused", async () => {
  const [slow, fast] = worlds;
  const lock = await slow!.locks.acquire({
    resource: "skew",
    owner: { userId: "a" },
    leaseMs: 60_000,
  });
  const taken = await fast!.locks.acquire({ resource: "skew", owner: { userId: "b" } });
  expect(taken.fence).toBeGreaterThan(lock.fence);
  const refused = await errorOf(slow!.database.transact(slow!.locks.checkWrites(lock)));
  expect(refused).toMatchObject({ code: "LOCK_NOT_OWNED", fields: { lockInfo: { userId: "b" } } });
  expect(await errorOf(slow!.locks.renew(lock))).toMatchObject({ code: "LOCK_NOT_OWNED" });
  expect(await errorOf(slow!.locks.release(lock))).toMatchObject({ code: "LOCK_NOT_OWNED" });
});

test("a heartbeat that arrives after the release brings nothing back", async () => {
  const [world] = worlds;
  const { locks } = world!;
  const request = { resource: "late-heartbeat", owner: { userId: "a" } };
  const lock = await locks.acquire(request);
  await locks.release(lock);
  expect(await errorOf(locks.renew(lock))).toMatchObject({ fields: { lockInfo: null } });
  expect(await locks.find(lock.resource)).toBeUndefined();
  const again = await locks.acquire(request);
  // The same owner has it again, but the late heartbeat belongs to the hold before.
  expect(await errorOf(locks.renew(lock))).toMatchObject({ code: "LOCK_NOT_OWNED" });
  expect(await locks.find(lock.resource)).toEqual(again);
});
