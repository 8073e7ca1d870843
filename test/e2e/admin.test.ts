/** Administration over HTTP: locks and holds, clearing, the audit trail as the stream writes it, the test routes. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Answer, Client } from "../support/http.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { fresh, openShop, type Shop, type Shopper } from "../support/shop.ts";

let server: TestServer;
let shop: Shop;
let admin: Client;
let alice: Shopper;
beforeAll(async () => {
  server = await startServer({ context: { sweep: "off" } });
  shop = openShop(server);
  ({ admin } = shop);
  alice = shop.shopper("alice");
});
afterAll(() => server?.stop());

interface Entry {
  readonly action: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly requestId: string | null;
}

/** The history of a subject, oldest first, as soon as the stream has told so much of it. */
function history(subject: string, length: number): Promise<Entry[]> {
  return vi.waitUntil(
    async () => {
      const { body } = await admin.send(`GET /admin/audit?subject=${encodeURIComponent(subject)}`);
      return body.entries.length >= length && body.entries.toReversed();
    },
    { timeout: 20_000, interval: 100 },
  );
}

const requestIdOf = ({ headers }: Answer) => headers.get("x-request-id");

describe("a sweep by hand", () => {
  test("forgets the rows of an item that is sold from one again; nothing of it is missing", async () => {
    const itemId = await shop.item({ quantity: 5 });
    for (const shards of [2, 1]) {
      const { status } = await admin.send(`PATCH /items/${itemId}`, { body: { shards } });
      expect(status).toBe(200);
    }
    // Nothing of it is in its other rows; the second one finds nothing to do any more.
    for (let round = 0; round < 2; round += 1) {
      const swept = await admin.send("POST /admin/locks/cleanup", { body: {} });
      expect(swept.status).toBe(200);
    }
    const { body } = await admin.send(`GET /items/${itemId}`);
    expect(body).toMatchObject({ available: 5, held: 0, sold: 0 });
  });
});

describe("an order that an administrator ends", () => {
  test("frees its items and its cart, and is in all histories with who did it and why @long", async () => {
    const itemId = await shop.item({ quantity: 3 });
    await alice.putInCart([{ itemId, quantity: 2 }]);
    const { orderId } = await alice.mustOrder();
    const { body: seen } = await admin.send(`GET /admin/locks/items/${itemId}`);
    expect(seen).toMatchObject({
      isLocked: true,
      available: 1,
      holds: [{ orderId, userId: "alice", quantity: 2 }],
    });
    const { body: listed } = await admin.send("GET /admin/locks?owner=alice");
    expect(listed.locks).toMatchObject([
      { kind: "item", resource: itemId, orderId, quantity: 2 },
      { kind: "cart", resource: "alice/default", orderId },
    ]);
    const body = { reason: "the shop closes" };
    const ended = await admin.send(`POST /admin/locks/release/${orderId}`, { body });
    expect(ended).toMatchObject({ status: 200, body: { orderId, status: "cancelled" } });
    expect(await shop.levels(itemId)).toMatchObject({ available: 3, held: 0 });
    expect(await alice.add({ itemId, quantity: 1 })).toMatchObject({ status: 200 });
    const again = await admin.send(`POST /admin/locks/release/${orderId}`, { body });
    expect(again.status).toBe(200);
    const last = { actor: "boss", reason: "the shop closes", requestId: requestIdOf(ended) };
    expect(await history(`order/${orderId}`, 2)).toMatchObject([
      { action: "order.placed", actor: "alice", reason: null },
      { action: "order.cancelled", ...last },
    ]);
    expect(await history(`item/${itemId}`, 3)).toMatchObject([
      { action: "item.create", actor: "boss" },
      { action: "hold.placed", actor: "alice" },
      { action: "hold.released", ...last },
    ]);
    const cart = await history("cart/alice/default", 4);
    expect(cart.find(({ reason }) => reason !== null)).toMatchObject(last);
    const actions = cart.map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(["cart.checkout", "cart.cancelled"]));
  });

  test("is not found, or not pending any more @long", async () => {
    const body = {};
    expect(await admin.send("POST /admin/locks/release/none", { body })).toMatchObject({
      status: 404,
      body: { code: "ORDER_NOT_FOUND" },
    });
    const order = await alice.mustOrder({ items: [{ itemId: await shop.item(), quantity: 1 }] });
    await shop.pay(alice, order);
    const late = await admin.send(`POST /admin/locks/release/${order.orderId}`, { body });
    expect(late).toMatchObject({
      status: 409,
      body: { code: "ORDER_NOT_PAYABLE", status: 409 },
    });
  });
});

