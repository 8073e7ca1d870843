/** Carts through HTTP: every route, what it costs, who may, and how a cart under payment stands still. */
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CallOptions, startServer, type TestServer } from "../../support/server.ts";
import { inServerTable, plantItems } from "../../support/server-tables.ts";

let server: TestServer;
let session = "";
let serial = 0;
const tablePrefix = `carts-${process.pid}-`;
const lockedText =
  "Cart is currently being processed. Please wait for your payment to complete before adding more items.";
const admin = { as: "root", groups: ["admin"] };

const cart = (rest = "") => `/carts/alice/${session}${rest}`;
/** The shopper's own calls; conditions are the shop's business. */
const call = (route: string, options: CallOptions = {}) =>
  server.call(route, { as: "alice", ...(route.includes("/conditions/") ? admin : {}), ...options });
const requestsOf = ({ headers }: { headers: Headers }) =>
  Number(/"(\d+) req/.exec(headers.get("server-timing") ?? "")?.[1]);

const add = (instance: string, itemId: string, quantity = 1) =>
  call(`POST ${cart(`/${instance}/items`)}`, { body: { itemId, quantity } });

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

async function item(itemId: string, amountMinor: number, currency = "EUR") {
  const body = {
    itemId,
    name: `The ${itemId}`,
    kind: "Menu",
    price: { amountMinor, currency },
    quantity: 500,
  };
  expect((await server.call("POST /items", { ...admin, body })).status).toBe(201);
}

beforeAll(async () => {
  server = await startServer({ context: { sweep: "off" }, tablePrefix });
  await Promise.all([
    item("soup", 450),
    item("bread", 120),
    item("taco", 300, "USD"),
    item("seat", 500),
  ]);
});

afterAll(async () => {
  await server?.stop();
});

beforeEach(() => {
  session = `visit-${(serial += 1)}`;
});

describe("edits that are repeated with their key", () => {
  const key = (value: string) => ({ headers: { "idempotency-key": `${session} ${value}` } });

  it("do not undo what another tab did, and do not miss what they removed themselves @long", async () => {
    await add("menu", "soup", 2);
    const replace = () =>
      call(`PUT ${cart("/menu/items")}`, {
        ...key("replace"),
        body: [{ itemId: "bread", quantity: 1 }],
      });
    expect((await replace()).status).toBe(200);
    await add("menu", "seat");
    const repeated = await replace();
    expect(repeated.headers.get("idempotent-replayed")).toBe("true");
    expect(repeated.body.items.map(({ itemId }: { itemId: string }) => itemId)).toEqual([
      "bread",
      "seat",
    ]);

    const remove = () => call(`DELETE ${cart("/menu/items/bread")}`, key("remove"));
    expect(await remove()).toMatchObject({ status: 200, body: { count: 1 } });
    const removed = await remove();
    expect(removed).toMatchObject({ status: 200, body: { count: 1 } });
    expect(removed.headers.get("idempotent-replayed")).toBe("true");
    expect((await call(`DELETE ${cart("/menu/items/bread")}`)).status).toBe(404);
  });

  it("bind it to their address and body", async () => {
    const adding = (path: string, quantity: number) =>
      call(`POST ${path}`, { ...key("add"), body: { itemId: "soup", quantity } });
    const first = await adding(cart("/menu/items"), 1);
    expect(requestsOf(first)).toBe(3);
    expect(requestsOf(await add("menu", "soup"))).toBe(2);
    const reused = { status: 422, body: { code: "IDEMPOTENCY_KEY_REUSED" } };
    expect(await adding(cart("/menu/items"), 2)).toMatchObject(reused);
    expect(await adding(cart("/other/items"), 1)).toMatchObject(reused);
    expect(await adding(`/carts/alice/${session}-2/menu/items`, 1)).toMatchObject(reused);
    expect(await call(`DELETE ${cart("/menu/items/soup")}`, key("add"))).toMatchObject(reused);
    expect((await call(`GET ${cart("/menu")}`)).body.count).toBe(2);
  });
});

describe("edits", () => {
  it("answer with the whole instance and its new ETag", async () => {
    const added = await call(`POST ${cart("/menu/items")}`, {
      body: { itemId: "soup", quantity: 2, attributes: { spicy: true } },
    });
    expect(added).toMatchObject({
      status: 200,
      body: {
        instance: "menu",
        items: [
          {
            itemId: "soup",
            name: "The soup",
            kind: "Menu",
            vendorId: null,
            quantity: 2,
            unitPriceMinor: 450,
            lineTotalMinor: 900,
            attributes: { spicy: true },
          },
        ],
        conditions: [],
        metadata: {},
        count: 2,
        subtotalMinor: 900,
        totalMinor: 900,
        currency: "EUR",
      },
    });
    expect(added.headers.get("etag")).toBe(`"${added.body.version}"`);
    const { lineId } = added.body.items[0];
    const line = `PATCH ${cart(`/menu/items/${lineId}`)}`;
    const patched = await call(line, { body: { quantity: 3 } });
    expect(patched.body).toMatchObject({ count: 3, version: added.body.version + 1 });
    const discount = { type: "discount", target: "subtotal", value: "-10%" };
    const set = await call(`PUT ${cart("/menu/conditions/ten%20off")}`, { body: discount });
    expect(set.body).toMatchObject({
      conditions: [{ name: "ten off", ...discount, order: 0 }],
      subtotalMinor: 1_350,
      totalMinor: 1_215,
    });
    const meta = await call(`PUT ${cart("/menu/metadata/note")}`, {
      body: ["any", { userId: "bob" }],
    });
    expect(meta.body.metadata).toEqual({ note: ["any", { userId: "bob" }] });
    const whole = await call(`GET ${cart()}`);
    expect(whole).toMatchObject({
      status: 200,
      body: {
        userId: "alice",
        sessionId: session,
        instances: [{ ...meta.body }],
        count: 3,
        totalMinor: 1_215,
        currency: "EUR",
        lock: null,
      },
    });
    expect(whole.headers.get("etag")).toBe(meta.headers.get("etag"));
    await call(`DELETE ${cart("/menu/conditions/ten%20off")}`);
    await call(`DELETE ${cart("/menu/metadata/note")}`);
    await call(`DELETE ${cart(`/menu/items/${lineId}`)}`);
    const emptied = await call(`GET /carts/me/${session}/menu`);
    expect(emptied.body).toMatchObject({ items: [], conditions: [], metadata: {}, totalMinor: 0 });
  });

  it("cost what the design says", async () => {
    const costs: [string, CallOptions, number][] = [
      [`POST ${cart("/menu/items")}`, { body: { itemId: "soup", quantity: 2 } }, 2],
      [`PATCH ${cart("/menu/items/soup")}`, { body: { quantity: 3 } }, 1],
      [
        `PUT ${cart("/menu/conditions/c")}`,
        { body: { type: "fee", target: "total", value: "+1" } },
        1,
      ],
      [`DELETE ${cart("/menu/conditions/c")}`, {}, 1],
      [`PUT ${cart("/menu/metadata/k")}`, { body: { a: 1 } }, 1],
      [`DELETE ${cart("/menu/metadata/k")}`, {}, 1],
      [`DELETE ${cart("/menu/items/soup")}`, {}, 1],
      [`PUT ${cart("/menu/items")}`, { body: [{ itemId: "bread", quantity: 1 }] }, 2],
      // The second one looks whether its items are for sale.
      [`GET ${cart()}`, {}, 2],
      [`GET ${cart("/lock")}`, {}, 1],
      [`DELETE ${cart("/menu")}`, {}, 2],
    ];
    for (const [route, options, requests] of costs) {
      const answer = await call(route, options);
      expect([route, answer.status, requestsOf(answer)]).toEqual([route, 200, requests]);
    }
  });

  it("honour If-Match: 412 with the current version, and nothing changed", async () => {
    const first = await call(`PUT ${cart("/menu/items")}`, {
      headers: { "if-match": '"0"' },
      body: [{ itemId: "soup", quantity: 1 }],
    });
    const etag = first.headers.get("etag") ?? "";
    const replace = (ifMatch: string) =>
      call(`PUT ${cart("/menu/items")}`, {
        headers: { "if-match": ifMatch },
        body: [{ itemId: "bread", quantity: 2 }],
      });
    const second = await replace(etag);
    expect([second.status, requestsOf(second)]).toEqual([200, 2]);
    expect(await replace(etag)).toMatchObject({
      status: 412,
      body: { code: "VERSION_MISMATCH", currentVersion: second.body.version },
    });
    expect((await replace("*")).status).toBe(200);
    expect((await replace("yesterday")).status).toBe(400);
  });

  it("of what is not there, or does not fit, are refused", async () => {
    await call(`POST ${cart("/menu/items")}`, { body: { itemId: "soup", quantity: 1 } });
    const before = await call(`GET ${cart()}`);
    const tooMany = Array.from({ length: 201 }, (_, i) => ({ itemId: `x${i}`, quantity: 1 }));
    const refusals: [string, unknown, number, string][] = [
      [`POST ${cart("/menu/items")}`, { itemId: "ghost", quantity: 1 }, 404, "ITEM_NOT_FOUND"],
      [`POST ${cart("/menu/items")}`, { itemId: "taco", quantity: 1 }, 409, "CURRENCY_MISMATCH"],
      [`PATCH ${cart("/menu/items/bread")}`, { quantity: 1 }, 404, "CART_LINE_NOT_FOUND"],
      [`PUT ${cart("/menu/items")}`, tooMany, 413, "TOO_LARGE"],
      [`PUT ${cart("/menu/metadata/k")}`, "x".repeat(5_000), 413, "TOO_LARGE"],
      [`POST ${cart("/menu/items")}`, { itemId: "soup", quantity: 1.5 }, 400, "INVALID_REQUEST"],
      [`POST ${cart("/menu/items")}`, { itemId: "soup", quantity: 1e300 }, 400, "INVALID_REQUEST"],
      [
        `POST ${cart("/menu/items")}`,
        { itemId: "soup", quantity: 1, x: 1 },
        400,
        "INVALID_REQUEST",
      ],
      [`POST ${cart("/a%3Ab/items")}`, { itemId: "soup", quantity: 1 }, 400, "INVALID_REQUEST"],
      [`PUT ${cart("/menu/items")}`, '{"broken"', 400, "INVALID_REQUEST"],
      [
        `PUT ${cart("/menu/conditions/c")}`,
        { type: "x", target: "total", value: "1" },
        400,
        "INVALID_REQUEST",
      ],
    ];
    for (const [route, body, status, code] of refusals) {
      const json = typeof body === "string" && !body.startsWith("{") ? JSON.stringify(body) : body;
      const answer = await call(route, { body: json });
      expect([route, answer.status, answer.body.code]).toEqual([route, status, code]);
    }
    expect((await call(`GET ${cart()}`)).body).toEqual(before.body);
  });

  it("of somebody else's cart are forbidden, and nobody comes without a token", async () => {
    const body = { itemId: "soup", quantity: 1 };
    const others = await server.call(`POST /carts/alice/${session}/menu/items`, {
      as: "bob",
      body,
    });
    expect([others.status, others.body.code, requestsOf(others)]).toEqual([403, "FORBIDDEN", 0]);
    expect((await server.call(`GET /carts/alice/${session}`, { as: "bob" })).status).toBe(403);
    expect((await server.call(`GET /carts/alice/${session}`)).status).toBe(401);
    expect((await server.call(`GET /carts/alice/${session}`, admin)).status).toBe(200);
  });
});

describe("merging", () => {
  it("moves a guest's cart into the member's", async () => {
    await call(`POST /carts/me/guest-${serial}/menu/items`, {
      body: { itemId: "soup", quantity: 2 },
    });
    await call(`POST ${cart("/menu/items")}`, { body: { itemId: "soup", quantity: 1 } });
    const from = { sessionId: `guest-${serial}` };
    const merged = await call(`POST ${cart("/merge")}`, { body: { from, strategy: "sum" } });
    expect(merged).toMatchObject({ status: 200, body: { count: 3, totalMinor: 1_350 } });
    expect((await call(`GET /carts/me/guest-${serial}`)).body).toMatchObject({ count: 0 });
  });
});

describe("many at once", () => {
  it("200 parallel adds of 200 different items are all there @long", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `many-${index}`);
    await plantItems(tablePrefix, names);
    const answers = await Promise.all(
      names.map((itemId) => call(`POST ${cart("/menu/items")}`, { body: { itemId, quantity: 1 } })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { body } = await call(`GET ${cart("/menu")}`);
    expect(body.items.map(({ itemId }: { itemId: string }) => itemId).toSorted()).toEqual(
      names.toSorted(),
    );
    expect(body.totalMinor).toBe(20_000);
    const over = await call(`POST ${cart("/other/items")}`, {
      body: { itemId: "soup", quantity: 1 },
    });
    expect(over).toMatchObject({ status: 413, body: { code: "TOO_LARGE", limit: 200 } });
  });
});

describe("a cart that is ordered", () => {
  beforeEach(async () => {
    await add("ticket", "seat", 2);
    await add("menu", "soup", 1);
    await call(`PUT ${cart("/ticket/conditions/sale")}`, {
      body: { type: "discount", target: "total", value: "-10%" },
    });
    await call(`PUT ${cart("/menu/metadata/seat")}`, { body: "A1" });
  });

  describe("while an order is pending", () => {
    it("100 parallel edits of every kind get 423, and the cart stays as it is to the byte @long", async () => {
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
    it("success takes out what was bought, and leaves what was in other instances @long", async () => {
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
});
