/** The local runner itself, on an assembly of a few lines: it must behave like AWS where code would notice. */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startServer, type TestServer } from "../support/server.ts";
import { writeTinyAssembly } from "../support/tiny-assembly.ts";
import { effort } from "../support/effort.ts";

let server: TestServer;
let assemblyDirectory: string;

beforeAll(async () => {
  assemblyDirectory = writeTinyAssembly();
  server = await startServer({ assemblyDirectory, maxWorkers: 3 });
});

afterAll(async () => {
  await server?.stop();
  rmSync(assemblyDirectory, { recursive: true, force: true });
});

const task = (name: string, query = "") => server.call(`GET /open/x?task=${name}${query}`);

/** Looks until something is there; streams and log lines arrive when they do. */
async function eventually(look: () => boolean): Promise<void> {
  await expect.poll(look, { timeout: 15_000, interval: 50 }).toBe(true);
}

function logged(): Record<string, unknown>[] {
  return server.logs
    .lines("echo")
    .flatMap(({ text }) => (text.startsWith("{") ? [JSON.parse(text)] : []));
}

describe("a request", () => {
  test("reaches the function as an event of format 2.0, with context and environment", async () => {
    const { status, body } = await server.call("POST /open/a%2Fb/c?q=1", { body: { a: 1 } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: "echo",
      event: {
        routeKey: "ANY /open/{rest+}",
        pathParameters: { rest: "a/b/c" },
        queryStringParameters: { q: "1" },
        body: '{"a":1}',
      },
    });
    expect(body.remainingMs).toBeLessThanOrEqual(3000);
    const environment = (await task("environment")).body;
    expect(environment.API_URL).toBe(server.url);
    expect(environment).not.toHaveProperty("HOME");
  });

  test("with a token brings its claims, and without one gets 401", async () => {
    const { body } = await server.call("GET /closed", { as: "alice", groups: ["admin", "ops"] });
    expect(body.event.requestContext.authorizer.jwt.claims).toMatchObject({
      sub: "alice",
      "cognito:groups": "[admin ops]",
    });
    const refused = await server.call("GET /closed");
    expect(refused).toMatchObject({ status: 401, body: { message: "Unauthorized" } });
    expect(refused.headers.get("www-authenticate")).toBe("Bearer");
  });

  test.each([
    ["GET /nowhere", 404, "Not Found"],
    ["GET /open/%zz", 400, "Bad Request"],
    ["GET /forgotten", 500, "Internal Server Error"],
  ])("%s gets API Gateway's own %i", async (route, status, message) => {
    expect(await server.call(route)).toMatchObject({ status, body: { message } });
  });

  test("of more than 10 MB, or more than an event can hold, gets 413", async () => {
    for (const size of [11_000_000, 7_000_000]) {
      const body = "x".repeat(size);
      expect((await server.call("POST /open/x", { body })).status).toBe(413);
    }
  });

  test("with more than 10 KB of headers gets 431", async () => {
    const headers = { "x-large": "x".repeat(11_000) };
    expect((await server.call("GET /open/x", { headers })).status).toBe(431);
  });

  test("from another origin is answered by the API's CORS rules", async () => {
    const headers = { origin: "https://shop", "access-control-request-method": "GET" };
    const preflight = await server.call("OPTIONS /open/x", { headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("https://shop");
    const other = await server.call("GET /open/x", { headers: { origin: "https://other" } });
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("a function", () => {
  test.each(["crash", "exit", "hang", "spin", "large"])(
    "that does %s costs its own request a 500 and nobody else's",
    async (name) => {
      const [failed, fine] = await Promise.all([task(name), server.call("GET /open/x")]);
      expect(failed).toMatchObject({ status: 500, body: { message: "Internal Server Error" } });
      expect(fine.status).toBe(200);
      expect((await server.call("GET /open/x")).status).toBe(200);
    },
  );

  const burst = effort({ part: 250, all: 1_000 });
  test(`takes a burst of ${burst} requests without an error`, async () => {
    const statuses = await Promise.all(
      Array.from({ length: burst }, async () => (await server.call("GET /open/x")).status),
    );
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(server.functions.find("echo")?.executions().length).toBeLessThanOrEqual(3);
  });
});

describe("an AWS request", () => {
  test("that the role allows reaches DynamoDB, and one that it does not is refused as by IAM", async () => {
    expect((await task("get", "&id=none")).body).toMatchObject({ status: 200 });
    const { body } = await task("delete", "&id=none");
    expect(body.status).toBe(400);
    expect(body.body["__type"]).toMatch(/AccessDeniedException$/u);
    expect(body.body.message).toMatch(/not authorized to perform: dynamodb:DeleteItem/u);
    expect(server.calls.list("echo")).toContainEqual(
      expect.objectContaining({ action: "dynamodb:DeleteItem", allowed: false }),
    );
  });

  test("for a secret gets the version that it asks for", async () => {
    const [name] = Object.keys(server.secrets.list());
    const put = await server.call(`PUT /_local/secrets/${name}`, {
      body: { current: "new", previous: "old" },
    });
    expect(put.status).toBe(200);
    expect((await task("secret", "&stage=AWSCURRENT")).body.body.SecretString).toBe("new");
    expect((await task("secret", "&stage=AWSPREVIOUS")).body.body.SecretString).toBe("old");
  });

  test("to a service that is not here says so", async () => {
    expect((await task("sns")).body.body.message).toMatch(/no sns/u);
  });
});

describe("a fault", () => {
  beforeEach(() => server.faults.clear());

  const written = async (id: string) => "Item" in (await task("get", `&id=${id}`)).body.body;

  test.each([
    ["before", false],
    ["after", true],
  ])("%s the second request kills the worker there, once", async (mode, secondIsWritten) => {
    const { status, body: fault } = await server.call("POST /_local/faults", {
      body: { function: "echo", afterRequests: 2, mode },
    });
    expect(status).toBe(201);
    expect((await task("put", `&id=${mode}`)).status).toBe(500);
    expect(await written(`${mode}a`)).toBe(true);
    expect(await written(`${mode}b`)).toBe(secondIsWritten);
    expect(await written(`${mode}c`)).toBe(false);
    const { faults } = (await server.call("GET /_local/faults")).body;
    expect(faults).toMatchObject([
      { id: fault.id, fired: [{ requests: 2, operation: "PutItem" }] },
    ]);
    expect((await task("put", `&id=${mode}`)).body).toHaveLength(3);
  });

  test("can make a request slow instead", async () => {
    server.faults.add({ function: "echo", afterRequests: 1, mode: "delay", delayMs: 300 });
    const startedMs = Date.now();
    expect((await task("get", "&id=none")).status).toBe(200);
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(300);
  });
});

describe("jobs", () => {
  test("a table's changes reach the function, and a poisoned one the dead-letter queue alone", async () => {
    server.queues.messages("Dead")!.length = 0;
    for (const id of ["one", "poison", "two"]) await task("put", `&id=${id}`);
    await eventually(() => server.queues.messages("Dead")!.length === 3);
    const notes = server.queues.messages("Dead")!.map(({ body }) => JSON.parse(body));
    expect(notes.every(({ DDBStreamBatchInfo: info }) => info.batchSize === 1)).toBe(true);
    await eventually(() => JSON.stringify(logged()).includes("twoc"));
    const [record] = logged().flatMap(({ batch }) => (batch as object[] | undefined) ?? []);
    expect(record).toMatchObject({
      eventSource: "aws:dynamodb",
      eventName: "INSERT",
      eventSourceARN: expect.stringMatching(/:table\/.*Things\/stream\//u),
      dynamodb: { NewImage: { empty: { M: {} } } },
    });
  });

  test("a schedule hands its input to the function, and to the dead-letter queue when that fails", async () => {
    expect((await server.call("POST /_local/schedules/tick")).body.outcome).toBe("succeeded");
    await eventually(() => logged().some(({ job }) => job === "tick"));
    expect((await server.call("POST /_local/schedules/broken")).body.outcome).toBe("given up");
    expect(server.queues.messages("Dead")!.at(-1)?.body).toBe('{"job":"fail"}');
  });
});

describe("the pages of this machine", () => {
  test("tell who issues tokens, and there are no others", async () => {
    const { body } = await server.call("GET /_local/.well-known/openid-configuration");
    expect(body.issuer).toBe(`${server.url}/_local`);
    expect((await fetch(body.jwks_uri)).status).toBe(200);
    expect((await server.call("GET /_local/nothing")).status).toBe(404);
    expect((await server.call("GET /_local/__proto__")).status).toBe(404);
  });

  test("give a token for anybody, which opens the routes that ask for one", async () => {
    const { body } = await server.call("GET /_local/token?sub=bob&groups=a,b&ttl=60");
    expect(body).toMatchObject({ token_type: "Bearer", expires_in: 60 });
    const headers = { authorization: `Bearer ${body.access_token}` };
    expect((await server.call("GET /closed", { headers })).status).toBe(200);
    expect((await server.call("GET /_local/token")).status).toBe(400);
  });
});
