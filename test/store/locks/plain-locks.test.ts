/** Locks of one name each, over single items: what they cost, what they refuse, and how they meet what only a lock service understands. */
import { beforeAll, describe, expect, inject, test } from "vitest";
import { createPlainLocks, type PlainLocks } from "../../../shared/locks/plain-lock-service.ts";
import { createItemDatabase } from "../../../shared/table/item-database.ts";
import { condition, pathsOf } from "../../../shared/table/expression.ts";
import type { DocumentClient } from "../../../shared/table/database.ts";
import { update } from "../../../shared/table/write.ts";
import { createTestClock } from "../../support/clock.ts";
import { createLockWorld, type LockWorld } from "../../support/lock-world.ts";
import { errorOf, metered } from "../../support/world.ts";

const time = createTestClock();
const [alice, bob] = [{ userId: "alice", username: "Alice" }, { userId: "bob" }];
const root = { id: "root" };
let world: LockWorld;
let locks: PlainLocks;
/** The next answer is lost when it is set; what it does, happens before the repetition. */
let loseNext: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), time.clock);
  const client = {
    async send(command: never) {
      const answer = await world.client.send(command);
      const meanwhile = loseNext;
      loseNext = undefined;
      if (!meanwhile) return answer;
      await meanwhile();
      throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    },
  } as DocumentClient;
  const database = createItemDatabase({ client, tableName: (table) => world.tables[table] });
  locks = createPlainLocks({ database, clock: time.clock });
});

async function cost<T>(work: () => Promise<T>): Promise<[number, T]> {
  const { meter, result } = await metered(work);
  return [meter.requests, result];
}

test("each call costs one request, taking one's own again two, as of a lock service", async () => {
  const resource = "plain/cost";
  const [taken, lock] = await cost(() => locks.acquire({ resource, owner: alice }));
  const [again, same] = await cost(() => locks.acquire({ resource, owner: alice }));
  const [refused, held] = await cost(() => errorOf(locks.acquire({ resource, owner: bob })));
  const [renewed] = await cost(() => locks.renew({ ...lock, leaseMs: 60_000 }));
  const [looked, found] = await cost(() => locks.find(resource));
  const [released] = await cost(() => locks.release(lock));
  expect([taken, again, refused, renewed, looked, released]).toEqual([1, 2, 1, 1, 1, 1]);
  expect(same.fence).toBe(lock.fence);
  expect(found).toMatchObject({ owner: alice, expiresAtMs: time.clock() + 60_000 });
  expect(held).toMatchObject({ code: "LOCK_HELD", fields: { lockedBy: "Alice" } });
  await locks.acquire({ resource, owner: bob });
  const [ended, former] = await cost(() => locks.forceRelease({ resource, actor: root }));
  expect([ended, former]).toMatchObject([1, { owner: bob }]);
  expect(await cost(() => locks.forceRelease({ resource, actor: root }))).toEqual([1, undefined]);
});

test("who lost it can neither renew nor give back nor write, by its fence", async () => {
  const resource = "plain/lost";
  const lock = await locks.acquire({ resource, owner: alice, leaseMs: 1_000 });
  await world.database.transact(locks.checkWrites(lock));
  time.advance(1_000);
  const next = await locks.acquire({ resource, owner: { ...alice, sessionId: "other" } });
  expect(next.fence).toBeGreaterThan(lock.fence);
  for (const late of [
    () => locks.renew(lock),
    () => locks.release(lock),
    () => world.database.transact(locks.checkWrites(lock)),
  ]) {
    expect(await errorOf(late())).toMatchObject({ code: "LOCK_NOT_OWNED" });
  }
  expect(await locks.forceRelease({ resource, actor: root, fence: lock.fence })).toBeUndefined();
  expect(await locks.find(resource)).toMatchObject({ fence: next.fence });
});

