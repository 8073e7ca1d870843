/** Payments that stand alone: orders of their caller's catalogue, their money by providers whose webhooks are signed. */
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFinished, test, vi } from "vitest";
import {
  type StripeStandIn,
  startStripe,
  stripeDelivery,
  stripeKeys,
} from "../../local/providers/stripe.ts";
import type { StandInRequest } from "../../local/providers/stand-in.ts";
import { createHolds } from "../../package/holds.ts";
import {
  BadSignature,
  createPayments,
  InvalidRequest,
  OrderNotFound,
  OrderNotPayable,
  PaymentMethodUnavailable,
  type Payments,
  type PaymentsOptions,
  paymentTables,
  ProviderFailed,
} from "../../package/payments.ts";
import { localClientSettings } from "../support/tables.ts";

const tables = {
  table: "package-paid-orders",
  eventsTable: "package-paid-events",
  unitsTable: "package-paid-units",
  ledgerTable: "package-paid-ledger",
};
const sandbox = { webhookSecret: Buffer.alloc(24, "s").toString("base64") };
const units = new Map<string, number>();
const price = { amountMinor: 4_500, currency: "EUR" };
const items = (itemIds: readonly string[]) =>
  itemIds.flatMap((itemId) => {
    const left = units.get(itemId);
    return left === undefined ? [] : [{ itemId, name: "Stalls", price, units: left }];
  });
const alarm = vi.fn<(name: string) => void>();
let dynamodb: ReturnType<typeof localClientSettings>;
let stripe: StripeStandIn;
let payments: Payments;
let serial = 0;

const make = (providers: PaymentsOptions["providers"], more: Partial<PaymentsOptions> = {}) => {
  const baseUrls = { stripe: stripe.url };
  return createPayments({ ...tables, items, dynamodb, alarm, baseUrls, providers, ...more });
};

beforeAll(async () => {
  dynamodb = localClientSettings(inject("dynamoDbEndpoint"));
  const client = new DynamoDBClient(dynamodb);
  for (const input of paymentTables(tables)) await client.send(new CreateTableCommand(input));
  client.destroy();
  stripe = await startStripe();
  payments = make({ stripe: stripeKeys });
});

beforeEach(() => {
  stripe.faultFor = () => undefined;
  alarm.mockClear();
});

afterAll(() => stripe.stop());

/** A new item of which there are three, and a wish for two of it. */
function offer() {
  const itemId = `stalls ${(serial += 1)}`;
  units.set(itemId, 3);
  const lines = [{ itemId, quantity: 2 }];
  return { itemId, wish: { userId: `ann ${serial}`, items: lines, idempotencyKey: "k" } };
}

const levels = async (itemId: string) => {
  const names = { table: tables.unitsTable, ledgerTable: tables.ledgerTable };
  const [found] = await createHolds({ ...names, dynamodb }).levels([itemId]);
  return found;
};

/** What Stripe sends when the shopper has paid there. */
function paidAtStripe(intentId: string) {
  return stripeDelivery("payment_intent.succeeded", stripe.pay(intentId), { atMs: Date.now() });
}

/** Lets this test's clock say another time, and go on from there. */
function travelTo(atMs: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: atMs });
  onTestFinished(() => void vi.useRealTimers());
}

async function placeAndStart() {
  const { itemId, wish } = offer();
  const { orderId, userId } = await payments.place(wish);
  const started = await payments.start(orderId, { userId });
  return { itemId, wish, orderId, userId, started };
}

const isRefund = ({ method, path }: StandInRequest): boolean =>
  method === "POST" && path === "/v1/refunds";

test("ordered, started, told by a signed webhook: sold once, however often it is told", async () => {
  const { itemId, orderId, userId, started } = await placeAndStart();
  expect(started).toMatchObject({
    provider: "stripe",
    clientSecret: expect.stringContaining(started.transactionId),
    publicKey: stripeKeys.publishableKey,
  });
  expect(await payments.start(orderId, { userId })).toMatchObject({
    transactionId: started.transactionId,
  });
  expect(await levels(itemId)).toMatchObject({ available: 1, held: 2, sold: 0 });
  const { body, headers } = paidAtStripe(started.transactionId);
  const told = [
    { body, headers },
    { body: body.toString(), headers: new Headers(headers) },
    { body: new Uint8Array(body), headers: { "Stripe-Signature": [headers["stripe-signature"]!] } },
  ];
  for (const { order } of await Promise.all(told.map((each) => payments.receive("stripe", each)))) {
    const payment = { provider: "stripe", state: "captured", capturedMinor: 9_000, refunds: [] };
    expect(order).toMatchObject({ orderId, status: "paid", payment });
  }
  expect(await levels(itemId)).toMatchObject({ available: 1, held: 0, sold: 2 });
  const { rows } = await payments.events(orderId);
  expect(rows).toMatchObject([{ type: "payment_intent.succeeded", did: "order.paid" }]);
  expect(alarm).not.toHaveBeenCalled();
});

