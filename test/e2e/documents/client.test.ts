/** The client against the real thing, in Node and in Chromium: editing, losing, sleeping, lost answers. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, createClient, isProblem } from "../../../client/index.ts";
import { hasChromium, launchChromium } from "../../support/chromium.ts";
import { importSnippets } from "../../support/docs/snippets.ts";
import { effort } from "../../support/effort.ts";
import { startUnsweptServer } from "../../support/shop-for-file.ts";
import { errorOf } from "../../support/world.ts";

const server = await startUnsweptServer();
const clientOf = (user: string, groups: string[] = []): Client =>
  createClient({ baseUrl: server.url, token: () => server.token(user, groups) });
const alice = clientOf("alice");
const bob = clientOf("bob");
const admin = clientOf("root", ["admin"]);

test("an editing session saves, keeps, and releases; the next one starts with what was saved @long", async () => {
  const session = await alice.documents.edit("notes/1", { username: "Alice" });
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

test("a document comes over under its lock and goes back under it, as its page shows", async () => {
  const { carryDocument, carryDocumentBack } = await importSnippets(
    "docs/migrate/document-locks.md",
  );
  await carryDocument!(alice, "carried/1", { text: "old" });
  const back: unknown[] = [];
  await carryDocumentBack!(bob, "carried/1", async (content: unknown) => {
    const refused = await errorOf(alice.documents.edit("carried/1"));
    expect(isProblem(refused, "LOCK_HELD")).toBe(true);
    back.push(content);
  });
  expect(back).toEqual([{ text: "old" }]);
  expect((await alice.getDocument({ params: { docId: "carried/1" } })).isLocked).toBe(false);
});

test("whoever saves and closes at once loses nothing, on a slow network too", async () => {
  const slowly: typeof fetch = async (url, init) => {
    await sleep(60);
    return fetch(url, init);
  };
  const token = () => server.token("alice");
  const client = createClient({ baseUrl: server.url, token, fetch: slowly });
  const lost: number[] = [];
  for (let round = 0; round < effort({ part: 4, all: 40 }); round += 1) {
    const docId = `notes/closed/${round}`;
    const session = await client.documents.edit(docId);
    const saving = session.save({ round });
    await session.close();
    await saving;
    const shown = await alice.getDocument({ params: { docId } });
    expect(shown.isLocked).toBe(false);
    if (JSON.stringify(shown.content) !== JSON.stringify({ round })) lost.push(round);
  }
  expect(lost).toEqual([]);
}, 3_000_000);

test("heartbeats outlive the lease; a forced release is noticed by the next one, with the new owner @long", async () => {
  const session = await alice.documents.edit("notes/2", { ttl: 3 });
  await sleep(3_500);
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

test("a holder that slept past its lease, while somebody else took the lock, changes nothing @long", async () => {
  const docId = "notes/asleep";
  const holder = spawn(
    process.execPath,
    ["test/support/editor-process.ts", server.url, await server.token("alice"), docId, "3"],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  try {
    const lines = createInterface(holder.stdout)[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value!) as Record<string, unknown>;
    expect(await next()).toMatchObject({ event: "editing" });
    holder.stdin.write("first\n");
    expect(await next()).toEqual({ event: "saved" });

    holder.kill("SIGSTOP");
    await sleep(4_500);
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

describe.skipIf(!hasChromium)("the page with two editors, in Chromium", () => {
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
  });

  async function open(docId: string, lease: string): Promise<{ ana: Locator; ben: Locator }> {
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(`${server.url}/_local/editor?doc=${encodeURIComponent(docId)}`);
    await page.selectOption("#lease", lease);
    return { ana: page.locator("#ana"), ben: page.locator("#ben") };
  }

  async function untilMode(editor: Locator, mode: string): Promise<void> {
    await expect.poll(() => editor.getAttribute("data-mode"), { timeout: 20_000 }).toBe(mode);
  }

  const statusOf = async (docId: string) =>
    (await alice.getLockStatus({ params: { docId } })).lockInfo;

  test("one edits with a countdown, the other reads along and takes over; the first has lost @long", async () => {
    const { ana, ben } = await open("page/1", "3");
    await ana.locator(".edit").click();
    await untilMode(ana, "held");
    await ana.locator("textarea").fill("from Ana");
    await ana.locator(".save").click();
    await untilMode(ben, "blocked");
    await expect
      .poll(() => ben.locator("textarea").inputValue(), { timeout: 20_000 })
      .toBe("from Ana");
    expect(await ben.locator(".lock").textContent()).toMatch(
      /^Ana has the lock for another 0:0\d$/,
    );
    expect(await ben.locator("textarea").isEditable()).toBe(false);
    // Longer than the lease: it is being renewed.
    await sleep(3_200);
    await untilMode(ana, "held");

    await ana.locator("textarea").fill("not saved yet");
    await ben.locator(".force").click();
    await untilMode(ben, "held");
    await untilMode(ana, "lost");
    // A renewal between the forced end and Ben's beginning finds no owner: the page looks on and tells.
    await expect
      .poll(() => ana.locator(".headline").textContent(), { timeout: 20_000 })
      .toBe("Ben took the lock");
    expect(await ana.locator("textarea").inputValue()).toBe("not saved yet");
    await ben.locator("textarea").fill("from Ben");
    await ben.locator(".done").click();
    await untilMode(ben, "viewing");
    expect(await alice.getDocument({ params: { docId: "page/1" } })).toMatchObject({
      content: { text: "from Ben" },
      isLocked: false,
    });
    await page.close();
  });

  test("whoever sleeps past the lease is told on waking, before anything can be saved @long", async () => {
    const { ana, ben } = await open("page/2", "3");
    await ana.locator(".edit").click();
    await untilMode(ana, "held");
    await untilMode(ben, "blocked");
    await ana.locator(".sleep input").check();
    await expect.poll(() => ben.locator(".edit").isVisible(), { timeout: 20_000 }).toBe(true);
    await ben.locator(".edit").click();
    await untilMode(ben, "held");
    await ana.locator(".sleep input").uncheck();
    await untilMode(ana, "lost");
    expect(await ana.locator(".save").isVisible()).toBe(false);
    expect(await statusOf("page/2")).toMatchObject({ userId: "ben" });
    await page.close();
  });

  test("leaving the page gives the lock back at once @long", async () => {
    const { ana } = await open("page/3", "300");
    await ana.locator(".edit").click();
    await untilMode(ana, "held");
    expect(await statusOf("page/3")).toMatchObject({ userId: "ana" });
    await page.goto("about:blank");
    await expect.poll(() => statusOf("page/3"), { timeout: 20_000 }).toBeNull();
    expect(faults).toEqual([]);
  });
});
