/** Document locks and documents through HTTP: every route, its refusals, and what it costs. */
import { describe, expect, test } from "vitest";
import { byStatus, type Client, clientOf, sendRaw } from "../../support/http.ts";
import { startUnsweptServer } from "../../support/shop-for-file.ts";
import { effort } from "../../support/effort.ts";

const server = await startUnsweptServer();
const alice = clientOf(server, "alice");
const bob = clientOf(server, "bob");
const admin = clientOf(server, "root", ["admin"]);
const nobody = clientOf(server);
let serial = 0;

const newDoc = (): string => `doc-${(serial += 1)}`;
const acquire = (who: Client, docId: string, more = {}) =>
  who.send("POST /api/lock/acquire", { body: { docId, ...more } });
const extend = (who: Client, docId: string, more = {}) =>
  who.send("POST /api/lock/extend", { body: { docId, ...more } });
const release = (who: Client, docId: string, more = {}) =>
  who.send("POST /api/lock/release", { body: { docId, ...more } });
const status = (who: Client, docId: string) =>
  who.send(`GET /api/lock/status/${encodeURIComponent(docId)}`);
const save = (who: Client, docId: string, body: object, headers = {}) =>
  who.send(`PUT /api/documents/${encodeURIComponent(docId)}`, { body, headers });
const read = (who: Client, docId: string) =>
  who.send(`GET /api/documents/${encodeURIComponent(docId)}`);
const edit = (who: Client, docId: string, body = {}) =>
  who.send(`POST /api/documents/${encodeURIComponent(docId)}/edit`, { body });
const force = (docId: string, more = {}) =>
  admin.send("POST /api/lock/force-release", { body: { docId, ...more } });

describe("locks", () => {
  test("a lock is taken, renewed, shown and released, with the answers that clients rely on @long", async () => {
    const docId = newDoc();
    const taken = await acquire(alice, docId, { userId: "alice", username: "Alice", ttl: 60 });
    expect(taken).toMatchObject({
      status: 200,
      cost: { requests: 1 },
      body: {
        success: true,
        message: "Lock acquired successfully",
        lockInfo: { userId: "alice", username: "Alice", sessionId: null },
      },
    });
    const { timestamp, expiresAtMs, fence } = taken.body.lockInfo;
    expect(expiresAtMs - timestamp).toBe(60_000);
    const again = await acquire(alice, docId, { ttl: 60 });
    expect(again).toMatchObject({ status: 200, cost: { requests: 2 } });
    expect(again.body.lockInfo).toMatchObject({ fence, timestamp, username: "Alice" });
    expect(await extend(alice, docId)).toMatchObject({
      status: 200,
      cost: { requests: 1 },
      body: { success: true, lockInfo: { fence, timestamp } },
    });
    const shown = await status(bob, docId);
    expect(shown).toMatchObject({ status: 200, cost: { requests: 1 } });
    expect(shown.body).toMatchObject({ success: true, isLocked: true, lockInfo: { fence } });
    expect(await release(alice, docId, { fence })).toMatchObject({
      status: 200,
      cost: { requests: 1 },
      body: { success: true },
    });
    expect((await status(bob, docId)).body).toEqual({
      success: true,
      isLocked: false,
      lockInfo: null,
    });
  });

  test("somebody else is refused at once, and told who has it and when it may be free", async () => {
    const docId = newDoc();
    await acquire(alice, docId, { username: "Alice", ttl: 30 });
    const refused = await acquire(bob, docId);
    expect(refused).toMatchObject({
      status: 409,
      cost: { requests: 1 },
      body: {
        code: "LOCK_HELD",
        success: false,
        lockedBy: "Alice",
        lockInfo: { userId: "alice", username: "Alice" },
      },
    });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(29);
    expect(refused.headers.get("content-type")).toContain("application/problem+json");
    const waited = await acquire(bob, docId, { waitMs: 300 });
    expect(waited).toMatchObject({ status: 423, body: { code: "LOCK_TIMEOUT" } });
    expect(waited.body.waitedMs).toBeGreaterThanOrEqual(300);
  });

  test("waiting for a lock takes it as soon as it is free", async () => {
    const docId = newDoc();
    await acquire(alice, docId);
    const waiting = acquire(bob, docId, { waitMs: 3_000 });
    await release(alice, docId);
    expect(await waiting).toMatchObject({ status: 200, body: { lockInfo: { userId: "bob" } } });
  });

  test("renewing and releasing what somebody else has is refused and names him", async () => {
    const docId = newDoc();
    await acquire(alice, docId, { sessionId: "tab-1" });
    for (const refused of [
      await extend(bob, docId),
      await release(bob, docId),
      await extend(alice, docId, { sessionId: "tab-2" }),
      await release(alice, docId),
    ]) {
      expect(refused).toMatchObject({
        status: 409,
        body: {
          code: "LOCK_NOT_OWNED",
          success: false,
          lockInfo: { userId: "alice", sessionId: "tab-1" },
        },
      });
    }
    const unlocked = await release(alice, newDoc());
    expect(unlocked).toMatchObject({ status: 409, body: { lockInfo: null } });
    expect(unlocked.body.detail).toMatch(/not locked/);
  });

  const contenders = effort({ part: 40, all: 100 });
  test(`of ${contenders} contenders one gets the lock, and the others are told who`, async () => {
    const docId = newDoc();
    const clients = Array.from({ length: contenders }, (_, index) =>
      clientOf(server, `user-${index}`),
    );
    const answers = await Promise.all(clients.map((client) => acquire(client, docId)));
    expect(byStatus(answers)).toEqual({ 200: 1, 409: contenders - 1 });
    const winner = answers.find((answer) => answer.status === 200)!.body.lockInfo;
    for (const { body } of answers.filter((answer) => answer.status === 409)) {
      expect(body).toMatchObject({ code: "LOCK_HELD", lockedBy: winner.userId, lockInfo: winner });
    }
  });

  test("a forced release ends the lock for good, though nobody else takes it", async () => {
    const docId = newDoc();
    const { body } = await edit(alice, docId);
    const { fence } = body.lockInfo;
    const forced = await force(docId, { reason: "on holiday", adminUserId: "root" });
    expect(forced).toMatchObject({
      status: 200,
      cost: { requests: 1 },
      body: { success: true, released: { userId: "alice", fence } },
    });
    const refusals = [
      await extend(alice, docId, { fence }),
      await save(alice, docId, { content: "late", fence }),
    ];
    for (const refused of refusals) {
      expect(refused).toMatchObject({
        status: 409,
        body: { code: "LOCK_NOT_OWNED", success: false, lockInfo: null },
      });
      expect(refused.body.detail).toContain("on holiday");
    }
    expect((await read(alice, docId)).status).toBe(404);
    expect((await force(docId)).body).toMatchObject({ success: true, released: null });
    expect((await force(docId, { adminUserId: "other" })).status).toBe(403);
    const byUser = await bob.send("POST /api/lock/force-release", { body: { docId } });
    expect(byUser).toMatchObject({ status: 403, cost: { requests: 0 } });
  });
});

