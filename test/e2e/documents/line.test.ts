/** The line for a document through HTTP, and keys that bind what they were sent with. */
import { expect, test } from "vitest";
import { createClient, type Place } from "../../../client/index.ts";
import { effort } from "../../support/effort.ts";
import { type Client, clientOf } from "../../support/http.ts";
import { listen } from "../../support/live-ear.ts";
import { startUnsweptServer } from "../../support/shop-for-file.ts";

const server = await startUnsweptServer();
const alice = clientOf(server, "alice");
const bob = clientOf(server, "bob");
const admin = clientOf(server, "root", ["admin"]);
let serial = 0;

const newDoc = (): string => `line/${(serial += 1)}`;
const path = (docId: string): string => encodeURIComponent(docId);
const acquire = (who: Client, docId: string, more = {}) =>
  who.send("POST /api/lock/acquire", { body: { docId, ...more } });
const queue = (method: "GET" | "DELETE", who: Client, docId: string, ticket: string) =>
  who.send(`${method} /api/lock/queue?docId=${path(docId)}&ticket=${ticket}`);
const release = (who: Client, docId: string, more = {}, headers = {}) =>
  who.send("POST /api/lock/release", { body: { docId, ...more }, headers });
const save = (who: Client, docId: string, body: object, headers = {}) =>
  who.send(`PUT /api/documents/${path(docId)}`, { body, headers });
const key = (value: string) => ({ "idempotency-key": value });

test("a held lock is queued for: 202, a ticket, one's turn, with the requests that it costs @long", async () => {
  const docId = newDoc();
  await acquire(alice, docId);
  const joined = await acquire(bob, docId, { queue: true, ttl: 60, username: "Bob" });
  expect(joined).toMatchObject({
    status: 202,
    cost: { requests: 2 },
    body: {
      success: false,
      queued: true,
      position: 1,
      ahead: 0,
      estimatedWaitMs: expect.any(Number),
      lockInfo: { userId: "alice" },
    },
  });
  const { ticket } = joined.body;
  expect(await queue("GET", bob, docId, ticket)).toMatchObject({
    status: 202,
    cost: { requests: 1 },
    body: { ticket, position: 1 },
  });
  expect(await release(alice, docId)).toMatchObject({ status: 200, cost: { requests: 2 } });
  const granted = await queue("GET", bob, docId, ticket);
  expect(granted).toMatchObject({
    status: 200,
    cost: { requests: 2 },
    body: { success: true, lockInfo: { userId: "bob", username: "Bob" } },
  });
  const again = await queue("GET", bob, docId, ticket);
  expect(again.body.lockInfo).toEqual(granted.body.lockInfo);
  expect(await release(bob, docId)).toMatchObject({ status: 200, cost: { requests: 1 } });
  expect(await queue("GET", bob, docId, ticket)).toMatchObject({
    status: 404,
    body: { code: "TICKET_NOT_FOUND" },
  });
});

test("a place is its owner's alone, and leaving gives a turn to the next one", async () => {
  const docId = newDoc();
  await acquire(alice, docId);
  const { ticket } = (await acquire(bob, docId, { queue: true })).body;
  const next = (await acquire(admin, docId, { queue: true })).body;
  expect(next).toMatchObject({ position: 2, ahead: 1 });
  expect(await queue("GET", alice, docId, ticket)).toMatchObject({ status: 404 });
  await queue("DELETE", alice, docId, ticket);
  expect(await queue("GET", bob, docId, ticket)).toMatchObject({ status: 202 });
  await release(alice, docId);
  expect(await queue("DELETE", bob, docId, ticket)).toMatchObject({ status: 200 });
  expect(await queue("GET", admin, docId, next.ticket)).toMatchObject({ status: 200 });
});

