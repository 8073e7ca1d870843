/** Locks by names through HTTP: several at once, trees, the line for one, and names that are refused. */
import { expect, test } from "vitest";
import { isFull } from "../../support/effort.ts";
import { type Client, clientOf } from "../../support/http.ts";
import { startUnsweptServer } from "../../support/shop-for-file.ts";

const server = await startUnsweptServer();
const alice = clientOf(server, "alice");
const bob = clientOf(server, "bob");
let serial = 0;

const fresh = (count: number): string[] => {
  serial += 1;
  return Array.from({ length: count }, (_, index) => `hall ${serial}/seat/${index}`);
};
const acquire = (who: Client, names: readonly string[], more = {}) =>
  who.send("POST /locks/acquire", { body: { names, ...more } });
const extend = (who: Client, names: readonly string[], more = {}) =>
  who.send("POST /locks/extend", { body: { names, ...more } });
const release = (who: Client, names: readonly string[], headers = {}) =>
  who.send("POST /locks/release", { body: { names }, headers });
const status = (who: Client, name: string) =>
  who.send(`GET /locks/status?name=${encodeURIComponent(name)}`);
const queue = (method: "GET" | "DELETE", who: Client, name: string, ticket: string) =>
  who.send(`${method} /locks/queue?name=${encodeURIComponent(name)}&ticket=${ticket}`);

test("several names are taken, kept and given back together @long", async () => {
  const names = fresh(3);
  const taken = await acquire(alice, names, { ttl: 60, username: "Alice" });
  expect(taken).toMatchObject({ status: 200, cost: { requests: 1 } });
  expect(taken.body.locks.map(({ name }: { name: string }) => name)).toEqual(names);
  expect(taken.body.lockInfo).toMatchObject({ userId: "alice", fence: taken.body.locks[0].fence });

  const refused = await acquire(bob, [...fresh(1), names[1]!]);
  expect(refused).toMatchObject({
    status: 409,
    body: { code: "LOCK_HELD", name: names[1], lockedBy: "Alice", success: false },
  });
  const kept = await extend(alice, names, { ttl: 120 });
  expect(kept).toMatchObject({ status: 200, cost: { requests: 2 } });
  expect(kept.body.locks).toHaveLength(3);
  expect((await extend(bob, names)).status).toBe(409);
  expect((await status(bob, names[2]!)).body).toMatchObject({
    isLocked: true,
    lockInfo: { userId: "alice" },
  });

  const key = { "idempotency-key": "leave" };
  expect((await release(alice, names, key)).status).toBe(200);
  const again = await release(alice, names, key);
  expect(again.status).toBe(200);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect((await status(bob, names[0]!)).body).toEqual({
    success: true,
    isLocked: false,
    lockInfo: null,
  });
});

test("a tree excludes what is above and below it, and is given back like any name", async () => {
  const [name] = fresh(1);
  const above = name!.slice(0, name!.indexOf("/"));
  const scope = "tree";
  expect((await acquire(alice, [name!], { scope })).status).toBe(200);
  expect(await acquire(bob, [above], { scope })).toMatchObject({ status: 409 });
  expect((await extend(alice, [name!])).status).toBe(200);
  expect((await release(alice, [name!])).status).toBe(200);
  expect((await acquire(bob, [above], { scope })).status).toBe(200);
});

test("a name that another has is queued for, and comes to the first in line", async () => {
  const [name] = fresh(1);
  await acquire(alice, [name!]);
  const joined = await acquire(bob, [name!], { queue: true, ttl: 60 });
  expect(joined).toMatchObject({ status: 202, body: { queued: true, position: 1 } });
  const { ticket } = joined.body;
  expect((await queue("GET", bob, name!, ticket)).status).toBe(202);
  expect((await release(alice, [name!])).status).toBe(200);
  const granted = await queue("GET", bob, name!, ticket);
  expect(granted).toMatchObject({ status: 200, body: { locks: [{ name, userId: "bob" }] } });
  expect((await queue("DELETE", bob, name!, ticket)).status).toBe(200);
  expect((await status(alice, name!)).body.isLocked).toBe(false);
});

test("a name is no document's, and names that say nothing are refused with the field", async () => {
  await alice.send("POST /api/lock/acquire", { body: { docId: "plan" } });
  expect((await acquire(bob, ["plan", "document/plan"])).status).toBe(200);
  const wrong = [
    [{ names: [] }, "names"],
    [{ names: ["a", "a"] }, "names"],
    [{ names: ["a", "a/b"], scope: "tree" }, "names"],
    [{ names: ["a", "b"], queue: true }, "names"],
    [{ names: ["a"], queue: true, scope: "tree" }, "scope"],
    [{ names: [".."] }, "names.0"],
  ] as const;
  for (const [body, path] of wrong) {
    const answer = await bob.send("POST /locks/acquire", { body });
    expect(answer).toMatchObject({ status: 400, body: { issues: [{ path }] } });
  }
  const many = Array.from({ length: 21 }, (_, index) => `n${index}`);
  expect(await acquire(bob, many)).toMatchObject({ status: 413, body: { limit: 20 } });
});

test.runIf(isFull)(
  "a name above hundreds whose leases are over is cleared on the way",
  async () => {
    const [root] = fresh(1);
    const scope = "tree";
    const nameOf = (round: number, index: number) => `${root}/${"x".repeat(440)}/${round}-${index}`;
    const takeTwenty = (round: number, ttl: number) =>
      acquire(
        alice,
        Array.from({ length: 20 }, (_, index) => nameOf(round, index)),
        { scope, ttl },
      );
    let taken = await takeTwenty(0, 1);
    // Rows hold 400 KB; each entry above is one of them, in two rows.
    for (let round = 1; round < 20 && taken.status === 200; round += 1) {
      taken = await takeTwenty(round, 1);
    }
    await new Promise((settle) => setTimeout(settle, 1_100));
    expect((await takeTwenty(20, 60)).status).toBe(200);
  },
);
