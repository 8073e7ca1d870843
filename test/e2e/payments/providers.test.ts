/** Stripe, Razorpay and Wompi through HTTP, against stand-ins that speak their documented protocols. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gridStepMs } from "../../../shared/inventory/deadline.ts";
import type { ProviderName, WebhookDelivery } from "../../../shared/providers/provider.ts";
import type { Bench, EventKind } from "../../support/providers/bench.ts";
import {
  realProviders as names,
  startPayingServer,
} from "../../support/providers/paying-server.ts";
import { stripeDelivery } from "../../../local/providers/stripe.ts";
import type { TestServer } from "../../support/server.ts";
import { fewestRequests, requestsOf } from "../../support/steady.ts";

let bench: Bench;
let server: TestServer;
let stop: (() => Promise<void>) | undefined;
const admin = { as: "root", groups: ["admin"] };

beforeAll(async () => {
  ({ bench, server, stop } = await startPayingServer({ "payment.wompi.seconds": "900" }));
});
afterAll(() => stop?.());

let serial = 0;

async function placeOrder(name: ProviderName, quantity = 3) {
  const itemId = `${name}-${(serial += 1)}`;
  const price = bench.priceOf(name);
  const item = { itemId, name: "Chair", kind: "Retail", price, quantity };
  await server.call("POST /items", { ...admin, body: item });
  const body = { items: [{ itemId, quantity: 1 }], paymentMethod: name };
  const headers = { "idempotency-key": itemId };
  const { body: order } = await server.call("POST /order/alice", { as: "alice", body, headers });
  return { itemId, orderId: order.orderId as string };
}

const initiate = (orderId: string) =>
  server.call("POST /payments/initiate", { as: "alice", body: { orderId } });

async function startOrder(name: ProviderName, quantity?: number) {
  const placed = await placeOrder(name, quantity);
  return { ...placed, started: await initiate(placed.orderId) };
}

const read = async (orderId: string) => (await server.call(`GET /orders/${orderId}`, admin)).body;

function deliver(name: ProviderName, delivery: WebhookDelivery, binary = false) {
  const headers = {
    ...(delivery.headers as Record<string, string>),
    "content-type": binary ? "application/octet-stream" : "application/json",
  };
  return server.call(`POST /webhooks/${name}`, { body: new Uint8Array(delivery.body), headers });
}

/** What a provider tells of an order now: an event of its own each time. */
const tellNow = async (name: ProviderName, orderId: string, kind: EventKind) =>
  bench.delivery(name, await read(orderId), kind, Date.now());

const hook = async (name: ProviderName, orderId: string, kind: EventKind) =>
  deliver(name, await tellNow(name, orderId, kind));

/** An order that alice could still pay, although she cancelled it and bob has the last unit. */
async function startGone(name: (typeof names)[number]): Promise<string> {
  const { itemId, orderId } = await startOrder(name, 1);
  await server.call(`POST /orders/${orderId}/cancel`, { as: "alice" });
  const body = { items: [{ itemId, quantity: 1 }], paymentMethod: name };
  const headers = { "idempotency-key": itemId };
  expect((await server.call("POST /order/bob", { as: "bob", body, headers })).status).toBe(201);
  return orderId;
}

it.each(["stripe", "razorpay"] as const)("%s that is down starts nothing @long", async (name) => {
  const { itemId, orderId } = await placeOrder(name);
  const before = await read(orderId);
  bench[name].faultFor = () => "refuse";
  const failed = await initiate(orderId);
  bench[name].faultFor = () => undefined;
  expect(failed).toMatchObject({
    status: 502,
    body: { code: "PAYMENT_PROVIDER_ERROR", reason: "unreachable", retriable: true },
  });
  expect(await read(orderId)).toEqual(before);
  expect((await server.call(`GET /items/${itemId}`)).body).toMatchObject({ held: 1 });
  expect((await initiate(orderId)).status).toBe(200);
});

