/** What a shop has to be able to do, tried for real, and all of it taken back. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../client/index.ts";
import { connectLive, type LiveMessage } from "../../client/live.ts";
import type { Cashier } from "./paying.ts";

/** Streams, webhooks and functions that start for the first time: all of it takes seconds. */
const patienceMs = 60_000;
const pauseMs = 500;

/** What is tried with, and how what was done is undone. */
export interface Scene {
  readonly client: Client;
  /** A way to pay; without one the order is cancelled instead. */
  readonly cashier: Cashier | undefined;
  /** A method that the stage has, for an order that is not paid. */
  readonly paymentMethod: "sandbox" | "stripe" | "razorpay" | "wompi" | "mercadopago";
  readonly undo: AsyncDisposableStack;
  say(text: string): void;
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (const untilMs = Date.now() + patienceMs; Date.now() < untilMs; await sleep(pauseMs)) {
    const seen = await look();
    if (seen) return seen;
  }
  throw new Error(`${what} did not come within ${patienceMs / 1_000} s`);
}

/** An item of one unit that nobody else wants; withdrawn in the end. */
async function createItem({ client, undo }: Scene): Promise<string> {
  const itemId = `smoke-${randomUUID().slice(0, 8)}`;
  const price = { amountMinor: 1_000, currency: "EUR" };
  await client.createItem({
    body: { itemId, name: "Smoke test", kind: "Retail", price, quantity: 1 },
  });
  undo.defer(async () => void (await client.archiveItem({ params: { itemId } })));
  return itemId;
}

/** Takes a lock, sees that another tab is refused, and gives it back. */
export async function tryLock({ client, undo, say }: Scene): Promise<void> {
  const docId = `smoke/${randomUUID()}`;
  const mine = { docId, sessionId: "one" };
  const release = () => client.releaseLock({ body: mine });
  const acquired = await client.acquireLock({ body: { ...mine, ttl: 60, username: "smoke" } });
  let isHeld = true;
  undo.defer(async () => void (isHeld && (await release())));
  if (!("lockInfo" in acquired)) throw new Error("A free lock was not had");
  const second = await client
    .acquireLock({ body: { docId, sessionId: "two", ttl: 60, username: "smoke" } })
    .then(
      () => undefined,
      (error: { code?: string }) => error.code,
    );
  if (second !== "LOCK_HELD") throw new Error(`A second owner was told ${second ?? "yes"}`);
  await release();
  isHeld = false;
  say(`lock: had with fence ${acquired.lockInfo.fence}, refused to a second owner, given back`);
}

/** Hears of an order over a WebSocket; `heard` is there from the moment at which nothing is missed any more. */
async function listen({ client, undo }: Scene, orderId: string): Promise<LiveMessage[]> {
  const live = connectLive(client);
  undo.defer(() => live.close());
  const heard: LiveMessage[] = [];
  let isOpen = false;
  live.follow(`order/${orderId}`, (message) => {
    if (message) heard.push(message);
    else isOpen = true;
  });
  await until("A WebSocket", async () => isOpen);
  return heard;
}

async function placeOrder(scene: Scene) {
  const { client, cashier, paymentMethod, undo, say } = scene;
  const itemId = await createItem(scene);
  const order = await client.placeOrder({
    params: { userId: "me" },
    body: {
      items: [{ itemId, quantity: 1 }],
      paymentMethod: cashier?.provider ?? paymentMethod,
      note: "npm run smoke",
    },
  });
  const params = { orderId: order.orderId };
  undo.defer(async () => {
    const { status } = await client.getOrder({ params });
    if (status === "pending") await client.cancelOrder({ params });
    if (status === "paid") await refund(scene, order.orderId);
  });
  const { available, held } = await client.getItem({ params: { itemId } });
  if (available !== 0 || held !== 1) throw new Error(`Of one unit ${available} are free`);
  say(`order: ${order.orderId} holds its unit`);
  return { itemId, params };
}

async function refund({ client }: Scene, orderId: string): Promise<void> {
  const params = { orderId };
  await client.refundPayment({ params, body: { reason: "npm run smoke" } });
  await until("The refund", async () => {
    const { status } = await client.getOrder({ params });
    return status === "refunded";
  });
}

async function untilEvent({ client }: Scene, orderId: string, type: string): Promise<void> {
  await until(`The event ${type}`, async () => {
    const query = { resource: `order/${orderId}` };
    const { events } = await client.listEvents({ query });
    return events.some((event) => event.type === type);
  });
}

/** Orders, pays, hears of it twice over, and pays back; without a cashier it orders and cancels. */
export async function tryOrder(scene: Scene): Promise<void> {
  const { client, cashier, say } = scene;
  const { itemId, params } = await placeOrder(scene);
  const heard = await listen(scene, params.orderId);
  const outcome = cashier ? "order.paid" : "order.cancelled";
  if (cashier) {
    const { transactionId } = await client.initiatePayment({ body: params });
    await cashier.pay(transactionId);
    await until(`${cashier.provider}'s webhook`, async () => {
      const { status } = await client.getOrder({ params });
      if (!["pending", "paid"].includes(status)) throw new Error(`The order is ${status}`);
      return status === "paid";
    });
    say(`payment: paid by ${cashier.provider}, and its webhook was taken`);
  } else {
    await client.cancelOrder({ params });
    say("payment: left out (--no-payment); the order was cancelled");
  }
  await untilEvent(scene, params.orderId, outcome);
  say(`event: ${outcome} left`);
  await until("The live message", async () => heard.some(({ type }) => type === outcome));
  say(`live: ${outcome} was heard over a WebSocket`);
  if (cashier) {
    await refund(scene, params.orderId);
    say("refund: paid back, all of it");
  }
  const { held } = await client.getItem({ params: { itemId } });
  if (held !== 0) throw new Error(`${itemId} is still held`);
}
