/** A production stack refuses what it has not, before anything is held, and takes back a version that fails. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { everythingOn } from "../support/contexts.ts";
import { clientOf } from "../support/http.ts";
import { giveKeys } from "../support/providers/paying-server.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { smoke } from "../support/smoke.ts";

let server: TestServer;

beforeAll(async () => {
  // An hour lasts a minute at that speed, but workers start no faster.
  const context = { ...everythingOn, sweep: "off", production: "on", canary: "10%/60min" };
  server = await startServer({ context, alarmSpeed: 60 });
  giveKeys(server, "razorpay");
});
afterAll(async () => {
  await server?.stop();
});

test("a version that does not even start is taken back, and callers go on with the one before @long", async () => {
  const alice = clientOf(server, "alice");
  const read = () => alice.send("GET /orders/ord_none");
  expect((await read()).status).toBe(404);
  const ended: { rang?: readonly string[] } = {};
  const released = server.releases.run("orders", { HOLD_SECONDS: "none" }).then(({ rang }) => {
    ended.rang = rang;
  });
  while (!ended.rang) await Promise.all(Array.from({ length: 20 }, read));
  await released;
  expect(ended.rang).toContain("OrdersFunctionVersion");
  const answers = await Promise.all(Array.from({ length: 20 }, read));
  expect([...new Set(answers.map(({ status }) => status))]).toEqual([404]);
});

test("the sandbox, and a provider without keys, are 409 and hold nothing, of items and of a cart @long", async () => {
  const [admin, alice] = [clientOf(server, "root", ["admin"]), clientOf(server, "alice")];
  const price = { amountMinor: 1_000, currency: "EUR" };
  const item = { itemId: "mug", name: "Mug", kind: "Retail", price, quantity: 5 };
  expect((await admin.send("POST /items", { body: item })).status).toBe(201);
  const line = { itemId: "mug", quantity: 1 };
  await alice.send("POST /carts/me/default/main/items", { body: line });
  for (const paymentMethod of ["sandbox", "stripe"]) {
    for (const source of [{ items: [line] }, {}]) {
      const headers = { "idempotency-key": `${paymentMethod}-${Object.keys(source).length}` };
      const body = { ...source, paymentMethod };
      const refused = await alice.send("POST /order/me", { body, headers });
      expect(refused).toMatchObject({
        status: 409,
        body: { code: "PAYMENT_METHOD_UNAVAILABLE", reason: "not_configured" },
      });
    }
  }
  const gift = { ...item, itemId: "gift", price: { ...price, amountMinor: 0 } };
  expect((await admin.send("POST /items", { body: gift })).status).toBe(201);
  const free = { items: [{ itemId: "gift", quantity: 1 }] };
  const order = (paymentMethod: string) =>
    alice.send("POST /order/me", {
      body: { ...free, paymentMethod },
      headers: { "idempotency-key": `gift-${paymentMethod}` },
    });
  expect(await order("sandbox")).toMatchObject({
    status: 409,
    body: { code: "PAYMENT_METHOD_UNAVAILABLE", reason: "not_configured" },
  });
  expect(await order("stripe")).toMatchObject({
    status: 201,
    body: { status: "paid", payment: null },
  });
  const { body: levels } = await alice.send("GET /items/mug");
  expect(levels).toMatchObject({ available: 5, held: 0 });
  const { body: lock } = await alice.send("GET /carts/me/default/lock");
  expect(lock).toMatchObject({ isLocked: false });
  expect((await alice.send("POST /sandbox/pay", { body: {} })).status).toBe(404);
});

test(
  "the smoke test says that no money may move, or orders and cancels @long",
  { timeout: 240_000 },
  async () => {
    const unpaid = await smoke(server.url);
    expect([unpaid.code, unpaid.stderr]).toEqual([
      2,
      expect.stringMatching(/^missing: .*no sandbox/),
    ]);
    expect(unpaid.stdout).not.toContain("order:");
    const refused = await smoke(server.url, "--no-payment");
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("stripe")]);
    const { body } = await clientOf(server, "root", ["admin"]).send("GET /items");
    expect(JSON.stringify(body)).not.toContain("smoke-");
    const done = await smoke(server.url, "--no-payment", "--method", "razorpay");
    expect([done.code, done.stderr]).toEqual([0, ""]);
    expect(done.stdout).toContain("event: order.cancelled left");
  },
);
