/** Who gets in, and to what: forged tokens on every route, and other people's carts, orders and payments. */
import { createPublicKey } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { endpoints } from "../../shared/api/index.ts";
import { type Answer, inParallel } from "../support/http.ts";
import { expectStatus, fresh, type OrderView, type Shopper } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { server, shop } = await openShopForFile();

async function issued(query: string): Promise<string> {
  return (await server.call(`GET /_local/token?sub=root&groups=admin${query}`)).body.access_token;
}

/** Every way to a token that our issuer has not given out, or not for this. */
async function badTokens(): Promise<Record<string, string>> {
  const good = await issued("");
  const [header = "", payload = "", signature = ""] = good.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  const { kid } = JSON.parse(Buffer.from(header, "base64url").toString());
  const { body: published } = await server.call("GET /_local/jwks.json");
  const publicKey = createPublicKey({ key: published.keys[0], format: "jwk" });
  const pem = Buffer.from(publicKey.export({ type: "spki", format: "pem" }));
  const stranger = await generateKeyPair("RS256");
  const strangersKey = { ...(await exportJWK(stranger.publicKey)), alg: "RS256" };
  const signed = (alg: string, key: Parameters<SignJWT["sign"]>[0], more: object = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg, kid, ...more }).sign(key);
  const changed = { ...claims, sub: "somebody-else" };
  const encoded = Buffer.from(JSON.stringify(changed)).toString("base64url");
  return {
    "signed by another key": await signed("RS256", stranger.privateKey),
    "with its own key inside": await signed("RS256", stranger.privateKey, { jwk: strangersKey }),
    "signed with our public key as a secret": await signed("HS256", pem),
    "of algorithm none": new UnsecuredJWT(claims).encode(),
    "without its signature": `${header}.${payload}.`,
    "with other claims": `${header}.${encoded}.${signature}`,
    "that has expired": await issued("&ttl=-5"),
    "for another audience": await issued("&audience=somebody-elses-app"),
    "that is an ID token": await issued("&use=id"),
    "that is cut off": good.slice(0, -10),
    "that is no token": "let-me-in",
  };
}

const protectedRoutes = endpoints.filter(({ access }) => access !== "anyone");

/** A route with something in the place of its variables. */
function filled(path: string): string {
  return path.replaceAll(/\{\w+\}/g, "x");
}

describe("without a valid token", () => {
  it("no route but the public ones answers @long", async () => {
    const tokens = Object.entries(await badTokens());
    const bearers: [string, string | undefined][] = [
      ["nothing", undefined],
      ["an empty one", "Bearer "],
      ["basic credentials", `Basic ${Buffer.from("root:root").toString("base64")}`],
      ...tokens.map(([what, token]): [string, string] => [what, `Bearer ${token}`]),
    ];
    const tries = protectedRoutes.flatMap((route) => bearers.map((bearer) => ({ route, bearer })));
    const letIn = await inParallel(tries, 16, async ({ route, bearer: [what, authorization] }) => {
      const { status } = await server.call(`${route.method} ${filled(route.path)}`, {
        ...(authorization === undefined ? {} : { headers: { authorization } }),
        ...(route.method === "GET" || route.method === "DELETE" ? {} : { body: {} }),
      });
      return status === 401 ? [] : [`${route.method} ${route.path} with ${what}: ${status}`];
    });
    expect(letIn.flat()).toEqual([]);
    expect(tries.length).toBeGreaterThan(300);
  });

  it("a webhook, the health and the shelf are open, and a bad token there is not looked at", async () => {
    const headers = { authorization: "Bearer let-me-in" };
    expect((await server.call("GET /health", { headers })).status).toBe(200);
    expect((await server.call("GET /items", { headers })).status).toBe(200);
    expect((await server.call("GET /openapi.json", { headers })).status).toBe(200);
  });
});

describe("administration", () => {
  it("is for members of exactly the group admin, and costs others nothing @long", async () => {
    const adminRoutes = protectedRoutes.filter(({ access }) => access === "admin");
    expect(adminRoutes.length).toBeGreaterThan(10);
    const groups = [
      [],
      ["admins"],
      ["not-admin"],
      ["Admin"],
      ["ops", "staff"],
      ["shop admin"],
      ["read only admin", "non admin"],
      ["ops,admin", "[admin]", "admin]", " admin"],
    ];
    for (const { method, path } of adminRoutes) {
      for (const group of groups) {
        const answer = await server.call(`${method} ${filled(path)}`, {
          as: "admin",
          groups: group,
          ...(method === "GET" ? {} : { body: {} }),
        });
        expect({ path, group, status: answer.status, code: answer.body.code }).toEqual({
          path,
          group,
          status: 403,
          code: "FORBIDDEN",
        });
        expect(answer.headers.get("server-timing")).toContain('desc="0 req,');
      }
    }
    expect(
      (await server.call("GET /admin/locks", { as: "x", groups: ["shop admin", "admin"] })).status,
    ).toBe(200);
  });

  it("an ID token of an administrator opens nothing, and is told so", async () => {
    const authorization = `Bearer ${await issued("&use=id")}`;
    const answer = await server.call("GET /admin/locks", { headers: { authorization } });
    expect(answer).toMatchObject({ status: 401, body: { code: "UNAUTHENTICATED" } });
    expect(answer.body.detail).toContain("ID token");
  });

  it("whose name a lock shows is the token's, and a body's only where the token has none", async () => {
    const locked = async (query: string, docId: string) => {
      const body = { docId, username: "The Chief Editor" };
      const authorization = `Bearer ${await issued(query)}`;
      const sent = { headers: { authorization }, body };
      return (await server.call("POST /api/lock/acquire", sent)).body.lockInfo.username;
    };
    expect(await locked("&name=Root+Rider", "named")).toBe("Root Rider");
    expect(await locked("", "nameless")).toBe("The Chief Editor");
  });
});

