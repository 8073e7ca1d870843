/** What docs/cost.md says of each step is what the running stack uses, streams and events included. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { tableUnder } from "../support/docs/tables.ts";
import { type Answer, clientOf } from "../support/http.ts";
import { startServer, type TestServer } from "../support/server.ts";

interface Spent {
  requests: number;
  writeUnits: number;
  later: number;
}

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ context: { sweep: "off" } });
});
afterAll(async () => {
  await server?.stop();
});

/** What the functions say that they used: each names it in a line of its own. */
function spentSince(start: number): Spent {
  const spent = { requests: 0, writeUnits: 0, later: 0 };
  for (const { text } of server.logs.lines().slice(start)) {
    if (!text.includes('"dynamodb"')) continue;
    const { dynamodb, job, routeKey } = JSON.parse(text);
    // The sandbox's own page is no part of a shop.
    if (routeKey === "POST /sandbox/pay") continue;
    if (job !== undefined) spent.later += dynamodb.writeUnits;
    else spent.requests += dynamodb.requests;
    if (job === undefined) spent.writeUnits += dynamodb.writeUnits;
  }
  return spent;
}

/** What a step uses once nothing more comes of it. */
async function count(told: Spent, step: () => Promise<unknown>): Promise<Spent> {
  const start = server.logs.lines().length;
  await step();
  await expect.poll(() => spentSince(start), { timeout: 20_000 }).toEqual(told);
  return spentSince(start);
}

test("a paid order and a lock use what is written down @long", { timeout: 3_000_000 }, async () => {
  const steps = tableUnder("docs/cost.md", "One thing at a time");
  const told = (what: string): Spent => {
    const row = steps.find(([name]) => name === what)!;
    const [requests, writeUnits, later] = row.slice(1).map(Number) as [number, number, number];
    return { requests, writeUnits, later };
  };
  const [admin, alice] = [clientOf(server, "root", ["admin"]), clientOf(server, "alice")];
  const price = { amountMinor: 1_000, currency: "EUR" };
  const item = { itemId: "mug", name: "Mug", kind: "Retail", price, quantity: 5 };
  await count({ requests: 1, writeUnits: 8, later: 1 }, () =>
    admin.send("POST /items", { body: item }),
  );
  const expectStep = async (what: string, route: string, body: () => object) => {
    let answer!: Answer;
    const step = async () => (answer = await alice.send(route, { body: body() }));
    expect(await count(told(what), step), what).toEqual(told(what));
    expect(answer.status, what).toBeLessThan(300);
    return answer.body;
  };
  await expectStep("a line goes into a cart", "POST /carts/me/default/main/items", () => {
    return { itemId: "mug", quantity: 1 };
  });
  const { orderId } = await expectStep("an order of that cart", "POST /order/me", () => {
    return { paymentMethod: "sandbox" };
  });
  const { transactionId } = await expectStep(
    "its payment begins",
    "POST /payments/initiate",
    () => {
      return { orderId };
    },
  );
  await expectStep("its payment is confirmed", "POST /sandbox/pay", () => {
    return { transactionId, outcome: "success" };
  });
  const docId = "price-list";
  await expectStep("a document is locked", "POST /api/lock/acquire", () => {
    return { docId, username: "Alice" };
  });
  await expectStep("the lock is renewed", "POST /api/lock/extend", () => ({ docId }));
  await expectStep("the lock is given back", "POST /api/lock/release", () => ({ docId }));
});