it("what a provider cannot take is refused with the reason before anything is held or locked @long", async () => {
  const price = { amountMinor: 149_900, currency: "COP" };
  const item = { itemId: "too-cheap", name: "Pin", kind: "Retail", price, quantity: 1 };
  await server.call("POST /items", { ...admin, body: item });
  const line = { itemId: "too-cheap", quantity: 1 };
  await server.call("POST /carts/me/s/retail/items", { as: "carla", body: line });
  const cases = [
    ["wompi", "amount_too_small"],
    ["razorpay", undefined],
  ] as const;
  for (const [paymentMethod, reason] of cases) {
    const body = { sessionId: "s", paymentMethod };
    const answer = await server.call("POST /order/carla", { as: "carla", body });
    if (!reason) {
      expect(answer.status).toBe(201);
      continue;
    }
    expect(answer).toMatchObject({
      status: 409,
      body: { code: "PAYMENT_METHOD_UNAVAILABLE", reason, paymentMethod },
    });
    expect((await server.call("GET /items/too-cheap")).body).toMatchObject({ held: 0 });
    const lock = await server.call("GET /carts/me/s/lock", { as: "carla" });
    expect(lock.body).toMatchObject({ isLocked: false });
  }
});

it("a payment that cannot be made says so before the provider is asked, and the order stands", async () => {
  const { orderId } = await placeOrder("stripe");
  const asked = bench.wompi.requests.length;
  const body = { orderId, method: "wompi" };
  expect(await server.call("POST /payments/initiate", { as: "alice", body })).toMatchObject({
    status: 409,
    body: { code: "PAYMENT_METHOD_UNAVAILABLE", reason: "currency_unsupported" },
  });
  expect(bench.wompi.requests.length).toBe(asked);
  expect((await read(orderId)).status).toBe("pending");
});

it("a cancelled order's transaction is cancelled at Stripe, so that nobody pays it by mistake", async () => {
  const { orderId, started } = await startOrder("stripe");
  await server.call(`POST /orders/${orderId}/cancel`, { as: "alice" });
  const { transactionId } = started.body;
  const paths = bench.stripe.requests.map(({ path }) => path);
  expect(paths).toContain(`/v1/payment_intents/${transactionId}/cancel`);
});

it("Stripe is asked before its refund counts as paid back otherwise, and what it has done is said", async () => {
  const orderId = await startGone("stripe");
  bench.stripe.faultFor = ({ path }) => (/refund|void/.test(path) ? "lose" : undefined);
  expect((await hook("stripe", orderId, "captured")).status).toBe(200);
  const note = { ...admin, body: { reason: "paid in cash", outside: true } };
  bench.stripe.faultFor = () => "error";
  const unheard = await server.call(`POST /payments/${orderId}/refund`, note);
  expect(unheard).toMatchObject({ status: 502, body: { code: "PAYMENT_PROVIDER_ERROR" } });
  expect(await read(orderId)).toMatchObject({ status: "refund_due" });
  bench.stripe.faultFor = () => undefined;
  const noteIt = () => server.call(`POST /payments/${orderId}/refund`, note);
  const refused = await noteIt();
  expect(refused.body).toMatchObject({ code: "REFUND_AT_PROVIDER", provider: "stripe" });
  expect(refused.status).toBe(409);
  expect(await fewestRequests(noteIt)).toBe(1);
  const named = { ...note.body, refundId: refused.body.refundId };
  const sayOf = (body: object) =>
    server.call(`POST /payments/${orderId}/refund`, { ...admin, body });
  expect((await sayOf(named)).body).toMatchObject({ code: "REFUND_AT_PROVIDER" });
  for (const [path, more] of Object.entries({ amountMinor: 1, refundId: "rfd_unknown" })) {
    const wrong = await sayOf({ ...named, [path]: more });
    expect(wrong).toMatchObject({ status: 400, body: { issues: [{ path }] } });
  }
  expect(await read(orderId)).toMatchObject({
    payment: { refunds: [{ providerRefundId: refused.body.providerRefundId }] },
  });
});

