/** While an order is pending its cart stands still; after the outcome it moves on. Through HTTP. */
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CallOptions, startServer, type TestServer } from "../../support/server.ts";
import { inServerTable } from "../../support/server-tables.ts";

let server: TestServer;
let session = "";
let serial = 0;
const admin = { as: "root", groups: ["admin"] };
const lockedText =
  "Cart is currently being processed. Please wait for your payment to complete before adding more items.";

const cart = (rest = "") => `/carts/alice/${session}${rest}`;
const call = (route: string, options: CallOptions = {}) =>
  server.call(route, { as: "alice", ...options });
const requestsOf = ({ headers }: { headers: Headers }) =>
  Number(/"(\d+) req/.exec(headers.get("server-timing") ?? "")?.[1]);
const add = (instance: string, itemId: string, quantity = 1) =>
  call(`POST ${cart(`/${instance}/items`)}`, { body: { itemId, quantity } });
const tablePrefix = `paying-${process.pid}-`;

/** Lets the lock's time be over without waiting for it. */
async function ageLock(): Promise<void> {
  await inServerTable({ tablePrefix, table: "Carts" }, (client, TableName) =>
    client.send(
      new UpdateCommand({
        TableName,
        Key: { cartId: `alice/${session}` },
        UpdateExpression: "SET #lock.expiresAtMs = :now",
        ExpressionAttributeNames: { "#lock": "lock" },
        ExpressionAttributeValues: { ":now": Date.now() },
      }),
    ),
  );
}

async function order(instances: string[]) {
  const body = { sessionId: session, instances, paymentMethod: "sandbox" };
  const placed = await call("POST /order/alice", { body });
  expect(placed).toMatchObject({ status: 201, body: { status: "pending" } });
  return placed.body;
}

async function pay(orderId: string, outcome: "success" | "failure") {
  const started = await call("POST /payments/initiate", { body: { orderId } });
  expect(started.status).toBe(200);
  const { transactionId } = started.body;
  expect((await call("POST /sandbox/pay", { body: { transactionId, outcome } })).status).toBe(200);
}

/** Every way there is to edit a cart. */
const edits: [string, (instance: string) => [string, unknown?]][] = [
  ["add", (instance) => [`POST ${cart(`/${instance}/items`)}`, { itemId: "soup", quantity: 1 }]],
  [
    "add new",
    (instance) => [`POST ${cart(`/${instance}/items`)}`, { itemId: "bread", quantity: 1 }],
  ],
  ["change", (instance) => [`PATCH ${cart(`/${instance}/items/soup`)}`, { quantity: 9 }]],
  ["remove", (instance) => [`DELETE ${cart(`/${instance}/items/soup`)}`]],
  [
    "replace",
    (instance) => [`PUT ${cart(`/${instance}/items`)}`, [{ itemId: "bread", quantity: 1 }]],
  ],
  [
    "condition",
    (instance) => [
      `PUT ${cart(`/${instance}/conditions/tip`)}`,
      { type: "fee", target: "total", value: "+1" },
    ],
  ],
  ["no condition", (instance) => [`DELETE ${cart(`/${instance}/conditions/sale`)}`]],
  ["metadata", (instance) => [`PUT ${cart(`/${instance}/metadata/seat`)}`, { row: 1 }]],
  ["no metadata", (instance) => [`DELETE ${cart(`/${instance}/metadata/seat`)}`]],
  ["clear", (instance) => [`DELETE ${cart(`/${instance}`)}`]],
  ["merge", () => [`POST ${cart("/merge")}`, { from: { sessionId: "guest" }, strategy: "sum" }]],
  ["merge away", () => ["POST /carts/alice/guest/merge", { from: { sessionId: session } }]],
];

beforeAll(async () => {
  server = await startServer({
    context: { sweep: "off" },
    tablePrefix,
  });
  for (const itemId of ["soup", "bread", "seat"]) {
    const price = { amountMinor: 500, currency: "EUR" };
    const body = { itemId, name: itemId, kind: "Menu", price, quantity: 1_000 };
    await server.call("POST /items", { ...admin, body });
  }
});

afterAll(async () => {
  await server?.stop();
});

beforeEach(async () => {
  session = `pay-${(serial += 1)}`;
  await add("ticket", "seat", 2);
  await add("menu", "soup", 1);
  await call(`PUT ${cart("/ticket/conditions/sale")}`, {
    body: { type: "discount", target: "total", value: "-10%" },
  });
  await call(`PUT ${cart("/menu/metadata/seat")}`, { body: "A1" });
});

describe("while an order is pending", () => {
  it("100 parallel edits of every kind get 423, and the cart stays as it is to the byte", async () => {
    const { orderId, expiresAtMs } = await order(["ticket"]);
    const before = await call(`GET ${cart()}`);
    expect(before.body.lock).toMatchObject({ orderId, expiresAtMs });
    const routes = Array.from({ length: 100 }, (_, index) => {
      const [, route] = edits[index % edits.length]!;
      return route(index % 2 === 0 ? "menu" : "ticket");
    });
    const answers = await Promise.all(
      routes.map(([route, body]) => call(route, body === undefined ? {} : { body })),
    );
    for (const [index, answer] of answers.entries()) {
      expect([routes[index]![0], answer.status]).toEqual([routes[index]![0], 423]);
      expect(answer.body).toMatchObject({
        code: "CART_LOCKED",
        detail: lockedText,
        error: lockedText,
        orderId,
        lockedUntilMs: expiresAtMs,
      });
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect([routes[index]![0], requestsOf(answer)]).toEqual([routes[index]![0], 1]);
    }
    expect((await call(`GET ${cart()}`)).body).toEqual(before.body);
    expect((await call(`GET ${cart("/lock")}`)).body).toEqual({
      isLocked: true,
      lock: before.body.lock,
    });
  });
});

describe("after the outcome", () => {
  it("success takes out what was bought, and leaves what was in other instances", async () => {
    const before = (await call(`GET ${cart("/menu")}`)).body;
    const { orderId, totalMinor, lines } = await order(["ticket"]);
    expect(totalMinor).toBe(900);
    expect(lines).toMatchObject([{ lineTotalMinor: 1_000, adjustmentMinor: -100 }]);
    await pay(orderId, "success");
    expect((await call(`GET /orders/${orderId}`)).body.status).toBe("paid");
    const { body } = await call(`GET ${cart()}`);
    expect(body.instances).toEqual([{ ...before, version: body.version }]);
    expect(body.lock).toBeNull();
    expect((await add("ticket", "seat")).body).toMatchObject({ count: 1, conditions: [] });
  });

  it("failure leaves everything and lets it be edited at once", async () => {
    const before = (await call(`GET ${cart()}`)).body;
    const { orderId } = await order(["ticket", "menu"]);
    await pay(orderId, "failure");
    expect((await call(`GET ${cart()}`)).body).toEqual(before);
    expect((await add("menu", "soup")).body).toMatchObject({ count: 2 });
  });

  it("cancelling lets it be edited at once, and ordered again", async () => {
    const first = await order(["ticket"]);
    await call(`POST /orders/${first.orderId}/cancel`);
    const second = await order(["ticket"]);
    expect(second.orderId).not.toBe(first.orderId);
    await call(`POST /orders/${second.orderId}/cancel`);
    expect((await add("ticket", "seat")).body).toMatchObject({ count: 3 });
  });

  it("expiry lets it be edited at once, with the sweep switched off", async () => {
    await order(["ticket"]);
    expect((await add("menu", "soup")).status).toBe(423);
    await ageLock();
    expect((await add("menu", "soup")).body).toMatchObject({ count: 2 });
    expect((await call(`GET ${cart("/lock")}`)).body).toEqual({ isLocked: false, lock: null });
  });
});