describe("the ledger of orders", () => {
  test("has a sale when an order is paid and a return when it is refunded, once each @long", async () => {
    const itemId = await shop.item({ quantity: 5 });
    const order = await alice.mustOrder({ items: [{ itemId, quantity: 2 }] });
    await shop.pay(alice, order);
    const refund = { body: { reason: "damaged" } };
    const refunded = await admin.send(`POST /payments/${order.orderId}/refund`, refund);
    expect(refunded.status).toBe(200);
    const movements = await vi.waitUntil(
      async () => {
        const { body } = await admin.send(`GET /inventory/${itemId}/movements`);
        return body.movements.length >= 3 && body.movements;
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(movements).toHaveLength(3);
    const reference = order.orderId;
    expect(movements.find(({ kind }: { kind: string }) => kind === "sold")).toMatchObject({
      quantity: 2,
      reference,
    });
    expect(movements.find(({ kind }: { kind: string }) => kind === "returned")).toMatchObject({
      quantity: 2,
      reference,
      actor: "boss",
    });
    expect(await shop.levels(itemId)).toMatchObject({ available: 5, sold: 0 });
  });
});

describe("clearing everything", () => {
  test("counts first, then ends all, and leaves the reason in the trail @long", async () => {
    const docId = fresh("doc");
    const itemId = await shop.item({ quantity: 1 });
    const lock = await alice.send("POST /api/lock/acquire", { body: { docId } });
    const { orderId } = await alice.mustOrder({ items: [{ itemId, quantity: 1 }] });
    const dry = await admin.send("POST /admin/locks/clear-all", { body: { confirm: "yes" } });
    expect(dry).toMatchObject({
      status: 400,
      body: { code: "INVALID_REQUEST", dryRun: { releasedLocks: 1, endedOrders: 1 } },
    });
    const body = { confirm: "clear all locks", reason: "a drill" };
    expect(await admin.send("POST /admin/locks/clear-all", { body })).toMatchObject({
      status: 200,
      body: { releasedLocks: 1, endedOrders: 1, complete: true },
    });
    const { fence } = lock.body.lockInfo;
    const save = await alice.send(`PUT /api/documents/${docId}`, { body: { content: 1, fence } });
    expect(save).toMatchObject({ status: 409, body: { code: "LOCK_NOT_OWNED" } });
    const pay = await alice.send("POST /payments/initiate", { body: { orderId } });
    expect(pay).toMatchObject({ status: 409, body: { code: "ORDER_NOT_PAYABLE" } });
    const { body: stats } = await admin.send("GET /admin/locks/stats");
    expect(stats).toMatchObject({ totalActiveLocks: 0, activeHolds: 0, heldUnits: 0, locks: [] });
    expect(await history(`lock/document/${docId}`, 2)).toMatchObject([
      { action: "lock.acquired", actor: "alice" },
      { action: "lock.forced", actor: "boss", reason: "a drill" },
    ]);
  });
});

describe("the stock check", () => {
  test("looks at every item and finds nothing wrong", async () => {
    const { body } = await admin.send("GET /admin/inventory/check");
    expect(body).toMatchObject({ violations: [], cursor: null });
    expect(body.items).toBeGreaterThan(0);
  });
});

describe("the test routes", () => {
  test("sell in parallel what there is, and not more @long", async () => {
    const itemId = await shop.item({ quantity: 12 });
    const body = { itemId, quantity: 1, concurrency: 40 };
    const tried = await admin.send("POST /api/v1/test/inventory/test-decrement", { body });
    expect(tried).toMatchObject({
      status: 200,
      body: { attempts: 40, successes: 12, refusals: 28, finalLevel: 0 },
    });
  });

  test("let one contender in where only one may hold", async () => {
    const itemId = await shop.item({ quantity: 5, holdPolicy: "exclusive" });
    // Longer than the last of them can take to come on a busy machine: behind the hold it would be let in, and rightly.
    const body = { itemId, holdMs: 3_000, contenders: 12 };
    const tried = await admin.send("POST /api/v1/test/inventory/test-concurrent-access", { body });
    expect(tried).toMatchObject({
      status: 200,
      body: { granted: 1, refused: 11, reasons: { locked: 11 }, finalLevel: 5 },
    });
  });

  test("sell no more than there is of an item with several rows, and let contenders in", async () => {
    const itemId = await shop.item({ quantity: 12 });
    await admin.send(`PATCH /items/${itemId}`, { body: { shards: 2 } });
    const contest = { itemId, holdMs: 50, contenders: 4 };
    const held = await admin.send("POST /api/v1/test/inventory/test-concurrent-access", {
      body: contest,
    });
    expect(held).toMatchObject({ status: 200, body: { contenders: 4, finalLevel: 12 } });
    const body = { itemId, quantity: 1, concurrency: 5 };
    const tried = await admin.send("POST /api/v1/test/inventory/test-decrement", { body });
    expect(tried).toMatchObject({ status: 200, body: { attempts: 5 } });
    expect(tried.body.finalLevel).toBe(12 - tried.body.successes);
  });

  test("show and clear test locks, and leave the others alone", async () => {
    await alice.send("POST /api/lock/acquire", { body: { docId: "test-1" } });
    await alice.send("POST /api/lock/acquire", { body: { docId: "real-1" } });
    const { body: status } = await admin.send("GET /api/v1/test/locks/status");
    expect(status).toMatchObject({ activeLocks: 1, locks: [{ resource: "document/test-1" }] });
    const cleared = await admin.send("POST /api/v1/test/locks/clear-test-locks", { body: {} });
    expect(cleared.body).toEqual({ success: true, releasedLocks: 1 });
    const left = await alice.send("GET /api/lock/status/real-1");
    expect(left.body).toMatchObject({ isLocked: true });
  });
});

describe("logs and metrics", () => {
  interface Line {
    readonly level?: string;
    readonly message?: string;
    readonly correlation_id?: string;
    readonly code?: string;
    readonly operation?: string;
    readonly [metric: string]: unknown;
  }

  async function linesOf(name: string): Promise<Line[]> {
    const { body } = await server.call(`GET /_local/logs?function=${name}`);
    return body.lines.map(({ text }: { text: string }) => JSON.parse(text));
  }

  /** What a worker says comes beside its answer, not before it. */
  const untilSaid = (look: () => Promise<void>) =>
    vi.waitFor(look, { timeout: 20_000, interval: 100 });

  test("one id joins the request's lines with the stream's", async () => {
    const docId = fresh("doc");
    const taken = await alice.send("POST /api/lock/acquire", { body: { docId } });
    await history(`lock/document/${docId}`, 1);
    const id = requestIdOf(taken);
    await untilSaid(async () => {
      const own = (await linesOf("locks")).filter(({ correlation_id }) => correlation_id === id);
      expect(own).toContainEqual(expect.objectContaining({ level: "INFO", message: "Answered" }));
      expect(own).toContainEqual(
        expect.objectContaining({ level: "DEBUG", message: "Lock acquired" }),
      );
    });
    const told = await vi.waitUntil(
      async () =>
        (await linesOf("changes")).find(({ correlation_id }) => correlation_id === id) ?? false,
      { timeout: 30_000 },
    );
    expect(told).toMatchObject({ level: "DEBUG", message: "lock.acquired" });
  });

  test("a refusal is a warning and a metric, a sweep sums up, an operation tells its cost", async () => {
    const docId = fresh("doc");
    await alice.send("POST /api/lock/acquire", { body: { docId } });
    const refused = await shop.shopper().send("POST /api/lock/acquire", { body: { docId } });
    expect(refused.status).toBe(409);
    await shop.sweep();
    await untilSaid(async () => {
      const locks = await linesOf("locks");
      expect(locks).toContainEqual(expect.objectContaining({ level: "WARN", code: "LOCK_HELD" }));
      expect(locks).toContainEqual(expect.objectContaining({ LocksRefused: 1 }));
      const operation = "POST /api/lock/acquire";
      const cost = { operation, DynamoDbRequests: 1, DynamoDbTime: expect.any(Number) };
      expect(locks).toContainEqual(expect.objectContaining(cost));
      const swept = await linesOf("admin");
      const summary = /^Periodic cleanup: Cleaned up \d+ expired orders and released \d+ locks$/;
      expect(swept).toContainEqual(
        expect.objectContaining({ level: "INFO", message: expect.stringMatching(summary) }),
      );
      expect(swept).toContainEqual(
        expect.objectContaining({
          SweepLag: expect.any(Number),
          OldestLockAge: expect.any(Number),
        }),
      );
    });
  });

  test("every line names who asks; requests without a right or a fit token are counted with whose", async () => {
    const curious = shop.shopper();
    const refused = await curious.send("GET /admin/locks");
    expect(refused.status).toBe(403);
    const idToken = await server.call(`GET /_local/token?sub=${curious.userId}-id&use=id`);
    const authorization = `Bearer ${idToken.body.access_token}`;
    expect((await server.call("GET /admin/locks", { headers: { authorization } })).status).toBe(
      401,
    );
    const id = requestIdOf(refused);
    const { userId } = curious;
    const denied = { sub: `${userId}-id`, Unauthenticated: 1 };
    await untilSaid(async () => {
      const lines = await linesOf("admin");
      const own = lines.filter(({ correlation_id }) => correlation_id === id);
      expect(own.map(({ message }) => message)).toEqual(["Refused", "Answered"]);
      expect(new Set(own.map(({ sub }) => sub))).toEqual(new Set([userId]));
      expect(lines).toContainEqual(expect.objectContaining({ sub: userId, Forbidden: 1 }));
      expect(lines).toContainEqual(expect.objectContaining(denied));
    });
    // The next request of the same worker is somebody else's.
    await server.call("GET /health");
    for (const line of await linesOf("platform")) expect(line["sub"]).toBeUndefined();
  });

  test("no line holds a token or a body @long", async () => {
    const secret = fresh("very-private");
    const docId = fresh("doc");
    const lock = await alice.send("POST /api/lock/acquire", { body: { docId } });
    const body = { content: { secret }, fence: lock.body.lockInfo.fence };
    await alice.send(`PUT /api/documents/${docId}`, { body });
    await history(`document/${docId}`, 1);
    const { body: logs } = await server.call("GET /_local/logs");
    const text = JSON.stringify(logs);
    expect(text).not.toContain(secret);
    expect(text).not.toMatch(/eyJ[\w-]{10,}\.[\w-]{10,}/);
  });
});