it("late money for a hot item buys its units anew at the same discount, whoever brings it @long", async () => {
  const { itemId } = await placeOrder("stripe", 8);
  const sale = { name: "Sale", type: "discount", target: "item", itemId, value: "-10%" };
  const active = { automatic: true, active: true };
  await server.call(`PUT /promotions/${itemId}`, { ...admin, body: { ...sale, ...active } });
  await server.call(`PATCH /items/${itemId}`, { ...admin, body: { shards: 2 } });
  const startAndCancel = async (key: string): Promise<string> => {
    const headers = { "idempotency-key": `${itemId}-${key}` };
    const body = { items: [{ itemId, quantity: 1 }], paymentMethod: "stripe" };
    const { orderId } = (await server.call("POST /order/alice", { as: "alice", body, headers }))
      .body;
    await initiate(orderId);
    await server.call(`POST /orders/${orderId}/cancel`, { as: "alice" });
    return orderId;
  };
  const told = await startAndCancel("told");
  expect((await hook("stripe", told, "captured")).status).toBe(200);
  const brought = await startAndCancel("brought");
  const returned = bench.returned("stripe", await read(brought), "captured");
  const body = { orderId: brought, provider: "stripe", ...returned };
  expect((await server.call("POST /payment/verify", { as: "alice", body })).status).toBe(200);
  const ends = await Promise.all([told, brought].map(read));
  expect(ends.map(({ status }) => status)).toEqual(["paid", "paid"]);
  // Eight, less the first order's one and these two.
  expect((await server.call(`GET /items/${itemId}`)).body).toMatchObject({ available: 5 });
  const missed = await startAndCancel("missed");
  await server.call(`DELETE /promotions/${itemId}`, admin);
  expect((await hook("stripe", missed, "captured")).status).toBe(200);
  expect(await read(missed)).toMatchObject({ status: "refunded", payment: { capturedMinor: 630 } });
});

/** One provider is enough to notice most of what can break. */
const titles = names.map((name) => ({ name, title: name === "stripe" ? name : `${name} @long` }));

