/** The client against the real thing: editing, losing, sleeping, and answers that get lost. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, createClient, isProblem } from "../../../client/index.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { errorOf } from "../../support/world.ts";

let server: TestServer;
let alice: Client;
let bob: Client;
let admin: Client;

beforeAll(async () => {
  server = await startServer({ context: { sweep: "off" } });
  const clientOf = (user: string, groups: string[] = []) =>
    createClient({ baseUrl: server.url, token: () => server.token(user, groups) });
  alice = clientOf("alice");
  bob = clientOf("bob");
  admin = clientOf("root", ["admin"]);
});

afterAll(async () => {
  await server?.stop();
});

test("an editing session saves, keeps, and releases; the next one starts with what was saved", async () => {
  const session = await alice.documents.edit("notes/1", { ttl: 5, username: "Alice" });
  expect(session).toMatchObject({ content: null, version: 0 });
  const refused = await errorOf(bob.documents.edit("notes/1"));
  if (!isProblem(refused, "LOCK_HELD")) throw refused;
  expect(refused.problem).toMatchObject({ lockedBy: "Alice", lockInfo: { fence: session.fence } });
  await session.save({ text: "one" });
  await session.save({ text: "two" }, { keepLock: false });
  expect(session.state).toBe("closed");
  const next = await bob.documents.edit("notes/1");
  expect(next).toMatchObject({ content: { text: "two" }, version: session.version });
  await next.close();
  const status = await alice.getLockStatus({ params: { docId: "notes/1" } });
  expect(status).toEqual({ success: true, isLocked: false, lockInfo: null });
  const reply = await alice.send("getDocument", { params: { docId: "notes/1" } });
  expect(reply.headers.get("etag")).toBe(`"${session.version}"`);
});

test("heartbeats outlive the lease; a forced release is noticed by the next one, with the new owner", async () => {
  const session = await alice.documents.edit("notes/2", { ttl: 1 });
  await sleep(1_500);
  expect(session.state).toBe("held");
  const lost = new Promise((settle) => session.on("lost", settle));
  await admin.forceReleaseLock({ body: { docId: "notes/2", reason: "test" } });
  const taken = await bob.acquireLock({ body: { docId: "notes/2" } });
  expect(await lost).toMatchObject({ owner: taken.lockInfo });
  expect(await errorOf(session.save("late"))).toMatchObject({ code: "LOCK_NOT_OWNED" });
});

test("a token that is missing or foreign is UNAUTHENTICATED, another's rights are FORBIDDEN", async () => {
  const nobody = createClient({ baseUrl: server.url });
  const foreign = createClient({ baseUrl: server.url, token: "not.a.token" });
  for (const client of [nobody, foreign]) {
    const error = await errorOf(client.getLockStatus({ params: { docId: "x" } }));
    expect(error).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
  }
  const error = await errorOf(bob.forceReleaseLock({ body: { docId: "x" } }));
  expect(error).toMatchObject({ status: 403, code: "FORBIDDEN" });
});

test("a save whose answer was lost with its worker is repeated and found to be done", async () => {
  const session = await alice.documents.edit("notes/3", { ttl: 30 });
  const fault = { function: "documents", afterRequests: 1, mode: "after" };
  const set = await server.call("POST /_local/faults", { body: fault });
  expect(set.status).toBe(201);
  const saved = await session.save("once", { keepLock: false });
  const { body } = await server.call("GET /_local/faults");
  expect(body.faults[0].fired).toHaveLength(1);
  await server.call("DELETE /_local/faults");
  const shown = await bob.getDocument({ params: { docId: "notes/3" } });
  expect(shown).toMatchObject({ content: "once", version: saved.version, isLocked: false });
});

test("a holder that slept past its lease, while somebody else took the lock, changes nothing", async () => {
  const docId = "notes/asleep";
  const holder = spawn(
    process.execPath,
    ["test/support/editor-process.ts", server.url, await server.token("alice"), docId, "1"],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  try {
    const lines = createInterface(holder.stdout)[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value!) as Record<string, unknown>;
    expect(await next()).toMatchObject({ event: "editing" });
    holder.stdin.write("first\n");
    expect(await next()).toEqual({ event: "saved" });

    holder.kill("SIGSTOP");
    await sleep(1_200);
    const taken = await bob.documents.edit(docId, { ttl: 30 });
    expect(taken.content).toBe("first");
    holder.stdin.write("overwritten by a ghost\n");
    holder.kill("SIGCONT");

    const told = [await next(), await next()];
    expect(told).toContainEqual({ event: "lost", owner: "bob" });
    expect(told).toContainEqual({
      event: "refused",
      status: 409,
      code: "LOCK_NOT_OWNED",
      state: "lost",
    });
    const { content, version } = await alice.getDocument({ params: { docId } });
    expect({ content, version }).toEqual({ content: "first", version: taken.version });
    await taken.save("by the new owner", { keepLock: false });
  } finally {
    holder.kill("SIGKILL");
    await once(holder, "exit");
  }
});
