/**
 * What once was possible to anybody at the front door, and is not any more: one small case each, over bare HTTP, so
 * that any version can be asked. `HOLDFAST_URL` names a server that runs already; otherwise one is started.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendRaw } from "../support/http.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { fresh } from "../support/shop.ts";

/** What the settings say where nobody set anything. */
const asDelivered = { maxOpenOrders: "5", maxUnitsPerLine: "100", maxUnpaidOrders: "5" };

let server: TestServer | undefined;
let url = process.env["HOLDFAST_URL"] ?? "";

beforeAll(async () => {
  if (url !== "") return;
  server = await startServer({ context: { sweep: "off", ...asDelivered } });
  ({ url } = server);
});
afterAll(async () => {
  await server?.stop();
});

interface Heard {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
  readonly body: any;
  readonly bytes: number;
}

type Say = (route: string, body?: unknown, headers?: Record<string, string>) => Promise<Heard>;

/** Somebody with a token that says these groups. */
async function signIn(userId: string, groups = "", more = ""): Promise<Say> {
  const query = `sub=${userId}&groups=${encodeURIComponent(groups)}${more}&as=text`;
  const token = await (await fetch(`${url}/_local/token?${query}`)).text();
  return async (route, body, headers = {}) => {
    const [method = "GET", path = "/"] = route.split(" ");
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.includes("json") && text !== "";
    return { status: answer.status, body: isJson ? JSON.parse(text) : text, bytes: text.length };
  };
}

let administrator: Promise<Say> | undefined;
const root = (): Promise<Say> => (administrator ??= signIn("root", "admin"));

async function makeItem(given: { amountMinor?: number; quantity?: number } = {}): Promise<string> {
  const { amountMinor = 199_900, quantity = 1_000_000 } = given;
  const itemId = fresh("item");
  const price = { amountMinor, currency: "EUR" };
  const item = { itemId, name: itemId, kind: "Retail", price, quantity };
  expect((await (await root())("POST /items", item)).status).toBe(201);
  return itemId;
}

/** A shopper with these lines in the cart `default`, `main`. */
async function shopperWith(...lines: { itemId: string; quantity: number; attributes?: object }[]) {
  const userId = fresh("shopper");
  const say = await signIn(userId);
  for (const line of lines) {
    expect((await say("POST /carts/me/default/main/items", line)).status).toBe(200);
  }
  return { userId, say };
}

const order = (say: Say, what: object = {}, key = fresh("key")) =>
  say("POST /order/me", { paymentMethod: "sandbox", ...what }, { "idempotency-key": key });

const cheap = { type: "discount", target: "total", value: "-99.99%" };

describe("what an order costs", () => {
  test("a shopper discounts nothing @long", async () => {
    const { say } = await shopperWith({ itemId: await makeItem(), quantity: 1 });
    expect((await say("PUT /carts/me/default/main/conditions/gift", cheap)).status).toBe(403);
    expect((await order(say)).body.totalMinor).toBe(199_900);
  });

  test("a shopper brings no discount in by merging @long", async () => {
    const { say } = await shopperWith({ itemId: await makeItem(), quantity: 1 });
    await say("PUT /carts/me/phone/main/conditions/gift", cheap);
    await say("POST /carts/me/default/merge", { from: { sessionId: "phone" } });
    expect((await order(say)).body.totalMinor).toBe(199_900);
  });

  test.each([
    ["removing", "DELETE /carts/me/default/main/conditions/vat"],
    ["setting", "PUT /carts/me/default/main/conditions/vat"],
    ["clearing", "DELETE /carts/me/default/main"],
  ])("a shopper loses no tax of the shop by %s", async (_, route) => {
    const itemId = await makeItem();
    const { userId, say } = await shopperWith({ itemId, quantity: 1 });
    const tax = { type: "tax", target: "total", value: "+10%" };
    const admin = await root();
    const taxed = await admin(`PUT /carts/${userId}/default/main/conditions/vat`, tax);
    expect(taxed.status).toBe(200);
    await say(route, route.startsWith("PUT") ? cheap : undefined);
    await say("PUT /carts/me/default/main/items", [{ itemId, quantity: 1 }]);
    expect((await order(say)).body.totalMinor).toBe(219_890);
  });

  test("a shopper credits no vendor who does not sell the goods", async () => {
    const { say } = await shopperWith({ itemId: await makeItem(), quantity: 1 });
    expect((await order(say, { vendorId: "my-own-shop" })).status).toBe(400);
  });

  test("what costs nothing is paid at once", async () => {
    const { say } = await shopperWith({ itemId: await makeItem({ amountMinor: 0 }), quantity: 1 });
    const free = { totalMinor: 0, status: "paid", payment: null };
    expect((await order(say)).body).toMatchObject(free);
  });

  test("a changed price is shown, and ordered at the second try @long", async () => {
    const itemId = await makeItem();
    const { say } = await shopperWith({ itemId, quantity: 1 });
    const price = { amountMinor: 149_900, currency: "EUR" };
    expect((await (await root())(`PATCH /items/${itemId}`, { price })).status).toBe(200);
    const changed = { unitPriceMinor: 149_900, previousUnitPriceMinor: 199_900 };
    expect((await say("GET /carts/me/default/main")).body.items).toMatchObject([changed]);
    expect((await order(say)).status).toBe(409);
    expect((await say("GET /carts/me/default/main")).body.items).toMatchObject([changed]);
    expect(await order(say)).toMatchObject({ status: 201, body: { totalMinor: 149_900 } });
  });
});