describe("other people's things", () => {
  let owner: Shopper;
  let thief: Shopper;
  let order: OrderView;
  let itemId: string;

  beforeAll(async () => {
    owner = shop.shopper();
    thief = shop.shopper();
    itemId = await shop.item();
    await owner.putInCart([{ itemId, quantity: 2 }]);
    order = await owner.mustOrder();
    await owner.startPaying(order.orderId);
  });

  async function expectUntouched(): Promise<void> {
    expect(await owner.see(order.orderId)).toMatchObject({ status: "pending", totalMinor: 2_000 });
    expect(await owner.cart()).toMatchObject({ count: 2 });
    expect(await shop.levels(itemId)).toEqual({ available: 8, held: 2, sold: 0 });
  }

  it("a cart answers its owner and administrators only, on every route", async () => {
    const cartRoutes = endpoints.filter(({ path }) => path.startsWith("/carts/{userId}"));
    expect(cartRoutes.length).toBeGreaterThanOrEqual(12);
    const bodies: Record<string, unknown> = {
      addCartItem: { itemId, quantity: 1 },
      changeCartItem: { quantity: 1 },
      enterCartCode: { code: "SUMMER" },
      claimCart: { claim: "x".repeat(43), strategy: "sum" },
      replaceCartItems: [],
      mergeCart: { from: { sessionId: "other" } },
      setCartCondition: { type: "discount", target: "total", value: "-10%" },
      setCartMetadata: { a: 1 },
    };
    for (const { name, method, path } of cartRoutes) {
      const route = `${method} ${path
        .replace("{userId}", owner.userId)
        .replace("{sessionId}", "default")
        .replace("{instance}", "main")
        .replace("{itemId}", itemId)
        .replaceAll(/\{\w+\}/g, "x")}`;
      const body = bodies[name];
      const answer = await thief.send(route, body === undefined ? {} : { body });
      expect({ route, status: answer.status, code: answer.body.code, cost: answer.cost }).toEqual({
        route,
        status: 403,
        code: "FORBIDDEN",
        cost: { requests: 0, writeUnits: 0, readUnits: 0 },
      });
    }
    await expectUntouched();
    const seen = await shop.admin.send(`GET /carts/${owner.userId}/default/main`);
    expect(seen).toMatchObject({ status: 200, body: { count: 2 } });
    // `me` is always oneself.
    expect((await shop.admin.send("GET /carts/me/default/main")).body.count).toBe(0);
  });

  it("an order looks as if it were not there", async () => {
    const { orderId } = order;
    const tries: Answer[] = [
      await thief.send(`GET /orders/${orderId}`),
      await thief.send(`POST /orders/${orderId}/cancel`),
      await thief.send("POST /payments/initiate", { body: { orderId } }),
      await thief.send("POST /payment/verify", { body: { orderId, provider: "sandbox" } }),
      await thief.payBySandbox(`sbx_${orderId}`, "success"),
      await thief.payBySandbox(`sbx_${orderId}`, "failure"),
    ];
    const missing = await thief.send("GET /orders/ord_none");
    for (const { status, body } of tries) {
      expect({ status, code: body.code }).toEqual({ status: 404, code: "ORDER_NOT_FOUND" });
    }
    const { requestId: _a, orderId: _b, ...told } = tries[0]!.body;
    const { requestId: _c, orderId: _d, ...toldOfNone } = missing.body;
    expect(told).toEqual(toldOfNone);
    await expectUntouched();
  });

  it("nobody orders, lists or locks in another's name", async () => {
    const items = [{ itemId, quantity: 1 }];
    const body = { items, paymentMethod: "sandbox" };
    const { userId } = owner;
    const tries = [
      await thief.send(`POST /order/${userId}`, { body }),
      await thief.send("POST /order/me", { body: { ...body, userId } }),
      await thief.send(`GET /orders?userId=${userId}`),
      await thief.send("POST /api/lock/acquire", { body: { docId: "d", userId } }),
      await thief.send("POST /api/lock/extend", { body: { docId: "d", userId } }),
      await thief.send("POST /api/lock/release", { body: { docId: "d", userId } }),
    ];
    for (const { status, body: told, cost } of tries) {
      expect({ status, code: told.code, requests: cost?.requests }).toEqual({
        status: 403,
        code: "FORBIDDEN",
        requests: 0,
      });
    }
    expect((await thief.send("GET /orders")).body.orders).toEqual([]);
    await expectUntouched();
  });

  it("an administrator may do all of that, and it is the owner's", async () => {
    const customer = shop.shopper();
    const { userId } = customer;
    const body = { items: [{ itemId, quantity: 1 }], paymentMethod: "sandbox" };
    const headers = { "idempotency-key": fresh("key") };
    const placed = await shop.admin.send<OrderView>(`POST /order/${userId}`, { body, headers });
    expect(expectStatus(placed, 201).userId).toBe(userId);
    expect(await customer.see(placed.body.orderId)).toEqual(placed.body);
    const listed = await shop.admin.send(`GET /orders?userId=${userId}`);
    expect(listed.body.orders).toHaveLength(1);
    const seen = await shop.admin.send(`GET /orders/${order.orderId}`);
    expect(seen).toMatchObject({ status: 200, body: { userId: owner.userId } });
    const cancelled = await shop.admin.send(`POST /orders/${placed.body.orderId}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { status: "cancelled" } });
  });
});
