/** An editing session: heartbeats, waking up, losing the lock, saving, leaving the page. */
import { describe, expect, test } from "vitest";
import { ApiError, type EditingEvents, type LockInfo } from "../../../client/index.ts";
import { startEditing } from "../../../client/editing-session.ts";
import type { Send } from "../../../client/request.ts";
import { errorOf } from "../../support/world.ts";

const bob: LockInfo = {
  userId: "bob",
  username: "Bob",
  sessionId: null,
  timestamp: 1,
  expiresAtMs: 2,
  fence: 8,
};
const lostTo = (owner: LockInfo | null) =>
  new ApiError({
    status: 409,
    code: "LOCK_NOT_OWNED",
    problem: { success: false, lockInfo: owner },
    message: "gone",
  });
const offline = () =>
  new ApiError({ status: 0, code: "NO_ANSWER", problem: {}, message: "no answer" });

type Behave = (name: string, body: Record<string, unknown>) => unknown;

/** A session with a lease of 30 s, on a machine and against a server that the test controls. */
async function setUp() {
  let nowMs = 1_000_000;
  const timers = new Map<object, { dueMs: number; run: () => void }>();
  const page = new EventTarget();
  const sent: { name: string; input: Record<string, unknown>; keepalive: boolean }[] = [];
  const server: { behave: Behave } = { behave: () => undefined };
  let version = 5;
  const send = (async (name, input, options = {}) => {
    const { body } = input as { body: Record<string, unknown> };
    sent.push({ name, input: input as never, keepalive: options.keepalive ?? false });
    const special = await server.behave(name, body);
    if (special instanceof Error) throw special;
    if (name === "saveDocument") version += 1;
    const lockInfo = { ...bob, userId: "alice", fence: 7 };
    return { status: 200, headers: new Headers(), body: { content: "text", version, lockInfo } };
  }) as Send;
  const host = {
    now: () => nowMs,
    setTimer(run: () => void, delayMs: number) {
      const timer = {};
      timers.set(timer, { dueMs: nowMs + delayMs, run });
      return timer;
    },
    clearTimer: (timer: unknown) => void timers.delete(timer as object),
    page,
  };
  const session = await startEditing(send, host, "plan", { ttl: 30, sessionId: "tab" });
  const events: [kind: string, data: unknown][] = [];
  for (const kind of ["lost", "renewed", "unsure"] as (keyof EditingEvents)[]) {
    session.on(kind, (data) => events.push([kind, data]));
  }

  /** Time passes while the machine is awake: timers run when they are due. */
  async function pass(durationMs: number): Promise<void> {
    const endMs = nowMs + durationMs;
    for (;;) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      const due = [...timers].filter(([, { dueMs }]) => dueMs <= endMs);
      const next = due.toSorted(([, one], [, other]) => one.dueMs - other.dueMs)[0];
      if (!next) break;
      timers.delete(next[0]);
      nowMs = Math.max(nowMs, next[1].dueMs);
      next[1].run();
    }
    nowMs = endMs;
  }

  const sleep = (durationMs: number): void => void (nowMs += durationMs);
  const names = (): string[] => sent.map(({ name }) => name);
  const kinds = (): string[] => events.map(([kind]) => kind);
  return { session, server, sent, names, events, kinds, pass, sleep, page, host };
}

describe("keeping the lock", () => {
  test("it starts with one request and renews at a third of the lease, with the fence", async () => {
    const { session, sent, names, pass } = await setUp();
    expect(session).toMatchObject({ content: "text", version: 5, fence: 7, state: "held" });
    await pass(30_000);
    expect(names()).toEqual(["editDocument", "extendLock", "extendLock", "extendLock"]);
    expect(sent[1]!.input).toEqual({
      body: { docId: "plan", sessionId: "tab", fence: 7, ttl: 30 },
    });
    expect(session.state).toBe("held");
  });

  test("without a connection it is unsure, asks often, and recovers when it is told so", async () => {
    const { session, server, kinds, names, pass } = await setUp();
    server.behave = (name) => (name === "extendLock" ? offline() : undefined);
    await pass(10_000);
    expect(session.state).toBe("unsure");
    await pass(6_000);
    expect(names().filter((name) => name === "extendLock").length).toBeGreaterThanOrEqual(4);
    server.behave = () => undefined;
    await pass(2_000);
    expect(session.state).toBe("held");
    expect(kinds()).toContain("renewed");
    expect(kinds()).not.toContain("lost");
  });

  test("a refused heartbeat means lost, with the new owner, once; nothing is sent any more", async () => {
    const { session, server, events, names, pass } = await setUp();
    server.behave = (name) => (name === "extendLock" ? lostTo(bob) : undefined);
    await pass(60_000);
    expect(events).toEqual([["lost", { owner: bob, reason: "gone" }]]);
    expect(session.state).toBe("lost");
    expect(names()).toEqual(["editDocument", "extendLock"]);
    await session.close();
    expect(names()).toHaveLength(2);
  });
});

