/** How requests are met whatever they are about: methods, bodies, names, preconditions, other origins. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createClient } from "../../client/index.ts";
import { clientOf, sendRaw } from "../support/http.ts";
import { expectStatus, fresh } from "../support/shop.ts";
import { openUnsweptShop, otherOrigin as origin } from "../support/shop-for-file.ts";

const { server, shop } = await openUnsweptShop();

const item = (more = {}) => ({
  itemId: fresh("item"),
  name: "Chair",
  kind: "Retail",
  price: { amountMinor: 4_900, currency: "EUR" },
  quantity: 1,
  ...more,
});

describe("methods", () => {
  it.each([
    ["DELETE /items", "GET, HEAD, POST"],
    ["PUT /items/chair", "DELETE, GET, HEAD, PATCH"],
    ["PATCH /api/documents?docId=x", "GET, HEAD, PUT"],
    ["GET /webhooks/stripe", "POST"],
    ["OPTIONS /orders", "GET, HEAD"],
  ])("%s is not there, and the answer names what is: %s", async (route, allowed) => {
    const { status, headers, body } = await shop.admin.send(route);
    expect({ status, code: body.code, allow: headers.get("allow") }).toEqual({
      status: 405,
      code: "METHOD_NOT_ALLOWED",
      allow: allowed,
    });
  });

  it("HEAD says what GET says, without its body @long", async () => {
    const itemId = await shop.item();
    const shopper = shop.shopper();
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    const paths = ["/items", `/items/${itemId}`, "/orders", "/carts/me/default", "/health"];
    for (const path of [...paths, "/items/none", "/api/lock/status?docId=a/b"]) {
      const [got, head] = [await shopper.send(`GET ${path}`), await shopper.send(`HEAD ${path}`)];
      expect([path, head.status, head.body]).toEqual([path, got.status, ""]);
      for (const name of ["content-type", "etag", "cache-control"]) {
        expect([path, head.headers.get(name)]).toEqual([path, got.headers.get(name)]);
      }
    }
    expect((await shop.nobody.send("HEAD /orders")).status).toBe(401);
    expect((await shopper.send("HEAD /admin/locks")).status).toBe(403);
    expect((await shopper.send("HEAD /order/me")).status).toBe(405);
  });
});

describe("bodies", () => {
  const send = (headers: Record<string, string>, body: unknown = item()) =>
    shop.admin.send("POST /items", { body, headers });

  it("are UTF-8, and nobody unpacks them", async () => {
    const packed = gzipSync(JSON.stringify(item()));
    const refused = [
      await send({ "content-type": "application/json; charset=ISO-8859-1" }),
      await send({ "content-type": 'application/json;charset="utf-16"' }),
      await send({ "content-encoding": "gzip" }, packed),
      await send({ "content-encoding": "br" }),
      await shop.nobody.send("POST /webhooks/sandbox", {
        body: {},
        headers: { "content-type": "application/json; charset=latin1" },
      }),
    ];
    for (const { status, body, cost } of refused) {
      expect([status, body.code, cost?.requests]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE", 0]);
    }
    const taken = [
      await send({ "content-type": "application/json; charset=UTF-8" }),
      await send({ "content-type": 'application/json; charset="utf-8"' }),
      await send({ "content-encoding": "identity" }),
    ];
    expect(taken.map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  it("larger than a route takes are refused unread", async () => {
    const cases = [
      [shop.admin, "POST /items", `{"name":"${"x".repeat(70_000)}`, 64 * 1024],
      [shop.shopper(), "PUT /carts/me/default/main/items", `[${" ".repeat(1_100_000)}`, 2 ** 20],
      [shop.shopper(), "PUT /api/documents?docId=x", `{"content":"${"é".repeat(600_000)}`, 2 ** 20],
    ] as const;
    for (const [who, route, text, limit] of cases) {
      const { status, body, cost } = await who.send(route, { body: text });
      expect([route, status, body.code, body.limit]).toEqual([route, 413, "TOO_LARGE", limit]);
      expect(cost?.requests).toBe(0);
    }
  });

  it("with too many entries are refused with the limit, and 20 wrong fields are named at most", async () => {
    const shopper = shop.shopper();
    const lines = (count: number, quantity: number) =>
      Array.from({ length: count }, (_, index) => ({ itemId: `i${index}`, quantity }));
    const order = await shopper.order({ items: lines(201, 1) });
    expect([order.status, order.body.code, order.body.limit]).toEqual([413, "TOO_LARGE", 200]);
    const body = { items: lines(100, 0.5), paymentMethod: "sandbox" };
    const wrong = await shopper.send("POST /order/me", { body });
    expect([wrong.status, wrong.body.issues.length]).toEqual([400, 20]);
  });
});

describe("names", () => {
  it(". and .. are refused wherever they would have to stand in an address", async () => {
    const token = await server.token("root", ["admin"]);
    const me = shop.shopper();
    const condition = { type: "fee", target: "total", value: "+1" };
    for (const name of [".", ".."]) {
      const bodies: [string, unknown][] = [
        ["POST /items", item({ itemId: name })],
        ["POST /carts/me/default/main/items", { itemId: name, quantity: 1 }],
        ["POST /carts/me/default/merge", { from: { sessionId: name } }],
        ["POST /api/lock/acquire", { docId: name }],
        ["POST /api/lock/acquire", { docId: "x", sessionId: name }],
        ["POST /order/me", { paymentMethod: "sandbox", sessionId: name }],
        ["PUT /api/documents?docId=..", { content: 1, fence: 1 }],
        [`GET /api/lock/status?docId=${name}`, undefined],
      ];
      for (const [route, body] of bodies) {
        const who = route === "POST /items" ? shop.admin : me;
        const answer = await who.send(route, { body });
        expect([route, answer.status, answer.body.code]).toEqual([route, 400, "INVALID_REQUEST"]);
      }
      const paths: [string, string, unknown][] = [
        ["PUT", `/carts/root/default/main/conditions/${name}`, condition],
        ["PUT", `/carts/root/default/main/metadata/${name}`, 1],
        ["DELETE", `/carts/root/${name}/main`, undefined],
        ["DELETE", `/carts/root/default/${name}`, undefined],
        ["GET", `/items/${name}`, undefined],
      ];
      for (const [method, path, body] of paths) {
        // As it stands: whatever knows addresses would have taken a step.
        const answer = await sendRaw(server.url, {
          method,
          path,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        expect([path, answer.status, answer.body.code]).toEqual([path, 400, "INVALID_REQUEST"]);
      }
    }
  });

  it("the client sends nothing to an address that is not the one it was told", async () => {
    const itemId = await shop.item();
    const userId = fresh("user");
    const shopper = shop.shopper(userId);
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    const client = createClient({ baseUrl: server.url, token: await server.token(userId) });
    const clearing = { userId: "me", sessionId: "..", instance: "me" };
    await expect(client.clearCartInstance({ params: clearing })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      problem: { issues: [{ path: "path.sessionId" }] },
    });
    expect((await shopper.cart()).items).toHaveLength(1);
  });

  it.each(["report/7", "../secret", "a/../b", "/", "?&#%2F", "Ä ö\u{1f600}"])(
    "a document called %j is edited, saved and read by its query",
    async (docId) => {
      const userId = fresh("user");
      const client = createClient({ baseUrl: server.url, token: await server.token(userId) });
      const session = await client.documents.edit(docId);
      expect(await client.getLockStatus({ params: { docId } })).toMatchObject({ isLocked: true });
      await session.save({ by: userId });
      await session.close();
      const query = new URLSearchParams({ docId });
      const read = await clientOf(server, userId).send(`GET /api/documents?${query}`);
      expect(read).toMatchObject({ status: 200, body: { docId, content: { by: userId } } });
      // Older clients ask by the path; where nobody in between unpacks it, that is the same document.
      const byPath = await clientOf(server, userId).send(
        `GET /api/documents/${encodeURIComponent(docId)}`,
      );
      expect(byPath.body).toEqual(read.body);
    },
  );

  it("a document's address without a name is refused", async () => {
    const me = shop.shopper();
    for (const route of [
      "GET /api/documents",
      "GET /api/lock/status",
      "GET /api/documents?docId=",
    ]) {
      const { status, body } = await me.send(route);
      expect([route, status, body.issues?.[0].path]).toEqual([route, 400, "query.docId"]);
    }
    const { body } = await me.send("GET /api/documents?docId=x&more=1");
    expect(body.issues[0].path).toBe("query.more");
  });
});

it("cursors that were tampered with are refused @long", async () => {
  await shop.items(2);
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const first = await shop.admin.send("GET /items?limit=1");
  const known = JSON.parse(Buffer.from(first.body.cursor, "base64url").toString()) as object;
  const names = Object.keys(known);
  const odd = [1e308, -1, 0.5, true, "", "\ud800", "x".repeat(1_000), null, { a: 1 }, [1]];
  const lists = ["/items", "/orders", "/admin/locks", "/admin/audit?subject=item/x"];
  for (const list of [...lists, "/inventory/x/movements", "/admin/inventory/check"]) {
    for (const cursor of [
      ...odd.map((value) => ({ itemId: value })),
      ...odd.map((value) => ({ shard: 0, after: value })),
      ...odd.map((value) => ({ source: 0, skip: 0, after: value })),
      ...names.flatMap((name) => odd.map((value) => ({ ...known, [name]: value }))),
    ]) {
      const path = `${list}${list.includes("?") ? "&" : "?"}cursor=${encoded(cursor)}`;
      const { status } = await shop.admin.send(`GET ${path}`);
      expect({ list, cursor, status }).toSatisfy(() => status < 500);
    }
    const { status } = await shop.admin.send(
      `GET ${list}${list.includes("?") ? "&" : "?"}cursor=${encoded({ itemId: 1e308 })}`,
    );
    expect([list, status]).toEqual([list, 400]);
  }
});

/** A thing with versions that somebody writes under conditions: carts and documents alike. */
interface Versioned {
  readonly name: string;
  /** Makes one that nobody has written yet, and hands back how to write and read it. */
  open(): Promise<{
    write(
      headers: Record<string, string>,
    ): Promise<{ status: number; body: any; headers: Headers }>; // oxlint-disable-line typescript/no-explicit-any
    read(headers: Record<string, string>): Promise<{ status: number; body: any; headers: Headers }>; // oxlint-disable-line typescript/no-explicit-any
  }>;
}