describe("documents", () => {
  test("the first save makes the document; saving releases the lock in the same request", async () => {
    const docId = newDoc();
    expect(await read(alice, docId)).toMatchObject({
      status: 404,
      body: { code: "DOCUMENT_NOT_FOUND" },
    });
    const session = await edit(alice, docId, { sessionId: "left", ttl: 30 });
    expect(session).toMatchObject({
      status: 200,
      body: { success: true, docId, content: null, version: 0 },
    });
    const { fence } = session.body.lockInfo;
    const content = { title: "Plan", rows: [1, 2.5, null, true], odd: "\u0000" };
    const saved = await save(alice, docId, { content, fence, sessionId: "left" });
    expect(saved).toMatchObject({
      status: 200,
      cost: { requests: 1 },
      body: { success: true, docId, isLocked: false },
    });
    expect(saved.headers.get("etag")).toBe(`"${saved.body.version}"`);
    const shown = await read(bob, docId);
    expect(shown).toMatchObject({
      status: 200,
      body: { docId, version: saved.body.version, isLocked: false, lockInfo: null },
    });
    expect(shown.headers.get("etag")).toBe(saved.headers.get("etag"));
    expect(JSON.stringify(shown.body.content)).toBe(JSON.stringify(content));
    const after = await save(alice, docId, { content: "again", fence, sessionId: "left" });
    expect(after).toMatchObject({ status: 409, body: { lockInfo: null } });
  });

  test("save and keep holds on to the lock; versions grow; If-Match refuses stale ones", async () => {
    const docId = newDoc();
    const { fence } = (await edit(alice, docId)).body.lockInfo;
    const first = await save(alice, docId, { content: 1, fence, keepLock: true });
    expect(first).toMatchObject({ status: 200, cost: { requests: 1 }, body: { isLocked: true } });
    const etag = first.headers.get("etag")!;
    const second = await save(
      alice,
      docId,
      { content: 2, fence, keepLock: true },
      { "if-match": etag },
    );
    expect(second.status).toBe(200);
    expect(second.body.version).toBeGreaterThan(first.body.version);
    for (const stale of [etag, '"0"', '"not-ours"', `W/${second.headers.get("etag")}`]) {
      const refused = await save(alice, docId, { content: 3, fence }, { "if-match": stale });
      expect(refused).toMatchObject({
        status: 412,
        body: { code: "VERSION_MISMATCH", currentVersion: second.body.version },
      });
    }
    expect((await status(alice, docId)).body.isLocked).toBe(true);
    const any = await save(alice, docId, { content: 4, fence }, { "if-match": "*" });
    expect(any.status).toBe(200);
    expect((await read(alice, docId)).body.content).toBe(4);
  });

  test("a save without the lock, with another's or with an old fence changes nothing", async () => {
    const docId = newDoc();
    const { fence } = (await edit(alice, docId)).body.lockInfo;
    await save(alice, docId, { content: "mine", fence });
    const before = (await read(alice, docId)).body;
    expect((await save(alice, docId, { content: "x", fence })).status).toBe(409);
    const now = (await edit(bob, docId)).body.lockInfo;
    for (const refused of [
      await save(alice, docId, { content: "x", fence }),
      await save(alice, docId, { content: "x", fence: now.fence }),
      await save(bob, docId, { content: "x", fence }),
      await save(bob, docId, { content: "x", fence: now.fence, sessionId: "other" }),
    ]) {
      expect(refused).toMatchObject({
        status: 409,
        body: { code: "LOCK_NOT_OWNED", success: false, lockInfo: { userId: "bob" } },
      });
    }
    const { content, version } = (await read(alice, docId)).body;
    expect({ content, version }).toEqual({ content: before.content, version: before.version });
  });

  test("a save that is repeated with its idempotency key answers as it did before", async () => {
    const docId = newDoc();
    const { fence } = (await edit(alice, docId)).body.lockInfo;
    const key = { "idempotency-key": docId };
    const first = await save(alice, docId, { content: "once", fence }, key);
    const again = await save(alice, docId, { content: "once", fence }, key);
    expect(again).toMatchObject({ status: 200, body: { version: first.body.version } });
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    const other = await save(
      alice,
      docId,
      { content: "x", fence },
      { "idempotency-key": `${docId}-2` },
    );
    expect(other.status).toBe(409);
  });

  test("a lease that is over is lost, though nobody else has the lock", async () => {
    const docId = newDoc();
    const { fence } = (await edit(alice, docId, { ttl: 1 })).body.lockInfo;
    await new Promise((settle) => setTimeout(settle, 1_050));
    expect((await status(alice, docId)).body.isLocked).toBe(false);
    expect((await extend(alice, docId)).body).toMatchObject({ lockInfo: null });
    expect((await save(alice, docId, { content: "late", fence })).status).toBe(409);
    expect((await read(alice, docId)).status).toBe(404);
  });
});

