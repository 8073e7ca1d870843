/** Document locks as middleware: who may pass, what the handler sees, and what is given back. */
import middy from "@middy/core";
import { expect, test } from "vitest";
import {
  acquireDocumentLock,
  problemAnswers,
  releaseDocumentLock,
  requireDocumentLock,
} from "../../../functions/runtime/document-lock.ts";
import { epochMs, systemClock } from "../../../shared/base/time.ts";
import type { LockService } from "../../../shared/locks/lock-service.ts";
import { isSameOwner, type Lock, LockHeld, LockNotOwned } from "../../../shared/locks/lock.ts";

type Middleware = ReturnType<typeof requireDocumentLock>;

/** The lock service of one lock, in memory. */
function setUp() {
  const calls: string[] = [];
  const held: { lock: Lock | undefined } = { lock: undefined };
  const locks = {
    async acquire({ resource, owner }) {
      calls.push(`acquire ${resource}`);
      if (held.lock && !isSameOwner(held.lock.owner, owner)) throw new LockHeld(held.lock);
      const nowMs = systemClock();
      const times = { acquiredAtMs: nowMs, expiresAtMs: epochMs(nowMs + 60_000) };
      held.lock ??= { resource, kind: "document", scope: "exact", owner, fence: 7, ...times };
      return held.lock;
    },
    async find() {
      return held.lock;
    },
    async release({ owner }) {
      calls.push("release");
      if (!held.lock || !isSameOwner(held.lock.owner, owner)) {
        throw new LockNotOwned(undefined, systemClock());
      }
      held.lock = undefined;
      return { replayed: false };
    },
  } as Pick<LockService, "acquire" | "find" | "release">;

  async function run(user: string, middlewares: Middleware[], headers = {}, fails = false) {
    const event = {
      pathParameters: { docId: "a/b" },
      headers,
      requestContext: {
        requestId: "r1",
        ...(user ? { authorizer: { jwt: { claims: { sub: user } } } } : {}),
      },
    };
    const chain = middy<{ documentLock?: Lock }, unknown>();
    chain.use(problemAnswers() as never);
    chain.use(middlewares as never);
    const handler = chain.handler(async ({ documentLock }) => {
      if (fails) throw new Error("broken");
      return { statusCode: 200, body: JSON.stringify({ fence: documentLock?.fence }) };
    });
    const answer = (await handler(event as never, {} as never)) as {
      statusCode: number;
      body: string;
    };
    return { status: answer.statusCode, body: JSON.parse(answer.body) };
  }

  const options = { locks };
  return {
    calls,
    held,
    run,
    acquire: acquireDocumentLock("docId", options),
    require: requireDocumentLock("docId", options),
    release: releaseDocumentLock("docId", options),
  };
}

test("acquire, then release: the handler runs under the lock and nothing is left", async () => {
  const { calls, held, run, acquire, release } = setUp();
  expect(await run("alice", [acquire, release])).toEqual({ status: 200, body: { fence: 7 } });
  expect(calls).toEqual(["acquire document/a/b", "release"]);
  expect(held.lock).toBeUndefined();
});

test("acquire alone keeps the lock for the requests that follow", async () => {
  const { held, run, acquire, require, release } = setUp();
  await run("alice", [acquire]);
  expect(held.lock?.owner.userId).toBe("alice");
  expect((await run("alice", [require])).body).toEqual({ fence: 7 });
  expect((await run("alice", [release])).status).toBe(200);
  expect(held.lock).toBeUndefined();
});

test("whoever does not have the lock does not get to the handler", async () => {
  const { run, acquire, require } = setUp();
  expect(await run("alice", [require])).toMatchObject({
    status: 409,
    body: { code: "LOCK_NOT_OWNED", success: false, lockInfo: null },
  });
  await run("alice", [acquire], { "x-lock-session": "left" });
  for (const [user, headers] of [
    ["bob", {}],
    ["alice", {}],
    ["alice", { "x-lock-session": "right" }],
  ] as const) {
    expect(await run(user, [require], headers)).toMatchObject({
      status: 409,
      body: { lockInfo: { userId: "alice", sessionId: "left" } },
    });
    expect(await run(user, [acquire], headers)).toMatchObject({
      status: 409,
      body: { code: "LOCK_HELD" },
    });
  }
  expect((await run("alice", [require], { "x-lock-session": "left" })).status).toBe(200);
  expect((await run("", [require])).status).toBe(401);
});

test("after an error, what was taken for this request is given back, and nothing else", async () => {
  const { held, run, acquire, require, release } = setUp();
  expect((await run("alice", [acquire, release], {}, true)).status).toBe(500);
  expect(held.lock).toBeUndefined();
  await run("alice", [acquire]);
  expect((await run("alice", [require, release], {}, true)).status).toBe(500);
  expect(held.lock?.owner.userId).toBe("alice");
});