const carts: Versioned = {
  name: "a cart",
  async open() {
    const shopper = shop.shopper();
    const body = [{ itemId: await shop.item(), quantity: 1 }];
    return {
      write: (headers) => shopper.send("PUT /carts/me/default/main/items", { body, headers }),
      read: (headers) => shopper.send("GET /carts/me/default/main", { headers }),
    };
  },
};

const edits: Versioned = {
  name: "a single edit of a cart",
  async open() {
    const shopper = shop.shopper();
    const body = { itemId: await shop.item(), quantity: 1 };
    return {
      write: (headers) => shopper.send("POST /carts/me/default/main/items", { body, headers }),
      read: (headers) => shopper.send("GET /carts/me/default", { headers }),
    };
  },
};

const merges: Versioned = {
  name: "a merged cart",
  async open() {
    const shopper = shop.shopper();
    const body = { itemId: await shop.item(), quantity: 1 };
    return {
      async write(headers) {
        await shopper.send("POST /carts/me/guest/main/items", { body });
        return shopper.send("POST /carts/me/default/merge", {
          body: { from: { sessionId: "guest" } },
          headers,
        });
      },
      read: (headers) => shopper.send("GET /carts/me/default/main", { headers }),
    };
  },
};

const documents: Versioned = {
  name: "a document",
  async open() {
    const shopper = shop.shopper();
    const docId = fresh("doc");
    const edited = await shopper.send(`POST /api/documents/edit?docId=${docId}`, { body: {} });
    const body = { content: 1, fence: edited.body.lockInfo.fence, keepLock: true };
    return {
      write: (headers) => shopper.send(`PUT /api/documents/${docId}`, { body, headers }),
      read: (headers) => shopper.send(`GET /api/documents?docId=${docId}`, { headers }),
    };
  },
};