test("what nobody has signed, or what was parsed before, changes nothing", async () => {
  const { itemId, orderId, started } = await placeAndStart();
  const { body, headers } = paidAtStripe(started.transactionId);
  const text = body.toString();
  const forged = [
    { body: text.replace("9000", "9001"), headers },
    { body: text, headers: {} },
    { body: text, headers: { "stripe-signature": "t=1,v1=00" } },
  ];
  for (const each of forged) {
    await expect(payments.receive("stripe", each)).rejects.toThrow(BadSignature);
  }
  await expect(payments.receive("wompi", { body, headers })).rejects.toThrow(BadSignature);
  const parsed = { body: JSON.parse(text) as string, headers };
  await expect(payments.receive("stripe", parsed)).rejects.toThrow(InvalidRequest);
  const nobody = "constructor" as "stripe";
  await expect(payments.receive(nobody, { body, headers })).rejects.toThrow(InvalidRequest);
  await expect(payments.start(orderId, { provider: nobody })).rejects.toThrow(InvalidRequest);
  expect(await payments.get(orderId)).toMatchObject({ status: "pending" });
  expect(await levels(itemId)).toMatchObject({ held: 2, sold: 0 });
});

test("another's order cannot be paid, cancelled or verified, and who is not signed in is nobody", async () => {
  const { orderId, userId, started } = await placeAndStart();
  const bob = { userId: "bob" };
  const returned = { payment_intent: started.transactionId, redirect_status: "succeeded", x: "y" };
  await expect(payments.start(orderId, bob)).rejects.toThrow(OrderNotFound);
  await expect(payments.cancel(orderId, bob)).rejects.toThrow(OrderNotFound);
  const claim = { provider: "stripe", returned } as const;
  await expect(payments.verify(orderId, { ...claim, ...bob })).rejects.toThrow(OrderNotFound);
  const nobody = { userId: undefined } as unknown as { userId: string };
  await expect(payments.start(orderId, nobody)).rejects.toThrow(InvalidRequest);
  await expect(payments.cancel(orderId, nobody)).rejects.toThrow(InvalidRequest);
  await expect(payments.verify(orderId, { ...claim, ...nobody })).rejects.toThrow(InvalidRequest);
  stripe.pay(started.transactionId);
  expect(await payments.verify(orderId, { ...claim, userId })).toMatchObject({ status: "paid" });
});

/** The same by one who gives half the time that others do, so that only its order is late. */
async function placeShortly() {
  const short = make({ stripe: stripeKeys }, { paymentMs: 300_000 });
  const { itemId, wish } = offer();
  const { orderId } = await short.place(wish);
  return { short, itemId, wish, orderId, started: await short.start(orderId) };
}

test("money that comes when the units are gone goes back, asked for again by the sweep until it has", async () => {
  const { short, itemId, wish, orderId, started } = await placeShortly();
  const other = await placeAndStart();
  travelTo(started.expiresAtMs + 1_000);
  await short.place({ ...wish, userId: "bob", items: [{ itemId, quantity: 3 }] });
  stripe.faultFor = (request) => (isRefund(request) ? "error" : undefined);
  const { order } = await short.receive("stripe", paidAtStripe(started.transactionId));
  const refunds = [{ amountMinor: 9_000, status: "due", lastError: expect.any(String) }];
  expect(order).toMatchObject({ status: "refund_due", payment: { refunds } });
  expect(stripe.account.sumRefunded(started.transactionId)).toBe(0);
  stripe.faultFor = () => undefined;
  // Its next attempt has half a minute to wait.
  travelTo(Date.now() + 60_000);
  await short.sweep();
  expect(await short.get(orderId)).toMatchObject({
    status: "refunded",
    payment: { refunds: [{ amountMinor: 9_000, status: "done" }] },
  });
  expect(stripe.account.sumRefunded(started.transactionId)).toBe(9_000);
  // Whoever has time left keeps it.
  expect(await payments.get(other.orderId)).toMatchObject({ status: "pending" });
  expect(await levels(other.itemId)).toMatchObject({ held: 2 });
});