describe("waking up", () => {
  test("after a sleep longer than the lease it is unsure until the server has answered", async () => {
    const { session, server, kinds, names, page, sleep, pass } = await setUp();
    sleep(3_600_000);
    expect(session.state).toBe("unsure");
    let answer: (error: Error) => void = () => undefined;
    server.behave = () => new Promise((settle) => (answer = settle));
    page.dispatchEvent(new Event("visibilitychange"));
    await pass(0);
    expect(names()).toEqual(["editDocument", "extendLock"]);
    expect(session.state).toBe("unsure");
    expect(kinds()).toEqual(["unsure"]);
    answer(lostTo(null));
    await pass(0);
    expect(session.state).toBe("lost");
    expect(kinds()).toEqual(["unsure", "lost"]);
  });

  test("several signs of life ask once; right after a heartbeat they ask nothing", async () => {
    const { names, page, sleep, pass } = await setUp();
    page.dispatchEvent(new Event("focus"));
    await pass(0);
    expect(names()).toHaveLength(1);
    sleep(15_000);
    for (const sign of ["resume", "pageshow", "focus", "online"]) {
      page.dispatchEvent(new Event(sign));
    }
    await pass(0);
    expect(names()).toEqual(["editDocument", "extendLock"]);
  });
});

describe("saving and leaving", () => {
  test("it saves with fence and version, one save after the other, and keeps the lock", async () => {
    const { session, sent } = await setUp();
    const saves = await Promise.all([session.save("a"), session.save("b")]);
    expect(saves).toEqual([{ version: 6 }, { version: 7 }]);
    const inputs = sent.filter(({ name }) => name === "saveDocument").map(({ input }) => input);
    expect(inputs).toMatchObject([
      {
        params: { docId: "plan" },
        headers: { "if-match": '"5"' },
        body: { content: "a", fence: 7, sessionId: "tab", keepLock: true },
      },
      { headers: { "if-match": '"6"' }, body: { content: "b" } },
    ]);
    expect(session.state).toBe("held");
  });

  test("the last save can release; a heartbeat that crosses it does not count as a loss", async () => {
    const { session, server, kinds, names, pass } = await setUp();
    const crossing = Promise.withResolvers<Error>();
    server.behave = (name) => (name === "extendLock" ? crossing.promise : undefined);
    await pass(10_000);
    const saved = session.save("last", { keepLock: false });
    crossing.resolve(lostTo(null));
    await saved;
    await pass(60_000);
    expect(session.state).toBe("closed");
    expect(kinds()).toEqual([]);
    expect(names()).toEqual(["editDocument", "extendLock", "saveDocument"]);
  });

  test("a save that is refused means lost; the error reaches the caller", async () => {
    const { session, server, events, pass } = await setUp();
    server.behave = (name) => (name === "saveDocument" ? lostTo(bob) : undefined);
    expect(await errorOf(session.save("late"))).toMatchObject({ code: "LOCK_NOT_OWNED" });
    await pass(60_000);
    expect(events).toEqual([["lost", { owner: bob, reason: "gone" }]]);
  });

  test("closing releases once and stops the heartbeats; a lock that was lost is no error", async () => {
    const { session, server, sent, pass } = await setUp();
    server.behave = () => lostTo(bob);
    await session.close();
    await session.close();
    await pass(60_000);
    expect(sent.slice(1)).toEqual([
      {
        name: "releaseLock",
        input: { body: { docId: "plan", sessionId: "tab", fence: 7 } },
        keepalive: false,
      },
    ]);
    expect(session.state).toBe("closed");
  });

  test("leaving the page releases with a request that outlives it", async () => {
    const { session, sent, page, events } = await setUp();
    page.dispatchEvent(new Event("pagehide"));
    expect(sent.at(-1)).toMatchObject({ name: "releaseLock", keepalive: true });
    expect(session.state).toBe("closed");
    expect(events).toMatchObject([["lost", { owner: null }]]);
    page.dispatchEvent(new Event("pageshow"));
    expect(sent).toHaveLength(2);
  });
});
