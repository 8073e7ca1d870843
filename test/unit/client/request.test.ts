/** Requests of the client: what is sent, what problems become, and what is sent again. */
import { expect, test, vi } from "vitest";
import { z } from "zod";
import {
  type ClientOptions,
  createClient,
  isProblem,
  type OperationName,
} from "../../../client/index.ts";
import { operations } from "../../../client/operations.ts";
import { parseOperation } from "../../../client/request.ts";
import { endpoints } from "../../../shared/api/index.ts";
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
    {
      method: "GET",
      url: "https://api/api/lock/status?docId=a%2Fb+c%3F%23%C3%BC",
      body: undefined,
    },
    { method: "GET", url: "https://api/orders?status=paid&limit=5" },
    { method: "POST", url: "https://api/api/lock/acquire", body: { docId: "x", ttl: 5 } },
  ]);
  expect(sent[0]!.headers).toEqual({ authorization: "Bearer t" });
});

test.each(["..", ".", ""])(
  "a name that no path can carry is sent nowhere: %j",
  async (sessionId) => {
    const { client, sent } = setUp([() => json(200, {})]);
    const params = { userId: "me", sessionId, instance: "menu" };
    await expect(client.clearCartInstance({ params })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      status: 0,
      problem: { issues: [{ path: "path.sessionId" }] },
    });
    expect(sent).toEqual([]);
    await client.clearCartInstance({ params: { ...params, sessionId: "a/..;b" } });
    expect(sent[0]!.url).toBe("https://api/carts/me/a%2F..%3Bb/menu");
  },
);

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
    (client: ReturnType<typeof createClient>) => client.cancelOrder({ params: { orderId: "o" } }),
    (client: ReturnType<typeof createClient>) =>
      client.setDocumentAccess({ params: { docId: "d" }, body: { readers: [], editors: [] } }),
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
    await hurried(client.cancelOrder({ params: { orderId: "o" } }));
    expect(sent).toHaveLength(2);
  }
  const { client, sent } = setUp([() => problem(500, "INTERNAL_ERROR"), () => json(200, {})]);
  await hurried(errorOf(client.cancelOrder({ params: { orderId: "o" } })));
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

const never = () => new Promise<never>(() => undefined);
const refusedToken = () => json(401, { message: "Unauthorized" });

test("a token that is not handed out in time is not waited for, and can be given up", async () => {
  const { client, sent } = setUp([() => json(200, {})], {
    token: never,
    timeoutMs: 20,
    retries: 0,
  });
  expect(await errorOf(client.health({}))).toMatchObject({ code: "NO_TOKEN", status: 0 });
  const patient = setUp([() => json(200, {})], { token: never });
  const giveUp = new AbortController();
  const asking = errorOf(patient.client.health({}, { signal: giveUp.signal }));
  giveUp.abort();
  expect(await asking).toMatchObject({ code: "NO_TOKEN" });
  expect([...sent, ...patient.sent]).toEqual([]);
});

test("without a token nothing was sent: asked again even where a lost answer is not", async () => {
  let asked = 0;
  const token = () => {
    asked += 1;
    if (asked === 1) throw new Error("offline");
    return "t";
  };
  const { client, sent } = setUp([() => json(200, {})], { token });
  await hurried(client.cancelOrder({ params: { orderId: "o" } }));
  expect(sent).toHaveLength(1);
});

test("a request and its answer that hang are given up, whatever stands in for fetch", async () => {
  const hanging = { json: never, ok: true, status: 200 } as unknown as Response;
  for (const fetchNever of [never, async () => hanging]) {
    const options = { timeoutMs: 20, retries: 0, fetch: fetchNever as typeof fetch };
    const { client } = setUp([], options);
    expect(await errorOf(client.health({}))).toMatchObject({ code: "NO_ANSWER", status: 0 });
  }
});

test("a pause before a repetition ends with the signal", async () => {
  const { client, sent } = setUp([() => problem(503, "TRY_AGAIN", {}, { "retry-after": "3600" })]);
  const giveUp = new AbortController();
  const asking = errorOf(client.health({}, { signal: giveUp.signal }));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  giveUp.abort();
  expect(await asking).toMatchObject({ code: "TRY_AGAIN" });
  expect(sent).toHaveLength(1);
});

test("after a refused token a new one is asked for once, and the request goes again with it", async () => {
  const reasons: boolean[] = [];
  let serial = 0;
  const token = ({ isRefused }: { isRefused: boolean }) => {
    reasons.push(isRefused);
    return `t${(serial += isRefused ? 1 : 0)}`;
  };
  const { client, sent } = setUp([refusedToken, () => json(200, {})], { token });
  await client.cancelOrder({ params: { orderId: "o" } });
  expect(reasons).toEqual([false, true]);
  expect(sent.map(({ headers }) => headers["authorization"])).toEqual(["Bearer t0", "Bearer t1"]);

  const refused = setUp([refusedToken], { token });
  expect(await errorOf(refused.client.health({}))).toMatchObject({ code: "UNAUTHENTICATED" });
  expect(refused.sent).toHaveLength(2);
});