describe.each([carts, edits, merges, documents])("preconditions of $name", ({ open }) => {
  it("follow RFC 9110: lists, *, weak tags, If-None-Match", async () => {
    const { write } = await open();
    const mismatch = { status: 412, body: { code: "VERSION_MISMATCH" } };
    // Nobody has written it yet.
    expect(await write({ "if-match": "*" })).toMatchObject(mismatch);
    expect(await write({ "if-match": '"17"' })).toMatchObject(mismatch);
    const first = await write({ "if-none-match": "*" });
    expectStatus(first as never, 200);
    const stale = first.headers.get("etag")!;
    expect(await write({ "if-none-match": "*" })).toMatchObject(mismatch);
    const second = await write({ "if-match": `"not-ours" , ${stale},` });
    expect(second.status).toBe(200);
    const current = second.headers.get("etag")!;
    for (const given of [stale, '"0"', '"not-ours"', `W/${current}`, `${stale}, W/${current}`]) {
      expect([given, (await write({ "if-match": given })).status]).toEqual([given, 412]);
    }
    for (const given of [current, `W/${current}`, `"1", ${current}`]) {
      expect([given, (await write({ "if-none-match": given })).status]).toEqual([given, 412]);
    }
    const third = await write({ "if-match": "*", "if-none-match": stale });
    expect(third.status).toBe(200);
    const { body } = await write({ "if-match": current });
    expect(body).toMatchObject({ currentVersion: third.body.version });
  });

  it("name as many states as a header holds", async () => {
    const { write } = await open();
    const first = await write({ "if-none-match": "*" });
    const current = first.headers.get("etag")!;
    // Past what one list of DynamoDB's takes, and past 4,096 bytes if each state were a sentence.
    const others = Array.from({ length: 150 }, (_, index) => `"${index + 500}"`).join(",");
    expect((await write({ "if-match": others })).status).toBe(412);
    expect((await write({ "if-none-match": `${others},${current}` })).status).toBe(412);
    const second = await write({ "if-none-match": others });
    expect(second.status).toBe(200);
    const third = await write({ "if-match": `${others},${second.headers.get("etag")}` });
    expect(third.status).toBe(200);
  });

  it("that are not understood are refused, never ignored", async () => {
    const { write, read } = await open();
    for (const given of ["17", "yesterday", '"17', '"1" "2"', '*, "1"', "w/x"]) {
      for (const name of ["if-match", "if-none-match"]) {
        const { status, body } = await write({ [name]: given });
        expect([name, given, status, body.issues?.[0].path]).toEqual([
          name,
          given,
          400,
          `header.${name}`,
        ]);
      }
      expect((await read({ "if-none-match": given })).status).toBe(400);
    }
    const dated = await write({ "if-unmodified-since": "Sat, 29 Oct 1994 19:43:31 GMT" });
    expect([dated.status, dated.body.issues[0].path]).toEqual([400, "header.if-unmodified-since"]);
  });

  it("spare a reader what they have", async () => {
    const { write, read } = await open();
    await write({});
    const { headers } = await read({});
    const etag = headers.get("etag")!;
    const again = await read({ "if-none-match": etag });
    expect([again.status, again.body, again.headers.get("etag")]).toEqual([304, "", etag]);
    await write({});
    expect((await read({ "if-none-match": etag })).status).toBe(200);
    expect((await read({ "if-match": etag })).status).toBe(412);
  });
});

it("a precondition on a route that knows none is refused", async () => {
  for (const name of ["if-match", "if-none-match", "if-unmodified-since"]) {
    const headers = { [name]: '"1"' };
    const { status, body, cost } = await shop.admin.send("POST /items", { body: item(), headers });
    expect([status, body.issues?.[0].path]).toEqual([400, `header.${name}`]);
    expect(cost?.requests).toBe(0);
  }
});

it("a page of an allowed origin may send and read every header of the contract", async () => {
  const wish = { origin, "access-control-request-method": "PUT" };
  const preflight = await shop.nobody.send("OPTIONS /items", { headers: wish });
  const allowed = preflight.headers.get("access-control-allow-headers")?.split(",");
  expect(allowed).toEqual(
    expect.arrayContaining(["if-match", "if-none-match", "idempotency-key", "x-lock-session"]),
  );
  expect(preflight.headers.get("access-control-allow-methods")).toContain("HEAD");
  const answered = await shop.nobody.send("GET /items", { headers: { origin } });
  expect(answered.headers.get("access-control-expose-headers")?.split(",")).toEqual(
    expect.arrayContaining(["allow", "etag", "location", "x-request-id", "retry-after"]),
  );
});