describe("what an order is", () => {
  test("two engravings are two lines, in the cart and in the order", async () => {
    const itemId = await makeItem();
    const engraved = (engraving: string) => ({ itemId, quantity: 1, attributes: { engraving } });
    const { say } = await shopperWith(engraved("Ada"), engraved("Bob"));
    const { body } = await order(say);
    const engravings = body.lines.map((line: { attributes?: object }) => line.attributes);
    expect(engravings).toEqual([{ engraving: "Ada" }, { engraving: "Bob" }]);
  });

  test("two clicks make one order: items without a key are refused", async () => {
    const items = [{ itemId: await makeItem(), quantity: 1 }];
    const { say } = await shopperWith();
    const body = { items, paymentMethod: "sandbox" };
    expect((await say("POST /order/me", body)).status).toBe(400);
  });

  test("a wish list is not bought", async () => {
    const itemId = await makeItem();
    const { say } = await shopperWith({ itemId, quantity: 1 });
    await say("POST /carts/me/default/wishlist/items", { itemId, quantity: 1 });
    await say("POST /carts/me/default/saved/items", { itemId, quantity: 1 });
    expect((await order(say)).body.totalMinor).toBe(199_900);
  });
});

describe("what one shopper withholds", () => {
  test("one request does not hold the whole shop @long", async () => {
    const itemIds = await Promise.all(Array.from({ length: 20 }, () => makeItem()));
    const { say } = await shopperWith();
    const items = itemIds.map((itemId) => ({ itemId, quantity: 1_000_000 }));
    expect(await order(say, { items })).toMatchObject({
      status: 409,
      body: { code: "LIMIT_EXCEEDED" },
    });
    expect((await say(`GET /items/${itemIds[0]}`)).body.held).toBe(0);
  });

  test("no more than 5 orders are open at a time @long", async () => {
    const items = [{ itemId: await makeItem(), quantity: 1 }];
    const { say } = await shopperWith();
    const heard = await Promise.all(Array.from({ length: 10 }, () => order(say, { items })));
    expect(heard.filter(({ status }) => status === 201)).toHaveLength(5);
  });

  test("cancelling and ordering again ends in a pause @long", async () => {
    const items = [{ itemId: await makeItem(), quantity: 1 }];
    const { say } = await shopperWith();
    for (let count = 0; count < 5; count += 1) {
      const { body } = await order(say, { items });
      expect((await say(`POST /orders/${body.orderId}/cancel`)).status).toBe(200);
    }
    expect(await order(say, { items })).toMatchObject({ status: 409 });
  });

  test("no lock is for a whole day", async () => {
    const { say } = await shopperWith();
    const asked = { docId: fresh("doc"), ttl: 86_400 };
    const { body } = await say("POST /api/lock/acquire", asked);
    expect(body.lockInfo.expiresAtMs - Date.now()).toBeLessThan(86_000_000);
  });
});

