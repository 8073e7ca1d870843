/** API Gateway's order of precedence between routes. */
import { describe, expect, test } from "vitest";
import { createRouter } from "../../../local/http/routes.ts";

const keys = [
  "$default",
  "ANY /{proxy+}",
  "GET /items",
  "GET /items/{itemId}",
  "GET /items/special",
  "POST /items/{itemId}",
  "GET /items/{rest+}",
  "ANY /items/{itemId}/parts",
  "GET /carts/{userId}/{sessionId}/lock",
  "GET /carts/{userId}/{sessionId}/{instance}",
  "GET /carts/me/{sessionId}/{instance}",
];
const match = createRouter(keys.map((routeKey) => ({ routeKey, target: undefined })));
const routeOf = (method: string, path: string) => match(method, path)?.route.routeKey;

describe("a request goes to", () => {
  test.each([
    ["GET", "/items", "GET /items"],
    ["GET", "/items/7", "GET /items/{itemId}"],
    ["GET", "/items/special", "GET /items/special"],
    ["POST", "/items/special", "POST /items/{itemId}"],
    ["PUT", "/items/7/parts", "ANY /items/{itemId}/parts"],
    ["GET", "/items/7/8/9", "GET /items/{rest+}"],
    ["DELETE", "/items/7", "ANY /{proxy+}"],
    ["GET", "/carts/a/s/lock", "GET /carts/{userId}/{sessionId}/lock"],
    ["GET", "/carts/me/s/lock", "GET /carts/me/{sessionId}/{instance}"],
    ["GET", "/", "$default"],
  ])("%s %s by the most exact route", (method, path, expected) => {
    expect(routeOf(method, path)).toBe(expected);
  });

  test("a method's own route before ANY", () => {
    const both = createRouter([
      { routeKey: "ANY /a", target: 1 },
      { routeKey: "GET /a", target: 2 },
    ]);
    expect(both("GET", "/a")?.route.target).toBe(2);
    expect(both("PUT", "/a")?.route.target).toBe(1);
  });

  test("nothing when no route fits and there is no $default", () => {
    expect(createRouter([{ routeKey: "GET /a", target: 0 }])("GET", "/b")).toBeUndefined();
  });
});

describe("path parameters", () => {
  test("are decoded, and an encoded slash stays within its segment", () => {
    expect(match("GET", "/items/a%2Fb%20%C3%BC")?.pathParameters).toEqual({ itemId: "a/b ü" });
  });

  test("that are greedy hold the rest of the path", () => {
    expect(match("GET", "/items/a/b/c")?.pathParameters).toEqual({ rest: "a/b/c" });
  });

  test("are never empty", () => {
    expect(routeOf("GET", "/items/")).toBe("ANY /{proxy+}");
  });

  test("with a broken escape are refused", () => {
    expect(() => match("GET", "/items/%zz")).toThrow(URIError);
  });
});
