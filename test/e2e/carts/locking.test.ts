/** Locking mode through HTTP, as `-c cartLocking=on` deploys it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLockService } from "../../../shared/locks/lock-service.ts";
import { createDatabase } from "../../../shared/table/database.ts";
import { effort } from "../../support/effort.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { inServerTable, plantItems } from "../../support/server-tables.ts";

let server: TestServer;
const tablePrefix = `cartlocks-${process.pid}-`;
const admin = { as: "root", groups: ["admin"] };
const items = Array.from({ length: 12 }, (_, index) => `dish-${index}`);

const requestsOf = ({ headers }: { headers: Headers }) =>
  Number(/"(\d+) req/.exec(headers.get("server-timing") ?? "")?.[1]);
const replace = (session: string, itemIds: readonly string[]) =>
  server.call(`PUT /carts/me/${session}/menu/items`, {
    as: "alice",
    body: itemIds.map((itemId) => ({ itemId, quantity: 1 })),
  });

/** Somebody else takes a lock and keeps it. */
async function takeLock(resource: string): Promise<void> {
  await inServerTable({ tablePrefix, table: "Locks" }, async (client, tableName) => {
    const database = createDatabase({ client, tableName: () => tableName });
    await createLockService({ database }).acquire({ resource, owner: { userId: "bob" } });
  });
}

beforeAll(async () => {
  const context = { sweep: "off", cartLocking: "on", lockTimeout: "1" };
  server = await startServer({ context, tablePrefix });
  for (const itemId of items) {
    const price = { amountMinor: 500, currency: "EUR" };
    const body = { itemId, name: itemId, kind: "Menu", price, quantity: 10 };
    await server.call("POST /items", { ...admin, body });
  }
});

afterAll(async () => {
  await server?.stop();
});

it("replaces a collection with 4 requests, and with 2 where If-Match decides", async () => {
  const first = await replace("s1", items.slice(0, 3));
  expect([first.status, requestsOf(first), first.body.count]).toEqual([200, 4, 3]);
  const matched = await server.call("PUT /carts/me/s1/menu/items", {
    as: "alice",
    headers: { "if-match": first.headers.get("etag")! },
    body: [{ itemId: "dish-5", quantity: 2 }],
  });
  expect([matched.status, requestsOf(matched), matched.body.count]).toEqual([200, 2, 2]);
});

it("parallel adds of different items are all there; single keys take no lock @long", async () => {
  const many = Array.from(
    { length: effort({ part: 30, all: 200 }) },
    (_, index) => `side-dish-${index}`,
  );
  await plantItems(tablePrefix, many);
  await takeLock("cart/alice/s2/menu/items");
  const answers = await Promise.all(
    many.map((itemId) =>
      server.call("POST /carts/me/s2/menu/items", { as: "alice", body: { itemId, quantity: 1 } }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const { body } = await server.call("GET /carts/me/s2/menu", { as: "alice" });
  expect(new Set(body.items.map(({ itemId }: { itemId: string }) => itemId))).toEqual(
    new Set(many),
  );
});

it("waits in vain for a lock: 423 LOCK_TIMEOUT, and nothing is changed @long", async () => {
  await replace("s3", ["dish-1"]);
  await takeLock("cart/alice/s3/menu/items");
  const refused = await replace("s3", ["dish-2"]);
  expect(refused).toMatchObject({ status: 423, body: { code: "LOCK_TIMEOUT" } });
  expect(refused.body.waitedMs).toBeGreaterThanOrEqual(1_000);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  const { body } = await server.call("GET /carts/me/s3/menu", { as: "alice" });
  expect(body.items).toMatchObject([{ itemId: "dish-1" }]);
  expect((await replace("s4", ["dish-2"])).status).toBe(200);
  const told = async (): Promise<unknown[]> => {
    const logs = await server.call("GET /_local/logs?function=carts");
    return logs.body.lines.map(({ text }: { text: string }) => JSON.parse(text));
  };
  // What a worker says comes beside its answer, not before it.
  await expect.poll(told).toContainEqual(expect.objectContaining({ LockTimeouts: 1 }));
});
