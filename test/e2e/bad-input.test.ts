/** Whatever is sent to whichever route: the 4xx that the contract names, telling the field, at no cost, and never a 5xx. */
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../shared/api/endpoint.ts";
import { endpoints } from "../../shared/api/index.ts";
import { seededRandom } from "../sim/random.ts";
import { operations } from "../support/answer-check.ts";
import { readBooks } from "../support/books.ts";
import { type Answer, inParallel, sendRaw } from "../support/http.ts";
import { sample } from "../support/openapi-requests.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { server, shop, soldByHand } = await openShopForFile();

/** A text that is sent, and which field an answer has to name; undefined where only a 5xx would be wrong. */
interface Case {
  readonly route: string;
  readonly endpoint: Endpoint;
  readonly text: string | Uint8Array;
  readonly names?: string;
}

/** Routes that read a body; what others are sent along is not looked at. */
const withBody = endpoints.filter(({ name, rawBody }) => {
  return !rawBody && operations.some((operation) => operation.name === name && operation.body);
});

function routeOf({ method, path }: Endpoint): string {
  return `${method} ${path.replace("{userId}", "me").replaceAll(/\{\w+\}/g, "x")}`;
}

/** A body that fits, with every optional field that a few tries have brought along. */
function validBody(endpoint: Endpoint): unknown {
  const schema = operations.find(({ name }) => name === endpoint.name)?.body;
  if (!schema) return {};
  const random = seededRandom(7);
  const names = { currency: ["EUR"], provider: ["sandbox"], paymentMethod: ["sandbox"] };
  const fitting = Array.from({ length: 30 }, () => sample(schema, random, names)).filter(
    (body) => endpoint.body.safeParse(body).success,
  );
  if (fitting.length === 0) throw new Error(`No body was found for ${endpoint.name}`);
  return fitting.toSorted((one, other) => leavesOf(other).length - leavesOf(one).length)[0];
}

type Path = readonly (string | number)[];

/** Where the values of a body are, at any depth. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, [...path, isList ? Number(key) : key]),
  );
}

const mark = "\u241fmark\u241f";

/** The JSON of a body with a text of one's own in the place of one value. */
function withText(body: unknown, path: Path, text: string): string {
  const copy = structuredClone({ body }) as Record<string, unknown>;
  let holder: Record<string | number, unknown> = copy;
  const whole = ["body", ...path];
  for (const key of whole.slice(0, -1)) holder = holder[key] as typeof holder;
  holder[whole.at(-1)!] = mark;
  return JSON.stringify(copy.body).replace(JSON.stringify(mark), () => text);
}

/** JSON texts, so that numbers arrive as nobody's parser would have written them. */
const oddTexts = [
  "null",
  "[]",
  "{}",
  '""',
  "-1",
  "1.5",
  "1e400",
  "9007199254740993",
  '"\\ud800"',
  '"a\\u0000b"',
  '"\\u202e\\u0301e\\u0301"',
  `"${"x".repeat(5_000)}"`,
];

function casesOf(endpoint: Endpoint): Case[] {
  const route = routeOf(endpoint);
  const body = validBody(endpoint);
  const text = JSON.stringify(body);
  const accepts = (json: string): boolean => endpoint.body.safeParse(JSON.parse(json)).success;
  const inPlaces = leavesOf(body).flatMap((path) =>
    oddTexts.map((odd): Case => {
      const json = withText(body, path, odd);
      const names = accepts(json) ? {} : { names: path.join(".") || "body" };
      return { route, endpoint, text: json, ...names };
    }),
  );
  const tops = ["[]", "null", '"text"', "5", "true"]
    .filter((json) => !accepts(json))
    .map((json): Case => ({ route, endpoint, text: json, names: "" }));
  const malformed = ["{", '{"a":1,}', "undefined", "\u0000", `${text}}`].map((json): Case => ({
    route,
    endpoint,
    text: json,
    names: "body",
  }));
  const notText = Buffer.concat([Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from(text)]);
  const unknown =
    text.startsWith("{") && !accepts('{"nobodyKnows":1}')
      ? ["nobodyKnows", "__proto__", "constructor", "toString"].map((name): Case => {
          const field = `{${JSON.stringify(name)}:{"prototype":{"isAdmin":true}}${text === "{}" ? "" : ","}`;
          return { route, endpoint, text: text.replace("{", () => field), names: name };
        })
      : [];
  return [
    ...inPlaces,
    ...tops,
    ...malformed,
    ...unknown,
    { route, endpoint, text: notText, names: "body" },
  ];
}

/** What is wrong with an answer, if anything. */
function objection({ names }: Case, { status, body, cost }: Answer): string | undefined {
  if (status >= 500) return `${status}`;
  if (names === undefined) return undefined;
  if (status !== 400 || body.code !== "INVALID_REQUEST") return `${status} ${body.code}`;
  if (cost?.requests !== 0) return `${cost?.requests} requests`;
  const paths: string[] = body.issues.map(({ path }: { path: string }) => path);
  const top = names.split(".")[0]!;
  const isNamed = paths.some((path) => path === names || path.split(".")[0] === top);
  return names === "" || isNamed ? undefined : `named ${paths.join(", ")} and not ${names}`;
}