describe("who is who", () => {
  test.each(["shop admin", "read only admin", "non admin", "admin ops"])(
    "a member of the group %j does not administer",
    async (group) => {
      const say = await signIn(fresh("member"), group);
      expect((await say("GET /admin/locks/stats")).status).toBe(403);
    },
  );

  test("an ID token opens nothing", async () => {
    const say = await signIn(fresh("member"), "", "&use=id");
    expect((await say("GET /carts/me/default")).status).toBe(401);
  });

  test("a document with a list is nobody else's to read, lock or overwrite", async () => {
    const [{ say: writer }, { say: stranger }] = [await shopperWith(), await shopperWith()];
    const docId = fresh("doc");
    const { body } = await writer("POST /api/lock/acquire", { docId });
    const { fence } = body.lockInfo;
    expect((await writer(`PUT /api/documents/${docId}`, { content: "x", fence })).status).toBe(200);
    const nobodyElse = { readers: [], editors: [] };
    await writer(`PUT /api/documents/${docId}/access`, nobodyElse);
    expect((await stranger(`GET /api/documents/${docId}`)).status).toBe(404);
    expect((await stranger(`POST /api/documents/${docId}/edit`, {})).status).toBe(403);
  });

  test("a name in the body is not taken for another's who has one in the token", async () => {
    const say = await signIn(fresh("writer"), "", "&name=Ada");
    const asked = { docId: fresh("doc"), username: "The boss" };
    const { body } = await say("POST /api/lock/acquire", asked);
    expect(body.lockInfo.username).toBe("Ada");
  });

  test("nothing is called . or ..", async () => {
    const admin = await root();
    for (const itemId of [".", ".."]) {
      const price = { amountMinor: 1, currency: "EUR" };
      const item = { itemId, name: "x", kind: "Retail", price, quantity: 1 };
      expect((await admin("POST /items", item)).status).toBe(400);
      expect((await admin("POST /api/lock/acquire", { docId: itemId })).status).toBe(400);
    }
  });
});

describe("what abuse costs", () => {
  test("a 300 KB list of nothing is refused in few words", async () => {
    const { say } = await shopperWith();
    const list = `[${Array.from({ length: 100_000 }, () => "{}").join(",")}]`;
    for (const body of [list, `{"items":${list},"paymentMethod":"sandbox"}`]) {
      const route = body === list ? "PUT /carts/me/default/main/items" : "POST /order/me";
      const { status, bytes } = await say(route, body, { "idempotency-key": fresh("key") });
      expect({ route, isRefused: status >= 400 && status < 500, isShort: bytes < 65_536 }).toEqual({
        route,
        isRefused: true,
        isShort: true,
      });
    }
  });

  test("sums beyond what a number can tell are refused, not a fault", async () => {
    const itemIds = await Promise.all(
      Array.from({ length: 12 }, () => makeItem({ amountMinor: 1_000_000_000 })),
    );
    const { say } = await shopperWith();
    const items = itemIds.map((itemId) => ({ itemId, quantity: 1_000_000 }));
    expect((await order(say, { items })).status).toBeLessThan(500);
    const put = await say("PUT /carts/me/default/main/items", items);
    const seen = await say("GET /carts/me/default/main");
    expect([put, seen].filter(({ status }) => status >= 500)).toEqual([]);
  });

  test("a tampered cursor is refused by name", async () => {
    const cursor = Buffer.from('{"itemId":1e308}').toString("base64url");
    const heard = await (await root())(`GET /items?cursor=${cursor}`);
    expect(heard).toMatchObject({ status: 400, body: { issues: [{ path: "cursor" }] } });
  });

  test("a cart takes no 101 values of 4 KB", async () => {
    const { say } = await shopperWith();
    const value = "x".repeat(4_000);
    const statuses: number[] = [];
    for (let count = 0; count < 101 && !statuses.includes(413); count += 1) {
      const heard = await say(`PUT /carts/me/default/main/metadata/key${count}`, { value });
      statuses.push(heard.status);
    }
    expect(statuses.at(-1)).toBe(413);
  });

  test("a page of another origin makes nothing here and reads no token", async () => {
    const token = await (await fetch(`${url}/_local/token?sub=root&groups=admin&as=text`)).text();
    const body = JSON.stringify({ itemId: fresh("item"), name: "x", kind: "Retail" });
    const headers = { authorization: `Bearer ${token}`, "content-type": "text/plain" };
    const made = await sendRaw(url, { method: "POST", path: "/items", headers, body });
    expect(made.status).toBe(415);
    for (const path of ["/_local/token?sub=root&groups=admin", "/_local/secrets"]) {
      const rebound = await sendRaw(url, { method: "GET", path, headers: { host: "evil.test" } });
      expect(rebound.status).toBe(421);
      const elsewhere = { "sec-fetch-site": "cross-site", origin: "http://evil.test" };
      const crossed = await sendRaw(url, { method: "GET", path, headers: elsewhere });
      expect(crossed.status).toBe(403);
    }
  });
});
