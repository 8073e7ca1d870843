/** The contract over HTTP: who may call what, and that nothing answers in a way that it does not name. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpoints } from "../../shared/api/index.ts";
import { providerNames } from "../../shared/base/payment-providers.ts";
import { seededRandom } from "../sim/random.ts";
import { type Operation, operations, wrongIn } from "../support/answer-check.ts";
import { clientOf } from "../support/http.ts";
import { type KnownNames, makeRequest, sample } from "../support/openapi-requests.ts";
import { exampleRequest, findings, leftOut, needs } from "../support/reference-requests.ts";
import { startPayingServer } from "../support/providers/paying-server.ts";
import type { TestServer } from "../support/server.ts";
import { effort } from "../support/effort.ts";

const requestCount = effort({ part: 60, all: 10_000 });
const sideBySide = 12;

let server: TestServer;
let stop: (() => Promise<void>) | undefined;
let names: KnownNames;

beforeAll(async () => {
  ({ server, stop } = await startPayingServer());
  const admin = clientOf(server, "root", ["admin"]);
  const itemIds = ["mug", "pen", "seat", "odd name/ä"];
  const price = { amountMinor: 100, currency: "EUR" };
  for (const itemId of itemIds) {
    const body = { itemId, name: itemId, kind: "Retail", price, quantity: 100_000 };
    await admin.send("POST /items", { body });
  }
  const alice = clientOf(server, "alice");
  const orderIds: string[] = [];
  for (const paymentMethod of providerNames) {
    const body = { items: [{ itemId: "mug", quantity: 1 }], paymentMethod };
    const headers = { "idempotency-key": paymentMethod };
    const order = await alice.send("POST /order/me", { body, headers });
    orderIds.push(order.body.orderId);
    await alice.send("POST /payments/initiate", { body: { orderId: order.body.orderId } });
  }
  names = {
    userId: ["me", "alice"],
    itemId: itemIds,
    orderId: orderIds,
    transactionId: orderIds.map((orderId) => `sbx_${orderId}`),
    docId: ["doc-1", "doc-2"],
    sessionId: ["default", "s-2"],
    instance: ["menu", "ticket"],
    provider: providerNames,
    paymentMethod: providerNames,
    method: providerNames,
    currency: ["EUR"],
    // A few, at which nobody listens: each one that there is is told every event.
    endpointId: ["crm", "mail"],
    url: ["http://127.0.0.1:9/events"],
    subject: itemIds.map((itemId) => `item/${itemId}`),
  };
});
afterAll(() => stop?.());

/** What the first *Execute* of somebody with every right gets, whose cart and orders are nobody else's. */
async function tryExample(operation: Operation) {
  const { route, headers, body } = exampleRequest(operation);
  const { status, body: answered } = await server.call(route, {
    as: "reader",
    groups: ["admin"],
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return status < 300 ? "done" : `${status} ${answered?.code}`;
}

async function tryExamples(tried: readonly Operation[]): Promise<Record<string, string>> {
  const answers: [string, string][] = [];
  for (const operation of tried) answers.push([operation.name, await tryExample(operation)]);
  return Object.fromEntries(answers);
}

const allDone = (tried: readonly Operation[]): Record<string, string> =>
  Object.fromEntries(tried.map(({ name }) => [name, "done"]));

// These three come first: nothing is there yet of what the examples name.
test("an example that needs something first is told what, and never that it is wrong", async () => {
  const needy = operations.filter(({ name }) => name in needs);
  expect(needy.map(({ name }) => name).toSorted()).toEqual(Object.keys(needs).toSorted());
  expect(await tryExamples(needy)).toEqual(needs);
});

test("every other operation's example succeeds at the first try, whatever was tried before", async () => {
  // From the last to the first: what the reference shows behind something does not live on it.
  const free = operations.filter(({ name }) => !(name in needs || name in leftOut)).toReversed();
  expect(free.length).toBeGreaterThan(40);
  expect(await tryExamples(free)).toEqual(allDone(free));
});

test("what examples make, other examples find", async () => {
  const finding = findings.map((wanted) => operations.find(({ name }) => name === wanted)!);
  expect(await tryExamples(finding)).toEqual(allDone(finding));
});

/** Only what must be there, so that nothing but the caller decides. */
function sparing() {
  const random = seededRandom(11);
  return { ...random, chance: (probability: number) => probability > 0.5 };
}

/** What somebody gets who sends a valid request about Alice and things that are not there. */
async function answerFor(operation: Operation, as?: string, groups: string[] = []) {
  const random = sparing();
  const about = { ...names, userId: ["alice"], itemId: ["none"], orderId: ["none"] };
  const given = ({ name, schema }: Operation["parameters"][number]): string =>
    String(about[name as keyof typeof about]?.[0] ?? sample(schema, random, {}, name));
  const required = operation.parameters.filter((parameter) => parameter.required);
  const path = required.reduce(
    (before, parameter) =>
      before.replace(`{${parameter.name}}`, encodeURIComponent(given(parameter))),
    operation.path,
  );
  const query = new URLSearchParams();
  for (const parameter of required) {
    if (parameter.in === "query") query.set(parameter.name, given(parameter));
  }
  const body = operation.body && sample(operation.body, random, about);
  const answer = await server.call(`${operation.method} ${path}?${query}`, {
    ...(as === undefined ? {} : { as, groups }),
    ...(body === undefined ? {} : { body }),
  });
  const code = (answer.body as { code?: string } | null)?.code;
  // A signature is no sign-in: whoever lacks it is refused by the provider's rules, not by ours.
  if (code === "BAD_SIGNATURE" || ![401, 403].includes(answer.status)) return "let in";
  return answer.status;
}

/** What the contract says of each sort of caller. */
function expectedOf({ access, path }: (typeof endpoints)[number]) {
  if (access === "anyone") return ["let in", "let in", "let in", "let in"];
  if (access === "admin") return [401, 403, 403, "let in"];
  return [401, "let in", path.includes("{userId}") ? 403 : "let in", "let in"];
}

test.each(endpoints.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
  "%s lets in nobody, Alice, Mallory and an administrator as it should",
  async (_, endpoint) => {
    const operation = operations.find(({ name }) => name === endpoint.name)!;
    const answers = [
      await answerFor(operation),
      await answerFor(operation, "alice"),
      await answerFor(operation, "mallory"),
      await answerFor(operation, "root", ["admin"]),
    ];
    expect(answers).toEqual(expectedOf(endpoint));
  },
);

test(`${requestCount} requests, half of them wrong in one place, get only answers that are named`, async () => {
  const random = seededRandom(Number(process.env["HOLDFAST_SEED"] ?? 1));
  const problems: string[] = [];
  const seen = new Map<string, number>();
  let sent = 0;

  async function sendSome(): Promise<void> {
    while (sent < requestCount) {
      sent += 1;
      // In turn, so that every operation gets its share however few requests there are.
      const request = makeRequest(operations[sent % operations.length]!, random, names);
      const { operation, path, headers, body, wrong } = request;
      const answer = await server.call(`${operation.method} ${path}`, {
        as: random.chance(0.6) ? "root" : "alice",
        ...(random.chance(0.6) ? { groups: ["admin"] } : {}),
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const { status } = answer;
      seen.set(`${status}`, (seen.get(`${status}`) ?? 0) + 1);
      const contentType = answer.headers.get("content-type");
      const found = wrongIn(operation, { status, contentType, body: answer.body });
      const failed = status >= 500 ? `${operation.name} answered ${status}` : found;
      if (failed !== undefined) {
        const told = JSON.stringify(answer.body)?.slice(0, 300);
        problems.push(`${failed}\n  ${operation.method} ${path}\n  ${body}\n  ${wrong}\n  ${told}`);
      }
    }
  }

  await Promise.all(Array.from({ length: sideBySide }, sendSome));
  expect(problems.slice(0, 10)).toEqual([]);
  expect(problems).toHaveLength(0);
  console.log(`answers by status: ${JSON.stringify(Object.fromEntries(seen))}`);
  // Enough of them must have got through for this to mean anything.
  expect(seen.get("200") ?? 0).toBeGreaterThan(requestCount / 10);
  expect(seen.get("400") ?? 0).toBeGreaterThan(requestCount / 10);
}, 1_800_000);