describe("bodies", () => {
  it("that do not fit are refused on every route, by the name of the field @long", async () => {
    const cases = withBody.flatMap(casesOf);
    expect(cases.length).toBeGreaterThan(1_000);
    const objections = await inParallel(cases, 16, async (one) => {
      const answer = await shop.admin.send(one.route, { body: one.text });
      const problem = objection(one, answer);
      const told = JSON.stringify(answer.body)?.slice(0, 200);
      return problem
        ? [`${problem}: ${one.route} ${String(one.text).slice(0, 200)} -> ${told}`]
        : [];
    });
    expect(objections.flat().slice(0, 20)).toEqual([]);
    // Odd but valid requests sell without an order.
    soldByHand.push(...(await readBooks(server)).stock.map(({ itemId }) => itemId));
  });

  it("of two megabytes are refused, or taken where the contract lets them @long", async () => {
    const megabytes = "x".repeat(2 * 1024 * 1024);
    const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const cases = withBody.flatMap((endpoint) => [
      { endpoint, text: JSON.stringify({ padding: megabytes }) },
      { endpoint, text: deep },
    ]);
    const objections = await inParallel(cases, 4, async ({ endpoint, text }) => {
      const { status, body } = await shop.admin.send(routeOf(endpoint), { body: text });
      const isRefused = [400, 413].includes(status);
      return isRefused ? [] : [`${status} ${body.code}: ${routeOf(endpoint)} ${text.slice(0, 20)}`];
    });
    expect(objections.flat()).toEqual([]);
  });

  it("of another media type are refused with 415", async () => {
    for (const endpoint of withBody) {
      const type = { "content-type": "text/plain" };
      const { status, body } = await shop.admin.send(routeOf(endpoint), {
        body: "{}",
        headers: type,
      });
      expect({ name: endpoint.name, status, code: body.code }).toEqual({
        name: endpoint.name,
        status: 415,
        code: "UNSUPPORTED_MEDIA_TYPE",
      });
    }
  });

  it("of orders name the line and the field", async () => {
    const shopper = shop.shopper();
    const lines: [unknown, string][] = [
      [{ itemId: "a", quantity: 0 }, "items.1.quantity"],
      [{ itemId: "a", quantity: -3 }, "items.1.quantity"],
      [{ itemId: "a", quantity: 1.5 }, "items.1.quantity"],
      [{ itemId: "a", quantity: "2" }, "items.1.quantity"],
      [{ itemId: "a", quantity: 1_000_001 }, "items.1.quantity"],
      [{ itemId: "a" }, "items.1.quantity"],
      [{ quantity: 1 }, "items.1.itemId"],
      [{ itemId: "", quantity: 1 }, "items.1.itemId"],
      [{ itemId: "\ud800", quantity: 1 }, "items.1.itemId"],
      [{ itemId: "a", quantity: 1, price: 1 }, "items.1.price"],
    ];
    for (const [line, path] of lines) {
      const items = [{ itemId: "fine", quantity: 1 }, line];
      const { status, body } = (await shopper.order({ items })) as Answer;
      expect({ status, paths: body.issues?.map((issue: { path: string }) => issue.path) }).toEqual({
        status: 400,
        paths: [path],
      });
    }
  });
});

