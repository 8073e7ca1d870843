/** The HTTP chain around handlers: who may call, what a body may be, and what an error becomes. */
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import { UnsecuredJWT } from "jose";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { answer } from "../../../functions/runtime/answer.ts";
import { createHandler, serve } from "../../../functions/runtime/http.ts";
import { logger } from "../../../functions/runtime/observe.ts";
import { parse } from "../../../functions/runtime/validate.ts";
import { endpoint } from "../../../shared/api/endpoint.ts";
import { placeOrderBody } from "../../../shared/api/orders.ts";
import { LayoutUnknown } from "../../../shared/table/layout.ts";
import { currentOperation } from "../../../shared/table/operation.ts";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { claimText } from "../../../local/http/event.ts";

const given = {
  function: "platform",
  access: "caller",
  summary: "For tests.",
  params: z.object({ userId: z.string() }),
  query: z.strictObject({ limit: z.coerce.number().int().max(10).optional() }),
  body: z.strictObject({ quantity: z.int().min(1), userId: z.string().optional() }),
  answers: { 200: z.any() },
} as const;
const echo = endpoint("echo", "POST", "/echo/{userId}", given);
const adminOnly = endpoint("echo", "POST", "/admin/{userId}", { ...given, access: "admin" });
const forms = endpoint("echo", "POST", "/forms/{userId}", { ...given, body: placeOrderBody });
const patience = endpoint("echo", "POST", "/patience/{userId}", given);
const adminsPatience = endpoint("echo", "POST", "/admin/patience/{userId}", {
  ...given,
  access: "admin",
});
const open = endpoint("echo", "POST", "/open", {
  ...given,
  access: "anyone",
  params: z.object({}),
});

const failures = {
  held: () =>
    new HoldfastError("LOCK_HELD", "bob has it", { lockInfo: { expiresAtMs: Date.now() + 2_500 } }),
  fault: () => new Error("a secret detail"),
  later: () => new LayoutUnknown(3),
};

/** How much of its time the operation may spend on meeting others, in milliseconds. */
function patienceLeft() {
  const { deadlineMs, patientUntilMs = deadlineMs } = currentOperation()!;
  return { sparesMs: deadlineMs - patientUntilMs };
}

const handler = createHandler([
  serve(echo, async ({ body, params, query, caller }) =>
    answer(200, { body, params, query, caller }),
  ),
  serve(adminOnly, async () => answer(200, {})),
  serve(open, async ({ body: { quantity } }) => {
    throw [failures.held, failures.fault, failures.later][quantity - 1]!();
  }),
  serve(patience, async () => answer(200, patienceLeft())),
  serve(adminsPatience, async () => answer(200, patienceLeft())),
  serve(forms, async ({ body }) => answer(200, body)),
]);

interface Sent {
  readonly routeKey?: string;
  readonly body?: unknown;
  readonly rawBody?: string;
  /** As the token has them; the authorizer hands them over as text. */
  readonly claims?: Record<string, unknown> | undefined;
  readonly contentType?: string;
  readonly userId?: string;
  readonly query?: Record<string, string>;
}

async function call(sent: Sent = {}) {
  const { routeKey = "POST /echo/{userId}", claims = { sub: "alice" }, userId = "me" } = sent;
  const { contentType = "application/json", body = { quantity: 1 } } = sent;
  const texts = Object.entries(claims ?? {}).map(([name, value]) => [name, claimText(value)]);
  const event = {
    routeKey,
    headers: {
      "content-type": contentType,
      authorization: `Bearer ${new UnsecuredJWT(claims ?? {}).encode()}`,
    },
    pathParameters: routeKey.includes("{") ? { userId } : {},
    queryStringParameters: sent.query,
    body: sent.rawBody ?? JSON.stringify(body),
    isBase64Encoded: false,
    requestContext: {
      requestId: "r1",
      ...("claims" in sent && !sent.claims
        ? {}
        : {
            authorizer: { jwt: { claims: Object.fromEntries(texts) } },
          }),
    },
  } as unknown as APIGatewayProxyEventV2WithJWTAuthorizer;
  const context = { getRemainingTimeInMillis: () => 10_000, awsRequestId: "r1" };
  const result = (await handler(event as never, context as never)) as {
    statusCode: number;
    headers: Record<string, string>;
    body: string;
  };
  return { status: result.statusCode, headers: result.headers, body: JSON.parse(result.body) };
}