describe.each(titles)("$title", ({ name }) => {
  it("starts a payment in two requests, and again with the same transaction", async () => {
    const { orderId, started } = await startOrder(name);
    expect(started).toMatchObject({ status: 200, body: { provider: name } });
    expect(await fewestRequests(async () => (await startOrder(name)).started)).toBe(2);
    const again = await initiate(orderId);
    expect(again.body.transactionId).toBe(started.body.transactionId);
    const remainingMs = started.body.expiresAtMs - Date.now();
    // The deadline is the next instant of the grid: never sooner than the method's time, and a step later at most.
    const wishedMs = name === "wompi" ? 900_000 : 600_000;
    expect(remainingMs).toBeGreaterThan(wishedMs - 10_000);
    expect(remainingMs).toBeLessThanOrEqual(wishedMs + gridStepMs(wishedMs));
  });

  it("pays by its webhook in two requests; a duplicate costs one, also as binary", async () => {
    const { itemId, orderId } = await startOrder(name);
    const delivery = await tellNow(name, orderId, "captured");
    const paid = await deliver(name, delivery);
    expect(paid.status).toBe(200);
    const duplicate = () => deliver(name, delivery, true);
    expect((await duplicate()).status).toBe(200);
    expect(await fewestRequests(duplicate)).toBe(1);
    const another = async () => hook(name, (await startOrder(name)).orderId, "captured");
    expect(await fewestRequests(another)).toBe(2);
    expect(await read(orderId)).toMatchObject({ status: "paid", payment: { provider: name } });
    const stock = (await server.call(`GET /items/${itemId}`)).body;
    expect(stock).toMatchObject({ available: 2, sold: 1, held: 0 });
  });

  it("pays by what the browser brings, whoever comes first", async () => {
    const { orderId } = await startOrder(name);
    const body = {
      orderId,
      provider: name,
      ...bench.returned(name, await read(orderId), "captured"),
    };
    const answers = await Promise.all([
      server.call("POST /payment/verify", { as: "alice", body }),
      hook(name, orderId, "captured"),
      server.call("POST /payment/verify", { as: "alice", body }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await read(orderId)).status).toBe("paid");
    expect((await server.call("POST /payment/verify", { as: "mallory", body })).status).toBe(404);
  });

  it("pays back once, and says so", async () => {
    const { itemId, orderId } = await startOrder(name);
    await hook(name, orderId, "captured");
    const refund = () =>
      server.call(`POST /payments/${orderId}/refund`, { ...admin, body: { reason: "broken" } });
    const answers = await Promise.all([refund(), refund(), refund()]);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const order = await read(orderId);
    expect(order).toMatchObject({ status: "refunded", payment: { refunds: [{ status: "done" }] } });
    const stock = (await server.call(`GET /items/${itemId}`)).body;
    expect(stock).toMatchObject({ available: 3, sold: 0 });
  });

  it.each([
    ["at once", false],
    ["later, where it is down when the money comes", true],
  ])("gets late money for what is gone paid back %s", async (_when, isDown) => {
    const orderId = await startGone(name);
    const isRefund = ({ path }: { path: string }) => /refund|void/.test(path);
    if (isDown) bench[name].faultFor = (request) => (isRefund(request) ? "error" : undefined);
    expect((await hook(name, orderId, "captured")).status).toBe(200);
    bench[name].faultFor = () => undefined;
    if (isDown) {
      const { status, payment } = await read(orderId);
      expect({ status, refund: payment.refunds[0].status }).toEqual({
        status: "refund_due",
        refund: "due",
      });
      expect(payment.refunds[0].lastError).toEqual(expect.any(String));
      const again = { ...admin, body: { reason: "again" } };
      expect((await server.call(`POST /payments/${orderId}/refund`, again)).status).toBe(200);
    }
    const { status, payment } = await read(orderId);
    expect({ status, refund: payment.refunds[0].status }).toEqual({
      status: "refunded",
      refund: "done",
    });
  });

  it("in trouble is a 502, and order and holds stand", async () => {
    const { orderId } = await startOrder(name);
    bench[name].faultFor = () => "error";
    const body = { orderId, provider: name };
    const returned = bench.returned(name, await read(orderId), "captured");
    const failed = await server.call("POST /payment/verify", {
      as: "alice",
      body: { ...body, ...returned },
    });
    bench[name].faultFor = () => undefined;
    expect(failed).toMatchObject({ status: 502, body: { code: "PAYMENT_PROVIDER_ERROR" } });
    expect((await read(orderId)).status).toBe("pending");
  });

  it("refuses what it has not signed, without a look at the database", async () => {
    const refused = await server.call(`POST /webhooks/${name}`, {
      body: { event: "payment.captured" },
      headers: { "stripe-signature": "t=1,v1=00", "x-razorpay-signature": "00" },
    });
    expect(refused).toMatchObject({ status: 401, body: { code: "BAD_SIGNATURE" } });
    expect(requestsOf(refused)).toBe(0);
  });
});

it("a dispute is on the order, by two requests, and moves nothing @long", async () => {
  const { itemId, orderId } = await startOrder("stripe");
  await hook("stripe", orderId, "captured");
  const before = (await server.call(`GET /items/${itemId}`)).body;
  const { transactionId } = (await read(orderId)).payment;
  bench.stripe.act(transactionId, "dispute", 300);
  const told = stripeDelivery("charge.dispute.created", bench.stripe.disputes.at(-1), {
    atMs: Date.now(),
  });
  const headers = { ...told.headers, "content-type": "application/json" };
  const body = new Uint8Array(told.body);
  const answer = await server.call("POST /webhooks/stripe", { body, headers });
  expect(answer.status).toBe(200);
  expect(requestsOf(answer)).toBe(2);
  const disputes = [{ disputeId: expect.any(String), status: "needs_response", amountMinor: 300 }];
  expect(await read(orderId)).toMatchObject({
    status: "paid",
    payment: { disputes, refundableMinor: 400 },
  });
  expect((await server.call(`GET /items/${itemId}`)).body).toEqual(before);
  const noted = await server.call(`GET /admin/payments/events?orderId=${orderId}`, admin);
  expect(requestsOf(noted)).toBe(2);
  expect(noted.body.events).toMatchObject([
    { provider: "stripe", kind: "disputed", did: "payment.disputed" },
    { provider: "stripe", kind: "captured", did: "order.paid" },
  ]);
});