test("a token that stays the same is not sent again; a fixed one neither", async () => {
  for (const token of ["fixed", () => "same"]) {
    const { client, sent } = setUp([refusedToken], { token });
    expect(await errorOf(client.health({}))).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(sent).toHaveLength(1);
  }
});

test("requests that are refused side by side ask for one new token together", async () => {
  let renewals = 0;
  let current = "old";
  const token = async ({ isRefused }: { isRefused: boolean }) => {
    await Promise.resolve();
    if (isRefused) current = `new${(renewals += 1)}`;
    return current;
  };
  const fake = async (_: string, init: RequestInit) =>
    (init.headers as Record<string, string>)["authorization"] === "Bearer old"
      ? refusedToken()
      : json(200, {});
  const { client } = setUp([], { token, fetch: fake as typeof fetch });
  await Promise.all(Array.from({ length: 5 }, () => client.health({})));
  expect(renewals).toBe(1);
});

test("waiting to edit can be cancelled; what was granted all the same is given back", async () => {
  for (const outcome of ["granted", "lost", "refused"] as const) {
    const granted = Promise.withResolvers<Response>();
    const names: string[] = [];
    const fake = async (url: string) => {
      names.push(new URL(url).pathname);
      return url.includes("/edit?") ? granted.promise : json(200, {});
    };
    const { client } = setUp([], { fetch: fake as typeof fetch, retries: 0 });
    const giveUp = new AbortController();
    const editing = errorOf(
      client.documents.edit("plan", { waitMs: 20_000, signal: giveUp.signal }),
    );
    giveUp.abort(new Error("no longer wanted"));
    expect(await editing).toEqual(new Error("no longer wanted"));
    expect(names).not.toContain("/api/lock/release");
    if (outcome === "lost") granted.reject(broken());
    else if (outcome === "refused") granted.resolve(problem(409, "LOCK_HELD"));
    else granted.resolve(json(200, { lockInfo: { fence: 7 }, content: null, version: 0 }));
    const released = outcome === "refused" ? [] : ["/api/lock/release"];
    await vi.waitFor(() => expect(names).toEqual(["/api/documents/edit", ...released]));
  }
});

test("every edit of a cart is repeated under one key, also one that depends on a version", async () => {
  const cart = { userId: "me", sessionId: "s", instance: "i" };
  for (const send of [
    (client: ReturnType<typeof createClient>) =>
      client.setCartMetadata({ params: { ...cart, key: "note" }, body: "gift" }),
    (client: ReturnType<typeof createClient>) =>
      client.removeCartItem({ params: { ...cart, lineId: "chair" } }),
    (client: ReturnType<typeof createClient>) =>
      client.addCartItem({ params: cart, body: { itemId: "chair", quantity: 1 } }),
    (client: ReturnType<typeof createClient>) =>
      client.replaceCartItems({ params: cart, headers: { "if-match": '"3"' }, body: [] }),
  ]) {
    const { client, sent } = setUp([broken, broken, () => json(200, {})]);
    await hurried(send(client));
    const keys = new Set(sent.map(({ headers }) => headers["idempotency-key"]));
    expect([sent.length, keys.size, keys.has(undefined!)]).toEqual([3, 1, false]);
  }
});

test("no PUT, PATCH or DELETE is repeated without a key: by then another tab may have changed it again", () => {
  const changing = (Object.keys(operations) as OperationName[]).filter((name) =>
    /^P(?:UT|ATCH)|DELETE$/.test(parseOperation(name)[0]),
  );
  expect(changing.length).toBeGreaterThan(15);
  const safe = changing.filter((name) => parseOperation(name)[2] === "safe");
  // A ticket is one place in line: gone once, it is gone.
  expect(safe.toSorted()).toEqual(["leaveItemLine", "leaveLine", "leaveNameLine"]);
});

test("what may be repeated without a key depends on no version: its own effect would make that stale", () => {
  const safe = endpoints.filter(
    ({ name, method, outsideClient }) =>
      !outsideClient && method !== "GET" && parseOperation(name as OperationName)[2] === "safe",
  );
  expect(safe.length).toBeGreaterThan(5);
  const dependent = safe.filter(
    ({ headers }) => headers instanceof z.ZodObject && "if-match" in headers.shape,
  );
  expect(dependent.map(({ name }) => name)).toEqual([]);
});
