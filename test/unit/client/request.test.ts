/** Requests of the client: what is sent, what problems become, and what is sent again. */
import { expect, test, vi } from "vitest";
import { type ClientOptions, createClient, isProblem } from "../../../client/index.ts";
import { errorOf } from "../../support/world.ts";

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

type Reply = Response | Error;

const json = (status: number, body: object, headers = {}): Response =>
  Response.json(body, { status, headers });
const problem = (status: number, code: string, more = {}, headers = {}): Response =>
  json(status, { code, status, detail: `detail of ${code}`, ...more }, headers);

/** A client whose server answers as listed, the last answer for ever. */
function setUp(replies: (() => Reply)[], options: Partial<ClientOptions> = {}) {
  const sent: Sent[] = [];
  const fake = async (url: string, init: RequestInit): Promise<Response> => {
    const body = init.body === undefined ? undefined : JSON.parse(String(init.body));
    sent.push({ url, method: init.method!, headers: init.headers as Sent["headers"], body });
    const reply = replies[Math.min(sent.length, replies.length) - 1]!();
    if (reply instanceof Error) throw reply;
    return reply;
  };
  const client = createClient({
    baseUrl: "https://api",
    token: "t",
    fetch: fake as typeof fetch,
    ...options,
  });
  return { client, sent };
}

/** Runs work whose pauses take no time. */
async function hurried<T>(work: Promise<T>): Promise<T> {
  vi.useFakeTimers();
  try {
    const done = work.finally(() => undefined);
    done.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    return await done;
  } finally {
    vi.useRealTimers();
  }
}

const broken = () => new TypeError("fetch failed");

test("parameters go into the path, the query and the body, whatever they contain", async () => {
  const { client, sent } = setUp([() => json(200, { orders: [], cursor: null })]);
  await client.getLockStatus({ params: { docId: "a/b c?#ü" } });
  await client.listOrders({ query: { status: "paid", limit: 5 } });
  await client.acquireLock({ body: { docId: "x", ttl: 5 } });
  expect(sent).toMatchObject([
    { method: "GET", url: "https://api/api/lock/status/a%2Fb%20c%3F%23%C3%BC", body: undefined },
    { method: "GET", url: "https://api/orders?status=paid&limit=5" },
    { method: "POST", url: "https://api/api/lock/acquire", body: { docId: "x", ttl: 5 } },
  ]);
  expect(sent[0]!.headers).toEqual({ authorization: "Bearer t" });
});

test("a token that is a function is asked before every request", async () => {
  let serial = 0;
  const token = () => `t${(serial += 1)}`;
  const { client, sent } = setUp([() => json(200, {})], { token });
  await client.health({});
  await client.health({});
  expect(sent.map(({ headers }) => headers["authorization"])).toEqual(["Bearer t1", "Bearer t2"]);
});

test("a problem becomes an error with its code, its fields and when to come back", async () => {
  const lockInfo = { userId: "bob", fence: 7 };
  const held = problem(409, "LOCK_HELD", { lockedBy: "Bob", lockInfo }, { "retry-after": "12" });
  const { client } = setUp([() => held]);
  const error = await errorOf(client.acquireLock({ body: { docId: "x" } }));
  expect(error).toMatchObject({
    status: 409,
    retryAfterMs: 12_000,
    message: "detail of LOCK_HELD",
  });
  if (!isProblem(error, "LOCK_HELD")) throw error;
  expect(error.problem.lockedBy).toBe("Bob");
  expect(isProblem(error, "LOCK_NOT_OWNED")).toBe(false);
});

test("what API Gateway says by itself has a code as well", async () => {
  for (const [status, code] of [
    [401, "UNAUTHENTICATED"],
    [403, "FORBIDDEN"],
    [404, "NOT_FOUND"],
  ] as const) {
    const { client, sent } = setUp([() => json(status, { message: "Unauthorized" })]);
    expect(await errorOf(client.health({}))).toMatchObject({
      status,
      code,
      message: "Unauthorized",
    });
    expect(sent).toHaveLength(1);
  }
});

test("a lost answer is asked for again where that is safe, and only there", async () => {
  const lost = [broken, broken, () => json(200, { ok: true })];
  const get = setUp(lost);
  await hurried(get.client.getLockStatus({ params: { docId: "x" } }));
  expect(get.sent).toHaveLength(3);

  const order = setUp(lost);
  const body = { paymentMethod: "sandbox" } as const;
  await hurried(order.client.placeOrder({ params: { userId: "me" }, body }));
  const keys = order.sent.map(({ headers }) => headers["idempotency-key"]);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
  expect(keys[0]).toMatch(/^[\da-f-]{36}$/);

  for (const unsafe of [
    (client: ReturnType<typeof createClient>) => client.releaseLock({ body: { docId: "x" } }),
    (client: ReturnType<typeof createClient>) => client.cancelOrder({ params: { orderId: "o" } }),
    (client: ReturnType<typeof createClient>) =>
      client.replaceCartItems({
        params: { userId: "me", sessionId: "s", instance: "i" },
        headers: { "if-match": '"3"' },
        body: [],
      }),
  ]) {
    const { client, sent } = setUp(lost);
    expect(await hurried(errorOf(unsafe(client)))).toMatchObject({ code: "NO_ANSWER", status: 0 });
    expect(sent).toHaveLength(1);
  }
});

test("an idempotency key of the caller's own is kept", async () => {
  const { client, sent } = setUp([() => json(201, {})]);
  await client.placeOrder({
    params: { userId: "me" },
    headers: { "idempotency-key": "mine" },
    body: { paymentMethod: "sandbox" },
  });
  expect(sent[0]!.headers["idempotency-key"]).toBe("mine");
});

test("what promises that nothing was changed is tried again, also where a lost answer is not", async () => {
  for (const [status, code] of [
    [503, "TRY_AGAIN"],
    [429, "TOO_MANY_REQUESTS"],
  ] as const) {
    const { client, sent } = setUp([() => problem(status, code), () => json(200, {})]);
    await hurried(client.releaseLock({ body: { docId: "x" } }));
    expect(sent).toHaveLength(2);
  }
  const { client, sent } = setUp([() => problem(500, "INTERNAL_ERROR"), () => json(200, {})]);
  await hurried(errorOf(client.releaseLock({ body: { docId: "x" } })));
  expect(sent).toHaveLength(1);
});

test("refusals are never repeated, and repetitions come to an end", async () => {
  const refused = setUp([() => problem(409, "ITEMS_UNAVAILABLE")]);
  const order = { params: { userId: "me" }, body: { paymentMethod: "sandbox" } } as const;
  await errorOf(refused.client.placeOrder(order));
  expect(refused.sent).toHaveLength(1);
  const down = setUp([broken], { retries: 2 });
  expect(await hurried(errorOf(down.client.health({})))).toMatchObject({ code: "NO_ANSWER" });
  expect(down.sent).toHaveLength(3);
});
