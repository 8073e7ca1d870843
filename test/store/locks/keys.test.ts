/** Saves, releases, extensions and forced releases under idempotency keys: once for a day, whatever happens since. */
import { beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { documentLockName } from "../../../shared/documents/document.ts";
import { keyLifeMs } from "../../../shared/table/request-memory.ts";
import { createTestClock } from "../../support/clock.ts";
import { createLockWorld, type LockWorld } from "../../support/lock-world.ts";
import { errorOf, metered } from "../../support/world.ts";

const time = createTestClock();
let world: LockWorld;
let documents: LockWorld["documents"];
let serial = 0;
let documentId: string;
let resource: string;
const alice = { userId: "alice" };
const bob = { userId: "bob" };
const admin = { id: "root" };
const leaseMs = keyLifeMs;
const reused = { code: "IDEMPOTENCY_KEY_REUSED" };

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), time.clock);
  ({ documents } = world);
});

beforeEach(() => {
  documentId = `doc/${(serial += 1)}`;
  resource = documentLockName(documentId);
});

const key = (name = "k") => ({ idempotencyKey: `${name} ${serial}` });
const take = (owner = alice) => world.locks.acquire({ resource, owner, leaseMs, kind: "document" });
const ownerNow = async () => (await world.locks.find(resource))?.owner.userId;

describe("a save", () => {
  const save = (content: string, fence: number, more: object = {}) =>
    documents.save({ documentId, content, owner: alice, fence, keepLock: true, ...more });
  const contentNow = async () => (await documents.get(documentId)).document.content;

  test("that comes late brings no old content back, however many others were saved since @long", async () => {
    const { fence } = await take();
    const first = await metered(() => save("old", fence, key()));
    expect(first.meter.requests).toBe(1);
    for (let other = 0; other < 10; other += 1) {
      await save(`new ${other}`, fence, key(`other${other}`));
    }
    time.advance(keyLifeMs - 1_000);
    expect(await save("old", fence, key())).toEqual({ ...first.result, replayed: true });
    expect(await errorOf(save("another", fence, key()))).toMatchObject(reused);
    expect(await contentNow()).toBe("new 9");
  });

  test("is bound to its document, and to its user", async () => {
    await save("mine", (await take()).fence, key());
    documentId = `${documentId}/other`;
    resource = documentLockName(documentId);
    const { fence } = await take();
    expect(await errorOf(save("mine", fence, key()))).toMatchObject(reused);
    await world.locks.release({ resource, owner: alice });
    const theirs = { owner: bob, fence: (await take(bob)).fence };
    expect(await save("theirs", 0, { ...theirs, ...key() })).toMatchObject({ replayed: false });
  });

  test("that released is repeated after the next owner took over: his lock and content stay", async () => {
    const { fence } = await take();
    await save("mine", fence, { keepLock: false, ...key() });
    const his = await take(bob);
    await documents.save({
      documentId,
      content: "his",
      owner: bob,
      fence: his.fence,
      keepLock: true,
    });
    const late = await save("mine", fence, { keepLock: false, ...key() });
    expect(late.replayed).toBe(true);
    expect([await ownerNow(), await contentNow()]).toEqual(["bob", "his"]);
  });

  test("whose lock was lost is refused, and has not used its key up", async () => {
    const { fence } = await take();
    await world.locks.endByForce({ resource, actor: admin });
    expect(await errorOf(save("x", fence, key()))).toMatchObject({ code: "LOCK_NOT_OWNED" });
    expect(await save("x", (await take()).fence, key())).toMatchObject({ replayed: false });
  });
});

describe("a release", () => {
  test("that is repeated ends no later lock of the same owner, after many others, for a day", async () => {
    await take();
    const release = (more: object = {}) =>
      world.locks.release({ resource, owner: alice, ...key(), ...more });
    const { meter, result } = await metered(release);
    expect([meter.requests, result.replayed]).toEqual([1, false]);
    for (let other = 0; other < 10; other += 1) {
      await take();
      await world.locks.release({ resource, owner: alice, ...key(`other${other}`) });
    }
    const { fence } = await take();
    time.advance(keyLifeMs - 1_000);
    expect(await release()).toEqual({ replayed: true });
    expect(await errorOf(release({ fence }))).toMatchObject(reused);
    expect((await world.locks.find(resource))?.fence).toBe(fence);
  });
});

describe("an extension", () => {
  test("that is repeated says what became of the lock since", async () => {
    await take();
    const extend = () => world.locks.extend({ resource, owner: alice, leaseMs: 60_000, ...key() });
    const first = await extend();
    expect(await extend()).toEqual({ lock: first.lock, replayed: true });
    await world.locks.endByForce({ resource, actor: admin });
    expect(await errorOf(extend())).toMatchObject({ code: "LOCK_NOT_OWNED" });
    const other = world.locks.extend({ resource, owner: alice, leaseMs: 90_000, ...key() });
    expect(await errorOf(other)).toMatchObject(reused);
  });
});

describe("a forced release", () => {
  const force = (more: object = {}) =>
    world.locks.endByForce({ resource, actor: admin, reason: "away", ...key(), ...more });

  test("that is repeated never ends the next owner's lock, nor after many others @long", async () => {
    const mine = await take();
    const { meter, result } = await metered(force);
    expect(result).toMatchObject({ ended: { fence: mine.fence, owner: alice }, replayed: false });
    expect(meter.requests).toBe(2);
    for (let other = 0; other < 10; other += 1) {
      await take(bob);
      await force(key(`other${other}`));
    }
    await take(bob);
    time.advance(keyLifeMs - 1_000);
    expect(await force()).toEqual({ ended: undefined, replayed: true });
    expect(await errorOf(force({ reason: "else" }))).toMatchObject(reused);
    expect(await ownerNow()).toBe("bob");
  });

  test("that met no lock has meant none: repeated, it ends none that was taken since", async () => {
    expect(await force()).toEqual({ ended: undefined, replayed: false });
    await take(bob);
    expect(await force()).toEqual({ ended: undefined, replayed: true });
    expect(await ownerNow()).toBe("bob");
  });

  test("of a fence ends no later lock, with a key or without", async () => {
    const { fence } = await take();
    await force({ fence });
    await take(bob);
    expect(await force({ fence })).toMatchObject({ replayed: true });
    expect(await force({ fence, ...key("another") })).toMatchObject({ ended: undefined });
    expect(await force({ fence, idempotencyKey: undefined })).toMatchObject({ ended: undefined });
    expect(await ownerNow()).toBe("bob");
  });

  test("without a key costs one request", async () => {
    await take();
    const { meter, result } = await metered(() => force({ idempotencyKey: undefined }));
    expect([meter.requests, result.ended?.owner]).toEqual([1, alice]);
  });
});

test("a key of one operation is not that of another", async () => {
  await take();
  await world.locks.extend({ resource, owner: alice, ...key() });
  expect(await errorOf(world.locks.release({ resource, owner: alice, ...key() }))).toMatchObject(
    reused,
  );
  expect(await ownerNow()).toBe("alice");
});

test("of many copies of one request at once, one is the first", async () => {
  await take();
  const copies = Array.from({ length: 8 }, () =>
    world.locks.release({ resource, owner: alice, ...key() }),
  );
  const answers = await Promise.all(copies);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
});
