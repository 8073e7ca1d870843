/** The line for a lock: order of arrival, what it costs, who is gone, and answers that are asked for again. */
import { beforeAll, expect, inject, test } from "vitest";
import { type Clock, epochMs } from "../../../shared/base/time.ts";
import { leastClaimMs, maxWaiters, type Place, placeMs } from "../../../shared/locks/line.ts";
import type { Lock, LockOwner } from "../../../shared/locks/lock.ts";
import type { Standing } from "../../../shared/locks/line-service.ts";
import { createLockWorld, type LockWorld } from "../../support/lock-world.ts";
import { errorOf, metered } from "../../support/world.ts";

let nowMs = 1_800_000_000_000;
const clock: Clock = () => epochMs(nowMs);
let world: LockWorld;

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), clock);
});

const pass = (durationMs: number): void => void (nowMs += durationMs);
const ownerOf = (userId: string): LockOwner => ({ userId });
const actorOf = (userId: string) => ({ id: userId });

async function placeOf(standing: Promise<Standing>): Promise<Place> {
  const found = await standing;
  if (!("place" in found)) throw new Error("It is one's turn already");
  return found.place;
}

async function lockOf(standing: Promise<Standing>): Promise<Lock> {
  const found = await standing;
  if (!("lock" in found)) throw new Error("It is not one's turn yet");
  return found.lock;
}

const join = (resource: string, userId: string, leaseMs = 60_000) =>
  world.locks.acquireOrQueue({ resource, owner: ownerOf(userId), leaseMs });
const ask = (resource: string, userId: string, ticket: string) =>
  world.locks.line.ask({ resource, ticket, userId, actor: actorOf(userId) });
const leave = (resource: string, userId: string, ticket: string) =>
  world.locks.line.leave({ resource, ticket, userId, actor: actorOf(userId) });

async function requestsOf(work: () => Promise<unknown>): Promise<number> {
  return (await metered(work)).meter.requests;
}

test("join 2 requests, keep a place 1, release with a line 2, claim 2, release without waiters 1", async () => {
  const resource = "cost";
  const owner = ownerOf("alice");
  const lock = await world.locks.acquire({ resource, owner });
  let place: Place | undefined;
  expect(await requestsOf(async () => (place = await placeOf(join(resource, "bob"))))).toBe(2);
  const { ticket } = place!;
  expect(await requestsOf(() => ask(resource, "bob", ticket))).toBe(1);
  expect(await requestsOf(() => world.locks.release(lock))).toBe(2);
  let granted: Lock | undefined;
  expect(await requestsOf(async () => (granted = await lockOf(ask(resource, "bob", ticket))))).toBe(
    2,
  );
  expect(await requestsOf(() => world.locks.release(granted!))).toBe(1);
  expect(await requestsOf(() => join(resource, "carol"))).toBe(1);
});

