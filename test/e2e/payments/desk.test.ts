/** What happens at the providers, by hand: `/_local/providers` plays them, and the shop hears of it or not. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "../../../local/root.ts";
import { startServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
const admin = { as: "root", groups: ["admin"] };
const prices = {
  stripe: { amountMinor: 4_900, currency: "EUR" },
  razorpay: { amountMinor: 4_900, currency: "INR" },
  wompi: { amountMinor: 490_000, currency: "COP" },
  mercadopago: { amountMinor: 4_900, currency: "BRL" },
};
type Name = keyof typeof prices;
const names = Object.keys(prices) as Name[];

beforeAll(async () => {
  server = await startServer({ context: { sweep: "off" }, playsProviders: true });
});
afterAll(() => server?.stop());

let serial = 0;

/** An order whose payment has started; nobody has opened the provider's page. */
async function startOrder(name: Name): Promise<string> {
  const itemId = `${name}-${(serial += 1)}`;
  const item = { itemId, name: "Chair", kind: "Retail", price: prices[name], quantity: 1 };
  await server.call("POST /items", { ...admin, body: item });
  const { body: order } = await server.call("POST /order/alice", {
    as: "alice",
    body: { items: [{ itemId, quantity: 1 }], paymentMethod: name },
    headers: { "idempotency-key": itemId },
  });
  const { orderId } = order;
  await server.call("POST /payments/initiate", { as: "alice", body: { orderId } });
  return orderId;
}

const paymentsOf = async (orderId: string) =>
  (await server.call(`GET /_local/providers/payments?orderId=${orderId}`)).body.payments;

async function happen(orderId: string, body: Record<string, unknown>) {
  const [{ provider, id }] = await paymentsOf(orderId);
  const address = `/_local/providers/payments/${provider}/${encodeURIComponent(id)}`;
  return server.call(`POST ${address}`, { body });
}

const see = async (orderId: string) => (await server.call(`GET /orders/${orderId}`, admin)).body;

it.each(names)(
  "%s: paid by hand, the order is paid before the answer comes @long",
  async (name) => {
    const orderId = await startOrder(name);
    const [payment] = await paymentsOf(orderId);
    expect(payment).toMatchObject({
      provider: name,
      actions: expect.arrayContaining(["pay", "fail"]),
    });
    expect(payment.actions).toContain("process");
    const { status, body } = await happen(orderId, { action: "pay" });
    expect([status, body.told.map(({ answer }: { answer: unknown }) => answer)]).toEqual([
      200,
      body.told.map(() => 200),
    ]);
    expect(body.told.length).toBeGreaterThan(0);
    expect(await see(orderId)).toMatchObject({ status: "paid" });
  },
);

it("a part that is given back there is on the order, in the provider's own units", async () => {
  const orderId = await startOrder("stripe");
  await happen(orderId, { action: "pay" });
  await happen(orderId, { action: "refund", amount: 900 });
  const { payment } = await see(orderId);
  expect(payment.refunds).toMatchObject([{ amountMinor: 900, status: "done" }]);
});

it("more than is left cannot go back, nor a part where there are none", async () => {
  const [stripe, wompi] = [await startOrder("stripe"), await startOrder("wompi")];
  for (const orderId of [stripe, wompi]) await happen(orderId, { action: "pay" });
  expect((await happen(stripe, { action: "refund", amount: 4_901 })).status).toBe(400);
  expect((await happen(stripe, { action: "dispute", amount: 4_901 })).status).toBe(400);
  expect((await happen(wompi, { action: "refund", amount: 100 })).status).toBe(400);
  for (const orderId of [stripe, wompi]) {
    expect(await see(orderId)).toMatchObject({ status: "paid", payment: { refunds: [] } });
  }
  const { body } = await happen(stripe, { action: "refund" });
  expect(body.told.map(({ type }: { type: string }) => type)).toContain("charge.refunded");
  expect((await happen(stripe, { action: "refund" })).status).toBe(400);
});

it("a bank that Wompi waits for is found when somebody asks, and keeps the order", async () => {
  const orderId = await startOrder("wompi");
  expect((await happen(orderId, { action: "process" })).body.told).toEqual([]);
  const cancelled = await server.call(`POST /orders/${orderId}/cancel`, { as: "alice" });
  expect(cancelled).toMatchObject({ status: 409, body: { reason: "payment_processing" } });
  await happen(orderId, { action: "pay" });
  expect(await see(orderId)).toMatchObject({ status: "paid" });
});

it("a bank that takes its time keeps the order as it is, and can still fail", async () => {
  const orderId = await startOrder("stripe");
  await happen(orderId, { action: "process" });
  expect(await see(orderId)).toMatchObject({ status: "pending", payment: { state: "processing" } });
  await happen(orderId, { action: "fail" });
  expect(await see(orderId)).toMatchObject({ payment: { state: "failed" } });
});

it("a webhook that gets lost tells nobody: cancelling finds the money", async () => {
  const orderId = await startOrder("razorpay");
  const { body } = await happen(orderId, { action: "pay", isLost: true });
  expect(body.told.map(({ answer }: { answer: unknown }) => answer)).toEqual(["lost", "lost"]);
  expect(await see(orderId)).toMatchObject({ status: "pending" });
  const cancelled = await server.call(`POST /orders/${orderId}/cancel`, { as: "alice" });
  expect(cancelled).toMatchObject({ status: 409, body: { orderStatus: "paid" } });
});

it("what cannot happen now is refused, and so is a page of somewhere else", async () => {
  const orderId = await startOrder("stripe");
  expect((await happen(orderId, { action: "refund" })).status).toBe(400);
  expect((await happen(orderId, { action: "pay", amount: "all" })).status).toBe(400);
  expect((await happen(orderId, {})).status).toBe(400);
  expect(await happen(orderId, { action: "refund" })).toMatchObject({
    body: { message: expect.stringContaining("what can: pay, fail, process") },
  });
  expect((await happen(orderId, { action: "pay", amount: 1 })).status).toBe(400);
  const address = "POST /_local/providers/payments/stripe/pi_nobody";
  expect((await server.call(address, { body: { action: "pay" } })).status).toBe(400);
  const headers = { origin: "https://elsewhere.example" };
  const foreign = await server.call(address, { headers, body: { action: "pay" } });
  expect(foreign.status).toBe(403);
  expect(await see(orderId)).toMatchObject({ status: "pending" });
});

it("npm run reconcile walks the books of this machine to their end @long", async () => {
  const script = join(ROOT, "scripts/reconcile.ts");
  const run = spawn(process.execPath, [script, "--url", server.url]);
  const ended = new Promise((resolve) => {
    run.on("close", resolve);
  });
  const said = await Promise.all([text(run.stdout), text(run.stderr)]);
  const [out, wrong] = said;
  // Payments younger than ten minutes are left to their webhooks; Wompi lists whole days.
  expect(out).toMatch(/^\d payments? checked, 0 settled\nThe books agree\n$/);
  expect(wrong).toBe("");
  expect(await ended).toBe(0);
});

it("the page is there", async () => {
  const { status, headers, body } = await server.call("GET /_local/providers");
  expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(body).toContain("What happens at the providers");
});