test("an owner passes a lock on, to the first or to one who is named; whoever waits asks him to", async () => {
  const docId = newDoc();
  const { fence } = (await acquire(alice, docId)).body.lockInfo;
  const pass = (who: Client, body: object) =>
    who.send("POST /api/lock/hand-over", { body: { docId, ...body } });
  expect(await pass(alice, { fence })).toMatchObject({
    status: 409,
    body: { code: "NOBODY_WAITS" },
    cost: { requests: 1 },
  });
  const first = (await acquire(bob, docId, { queue: true, username: "Bob" })).body.ticket;
  const second = (await acquire(admin, docId, { queue: true, ttl: 60 })).body.ticket;
  const ear = await listen(server, "alice");
  await ear.ask({ type: "subscribe", topics: [`lock/document/${docId}`] });
  const ask = (who: Client, ticket: string) =>
    who.send("POST /api/lock/ask", { body: { docId, ticket } });
  expect(await ask(bob, second)).toMatchObject({ status: 404 });
  const asked = { status: 200, cost: { requests: 1 }, body: { lockInfo: { userId: "alice" } } };
  expect(await ask(admin, second)).toMatchObject(asked);
  const askedBy = { userId: "root", sessionId: null, askedAtMs: expect.any(Number) };
  const heard = await ear.hear("lock.asked", `lock/document/${docId}`);
  expect(heard["data"]).toMatchObject({ askedBy, lockInfo: { userId: "alice" } });
  // Asked again at once, he is told no second time; with his next heartbeat he is told, too.
  expect(await ask(admin, second)).toMatchObject(asked);
  const extended = await alice.send("POST /api/lock/extend", { body: { docId, fence } });
  expect(extended.body.askedBy).toMatchObject(askedBy);
  expect(ear.said.filter(({ type }) => type === "lock.asked")).toHaveLength(1);
  await ear.close();

  expect(await pass(alice, { fence: fence - 1 })).toMatchObject({
    body: { code: "LOCK_NOT_OWNED" },
  });
  expect(await pass(bob, { fence })).toMatchObject({ body: { code: "LOCK_NOT_OWNED" } });
  const stranger = { fence, to: { userId: "eve" } };
  expect(await pass(alice, stranger)).toMatchObject({ body: { code: "NOBODY_WAITS" } });
  const passed = await pass(alice, { fence, to: { userId: "root" } });
  const lockInfo = { userId: "root", fence: fence + 1 };
  expect(passed).toMatchObject({ status: 200, cost: { requests: 2 }, body: { lockInfo } });
  const again = await pass(alice, { fence, to: { userId: "root" } });
  expect(again).toMatchObject({ status: 200, body: { lockInfo } });
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(await save(alice, docId, { content: "late", fence })).toMatchObject({ status: 409 });
  // Who was passed over keeps the place.
  expect(await queue("GET", admin, docId, second)).toMatchObject({
    status: 200,
    body: { lockInfo },
  });
  expect(await queue("GET", bob, docId, first)).toMatchObject({
    status: 202,
    body: { position: 1 },
  });
  expect(await pass(admin, { fence: fence + 1 })).toMatchObject({
    body: { lockInfo: { userId: "bob" } },
  });
  expect(await pass(alice, { fence })).toMatchObject({ body: { code: "LOCK_NOT_OWNED" } });
});

test("a name is passed on like a document", async () => {
  const name = `till/${newDoc()}`;
  const taken = await alice.send("POST /locks/acquire", { body: { names: [name] } });
  const { fence } = taken.body.locks[0];
  const joined = await bob.send("POST /locks/acquire", { body: { names: [name], queue: true } });
  const { ticket } = joined.body;
  const asked = await bob.send("POST /locks/ask", { body: { name, ticket } });
  expect(asked).toMatchObject({ status: 200, body: { lockInfo: { userId: "alice" } } });
  const extended = await alice.send("POST /locks/extend", { body: { names: [name] } });
  expect(extended.body.askedBy).toMatchObject({ userId: "bob" });
  expect(await alice.send("POST /locks/hand-over", { body: { name, fence } })).toMatchObject({
    status: 200,
    body: { locks: [{ name, userId: "bob", fence: fence + 1 }] },
  });
  const tree = { names: [`whole/${newDoc()}`], scope: "tree" };
  const { body } = await alice.send("POST /locks/acquire", { body: tree });
  const whole = { name: tree.names[0], fence: body.locks[0].fence };
  expect(await alice.send("POST /locks/hand-over", { body: whole })).toMatchObject({ status: 400 });
});