describe("queries and headers", () => {
  it("that do not fit are refused on every list", async () => {
    const lists = operations.filter(({ parameters }) =>
      parameters.some((parameter) => parameter.in === "query"),
    );
    expect(lists.length).toBeGreaterThan(4);
    for (const { name, path, method, parameters } of lists) {
      const required = parameters
        .filter((parameter) => parameter.in === "query" && parameter.required)
        .map(({ name: field, schema }) => {
          const [choice = "item/x"] = (schema["enum"] as string[] | undefined) ?? [];
          return `&${field}=${choice}`;
        })
        .join("");
      const filled = `${method} ${path.replaceAll(/\{\w+\}/g, "x")}`;
      const has = (field: string) => parameters.some((parameter) => parameter.name === field);
      const odd = [
        ...(has("limit") ? ["abc", "-1", "0", "101", "1e9", "1.5", "", "NaN"] : []).map(
          (value) => `limit=${value}`,
        ),
        ...(has("limit") ? ["limit=1&limit=2"] : []),
        ...(has("cursor") ? ["cursor=", `cursor=${"x".repeat(3_000)}`] : []),
        "nobodyKnows=1",
        "__proto__=1",
      ];
      for (const query of odd) {
        const answer = await shop.admin.send(`${filled}?${query}${required}`);
        const field = `query.${query.split("=")[0]}`;
        expect({
          name,
          query: query.slice(0, 30),
          status: answer.status,
          paths: answer.body.issues?.map((issue: { path: string }) => issue.path),
        }).toEqual({ name, query: query.slice(0, 30), status: 400, paths: [field] });
      }
    }
  });

  it("cursors that are junk, or another list's, are refused @long", async () => {
    await shop.items(3);
    const [one, other] = [shop.shopper(), shop.shopper()];
    const items = [{ itemId: await shop.item(), quantity: 1 }];
    for (const shopper of [one, one, other, other]) await shopper.mustOrder({ items });
    const cursorOf = async (answer: Promise<Answer>): Promise<string> => (await answer).body.cursor;
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const cursors = [
      "junk",
      "%00",
      "e30",
      encoded(null),
      encoded([]),
      encoded({ itemId: 5 }),
      encoded({ itemId: "a", shard: "b", catalog: {} }),
      await cursorOf(shop.nobody.send("GET /items?limit=1")),
      await cursorOf(one.send("GET /orders?limit=1")),
      await cursorOf(shop.admin.send("GET /orders?limit=1")),
      await cursorOf(shop.admin.send("GET /admin/locks?limit=1")),
    ];
    const lists = ["/items", "/orders", `/inventory/${items[0]!.itemId}/movements`];
    const adminLists = [
      "/admin/locks",
      "/admin/payments/events?orderId=x",
      "/admin/audit?subject=item/x",
      "/admin/inventory/check",
    ];
    for (const cursor of cursors.filter((given) => typeof given === "string")) {
      for (const list of [...lists, ...adminLists]) {
        for (const client of [other, shop.admin]) {
          const separator = list.includes("?") ? "&" : "?";
          const { status } = await client.send(`GET ${list}${separator}cursor=${cursor}`);
          expect({ list, cursor, status }).toSatisfy(() => status < 500);
        }
      }
    }
    // Nobody gets into another one's list by a cursor.
    const stolen = cursors[8]!;
    const page = await other.send(`GET /orders?cursor=${stolen}`);
    const owners = (page.body.orders ?? []).map(({ userId }: { userId: string }) => userId);
    expect(owners.filter((userId: string) => userId !== other.userId)).toEqual([]);
  });

  it("an idempotency key is at most 255 visible characters", async () => {
    const shopper = shop.shopper();
    const items = [{ itemId: await shop.item(), quantity: 1 }];
    expect((await shopper.order({ items }, "k".repeat(255))).status).toBe(201);
    const { status, body } = (await shopper.order({ items }, "k".repeat(256))) as Answer;
    expect(status).toBe(400);
    expect(body.issues).toMatchObject([{ path: "header.idempotency-key" }]);
  });
});

describe("paths", () => {
  it("that are odd find nothing, and break nothing @long", async () => {
    const token = await server.token("walker", ["admin"]);
    const odd = [
      "%00",
      "%ED%A0%80",
      "%FF",
      "%",
      "%zz",
      "..%2F..%2Fitems",
      "..",
      "%2e%2e",
      "a%2Fb",
      "__proto__",
      "constructor",
      "%F0%9F%98%80",
      "e%CC%81",
      "%E2%80%AE",
      "x".repeat(3_000),
      "a;b=c",
      "a+b",
      "%20",
      "",
    ];
    const routes = endpoints.filter(({ path }) => path.includes("{"));
    const tries = routes.flatMap(({ method, path }) => {
      const variables = path.match(/\{\w+\}/g) ?? [];
      return odd.flatMap((text) =>
        variables.map((variable) => ({
          method,
          path: path
            .replace(variable, () => text)
            .replace("{userId}", "me")
            .replaceAll(/\{\w+\}/g, "x"),
        })),
      );
    });
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const objections = await inParallel(tries, 16, async ({ method, path }) => {
      const body = method === "GET" || method === "DELETE" ? {} : { body: "{}" };
      const { status } = await sendRaw(server.url, { method, path, headers, ...body });
      return status >= 500 ? [`${status}: ${method} ${path}`] : [];
    });
    expect(objections.flat().slice(0, 20)).toEqual([]);
  });

  it("that no route has are 404, and methods that a route has not are 405", async () => {
    for (const path of ["/nowhere", "/items/a/b/c", "/ITEMS", "//items", "/order"]) {
      const { status, body } = await sendRaw(server.url, { method: "GET", path });
      expect({ path, status, code: body.code }).toEqual({ path, status: 404, code: "NOT_FOUND" });
    }
    const wrong = [
      "DELETE /items",
      "GET /order/me",
      "PUT /orders/x",
      "POST /health",
      "PATCH /items",
    ];
    for (const route of wrong) {
      const { status, body } = await shop.nobody.send(route);
      expect({ route, status, code: body.code }).toEqual({
        route,
        status: 405,
        code: "METHOD_NOT_ALLOWED",
      });
    }
  });
});
