/** A race through the front door, and what administrators are told of it afterwards. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Client } from "../support/http.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { openShop, type Shop } from "../support/shop.ts";

let server: TestServer;
let shop: Shop;
let admin: Client;
beforeAll(async () => {
  server = await startServer({ context: { sweep: "off" } });
  shop = openShop(server);
  ({ admin } = shop);
});
afterAll(() => server?.stop());

interface Minute {
  readonly resource: string;
  readonly attempts: number;
  readonly granted: number;
  readonly refused: Readonly<Record<string, number>>;
}

async function listMinutes(kind: string): Promise<Minute[]> {
  const { body, status } = await admin.send(
    `GET /admin/analytics/contention?kind=${kind}&limit=100`,
  );
  expect(status).toBe(200);
  return body.minutes;
}

/** What was counted of a thing, all minutes together. */
async function sumOf(kind: string, resource: string, reason: string) {
  const minutes = (await listMinutes(kind)).filter((minute) => minute.resource === resource);
  const add = (count: (minute: Minute) => number): number =>
    minutes.reduce((sum, minute) => sum + count(minute), 0);
  return {
    attempts: add(({ attempts }) => attempts),
    granted: add(({ granted }) => granted),
    refused: add(({ refused }) => refused[reason] ?? 0),
  };
}

test("a race for the last unit is told as attempts, one grant, and refusals by reason @long", async () => {
  const itemId = await shop.item({ quantity: 1 });
  const racers = Array.from({ length: 8 }, (_, nth) => shop.shopper(`racer-${nth}`));
  const order = { paymentMethod: "sandbox", items: [{ itemId, quantity: 1 }] };
  const race = (nth: number) =>
    racers[nth]!.send("POST /order/me", {
      body: order,
      headers: { "idempotency-key": `race-${nth}` },
    });
  const answers = await Promise.all(racers.map((_, nth) => race(nth)));
  const statuses = answers.map(({ status }) => status).toSorted();
  expect(statuses).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  // What a process gathered is written beside a later request of the same process.
  await vi.waitUntil(
    async () => {
      await Promise.all(racers.map(({ send }) => send("GET /orders?limit=1")));
      const { granted, refused } = await sumOf("item", itemId, "insufficient_stock");
      return granted === 1 && refused === 7;
    },
    { timeout: 60_000, interval: 1_000 },
  );
  expect(await sumOf("item", itemId, "insufficient_stock")).toEqual({
    attempts: 8,
    granted: 1,
    refused: 7,
  });
  const whole = await sumOf("shop", "all", "ITEMS_UNAVAILABLE");
  expect(whole).toMatchObject({ granted: 1, refused: 7 });
}, 120_000);

test("an administrator who comes too late is counted as anybody @long", async () => {
  const buyer = shop.shopper("in-time");
  const order = await buyer.mustOrder({ items: [{ itemId: await shop.item(), quantity: 1 }] });
  await shop.pay(buyer, order);
  const late = await admin.send(`POST /admin/locks/release/${order.orderId}`, {
    body: { reason: "nobody paid" },
  });
  expect([late.status, late.body.code]).toEqual([409, "ORDER_NOT_PAYABLE"]);
  // Each look is a later request of the process that gathered it.
  await vi.waitUntil(async () => (await sumOf("shop", "all", "OTHER")).refused === 1, {
    timeout: 60_000,
    interval: 1_000,
  });
}, 120_000);

test.each([
  ["query.kind", "kind=nothing"],
  ["query.from", "kind=item&from=soon"],
  ["query.from", "kind=item&from=2000&to=1000"],
  ["query.from", "kind=item&from=0&to=86400001"],
  ["query.to", "kind=item&to=-1"],
])("a wrong %s is named: %s", async (field, query) => {
  const { status, body } = await admin.send(`GET /admin/analytics/contention?${query}`);
  expect(status).toBe(400);
  expect(body.issues.map(({ path }: { path: string }) => path)).toEqual([field]);
});

test("nobody but administrators is told", async () => {
  const ada = shop.shopper("ada");
  const { status } = await ada.send("GET /admin/analytics/contention?kind=item");
  expect(status).toBe(403);
});