test("an editor of the client waits in line and goes on with what the one before saved @long", async () => {
  const docId = newDoc();
  const clients = ["ana", "ben", "cem"].map((user) =>
    createClient({ baseUrl: server.url, token: () => server.token(user) }),
  );
  const first = await clients[0]!.documents.edit(docId);
  const places: Place[] = [];
  const onPlace = (place: Place) => void places.push(place);
  const waiting = clients[1]!.documents.edit(docId, { waitMs: 20_000, onPlace });
  await expect.poll(() => places.length, { timeout: 20_000 }).toBeGreaterThan(0);
  const giveUp = new AbortController();
  const impatient = clients[2]!.documents.edit(docId, { waitMs: 20_000, signal: giveUp.signal });
  await first.save({ by: "ana" }, { keepLock: false });
  const second = await waiting;
  expect(second.content).toEqual({ by: "ana" });
  giveUp.abort(new Error("enough"));
  await expect(impatient).rejects.toThrow("enough");
  await second.close();
  const status = () => clients[0]!.getLockStatus({ params: { docId } });
  await expect.poll(async () => (await status()).isLocked, { timeout: 20_000 }).toBe(false);
});

test("twelve who wait inside their requests do not hold up the owner's release", async () => {
  const docId = newDoc();
  const { fence } = (await acquire(alice, docId)).body.lockInfo;
  // So that its function's first start is not what the waiters are measured by.
  await alice.send("POST /api/lock/extend", { body: { docId, fence } });
  let gaveUp = 0;
  const waiting = Array.from({ length: 12 }, async () => {
    if ((await acquire(bob, docId, { waitMs: 3_000 })).status === 423) gaveUp += 1;
  });
  await new Promise((settle) => setTimeout(settle, 300));
  // Each has runs of its own: behind the waiters they would come after the last of them.
  const extended = await alice.send("POST /api/lock/extend", { body: { docId, fence } });
  expect(extended.status).toBe(200);
  expect((await save(alice, docId, { content: "kept", fence, keepLock: true })).status).toBe(200);
  expect((await release(alice, docId)).status).toBe(200);
  // Two run at a time, for 3 s each.
  expect(gaveUp).toBeLessThan(10);
  await Promise.all(waiting);
  expect(await acquire(bob, newDoc(), { waitMs: 3_001 })).toMatchObject({ status: 400 });
});

test("a waiter whose caller gave up has the lock for seconds, not for as long as was asked", async () => {
  const docId = newDoc();
  await acquire(alice, docId);
  const giveUp = new AbortController();
  const waiting = fetch(`${server.url}/api/lock/acquire`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${await server.token("bob")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ docId, ttl: 300, waitMs: 3_000 }),
    signal: giveUp.signal,
  }).catch(() => "gone");
  const status = async () =>
    (await alice.send(`GET /api/lock/status/${path(docId)}`)).body.lockInfo;
  // His request is under way and waits when he goes away and the lock is given back.
  await new Promise((settle) => setTimeout(settle, 1_000));
  giveUp.abort();
  expect(await waiting).toBe("gone");
  await release(alice, docId);
  await expect.poll(async () => (await status())?.userId ?? "nobody").toBe("bob");
  const { timestamp, expiresAtMs } = await status();
  expect(expiresAtMs - timestamp).toBe(15_000);
  // Had he heard of it, he would extend it.
  const extended = await bob.send("POST /api/lock/extend", { body: { docId, ttl: 300 } });
  expect(extended.body.lockInfo.expiresAtMs - timestamp).toBeGreaterThan(299_000);
});

