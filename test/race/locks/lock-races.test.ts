/** Many at once: one owner at a time, no lost update under a lock, and no two in one branch of a tree. */
import { beforeAll, expect, inject, test } from "vitest";
import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { systemClock } from "../../../shared/base/time.ts";
import { LockHeld } from "../../../shared/locks/lock.ts";
import { namesAbove } from "../../../shared/locks/lock.ts";
import { findLockRow } from "../../../shared/locks/lock-store.ts";
import { createLockWorld, type LockWorld } from "../../support/lock-world.ts";

let world: LockWorld;

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), systemClock);
});

test("of 100 contenders one wins, and the others learn who it is", async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, (_, index) =>
      world.locks.acquire({ resource: "contended", owner: { userId: `user-${index}` } }),
    ),
  );
  const won = outcomes.filter((outcome) => outcome.status === "fulfilled");
  expect(won).toHaveLength(1);
  const winner = won[0]!.value;
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") continue;
    expect(outcome.reason).toBeInstanceOf(LockHeld);
    expect(outcome.reason.lock).toEqual(winner);
  }
});

test("a counter that is read and written back under withLock loses nothing, also for one user", async () => {
  const TableName = world.tables.Documents;
  const Key = { documentId: "counter" };
  const owner = { userId: "alice" };
  const options = { owner, leaseMs: 5_000, waitMs: 20_000 };
  let inside = 0;
  const fences: number[] = [];
  await Promise.all(
    Array.from({ length: 20 }, () =>
      world.locks.withLock("counter", options, async ({ fence }) => {
        expect((inside += 1)).toBe(1);
        fences.push(fence);
        const { Item } = await world.client.send(new GetCommand({ TableName, Key }));
        const count = Number(Item?.["count"] ?? 0) + 1;
        await world.client.send(new PutCommand({ TableName, Item: { ...Key, count } }));
        inside -= 1;
      }),
    ),
  );
  const { Item } = await world.client.send(new GetCommand({ TableName, Key }));
  expect(Item?.["count"]).toBe(20);
  expect(fences).toEqual(fences.toSorted((one, other) => one - other));
});

test("tree locks never have two owners on one way from root to leaf @long", async () => {
  const names = ["t", "t/1", "t/2", "t/1/a", "t/1/b", "t/2/a", "t/1/a/x", "t/2/a/y"];
  const held = new Set<string>();
  const clash = (name: string) =>
    [...held].find(
      (other) =>
        other === name || namesAbove(name).includes(other) || namesAbove(other).includes(name),
    );
  let granted = 0;
  await Promise.all(
    Array.from({ length: 12 }, async (_, worker) => {
      const owner = { userId: `user-${worker}` };
      for (let round = 0; round < 25; round += 1) {
        const resource = names[(worker * 7 + round * 5) % names.length]!;
        try {
          const lock = await world.locks.acquire({ resource, owner, scope: "tree" });
          expect(clash(resource)).toBeUndefined();
          held.add(resource);
          granted += 1;
          await world.database.transact(world.locks.checkWrites(lock));
          if (round % 3 === 0) await world.locks.renew(lock);
          held.delete(resource);
          await world.locks.release(lock);
        } catch (error) {
          if (!(error instanceof LockHeld)) throw error;
        }
      }
    }),
  );
  expect(granted).toBeGreaterThan(15);
  for (const name of names)
    expect(await findLockRow(world.database, name)).not.toHaveProperty("below");
});