test("late money buys what is still to be had", async () => {
  const { short, itemId, orderId, started } = await placeShortly();
  travelTo(started.expiresAtMs + 1_000);
  await short.sweep();
  expect(await short.get(orderId)).toMatchObject({ status: "expired" });
  const intent = stripe.intents.get(started.transactionId)!;
  expect(intent.status).toBe("canceled");
  // It could not be called off in time after all.
  intent.status = "requires_payment_method";
  const { order } = await short.receive("stripe", paidAtStripe(started.transactionId));
  expect(order).toMatchObject({ status: "paid" });
  expect(await levels(itemId)).toMatchObject({ available: 1, sold: 2 });
});

test("a payment that no webhook told of is found by the sweep before its order expires", async () => {
  const { short, itemId, orderId, started } = await placeShortly();
  const other = await placeAndStart();
  stripe.pay(started.transactionId);
  travelTo(started.expiresAtMs - 1_000);
  await short.sweep();
  expect(await short.get(orderId)).toMatchObject({ status: "paid" });
  expect(alarm).toHaveBeenCalledWith("UntoldCapture");
  expect(await levels(itemId)).toMatchObject({ held: 0, sold: 2 });
  expect(await payments.get(other.orderId)).toMatchObject({ status: "pending" });
  expect(stripe.intents.get(other.started.transactionId)!.status).toBe("requires_payment_method");
});

test("what waits for its money is cancelled, what is paid is paid back, once", async () => {
  const waiting = await placeAndStart();
  const { orderId: first, userId } = waiting;
  for (let round = 0; round < 2; round += 1) {
    expect(await payments.cancel(first, { userId })).toMatchObject({ status: "cancelled" });
  }
  expect(stripe.intents.get(waiting.started.transactionId)!.status).toBe("canceled");
  expect(await levels(waiting.itemId)).toMatchObject({ available: 3, held: 0 });
  const paid = await placeAndStart();
  // Paid at the same moment, with no webhook yet: it is settled, not cancelled.
  stripe.pay(paid.started.transactionId);
  const refused = payments.cancel(paid.orderId, { userId: paid.userId });
  await expect(refused).rejects.toThrow(OrderNotPayable);
  expect(await payments.get(paid.orderId)).toMatchObject({ status: "paid" });
  const [line] = (await payments.get(paid.orderId)).lines;
  const part = { reason: "damaged", lines: [{ lineId: line!.lineId, quantity: 1 }] };
  for (let round = 0; round < 2; round += 1) {
    const order = await payments.refund(paid.orderId, { ...part, reference: "r-1" });
    expect(order.payment?.refunds).toMatchObject([{ amountMinor: 4_500, status: "done" }]);
  }
  expect(await levels(paid.itemId)).toMatchObject({ available: 2, sold: 1 });
  const all = { reason: "cancelled by the shop" };
  for (let round = 0; round < 2; round += 1) {
    expect(await payments.refund(paid.orderId, all)).toMatchObject({ status: "refunded" });
  }
  expect(stripe.account.sumRefunded(paid.started.transactionId)).toBe(9_000);
  expect(await levels(paid.itemId)).toMatchObject({ available: 3, sold: 0 });
});

test("a provider that fails takes nothing from the order, which can be paid then", async () => {
  const { itemId, wish } = offer();
  const failing = make({ stripe: stripeKeys });
  const { orderId, expiresAtMs } = await failing.place(wish);
  stripe.faultFor = () => "error";
  await expect(failing.start(orderId)).rejects.toThrow(ProviderFailed);
  expect(await failing.get(orderId)).toMatchObject({ status: "pending", expiresAtMs });
  expect(await levels(itemId)).toMatchObject({ held: 2 });
  // Nor does it keep anybody from cancelling.
  const other = offer();
  const second = await failing.place(other.wish);
  expect(await failing.cancel(second.orderId)).toMatchObject({ status: "cancelled" });
  stripe.faultFor = () => undefined;
  const { transactionId } = await payments.start(orderId);
  const { order } = await failing.receive("stripe", paidAtStripe(transactionId));
  expect(order).toMatchObject({ status: "paid" });
});