test("in order of arrival among the living, round after round @long", async () => {
  const rounds = effort({ part: 1, all: 5 });
  const count = effort({ part: 4, all: 30 });
  const names = Array.from({ length: count }, (_, index) => `w${index}`);
  const people = names.map((name) => clientOf(server, name));
  for (let round = 0; round < rounds; round += 1) {
    const docId = newDoc();
    await acquire(alice, docId, { ttl: 600 });
    const tickets: string[] = [];
    for (const who of people)
      tickets.push((await acquire(who, docId, { queue: true })).body.ticket);
    let owner: Client = alice;
    for (const [index, who] of people.entries()) {
      // Every third one is gone: he leaves a place behind that nobody asks for any more.
      if (index % 3 === 2) continue;
      await release(owner, docId);
      for (;;) {
        const told = await queue("GET", who, docId, tickets[index]!);
        if (told.status === 200) break;
        expect(told.body.lockInfo.userId).not.toBe(names[index]);
        await Promise.all(
          people.map(async (other, behind) => {
            if (behind <= index || behind % 3 === 2) return;
            expect((await queue("GET", other, docId, tickets[behind]!)).status).toBe(202);
          }),
        );
        await new Promise((settle) => setTimeout(settle, 500));
      }
      owner = who;
    }
  }
}, 3_000_000);

test("the same key with another document is 422; a late duplicate brings no old content back", async () => {
  const docId = newDoc();
  const { fence } = (await acquire(alice, docId)).body.lockInfo;
  const first = await save(alice, docId, { content: "one", fence, keepLock: true }, key("k1"));
  const other = await save(alice, docId, { content: "two", fence, keepLock: true }, key("k1"));
  expect(other).toMatchObject({ status: 422, body: { code: "IDEMPOTENCY_KEY_REUSED" } });
  await save(alice, docId, { content: "three", fence, keepLock: true }, key("k2"));
  const late = await save(alice, docId, { content: "one", fence, keepLock: true }, key("k1"));
  expect(late).toMatchObject({ status: 200, body: { version: first.body.version } });
  expect(late.headers.get("idempotent-replayed")).toBe("true");
  expect((await bob.send(`GET /api/documents/${path(docId)}`)).body.content).toBe("three");
  const elsewhere = newDoc();
  const held = (await acquire(alice, elsewhere)).body.lockInfo;
  const moved = await save(alice, elsewhere, { content: "one", fence: held.fence }, key("k1"));
  expect(moved).toMatchObject({ status: 422, body: { code: "IDEMPOTENCY_KEY_REUSED" } });
});

test("a repeated release and a repeated force end no later lock @long", async () => {
  const docId = newDoc();
  const mine = (await acquire(alice, docId)).body.lockInfo;
  await release(alice, docId, {}, key("r1"));
  await acquire(alice, docId);
  const again = await release(alice, docId, {}, key("r1"));
  expect(again).toMatchObject({ status: 200 });
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(await release(alice, docId, { fence: mine.fence }, key("r1"))).toMatchObject({
    status: 422,
  });

  const force = (more: object, headers = {}) =>
    admin.send("POST /api/lock/force-release", { body: { docId, ...more }, headers });
  const held = (await acquire(alice, docId)).body.lockInfo;
  expect(await force({ fence: held.fence, reason: "away" }, key("f1"))).toMatchObject({
    status: 200,
    body: { released: { userId: "alice" } },
  });
  const next = (await acquire(bob, docId)).body.lockInfo;
  expect((await force({ fence: held.fence })).body.released).toBeNull();
  const repeated = await force({ fence: held.fence, reason: "away" }, key("f1"));
  expect(repeated.headers.get("idempotent-replayed")).toBe("true");
  const status = await alice.send(`GET /api/lock/status/${path(docId)}`);
  expect(status.body.lockInfo).toMatchObject({ userId: "bob", fence: next.fence });
});
