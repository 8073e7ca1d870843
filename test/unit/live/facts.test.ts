/** What a change in a table means to those who listen. */
import { describe, expect, test } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import { collectFacts } from "../../../shared/live/fact.ts";
import type { ItemChange } from "../../../shared/table/stream.ts";
import type { Key, Row } from "../../../shared/table/write.ts";

const nowMs = 1_800_000_000_000;
let serial = 0;

function changeOf(key: Key, before: Row | undefined, after: Row | undefined): ItemChange {
  serial += 1;
  const images = { ...(before && { before }), ...(after && { after }) };
  return {
    eventId: `e${serial}`,
    sequence: String(serial),
    key,
    atMs: epochMs(nowMs),
    byTtl: false,
    ...images,
  };
}

const note = (action: string, atMs = nowMs) => ({ action, actor: "alice", atMs });
const held = (owner: string, fence: number, expiresAtMs: number, action: string): Row => {
  const lease = { acquiredAtMs: nowMs - 1_000, expiresAtMs };
  return { resource: "document/d", kind: "document", owner, fence, ...lease, change: note(action) };
};
const lockChange = (before: Row | undefined, after: Row | undefined) =>
  changeOf({ resource: "document/d" }, before, after);
const told = (...changes: ItemChange[]) =>
  collectFacts(changes).map(({ type, topic }) => `${type} ${topic}`);

describe("a lock", () => {
  const alice = held("alice", 1, nowMs + 60_000, "lock.acquired");

  test("whose lease was over is lost to who takes it; one that was handed over is not", () => {
    const over = { ...alice, expiresAtMs: nowMs };
    const bob = held("bob", 2, nowMs + 60_000, "lock.acquired");
    expect(told(lockChange(over, bob))).toEqual([
      "lock.lost lock/document/d",
      "lock.acquired lock/document/d",
      "contention admin/contention",
    ]);
    const granted = { ...bob, change: note("lock.granted", nowMs + 1), turn: { ticket: "tkt_1" } };
    const [fact, ...others] = collectFacts([lockChange(alice, granted)]);
    expect(fact).toMatchObject({
      type: "lock.granted",
      data: { ticket: "tkt_1", lockInfo: { userId: "bob" }, former: { userId: "alice" } },
    });
    expect(others.map(({ topic }) => topic)).toEqual(["admin/contention"]);
  });

  test("that somebody in line asks for is told with who asks; once, whoever asked before", () => {
    const waiter = (userId: string, askedAtMs?: number) => ({
      userId,
      kind: "document",
      leaseMs: 1_000,
      untilMs: nowMs + 9_000,
      ...(askedAtMs === undefined ? {} : { askedAtMs }),
    });
    const line = { line: ["tkt_1", "tkt_2"], waiter_tkt_1: waiter("bob", nowMs - 20_000) };
    const before = { ...alice, ...line, waiter_tkt_2: waiter("eve") };
    const change = note("lock.asked", nowMs + 5);
    const after = { ...before, waiter_tkt_2: waiter("eve", nowMs + 5), change };
    const [fact, ...others] = collectFacts([lockChange(before, after)]);
    expect(fact).toMatchObject({
      type: "lock.asked",
      topic: "lock/document/d",
      data: {
        lockInfo: { userId: "alice" },
        askedBy: { userId: "eve", username: null, sessionId: null, askedAtMs: nowMs + 5 },
      },
    });
    expect(others).toEqual([]);
  });

  test("that is renewed, waited for or removed by its TTL is no news", () => {
    expect(told(lockChange(alice, { ...alice, change: note("lock.renewed", nowMs + 5) }))).toEqual(
      [],
    );
    expect(told(lockChange(alice, { ...alice, line: ["tkt_1"] }))).toEqual([]);
    expect(told(lockChange(alice, undefined))).toEqual([]);
  });

  test("of a cart's collection is nobody's business; one on a name is everybody's", () => {
    const of = (resource: string) => changeOf({ resource }, undefined, { ...alice, resource });
    expect(told(of("cart/alice/main"))).toEqual([]);
    expect(told(of("name:till/1"))).toEqual(["lock.acquired lock/named/till/1"]);
  });

  test("tells who may hear of it, as its row says", () => {
    const access = { readers: ["carol"], editors: [] };
    const [fact] = collectFacts([lockChange(undefined, { ...alice, access })]);
    expect(fact!.audience).toEqual({ of: "document", access });
  });
});

describe("an item's level", () => {
  const row = (available: number, more: Row = {}): Row => ({
    itemId: "mug",
    shard: 0,
    available,
    ...more,
  });
  const itemChange = (before: Row | undefined, after: Row) =>
    changeOf({ itemId: String(after["itemId"]), shard: Number(after["shard"]) }, before, after);

  test("is one fact a batch, however many rows and changes it took", () => {
    const further = (available: number) =>
      row(available, { itemId: "mug#1", shard: 1, item: "mug" });
    const facts = collectFacts([
      itemChange(row(5), row(4)),
      itemChange(further(3), further(1)),
      itemChange(row(4), row(5)),
    ]);
    expect(facts).toMatchObject([{ topic: "item/mug", type: "item.level", delta: -2 }]);
    expect(facts).toHaveLength(1);
  });

  test("is no news where nothing became of it: a new item, another price, uses of a code, a notice", () => {
    expect(told(itemChange(undefined, row(5)))).toEqual([]);
    expect(told(itemChange(row(5), row(5, { amountMinor: 1 })))).toEqual([]);
    expect(told(itemChange(row(5), row(4, { noticeOf: "mug" })))).toEqual([]);
  });
});

test("a cart's lock begins, moves and ends; its contents have a version", () => {
  const lock = { orderId: "ord_1", expiresAtMs: nowMs + 1 };
  const cart = (more: Row): Row => ({ cartId: "alice/desk", version: 1, ...more });
  const of = (before: Row, after: Row) => told(changeOf({ cartId: "alice/desk" }, before, after));
  expect(of(cart({}), cart({ lock }))).toEqual(["cart.locked cart/alice/desk"]);
  const longer = { ...lock, expiresAtMs: nowMs + 9 };
  expect(of(cart({ lock }), cart({ lock: longer }))).toEqual(["cart.locked cart/alice/desk"]);
  expect(of(cart({ lock }), cart({ version: 2 }))).toEqual([
    "cart.unlocked cart/alice/desk",
    "cart.updated cart/alice/desk",
  ]);
});

test("an order tells its owner each status that it comes to; whoever had it before hears nothing", () => {
  const order = (status: string): Row => ({ orderId: "ord_1", userId: "bob", status });
  const paid = changeOf(
    { orderId: "ord_1" },
    { ...order("pending"), userId: "alice" },
    order("paid"),
  );
  const [fact] = collectFacts([paid]);
  expect(fact).toMatchObject({
    type: "order.paid",
    topic: "order/ord_1",
    audience: { of: "user", userId: "bob" },
  });
  expect(told(changeOf({ orderId: "ord_1" }, order("paid"), { ...order("paid"), x: 1 }))).toEqual(
    [],
  );
});

test("a record that is told again makes the same ids, another change others", () => {
  const one = lockChange(undefined, held("alice", 1, nowMs + 1, "lock.acquired"));
  const other = { ...one, sequence: "9999" };
  const ids = (change: ItemChange) => collectFacts([change]).map(({ id }) => id);
  expect(ids(one)).toEqual(ids(structuredClone(one)));
  expect(ids(one)).not.toEqual(ids(other));
});