test("the sandbox pays, and fails, without a server; its provider is named where there are several", async () => {
  const both = make({ stripe: stripeKeys, sandbox });
  const { itemId, wish } = offer();
  await expect(both.place(wish)).rejects.toThrow(InvalidRequest);
  const { orderId } = await both.place({ ...wish, provider: "sandbox" });
  const { transactionId } = await both.start(orderId);
  await both.payInSandbox(transactionId);
  await both.payInSandbox(transactionId);
  expect(await both.get(orderId)).toMatchObject({ status: "paid", payment: { refunds: [] } });
  const again = { ...wish, items: [{ itemId, quantity: 1 }], idempotencyKey: "2" };
  const failed = await both.place({ ...again, provider: "sandbox" });
  await both.payInSandbox((await both.start(failed.orderId)).transactionId, "failure");
  expect(await both.get(failed.orderId)).toMatchObject({ status: "failed" });
  expect(await levels(itemId)).toMatchObject({ available: 1, held: 0, sold: 2 });
  await expect(payments.payInSandbox(transactionId)).rejects.toThrow("no sandbox");
});

test("what a provider cannot take is refused before anything is held; keys may be read when they are needed", async () => {
  const { itemId, wish } = offer();
  const wompi = { publicKey: "p", privateKey: "k", integritySecret: "i", webhookSecret: "w" };
  const pesos = make({ wompi });
  await expect(pesos.place(wish)).rejects.toThrow(PaymentMethodUnavailable);
  expect((await payments.list({ userId: wish.userId })).rows).toEqual([]);
  const former = { ...stripeKeys, webhookSecret: "whsec_of_before" };
  const exchanged = make({ stripe: async () => [{ ...stripeKeys, webhookSecret: "new" }, former] });
  const { orderId } = await exchanged.place(wish);
  const { transactionId } = await exchanged.start(orderId);
  const delivery = paidAtStripe(transactionId);
  await expect(exchanged.receive("stripe", delivery)).rejects.toThrow(BadSignature);
  const known = make({ stripe: async () => [former, stripeKeys] });
  expect((await known.receive("stripe", delivery)).order).toMatchObject({ status: "paid" });
  expect(await levels(itemId)).toMatchObject({ sold: 2 });
});

test("providers are ours and have the secret of their webhooks", () => {
  const bare = { secretKey: "sk" } as typeof stripeKeys;
  expect(() => make({ stripe: bare })).toThrow("providers.stripe needs a webhookSecret");
  expect(() => make({ paypal: stripeKeys } as never)).toThrow("There is no provider paypal");
});

test("money of the till is told by hand beside the providers', and goes back by hand", async () => {
  const { itemId, orderId, started } = await placeAndStart();
  const till = { paymentId: "till-1", amountMinor: 9_000, currency: "EUR" };
  expect(await payments.markPaid(orderId, till)).toMatchObject({ status: "paid" });
  // Stripe was paid as well: that money goes back to where it came from.
  const { order } = await payments.receive("stripe", paidAtStripe(started.transactionId));
  expect(order?.payment?.refunds).toMatchObject([{ amountMinor: 9_000, status: "done" }]);
  expect(stripe.account.sumRefunded(started.transactionId)).toBe(9_000);
  const back = { reason: "sorry" };
  expect(await payments.markRefunded(orderId, back)).toMatchObject({ status: "refunded" });
  expect(await levels(itemId)).toMatchObject({ available: 3, sold: 0 });
});

test("who stood still asks for no refund any more: the next sweep does", async () => {
  const { orderId, started } = await placeAndStart();
  await payments.markPaid(orderId, { paymentId: "till-2", amountMinor: 9_000, currency: "EUR" });
  const delivery = paidAtStripe(started.transactionId);
  travelTo(Date.now());
  const still = make({
    stripe: async () => {
      vi.setSystemTime(Date.now() + 61_000);
      return [stripeKeys];
    },
  });
  const { order } = await still.receive("stripe", delivery);
  expect(order?.payment?.refunds).toMatchObject([{ status: "due", lastError: "out_of_time" }]);
  expect(stripe.account.sumRefunded(started.transactionId)).toBe(0);
  travelTo(Date.now() + 60_000);
  await payments.sweep();
  expect(await payments.get(orderId)).toMatchObject({
    status: "paid",
    payment: { refunds: [{ amountMinor: 9_000, status: "done" }] },
  });
  expect(stripe.account.sumRefunded(started.transactionId)).toBe(9_000);
});