test("granted in order of arrival; the fence grows; the lease runs what was asked, from the claim @long", async () => {
  const resource = "order";
  const first = await world.locks.acquire({ resource, owner: ownerOf("first") });
  const names = ["b", "c", "d", "e"];
  const places: Place[] = [];
  for (const name of names) places.push(await placeOf(join(resource, name, 20_000)));
  expect(places.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
  let holder = first;
  for (const [index, name] of names.entries()) {
    pass(100);
    await world.locks.release(holder);
    // Somebody who asks out of turn keeps his place and gets nothing.
    for (const [behind, other] of names.entries()) {
      if (behind <= index) continue;
      const place = await placeOf(ask(resource, other, places[behind]!.ticket));
      expect(place.position).toBe(behind - index);
    }
    pass(500);
    const granted = await lockOf(ask(resource, name, places[index]!.ticket));
    expect(granted.owner.userId).toBe(name);
    expect(granted.fence).toBeGreaterThan(holder.fence);
    expect(granted.expiresAtMs).toBe(nowMs + 20_000);
    // Asked again after one's turn: the same answer with the same fence, and no longer lease.
    pass(700);
    expect(await lockOf(ask(resource, name, places[index]!.ticket))).toEqual(granted);
    holder = granted;
  }
});

test("a question by a clock that is behind takes no time of a place away", async () => {
  const resource = "behind";
  await world.locks.acquire({ resource, owner: ownerOf("alice") });
  const { ticket } = await placeOf(join(resource, "bob"));
  pass(5_000);
  const kept = await placeOf(ask(resource, "bob", ticket));
  pass(-4_000);
  const { claimBeforeMs } = await placeOf(ask(resource, "bob", ticket));
  expect(claimBeforeMs).toBe(kept.claimBeforeMs);
  pass(4_000);
});

test("asking again keeps one place, also side by side; two sessions of one user have two", async () => {
  const resource = "again";
  await world.locks.acquire({ resource, owner: ownerOf("alice") });
  const [one, other] = await Promise.all([join(resource, "bob"), join(resource, "bob")]);
  const again = await placeOf(join(resource, "bob"));
  expect([one, other].map((each) => "place" in each && each.place.ticket)).toEqual([
    again.ticket,
    again.ticket,
  ]);
  expect(again.position).toBe(1);
  const owner = { userId: "bob", sessionId: "tab" };
  const tab = await placeOf(world.locks.acquireOrQueue({ resource, owner, leaseMs: 5_000 }));
  expect(tab.position).toBe(2);
});

test("who is gone is passed over at once; who went just now costs no more than his own time to claim", async () => {
  const resource = "gone";
  const holder = await world.locks.acquire({ resource, owner: ownerOf("alice") });
  const dead = await placeOf(join(resource, "dead"));
  pass(placeMs);
  const living = await placeOf(join(resource, "living"));
  expect(living.position).toBe(1);
  await world.locks.release(holder);
  const granted = await lockOf(ask(resource, "living", living.ticket));
  expect(await errorOf(ask(resource, "dead", dead.ticket))).toMatchObject({
    code: "TICKET_NOT_FOUND",
  });

  const late = await placeOf(join(resource, "late"));
  const next = await placeOf(join(resource, "next"));
  pass(placeMs - 1_000);
  await ask(resource, "next", next.ticket);
  await world.locks.release(granted);
  // Its place had another second to live, so it has the least time to claim.
  pass(leastClaimMs - 1);
  expect(await placeOf(ask(resource, "next", next.ticket))).toMatchObject({ position: 1 });
  pass(1);
  const mine = await lockOf(ask(resource, "next", next.ticket));
  expect(mine.owner.userId).toBe("next");
  expect(await errorOf(ask(resource, "late", late.ticket))).toMatchObject({
    code: "TICKET_NOT_FOUND",
  });
});

test("who asks often says so, and keeps nobody waiting for longer; asking for less takes no time away", async () => {
  const resource = "often";
  const short = 6_000;
  const wish = { resource, leaseMs: 60_000, placeMs: short };
  const holder = await world.locks.acquire({ resource, owner: ownerOf("alice") });
  const dead = await placeOf(world.locks.acquireOrQueue({ ...wish, owner: ownerOf("dead") }));
  expect(dead.claimBeforeMs).toBe(nowMs + short);
  const { ticket } = await placeOf(join(resource, "next"));
  const asking = { resource, ticket, userId: "next", actor: actorOf("next"), placeMs: short };
  let place: Place | undefined;
  const asked = async () => (place = await placeOf(world.locks.line.ask(asking)));
  expect(await requestsOf(asked)).toBe(1);
  expect(place?.claimBeforeMs).toBe(nowMs + placeMs);
  await world.locks.release(holder);
  // He had asked just now when he died: it was his turn for as long as his place was told to last.
  pass(short - 1);
  expect(await placeOf(world.locks.line.ask(asking))).toMatchObject({ position: 1 });
  pass(1);
  expect(await lockOf(world.locks.line.ask(asking))).toMatchObject({ owner: { userId: "next" } });
});

test("a lease that lapses passes to the first in line, and a stranger goes to the end", async () => {
  const resource = "lapse";
  await world.locks.acquire({ resource, owner: ownerOf("alice"), leaseMs: 5_000 });
  const bob = await placeOf(join(resource, "bob"));
  pass(5_000);
  // Without a wish to wait he is refused, and bob has the lock from here on.
  expect(
    await errorOf(world.locks.acquire({ resource, owner: ownerOf("stranger") })),
  ).toMatchObject({ code: "LOCK_HELD", fields: { lockedBy: "bob" } });
  expect(await placeOf(join(resource, "stranger"))).toMatchObject({ position: 1 });
  expect(await lockOf(ask(resource, "bob", bob.ticket))).toMatchObject({
    owner: { userId: "bob" },
  });
});

test("leaving frees the place; a turn that is given up is passed on at once", async () => {
  const resource = "leave";
  const holder = await world.locks.acquire({ resource, owner: ownerOf("alice") });
  const [b, c, d] = [
    await placeOf(join(resource, "b")),
    await placeOf(join(resource, "c")),
    await placeOf(join(resource, "d")),
  ];
  expect(await requestsOf(() => leave(resource, "b", b.ticket))).toBe(1);
  await leave(resource, "b", b.ticket);
  // Nobody gives up another's place.
  await leave(resource, "mallory", c.ticket);
  expect(await errorOf(ask(resource, "mallory", c.ticket))).toMatchObject({
    code: "TICKET_NOT_FOUND",
  });
  await world.locks.release(holder);
  expect(await world.locks.find(resource)).toMatchObject({ owner: { userId: "c" } });
  await leave(resource, "c", c.ticket);
  expect(await lockOf(ask(resource, "d", d.ticket))).toMatchObject({ owner: { userId: "d" } });
});

test("at most 32 wait, gaps are closed for those who come, and the next one is told when to come back @long", async () => {
  const resource = "full";
  await world.locks.acquire({ resource, owner: ownerOf("alice"), leaseMs: 600_000 });
  const places = [];
  for (let index = 0; index < maxWaiters; index += 1) {
    places.push(await placeOf(join(resource, `w${index}`)));
  }
  expect(places.at(-1)!.position).toBe(maxWaiters);
  expect(await errorOf(join(resource, "one-more"))).toMatchObject({
    code: "LOCK_HELD",
    fields: { lockedBy: "alice" },
  });
  await leave(resource, "w3", places[3]!.ticket);
  expect(await placeOf(join(resource, "one-more"))).toMatchObject({ position: maxWaiters });
});

test("an administrator's force passes the lock on to the first in line", async () => {
  const resource = "forced";
  await world.locks.acquire({ resource, owner: ownerOf("alice") });
  const bob = await placeOf(join(resource, "bob"));
  await world.locks.forceRelease({ resource, actor: { id: "root" }, reason: "test" });
  expect(await lockOf(ask(resource, "bob", bob.ticket))).toMatchObject({
    owner: { userId: "bob" },
  });
});

test("a save that releases hands the document's lock over in its own transaction", async () => {
  const owner = ownerOf("alice");
  const { lock } = await world.documents.edit("minutes", { owner });
  const resource = lock.resource;
  const bob = await placeOf(join(resource, "bob"));
  const saved = () =>
    world.documents.save({ documentId: "minutes", content: "text", owner, fence: lock.fence });
  expect(await requestsOf(saved)).toBe(2);
  expect(await lockOf(ask(resource, "bob", bob.ticket))).toMatchObject({
    owner: { userId: "bob" },
  });
  expect((await world.documents.get("minutes")).document.content).toBe("text");
});

test("the estimate comes from how long holds of this lock lasted", async () => {
  const resource = "estimate";
  let holder = await world.locks.acquire({ resource, owner: ownerOf("a"), leaseMs: 600_000 });
  const b = await placeOf(join(resource, "b", 600_000));
  expect(b.estimatedWaitMs).toBe(600_000);
  pass(4_000);
  await world.locks.release(holder);
  holder = await lockOf(ask(resource, "b", b.ticket));
  const c = await placeOf(join(resource, "c", 600_000));
  expect(c.estimatedWaitMs).toBe(4_000);
  const d = await placeOf(join(resource, "d", 600_000));
  expect(d.estimatedWaitMs).toBe(8_000);
});

test("who joins while thirty others do keeps the order of the answers @long", async () => {
  const resource = "crowd";
  const holder = await world.locks.acquire({ resource, owner: ownerOf("alice") });
  const names = Array.from({ length: 30 }, (_, index) => `w${index}`);
  const joined = await Promise.all(names.map((name) => placeOf(join(resource, name))));
  expect(joined.map(({ position }) => position).toSorted((a, b) => a - b)).toEqual(
    names.map((_, index) => index + 1),
  );
  const inOrder = names.toSorted(
    (a, b) => joined[names.indexOf(a)]!.position - joined[names.indexOf(b)]!.position,
  );
  let present = holder;
  for (const name of inOrder) {
    await world.locks.release(present);
    present = await lockOf(ask(resource, name, joined[names.indexOf(name)]!.ticket));
    expect(present.owner.userId).toBe(name);
  }
});

test("who left, or was away for too long, joins the line of the same hold again at its end", async () => {
  const resource = "again";
  await world.locks.acquire({ resource, owner: ownerOf("alice"), leaseMs: 600_000 });
  const first = await placeOf(join(resource, "bob"));
  const carols = await placeOf(join(resource, "carol"));
  await leave(resource, "bob", first.ticket);
  const second = await placeOf(join(resource, "bob"));
  expect(second).toMatchObject({ position: 2 });
  pass(placeMs - 1);
  await placeOf(ask(resource, "carol", carols.ticket));
  pass(1);
  let third: Place | undefined;
  expect(await requestsOf(async () => (third = await placeOf(join(resource, "bob"))))).toBe(2);
  expect(third).toMatchObject({ position: 2 });
  expect(new Set([first.ticket, second.ticket, third!.ticket]).size).toBe(3);
  expect(await errorOf(ask(resource, "bob", second.ticket))).toMatchObject({
    code: "TICKET_NOT_FOUND",
  });
});
