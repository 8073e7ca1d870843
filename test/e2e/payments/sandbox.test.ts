/** Payments through HTTP, from the order to the sandbox's signed webhook and back. */
import { describe, expect, it } from "vitest";
import { fewestRequests, requestsOf } from "../../support/steady.ts";
import { startUnsweptServer } from "../../support/shop-for-file.ts";

const server = await startUnsweptServer();
const admin = { as: "root", groups: ["admin"] };

let serial = 0;

async function item(quantity: number): Promise<string> {
  const itemId = `pay-${(serial += 1)}`;
  const price = { amountMinor: 1_500, currency: "EUR" };
  const body = { itemId, name: "Chair", kind: "Retail", price, quantity };
  expect((await server.call("POST /items", { ...admin, body })).status).toBe(201);
  return itemId;
}

async function order(itemId: string, as = "alice") {
  const body = { items: [{ itemId, quantity: 1 }], paymentMethod: "sandbox" };
  const { status, body: placed } = await server.call(`POST /order/${as}`, {
    as,
    body,
    headers: { "idempotency-key": `k${(serial += 1)}` },
  });
  expect(status).toBe(201);
  return placed;
}

const initiate = (orderId: string, as = "alice") =>
  server.call("POST /payments/initiate", { as, body: { orderId } });
const pay = (transactionId: string, outcome: string, more = {}, as = "alice") =>
  server.call("POST /sandbox/pay", { as, body: { transactionId, outcome, ...more } });
const get = async (orderId: string) => (await server.call(`GET /orders/${orderId}`, admin)).body;

describe("a sandbox payment", () => {
  it("pays the order; a duplicate changes nothing @long", async () => {
    const itemId = await item(2);
    const { orderId } = await order(itemId);
    const started = await initiate(orderId);
    expect(started).toMatchObject({ status: 200, body: { provider: "sandbox" } });
    const paid = await pay(started.body.transactionId, "success", { duplicates: 19 });
    expect(paid.status).toBe(200);
    expect(paid.body.deliveries).toEqual(Array.from({ length: 20 }, () => ({ status: 200 })));
    expect(await get(orderId)).toMatchObject({ status: "paid" });
    const stock = (await server.call(`GET /items/${itemId}`)).body;
    expect(stock).toMatchObject({ available: 1, sold: 1, held: 0 });
  });

  it("starts in two requests", async () => {
    const itemId = await item(9);
    const starting = async () => initiate((await order(itemId)).orderId);
    expect(await fewestRequests(starting)).toBe(2);
  });

  it("that fails lets the units go", async () => {
    const itemId = await item(1);
    const { orderId } = await order(itemId);
    const { transactionId } = (await initiate(orderId)).body;
    await pay(transactionId, "failure");
    expect(await get(orderId)).toMatchObject({ status: "failed" });
    expect((await server.call(`GET /items/${itemId}`)).body).toMatchObject({ available: 1 });
  });

  it("is nobody else's to make", async () => {
    const { orderId } = await order(await item(1));
    const { transactionId } = (await initiate(orderId)).body;
    expect((await pay(transactionId, "success", {}, "mallory")).status).toBe(404);
    expect((await initiate(orderId, "mallory")).status).toBe(404);
    expect((await pay("nonsense", "success")).status).toBe(404);
  });

  it("that comes when the units are somebody else's is paid back once @long", async () => {
    const itemId = await item(1);
    const { orderId } = await order(itemId);
    const { transactionId } = (await initiate(orderId)).body;
    const cancelled = await server.call(`POST /orders/${orderId}/cancel`, { as: "alice" });
    expect(cancelled.body).toMatchObject({ status: "cancelled" });
    expect((await initiate(orderId)).body.code).toBe("ORDER_NOT_PAYABLE");
    const rival = await order(itemId, "bob");
    expect((await pay(transactionId, "success")).body.deliveries[0].status).toBe(200);
    expect((await get(rival.orderId)).status).toBe("pending");
    const refunded = await get(orderId);
    expect(refunded.payment.refunds).toMatchObject([{ status: "done", attempts: 1 }]);
    expect(refunded.status).toBe("refunded");
  });
});

it("money for a cancelled order buys again what is still there", async () => {
  const itemId = await item(1);
  const { orderId } = await order(itemId);
  const { transactionId } = (await initiate(orderId)).body;
  await server.call(`POST /orders/${orderId}/cancel`, { as: "alice" });
  await pay(transactionId, "success");
  expect(await get(orderId)).toMatchObject({ status: "paid" });
  expect((await server.call(`GET /items/${itemId}`)).body).toMatchObject({ available: 0, sold: 1 });
});

describe("a webhook", () => {
  it("with a bad signature is refused without a look at the database", async () => {
    const refused = await server.call("POST /webhooks/sandbox", {
      body: { type: "payment.captured" },
      headers: { "webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,abc" },
    });
    expect(refused).toMatchObject({ status: 401, body: { code: "BAD_SIGNATURE" } });
    expect(requestsOf(refused)).toBe(0);
  });

  it("of a provider that does not exist is refused", async () => {
    expect((await server.call("POST /webhooks/nobody", { body: {} })).status).toBe(400);
  });
});
