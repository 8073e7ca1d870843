/** An editing session: heartbeats, waking up, losing the lock, saving, leaving the page. */
import { describe, expect, test, vi } from "vitest";
import {
  ApiError,
  type EditingEvents,
  type EditOptions,
  type LockInfo,
} from "../../../client/index.ts";
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
const refusedWith = (status: number, code: string) =>
  new ApiError({ status, code, problem: {}, message: code });
const offline = () =>
  new ApiError({ status: 0, code: "NO_ANSWER", problem: {}, message: "no answer" });

type Behave = (name: string, body: Record<string, unknown>) => unknown;

/** The bodies of all requests of that name. */
function bodies(sent: readonly { name: string; input: Record<string, unknown> }[], wanted: string) {
  return sent
    .filter(({ name }) => name === wanted)
    .map(({ input }) => input["body"] as Record<string, unknown>);
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A session with a lease of 30 s, on a machine and against a server that the test controls. */
async function setUp(mostMs = Infinity, editing: EditOptions = {}) {
  let nowMs = 1_000_000;
  let steadyMs = 5_000;
  // The server's clock goes on by itself, and says something else.
  let serverMs = 77_000_000;
  const timestamp = serverMs;
  const timers = new Map<object, { dueMs: number; run: () => void }>();
  const page = new EventTarget();
  const sent: { name: string; input: Record<string, unknown>; keepalive: boolean }[] = [];
  const server = { behave: (() => undefined) as Behave, askedBy: null as object | null };
  let version = 5;
  const send = (async (name, input, options = {}) => {
    const { body } = input as { body: Record<string, unknown> };
    sent.push({ name, input: input as never, keepalive: options.keepalive ?? false });
    const special = await server.behave(name, body);
    if (special instanceof Error) throw special;
    if (name === "saveDocument") version += 1;
    const expiresAtMs = Math.min(serverMs + 30_000, timestamp + mostMs);
    const lockInfo = { ...bob, userId: "alice", fence: 7, timestamp, expiresAtMs };
    return {
      status: 200,
      headers: new Headers(),
      body: { content: "text", version, lockInfo, askedBy: server.askedBy },
    };
  }) as Send;
  const host = {
    now: () => nowMs,
    steadyMs: () => steadyMs,
    setTimer(run: () => void, delayMs: number) {
      const timer = {};
      timers.set(timer, { dueMs: steadyMs + delayMs, run });
      return timer;
    },
    clearTimer: (timer: unknown) => void timers.delete(timer as object),
    page,
  };
  const session = await startEditing(send, host, "plan", { ttl: 30, sessionId: "tab", ...editing });
  const events: [kind: string, data: unknown][] = [];
  for (const kind of ["lost", "renewed", "unsure", "ending", "asked"] as (keyof EditingEvents)[]) {
    session.on(kind, (data) => events.push([kind, data]));
  }

  /** Time passes while the machine is awake: timers run when they are due. */
  async function pass(durationMs: number): Promise<void> {
    const endMs = steadyMs + durationMs;
    for (;;) {
      await settled();
      const due = [...timers].filter(([, { dueMs }]) => dueMs <= endMs);
      const next = due.toSorted(([, one], [, other]) => one.dueMs - other.dueMs)[0];
      if (!next) break;
      timers.delete(next[0]);
      go(next[1].dueMs - steadyMs);
      next[1].run();
    }
    go(endMs - steadyMs);
  }

  /** Timers run by the steady clock, whatever the wall clock says. */
  function go(durationMs: number): void {
    if (durationMs <= 0) return;
    nowMs += durationMs;
    steadyMs += durationMs;
    serverMs += durationMs;
  }

  /** The machine sleeps: only the wall clock goes on. */
  const sleep = (durationMs: number): void => {
    nowMs += durationMs;
    serverMs += durationMs;
  };
  const setClockBack = (byMs: number): void => void (nowMs -= byMs);
  const names = (): string[] => sent.map(({ name }) => name);
  const kinds = (): string[] => events.map(([kind]) => kind);
  return { session, server, sent, names, events, kinds, pass, sleep, setClockBack, page };
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

  test("who asks for the lock is told with each heartbeat, for as long as he waits", async () => {
    const { server, events, kinds, pass } = await setUp();
    await pass(10_000);
    server.askedBy = { ...bob, askedAtMs: 5 };
    await pass(20_000);
    server.askedBy = null;
    await pass(10_000);
    expect(kinds().filter((kind) => kind === "asked")).toHaveLength(2);
    expect(events).toContainEqual(["asked", { ...bob, askedAtMs: 5 }]);
  });

  test("a lease that the server made shorter ends when the server says, however often it is renewed", async () => {
    const { session, pass, names } = await setUp(45_000);
    expect(session.expiresAtMs).toBe(1_030_000);
    await pass(29_000);
    expect(session).toMatchObject({ state: "held", expiresAtMs: 1_045_000 });
    await pass(15_999);
    expect(session.state).toBe("held");
    await pass(1);
    expect(session.state).toBe("unsure");
    expect(names().length).toBeGreaterThan(3);
  });

  test("a lease that is shorter from the beginning is renewed at a third of what it is", async () => {
    const { session, pass, names } = await setUp(6_000);
    expect(session.expiresAtMs).toBe(1_006_000);
    await pass(2_000);
    expect(names()).toEqual(["editDocument", "extendLock"]);
    await pass(4_000);
    expect(session.state).toBe("unsure");
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

  test("doubt is told at the end of the lease, while a heartbeat hangs, and not only when it fails", async () => {
    const { session, server, events, pass } = await setUp();
    server.behave = (name) => (name === "extendLock" ? new Promise(() => undefined) : undefined);
    await pass(29_000);
    expect(session.state).toBe("held");
    await pass(1_000);
    expect(session.state).toBe("unsure");
    expect(events).toEqual([["unsure", { error: undefined }]]);
  });

  test("a heartbeat that hangs is given up, and asked again", async () => {
    const { session, server, names, pass } = await setUp();
    let asked = 0;
    server.behave = (name) =>
      name === "extendLock" && (asked += 1) === 1 ? new Promise(() => undefined) : undefined;
    await pass(25_000);
    expect(names()).toEqual(["editDocument", "extendLock", "extendLock"]);
    expect(session.expiresAtMs).toBe(1_000_000 + 20_000 + 30_000);
  });

  test("an answer that took longer than the lease is no confirmation", async () => {
    const { session, server, kinds, pass } = await setUp();
    const first = Promise.withResolvers<undefined>();
    server.behave = () => first.promise;
    await pass(15_000);
    server.behave = offline;
    await pass(30_000);
    first.resolve(undefined);
    await pass(0);
    expect(session.state).toBe("unsure");
    expect(kinds()).toEqual(["unsure"]);
  });

  test("a token that is not accepted any more costs ever fewer requests, and is noticed once mended", async () => {
    const { session, server, names, pass } = await setUp();
    server.behave = () => refusedWith(401, "UNAUTHENTICATED");
    await pass(600_000);
    expect(names().length).toBeLessThan(20);
    expect(session.state).toBe("unsure");
    server.behave = () => undefined;
    await pass(60_000);
    expect(session.state).toBe("held");
  });

  test("a listener that throws or rejects harms neither the others nor the session", async () => {
    const { session, names, events, pass } = await setUp();
    const told: unknown[] = [];
    const reported = vi
      .spyOn(console, "error")
      .mockImplementation((error) => void told.push(error));
    session.on("renewed", () => {
      throw new Error("thrown");
    });
    session.on("renewed", (() => Promise.reject(new Error("rejected"))) as () => void);
    const last: unknown[] = [];
    session.on("renewed", (data) => last.push(data));
    await pass(20_000);
    reported.mockRestore();
    expect(events).toHaveLength(2);
    expect(last).toHaveLength(2);
    expect(told.map(String).toSorted()).toEqual([
      "Error: rejected",
      "Error: rejected",
      "Error: thrown",
      "Error: thrown",
    ]);
    expect(names()).toEqual(["editDocument", "extendLock", "extendLock"]);
    expect(session.state).toBe("held");
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

  test("waking asks anew instead of joining a question that hangs since before the sleep", async () => {
    const { session, server, names, kinds, page, sleep, pass } = await setUp();
    server.behave = (name) => (name === "extendLock" ? new Promise(() => undefined) : undefined);
    await pass(10_000);
    server.behave = () => undefined;
    sleep(3_600_000);
    page.dispatchEvent(new Event("visibilitychange"));
    await pass(0);
    expect(names()).toEqual(["editDocument", "extendLock", "extendLock"]);
    expect(kinds()).toEqual(["unsure", "renewed"]);
    expect(session.state).toBe("held");
  });

  test("a clock that was set back does not hide a sleep: it is unsure, and asks", async () => {
    const { session, server, kinds, names, sleep, setClockBack, pass } = await setUp();
    server.behave = (name) => (name === "extendLock" ? offline() : undefined);
    await pass(1_000);
    sleep(3_600_000);
    setClockBack(7_200_000);
    expect(session.state).toBe("unsure");
    await pass(5_000);
    expect(kinds()).toEqual(["unsure"]);
    expect(names()).toContain("extendLock");
    server.behave = () => undefined;
    await pass(2_000);
    expect(session.state).toBe("held");
  });

  test("a wall clock that stands still or is corrected by little hides no time and raises no alarm", async () => {
    const { session, kinds, names, setClockBack, pass } = await setUp();
    await pass(5_000);
    setClockBack(500);
    await pass(4_000);
    expect(session.state).toBe("held");
    expect(names()).toEqual(["editDocument"]);
    await pass(1_000);
    expect(kinds()).toEqual(["renewed"]);
    expect(names()).toEqual(["editDocument", "extendLock"]);
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

  test("a lock is handed over after what is to be saved, and a heartbeat that crosses it is no loss", async () => {
    const { session, server, sent, names, kinds, pass } = await setUp();
    const crossing = Promise.withResolvers<Error>();
    server.behave = (name) => {
      // Its effect is known before its answer.
      if (name === "handOverLock") crossing.resolve(lostTo(bob));
      return name === "extendLock" ? crossing.promise : undefined;
    };
    await pass(10_000);
    const saved = session.save("last");
    const handed = session.handOver({ userId: "bob" });
    await saved;
    expect(await handed).toMatchObject({ fence: 7 });
    expect(bodies(sent, "handOverLock")).toEqual([
      { docId: "plan", sessionId: "tab", fence: 7, to: { userId: "bob" } },
    ]);
    expect(bodies(sent, "saveDocument")).toMatchObject([{ content: "last", keepLock: true }]);
    await pass(60_000);
    expect(session.state).toBe("closed");
    expect(kinds()).toEqual([]);
    await session.close();
    expect(names()).toEqual(["editDocument", "extendLock", "saveDocument", "handOverLock"]);
  });

  test("a lock that nobody waits for stays; one that is gone cannot be handed over", async () => {
    const { session, server, events, pass } = await setUp();
    const nobody = refusedWith(409, "NOBODY_WAITS");
    server.behave = (name) => (name === "handOverLock" ? nobody : undefined);
    expect(await errorOf(session.handOver())).toMatchObject({ code: "NOBODY_WAITS" });
    await pass(10_000);
    expect(session.state).toBe("held");
    server.behave = (name) => (name === "handOverLock" ? lostTo(bob) : undefined);
    expect(await errorOf(session.handOver())).toMatchObject({ code: "LOCK_NOT_OWNED" });
    expect(events.at(-1)).toEqual(["lost", { owner: bob, reason: "gone" }]);
    expect(session.state).toBe("lost");
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

  test("closing waits for the last save: it is never overtaken by its own release", async () => {
    const { session, server, names } = await setUp();
    const saving = Promise.withResolvers<undefined>();
    server.behave = (name) => (name === "saveDocument" ? saving.promise : undefined);
    const saved = session.save("last");
    expect(session.isSaved).toBe(false);
    await settled();
    const closed = session.close();
    await settled();
    expect(names()).toEqual(["editDocument", "saveDocument"]);
    expect(session.state).toBe("held");
    saving.resolve(undefined);
    await closed;
    expect(await saved).toEqual({ version: 6 });
    expect(names()).toEqual(["editDocument", "saveDocument", "releaseLock"]);
    expect(session).toMatchObject({ state: "closed", isSaved: true });
  });

  test("a save that has not been sent yet when the session is closed releases at once", async () => {
    const { session, sent, names } = await setUp();
    void session.save("first");
    const last = session.save("last");
    await session.close();
    expect(await last).toEqual({ version: 7 });
    expect(names()).toEqual(["editDocument", "saveDocument", "saveDocument"]);
    expect(bodies(sent, "saveDocument")).toMatchObject([
      { content: "first", keepLock: true },
      { content: "last", keepLock: false },
    ]);
  });

  test("what is saved is the content as it was when save was called", async () => {
    const { session, sent } = await setUp();
    const content = { text: "one" };
    const first = session.save(content);
    const second = session.save(content);
    content.text = "changed later";
    await Promise.all([first, second]);
    expect(bodies(sent, "saveDocument").map(({ content: saved }) => saved)).toEqual([
      { text: "one" },
      { text: "one" },
    ]);
  });

  test("after a lost answer the next save first finds out, by the same request, what became of it", async () => {
    const { session, server, sent } = await setUp();
    server.behave = (name) => (name === "saveDocument" ? offline() : undefined);
    expect(await errorOf(session.save("one"))).toMatchObject({ code: "NO_ANSWER" });
    expect(session.isSaved).toBe(false);
    server.behave = () => undefined;
    expect(await session.save("two")).toEqual({ version: 7 });
    const inputs = sent.filter(({ name }) => name === "saveDocument").map(({ input }) => input);
    expect(inputs).toHaveLength(3);
    expect(inputs[1]).toEqual(inputs[0]);
    expect(inputs[2]).toMatchObject({ headers: { "if-match": '"6"' }, body: { content: "two" } });
    const keys = inputs.map(
      (input) => (input["headers"] as Record<string, string>)["idempotency-key"],
    );
    expect(new Set(keys).size).toBe(2);
  });

  test("closing saves what no server has confirmed, and gives the lock back with it", async () => {
    const { session, server, sent, names } = await setUp();
    server.behave = (name) => (name === "saveDocument" ? offline() : undefined);
    await errorOf(Promise.all([session.save("one"), session.save("two")]));
    expect(await errorOf(session.close())).toMatchObject({ code: "NO_ANSWER" });
    expect(session.state).toBe("held");
    server.behave = () => undefined;
    await session.close();
    expect(session).toMatchObject({ state: "closed", isSaved: true });
    expect(names()).not.toContain("releaseLock");
    expect(bodies(sent, "saveDocument").at(-1)).toMatchObject({ content: "two", keepLock: false });
  });

  test("a save that the server will never take is not tried again by closing", async () => {
    const { session, server, names } = await setUp();
    server.behave = (name) => (name === "saveDocument" ? refusedWith(413, "TOO_LARGE") : undefined);
    expect(await errorOf(session.save("huge"))).toMatchObject({ code: "TOO_LARGE" });
    await session.close();
    expect(names()).toEqual(["editDocument", "saveDocument", "releaseLock"]);
  });

  test("closing again after a lost answer sends again; meanwhile nothing keeps the lock alive", async () => {
    const { session, server, names, kinds, pass } = await setUp();
    server.behave = (name) => (name === "releaseLock" ? offline() : undefined);
    expect(await errorOf(session.close())).toMatchObject({ code: "NO_ANSWER" });
    await pass(60_000);
    expect(names()).toEqual(["editDocument", "releaseLock"]);
    expect(session.state).toBe("unsure");
    // The first one did release: by now somebody else may have the lock.
    server.behave = () => lostTo(bob);
    await session.close();
    expect(names()).toEqual(["editDocument", "releaseLock", "releaseLock"]);
    expect(session.state).toBe("closed");
    expect(kinds()).toEqual([]);
  });

  test("leaving the page carries the newest content along, and releases with it", async () => {
    const { session, server, sent, page, pass, names } = await setUp();
    const never = new Promise(() => undefined);
    server.behave = (name, { keepLock }) =>
      name === "saveDocument" && keepLock ? never : undefined;
    void session.save("one");
    const last = session.save("two");
    await pass(0);
    page.dispatchEvent(new Event("pagehide"));
    expect(names()).toEqual(["editDocument", "saveDocument", "saveDocument"]);
    expect(sent.at(-1)).toMatchObject({
      input: { body: { content: "two", fence: 7, sessionId: "tab", keepLock: false } },
      keepalive: true,
    });
    // Whether the first one has arrived is not known, so no version is asked for.
    expect(sent.at(-1)!.input["headers"]).not.toHaveProperty("if-match");
    expect(session.state).toBe("closed");
    void last;
  });

  test("a save that was cut off by leaving is what the request that carried it along says", async () => {
    const { session, server, page, pass } = await setUp();
    const cut = Promise.withResolvers<Error>();
    server.behave = (name, { keepLock }) =>
      name === "saveDocument" && keepLock ? cut.promise : undefined;
    const saved = session.save("one");
    await pass(0);
    page.dispatchEvent(new Event("pagehide"));
    cut.resolve(offline());
    expect(await saved).toEqual({ version: 6 });
  });

  test("more than a leaving page may send: the browser asks its user, until it is saved", async () => {
    const { session, server, sent, page, pass } = await setUp();
    const asks = (): boolean => {
      const event = new Event("beforeunload", { cancelable: true });
      page.dispatchEvent(event);
      return event.defaultPrevented;
    };
    const saving = Promise.withResolvers<undefined>();
    server.behave = (name) => (name === "saveDocument" ? saving.promise : undefined);
    const small = session.save("small");
    await pass(0);
    expect(asks()).toBe(false);
    const large = session.save("x".repeat(100_000));
    expect(asks()).toBe(true);
    page.dispatchEvent(new Event("pagehide"));
    expect(sent.at(-1)).toMatchObject({ name: "saveDocument", keepalive: false });
    saving.resolve(undefined);
    await Promise.all([small, large]);
    await pass(0);
    expect(asks()).toBe(false);
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

describe("an editor that is left open", () => {
  const idleMs = 400_000;

  test("says in time that it will let go, saves what is not confirmed, and releases", async () => {
    const { session, server, events, kinds, names, pass, sent } = await setUp(Infinity, { idleMs });
    server.behave = (name) => (name === "saveDocument" ? offline() : undefined);
    await errorOf(session.save("typed"));
    server.behave = () => undefined;
    await pass(299_999);
    expect(kinds()).not.toContain("ending");
    await pass(1);
    expect(events.at(-1)).toEqual(["ending", { endsAtMs: 1_400_000, reason: "idle" }]);
    await pass(100_000);
    expect(session.state).toBe("closed");
    expect(events.at(-1)).toEqual(["lost", { owner: null, reason: "Nobody was at work" }]);
    const last = bodies(sent, "saveDocument").at(-1);
    expect(last).toMatchObject({ content: "typed" });
    expect(
      names().filter((name) => name === "releaseLock").length +
        Number(last?.["keepLock"] === false),
    ).toBe(1);
    const count = names().length;
    await pass(1_000_000);
    expect(names().length).toBe(count);
  });

  test("stays while somebody is at work: a key, a pointer, a save, or what the page tells", async () => {
    const { session, events, kinds, pass, page } = await setUp(Infinity, { idleMs });
    for (const work of [
      () => page.dispatchEvent(new Event("keydown")),
      () => page.dispatchEvent(new Event("pointerdown")),
      () => session.save("x"),
      () => session.touch(),
    ]) {
      await pass(350_000);
      expect(events.at(-1)?.[0] === "renewed" || kinds().includes("ending")).toBe(true);
      const before = kinds().filter((kind) => kind === "renewed").length;
      await work();
      expect(kinds().filter((kind) => kind === "renewed").length).toBe(before + 1);
      expect(session.state).toBe("held");
    }
    await pass(399_000);
    expect(session.state).toBe("held");
    await pass(1_001);
    expect(session.state).toBe("closed");
  });

  test("through a sleep lets go on waking", async () => {
    const { session, sleep, pass } = await setUp(Infinity, { idleMs });
    sleep(idleMs);
    await pass(5_000);
    expect(session.state).toBe("closed");
  });

  test("is not let go of by idleness unless it was asked for", async () => {
    const { session, kinds, pass } = await setUp();
    await pass(50_000_000);
    expect(session.state).toBe("held");
    expect(kinds()).not.toContain("ending");
    session.touch();
  });

  test("says when it ends because a lock may not last longer, before it does", async () => {
    const { session, events, pass } = await setUp(100_000);
    await pass(79_000);
    expect(events.map(([kind]) => kind)).not.toContain("ending");
    await pass(15_000);
    expect(events.find(([kind]) => kind === "ending")).toEqual([
      "ending",
      { endsAtMs: 1_100_000, reason: "limit" },
    ]);
    expect(session.state).toBe("held");
    await pass(6_000);
    expect(session.state).toBe("unsure");
  });
});