describe("who may call", () => {
  it("`me` in a path is the caller", async () => {
    const { status, body } = await call();
    expect(status).toBe(200);
    expect(body.params).toEqual({ userId: "alice" });
  });

  it("nobody acts for somebody else, in path or body, but an administrator", async () => {
    expect((await call({ userId: "bob" })).status).toBe(403);
    expect((await call({ body: { quantity: 1, userId: "bob" } })).status).toBe(403);
    const admin = { sub: "root", "cognito:groups": ["ops", "admin"] };
    expect((await call({ userId: "bob", claims: admin })).status).toBe(200);
  });

  it("admin routes are for administrators, whatever else is wrong", async () => {
    const routeKey = "POST /admin/{userId}";
    expect((await call({ routeKey, body: "nonsense" })).status).toBe(403);
    const claims = { sub: "root", "cognito:groups": ["administrators", "shop admin"] };
    expect((await call({ routeKey, claims })).status).toBe(403);
  });

  it("no caller is 401 where one is needed", async () => {
    expect(await call({ claims: undefined })).toMatchObject({
      status: 401,
      body: { code: "UNAUTHENTICATED" },
    });
  });
});

describe("a bad request", () => {
  it.each([
    ["malformed JSON", { rawBody: "{" }, "body"],
    ["a list in place of an object", { rawBody: "[]" }, "body"],
    ["null", { rawBody: "null" }, "body"],
    ["a missing field", { body: {} }, "quantity"],
    ["a fraction", { body: { quantity: 1.5 } }, "quantity"],
    ["a huge number", { rawBody: '{"quantity":1e999}' }, "quantity"],
    ["an unknown field", { body: { quantity: 1, extra: 1 } }, "extra"],
    ["a query of the wrong type", { query: { limit: "many" } }, "query.limit"],
    ["an unknown query parameter", { query: { colour: "red" } }, "query.colour"],
  ])("%s is 400 and names the field", async (_, sent, path) => {
    const { status, body } = await call(sent);
    expect(status).toBe(400);
    expect(body.code).toBe("INVALID_REQUEST");
    expect(body.issues[0].path).toBe(path);
  });

  it.each(["__proto__", "constructor"])("the key %s is 400 and pollutes nothing", async (key) => {
    const { status } = await call({ rawBody: `{"quantity":1,"${key}":{"polluted":true}}` });
    expect(status).toBe(400);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each([
    ['{"quantity":1,"deep":[{"constructor":{"prototype":{}}}]}', "deep.0.constructor"],
    ['{"quantity":1,"deep":{"__proto__":1}}', "deep.__proto__"],
    [`{"quantity":${"[".repeat(501)}${"]".repeat(501)}}`, "body"],
    [`${"[".repeat(30_000)}${"]".repeat(30_000)}`, "body"],
  ])(
    "a name that reaches into prototypes, or too deep a body, is told with its place",
    async (rawBody, path) => {
      expect(await call({ rawBody })).toMatchObject({ status: 400, body: { issues: [{ path }] } });
    },
  );

  it("with far too long a list is refused before an element is judged, and parsed without a reviver", async () => {
    const parsing = vi.spyOn(JSON, "parse");
    const body = { items: Array.from({ length: 4_000 }, () => ({})), paymentMethod: "sandbox" };
    const refused = await call({ routeKey: "POST /forms/{userId}", body });
    expect(refused).toMatchObject({ status: 413, body: { limit: 200 } });
    expect(parsing.mock.calls.filter(([, reviver]) => reviver)).toEqual([]);
    parsing.mockRestore();
    let judged = 0;
    const counted = z.unknown().refine(() => (judged += 1) > 0);
    const bounded = z.union([
      z.strictObject({ items: z.array(counted).max(3) }),
      z.strictObject({}),
    ]);
    expect(() => parse(bounded, { items: body.items }, [])).toThrow("items");
    expect(judged).toBe(0);
  });

  it.each([
    ["names", `{${Array.from({ length: 6_000 }, (_, at) => `"n${at}":1`).join(",")}}`, 4_096],
    ["names far inside", `{"a":{${'"n":1,'.repeat(8_000)}"n":1}}`, 10_000],
    ["things in a list", `{"a":[${"{},".repeat(8_000)}{}]}`, 10_000],
  ])("with too many %s is refused before it is parsed", async (_, rawBody, limit) => {
    const parsing = vi.spyOn(JSON, "parse");
    const answered = await call({ rawBody });
    const parsed = parsing.mock.calls.filter(([text]) => text === rawBody);
    parsing.mockRestore();
    expect(answered).toMatchObject({ status: 413, body: { code: "TOO_LARGE", limit } });
    expect(parsed).toEqual([]);
  });

  it("another content type is 415", async () => {
    expect((await call({ contentType: "text/plain" })).status).toBe(415);
  });

  it("of several forms names the field of the one that was meant", async () => {
    const routeKey = "POST /forms/{userId}";
    const items = [{ itemId: "a", quantity: -1 }];
    const { body } = await call({ routeKey, body: { items, paymentMethod: "sandbox" } });
    expect(body.issues.map(({ path }: { path: string }) => path)).toEqual(["items.0.quantity"]);
  });
});

describe("how long a request may be held up by others", () => {
  it("is a fraction of its time for shoppers, so that a crowd leaves room for others", async () => {
    const { body } = await call({ routeKey: "POST /patience/{userId}" });
    expect(body.sparesMs).toBeGreaterThanOrEqual(5_000);
  });

  it("is all of its time for administrators", async () => {
    const claims = { sub: "root", "cognito:groups": ["admin"] };
    const { body } = await call({ routeKey: "POST /admin/patience/{userId}", claims });
    expect(body.sparesMs).toBe(0);
  });
});

describe("an error", () => {
  it("is a problem document with code, error text, request id, its own fields and Retry-After", async () => {
    const { status, headers, body } = await call({ routeKey: "POST /open" });
    expect(status).toBe(409);
    expect(headers["content-type"]).toContain("application/problem+json");
    expect(headers["retry-after"]).toBe("3");
    expect(body).toMatchObject({ code: "LOCK_HELD", detail: "bob has it", error: "bob has it" });
    expect(body).toMatchObject({ status: 409, requestId: "r1", lockInfo: {} });
  });

  it("that nobody meant is a 500 that tells nothing", async () => {
    const { status, body } = await call({ routeKey: "POST /open", body: { quantity: 2 } });
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("secret");
  });

  it("for a later release's row is a 503 that promises nothing, and a fault to whoever keeps watch", async () => {
    const failed = vi.spyOn(logger, "error");
    const { status, headers, body } = await call({ routeKey: "POST /open", body: { quantity: 3 } });
    expect({ status, retryAfter: headers["retry-after"] }).toEqual({
      status: 503,
      retryAfter: "1",
    });
    expect(body).toMatchObject({ code: "LAYOUT_UNKNOWN", title: "Written by a later release" });
    const error = expect.objectContaining({
      message: expect.stringMatching(/^A row has layout 3/),
    });
    expect(failed).toHaveBeenCalledWith("Request failed", expect.objectContaining({ error }));
    failed.mockRestore();
  });
});