test("what took effect before its answer was lost is the caller's, and done once", async () => {
  const resource = "plain/unheard";
  const lose = (meanwhile: () => Promise<unknown> = async () => undefined): void => {
    loseNext = meanwhile;
  };
  lose();
  const lock = await locks.acquire({ resource, owner: alice });
  expect(await world.locks.find(resource)).toEqual(lock);
  lose(() => world.locks.acquire({ resource, owner: bob }));
  await locks.release(lock);
  lose();
  expect(await locks.forceRelease({ resource, actor: root })).toMatchObject({ owner: bob });
  // Taken, ended by somebody and free again before the repetition: nobody can tell any more.
  lose(() => world.locks.forceRelease({ resource, actor: root }));
  await expect(locks.acquire({ resource, owner: alice })).rejects.toThrow("No answer");
});

test("what is more than a plain lock is refused before anything is asked", async () => {
  const lock = await locks.acquire({ resource: "plain/more", owner: alice });
  const tree = { ...lock, scope: "tree" as const };
  const keyed = { ...lock, idempotencyKey: "k" };
  const asked = [
    () => locks.acquire(tree),
    () => locks.renew(tree),
    () => locks.release(keyed),
    () => locks.renew(keyed),
    () => locks.forceRelease({ ...keyed, actor: root }),
    () => locks.withLock("plain/more", tree, async () => undefined),
    async () => locks.checkWrites(tree),
    () => locks.acquire({ ...lock, leaseMs: 1 }),
    () => locks.acquire({ resource: "", owner: alice }),
  ];
  for (const ask of asked) {
    const [requests, error] = await cost(() => errorOf(ask()));
    expect([requests, error]).toMatchObject([0, { code: "INVALID_REQUEST" }]);
  }
});

test("a row that a later release has laid out is neither read nor changed", async () => {
  const resource = "plain/layout";
  const lock = await locks.acquire({ resource, owner: alice });
  const at = pathsOf<{ schemaVersion: number }>();
  await world.database.apply(
    update({
      table: "Locks",
      key: { resource },
      change: { set: [condition`${at("schemaVersion")} = ${99}`] },
      condition: condition`attribute_not_exists(${at("schemaVersion")})`,
      refused: () => {
        throw new Error("It has one");
      },
    }),
  );
  for (const work of [
    () => locks.find(resource),
    () => locks.acquire({ resource, owner: bob }),
    () => locks.renew(lock),
    () => locks.release(lock),
    () => locks.forceRelease({ resource, actor: root }),
  ]) {
    await expect(work()).rejects.toThrow("A row has layout 99");
  }
});

describe("beside a lock service", () => {
  test("who stands in line is not passed by, and has what is given back with his next question", async () => {
    const resource = "plain/line";
    const lock = await locks.acquire({ resource, owner: alice });
    const standing = await world.locks.acquireOrQueue({ resource, owner: bob });
    if (!("place" in standing)) throw new Error("He has it already");
    await locks.release(lock);
    const passing = await errorOf(locks.acquire({ resource, owner: alice }));
    expect(passing).toMatchObject({ code: "TRY_AGAIN" });
    const asking = { resource, ticket: standing.place.ticket, userId: "bob", actor: { id: "bob" } };
    expect(await world.locks.line.ask(asking)).toMatchObject({ lock: { owner: bob } });
    expect(await errorOf(locks.acquire({ resource, owner: alice }))).toMatchObject({
      code: "LOCK_HELD",
    });
  });

  test("a tree lock holds whoever comes, and is ended by force on its own row", async () => {
    const resource = "plain-tree/9";
    const tree = await world.locks.acquire({ resource, owner: bob, scope: "tree" });
    expect(await errorOf(locks.acquire({ resource, owner: bob }))).toMatchObject({
      code: "LOCK_HELD",
    });
    expect(await locks.forceRelease({ resource, actor: root })).toMatchObject({ scope: "tree" });
    const late = world.database.transact(world.locks.checkWrites(tree));
    expect(await errorOf(late)).toMatchObject({ code: "LOCK_NOT_OWNED" });
  });

  test("both take turns at one name, with one row of fences", async () => {
    const resource = "plain/turns";
    const fences: number[] = [];
    for (const each of [locks, world.locks, locks, world.locks]) {
      const lock = await each.acquire({ resource, owner: alice });
      fences.push(lock.fence);
      await each.release(lock);
    }
    expect(fences).toEqual([...new Set(fences)].toSorted((one, other) => one - other));
  });
});