describe("names, limits and rights", () => {
  test("a name may hold slashes, dots, spaces and any letters, up to 512 characters", async () => {
    for (const name of ["a/b c/ü?#%2F", "../..", "日本語/🦀", "x".repeat(512), "{docId}", "me"]) {
      const { fence } = (await edit(alice, name)).body.lockInfo;
      expect((await status(bob, name)).body).toMatchObject({ isLocked: true });
      expect((await save(alice, name, { content: name, fence })).status).toBe(200);
      expect((await read(bob, name)).body).toMatchObject({ docId: name, content: name });
    }
    expect((await status(alice, "x".repeat(513))).status).toBe(400);
    expect((await acquire(alice, "")).status).toBe(400);
  });

  test("what is out of bounds is refused before anything is read", async () => {
    const docId = newDoc();
    const wrong: object[] = [
      { ttl: 0 },
      { ttl: 86_401 },
      { ttl: 1.5 },
      { ttl: "300" },
      { waitMs: -1 },
      { waitMs: 3_001 },
      { sessionId: "" },
      { unknown: 1 },
      { username: "\ud800" },
    ];
    for (const more of wrong) {
      expect(await acquire(alice, docId, more)).toMatchObject({
        status: 400,
        cost: { requests: 0 },
        body: { code: "INVALID_REQUEST" },
      });
    }
    expect(await acquire(alice, docId, { userId: "bob" })).toMatchObject({
      status: 403,
      cost: { requests: 0 },
    });
    expect((await acquire(admin, docId, { userId: "bob" })).body.lockInfo.userId).toBe("bob");
    for (const body of [{ fence: 1 }, { content: 1 }, { content: 1, fence: -1 }]) {
      expect((await save(alice, docId, body)).status).toBe(400);
    }
    expect((await status(nobody, docId)).status).toBe(401);
  });

  test("content that is too large or too deep is refused with a 4xx", async () => {
    const docId = newDoc();
    const { fence } = (await edit(alice, docId)).body.lockInfo;
    const limit = 256 * 1024;
    const fits = await save(alice, docId, {
      content: "x".repeat(limit - 2),
      fence,
      keepLock: true,
    });
    expect(fits.status).toBe(200);
    const large = await save(alice, docId, { content: "x".repeat(limit), fence });
    expect(large).toMatchObject({ status: 413, body: { code: "TOO_LARGE", limit } });
    for (const depth of [101, 5_000, 200_000]) {
      const nested = `${"[".repeat(depth)}${"]".repeat(depth)}`;
      const refused = await sendRaw(server.url, {
        method: "PUT",
        path: `/api/documents/${docId}`,
        headers: {
          authorization: `Bearer ${await server.token("alice")}`,
          "content-type": "application/json",
        },
        body: `{"content":${nested},"fence":${fence}}`,
      });
      expect(refused.status).toBe(400);
    }
  });
});
