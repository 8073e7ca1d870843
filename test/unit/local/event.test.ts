/** The event of payload format 2.0. */
import { describe, expect, test } from "vitest";
import { claimText, createEvent, isText } from "../../../local/http/event.ts";

interface Event {
  rawPath: string;
  headers: Record<string, string>;
  cookies?: string[];
  queryStringParameters?: Record<string, string>;
  pathParameters?: Record<string, string>;
  body?: string;
  isBase64Encoded: boolean;
  requestContext: {
    authorizer?: { jwt: object };
    http: { method: string; path: string; sourceIp: string; userAgent: string };
    routeKey: string;
    stage: string;
    time: string;
  };
}

function eventOf({
  headers = [],
  query = "",
  body = Buffer.alloc(0),
  jwt,
}: {
  headers?: string[];
  query?: string;
  body?: Buffer;
  jwt?: { claims: Record<string, string>; scopes: null };
}): Event {
  return createEvent(
    {
      method: "POST",
      path: "/items/a%20b",
      rawQueryString: query,
      rawHeaders: ["Host", "localhost:3000", "User-Agent", "test", ...headers],
      body,
      sourceIp: "127.0.0.1",
    },
    {
      routeKey: "POST /items/{itemId}",
      apiId: "api",
      stage: "$default",
      pathParameters: { itemId: "a b" },
      ...(jwt && { jwt }),
    },
  ) as Event;
}

describe("the event", () => {
  test("names the route, the decoded path and the caller", () => {
    const event = eventOf({});
    expect(event).toMatchObject({
      version: "2.0",
      routeKey: "POST /items/{itemId}",
      rawPath: "/items/a b",
      pathParameters: { itemId: "a b" },
      requestContext: {
        http: { method: "POST", sourceIp: "127.0.0.1", userAgent: "test" },
        stage: "$default",
      },
    });
    expect(event.requestContext.time).toMatch(
      /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/u,
    );
  });

  test("has lower-case headers, repeated ones joined by a comma, and no cookie among them", () => {
    const { headers, cookies } = eventOf({
      headers: ["X-One", "1", "x-one", "2", "Cookie", "a=1; b=2"],
    });
    expect(headers["x-one"]).toBe("1,2");
    expect(headers).not.toHaveProperty("cookie");
    expect(cookies).toEqual(["a=1", "b=2"]);
  });

  test("has query parameters decoded and joined, and none at all without a query", () => {
    expect(eventOf({ query: "a=1&a=2&b=%C3%BC&__proto__=x" }).queryStringParameters).toEqual(
      JSON.parse('{ "a": "1,2", "b": "ü", "__proto__": "x" }'),
    );
    expect(eventOf({})).not.toHaveProperty("queryStringParameters");
  });

  test("has a JSON body as text and anything else as base64", () => {
    const body = Buffer.from('{"a":"ü"}');
    const json = eventOf({ body, headers: ["Content-Type", "application/json"] });
    expect(json).toMatchObject({ body: '{"a":"ü"}', isBase64Encoded: false });
    const form = eventOf({ body, headers: ["Content-Type", "application/x-www-form-urlencoded"] });
    expect(form).toMatchObject({ body: body.toString("base64"), isBase64Encoded: true });
    expect(eventOf({ body }).isBase64Encoded).toBe(true);
    expect(eventOf({})).not.toHaveProperty("body");
  });
});

test.each([
  ["text/plain; charset=utf-8", true],
  ["application/json", true],
  ["application/problem+json", true],
  ["application/xml", true],
  ["application/octet-stream", false],
  ["image/png", false],
  [undefined, false],
])("the content type %s counts as text: %s", (contentType, expected) => {
  expect(isText(contentType)).toBe(expected);
});

test("a compressed body is never text", () => {
  expect(isText("application/json", "gzip")).toBe(false);
});

test.each([
  [["admin", "ops"], "[admin ops]"],
  [[], "[]"],
  [1_700_000_000, "1700000000"],
  [true, "true"],
  ["alice", "alice"],
  [{ b: 2, a: ["x"] }, "map[a:[x] b:2]"],
])("the claim %j is handed over as %s", (claim, expected) => {
  expect(claimText(claim)).toBe(expected);
});
