/** A write whose answer was lost is found out, not guessed: what took effect is not done twice or denied. */
import { beforeAll, expect, inject, test } from "vitest";
import type { DocumentClient } from "../../../shared/table/database.ts";
import { createTestClock } from "../../support/clock.ts";
import { createLockWorld, createLockWorldOver, type LockWorld } from "../../support/lock-world.ts";
import { errorOf } from "../../support/world.ts";

const time = createTestClock();
const alice = { userId: "alice" };
const bob = { userId: "bob" };
/** Everything arrives. */
let sound: LockWorld;
/** The next answer is lost when `loseNext` is set; what happens then, happens before the repetition. */
let faulty: LockWorld;
let loseNext: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  sound = await createLockWorld(inject("dynamoDbEndpoint"), time.clock);
  const client = {
    async send(command: never) {
      const answer = await sound.client.send(command);
      const meanwhile = loseNext;
      loseNext = undefined;
      if (!meanwhile) return answer;
      await meanwhile();
      throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    },
  } as DocumentClient;
  faulty = createLockWorldOver({ ...sound, client });
});

const lost = (meanwhile: () => Promise<unknown> = async () => undefined): void => {
  loseNext = meanwhile;
};

test("an acquisition that took effect is the caller's, with one fence", async () => {
  lost();
  const lock = await faulty.locks.acquire({ resource: "acquire", owner: alice });
  expect(await sound.locks.find("acquire")).toEqual(lock);
});

test("a release that took effect is reported as done, also when somebody took the lock since", async () => {
  for (const meanwhile of [
    async () => undefined,
    () => sound.locks.acquire({ resource: "release", owner: bob }),
  ]) {
    await sound.locks.forceRelease({ resource: "release", actor: { id: "root" } });
    const lock = await faulty.locks.acquire({ resource: "release", owner: alice });
    lost(meanwhile);
    await faulty.locks.release(lock);
  }
  expect(await sound.locks.find("release")).toMatchObject({ owner: bob });
});

test("a forced release that took effect names whom it ended", async () => {
  await sound.locks.acquire({ resource: "forced", owner: alice });
  lost();
  const ended = await faulty.locks.forceRelease({ resource: "forced", actor: { id: "root" } });
  expect(ended).toMatchObject({ owner: alice });
});

test("a forced release that is repeated ends nobody else's lock, whoever came and went before", async () => {
  await sound.locks.acquire({ resource: "meanwhile", owner: alice });
  const next = { resource: "meanwhile", owner: bob };
  lost(async () => {
    await sound.locks.release(await sound.locks.acquire(next));
    await sound.locks.acquire(next);
  });
  await faulty.locks.forceRelease({ resource: "meanwhile", actor: { id: "root" } });
  expect(await sound.locks.find("meanwhile")).toMatchObject({ owner: bob });
});

test("a renewal is refused when the lock was ended before its repetition", async () => {
  const lock = await sound.locks.acquire({ resource: "renew", owner: alice });
  lost(() => sound.locks.forceRelease({ resource: "renew", actor: { id: "root" } }));
  expect(await errorOf(faulty.locks.renew(lock))).toMatchObject({ code: "LOCK_NOT_OWNED" });
  expect(await sound.locks.find("renew")).toBeUndefined();
});

test("a save that released the lock succeeds once", async () => {
  const { documents } = faulty;
  const { lock } = await documents.edit("plan", { owner: alice });
  lost();
  const { version } = await documents.save({
    documentId: "plan",
    content: "saved",
    owner: alice,
    fence: lock.fence,
  });
  expect(await documents.get("plan")).toMatchObject({
    document: { content: "saved", version },
    lock: undefined,
  });
});

test("versions grow though the clock stands still or lags", async () => {
  const { documents } = sound;
  const { lock } = await documents.edit("versions", { owner: alice });
  const versions: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const save = { documentId: "versions", content: round, owner: alice, fence: lock.fence };
    versions.push((await documents.save({ ...save, keepLock: true })).version);
  }
  expect(versions).toEqual([...new Set(versions)].toSorted((one, other) => one - other));
});
