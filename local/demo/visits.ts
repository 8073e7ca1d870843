/** What simulated shoppers do in the shop, one visit each: look, order, pay, fail to pay, walk away, come late. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../client/index.ts";

/** One shopper in the shop. */
export interface Visitor {
  readonly client: Client;
  /** Ends the visit, whatever it waits for. */
  readonly signal: AbortSignal;
  /** From 0 up to 1. */
  readonly random: () => number;
}

type Order = Awaited<ReturnType<Client["placeOrder"]>>;

const cart = { userId: "me", sessionId: "shop", instance: "main" } as const;

/** People take their time; so long at the most. */
const thinkMs = 4_000;
/** Who comes late comes so long after the time was over. */
const lateByMs = 2_000;

const think = ({ random, signal }: Visitor): Promise<void> =>
  sleep(500 + random() * thinkMs, undefined, { signal });

/** Puts one or two units of something into the cart. */
async function fillCart(visitor: Visitor): Promise<boolean> {
  const { client, random, signal } = visitor;
  const { items } = await client.listItems({ query: { limit: 50 } }, { signal });
  const free = items.filter(({ available, itemId }) => available > 0 && itemId !== "lamp");
  const wanted = free[Math.floor(random() * free.length)];
  if (!wanted) return false;
  await think(visitor);
  const quantity = Math.min(wanted.available, random() < 0.7 ? 1 : 2);
  const body = { itemId: wanted.itemId, quantity };
  await client.addCartItem({ params: cart, body }, { signal });
  return true;
}

async function order(visitor: Visitor): Promise<Order | undefined> {
  if (!(await fillCart(visitor))) return undefined;
  await think(visitor);
  const body = { sessionId: cart.sessionId, paymentMethod: "sandbox" as const };
  return visitor.client.placeOrder({ params: { userId: "me" }, body }, { signal: visitor.signal });
}

async function pay(
  { client, signal }: Visitor,
  { orderId }: Order,
  outcome: "success" | "failure",
): Promise<void> {
  const { transactionId } = await client.initiatePayment({ body: { orderId } }, { signal });
  await client.paySandbox({ body: { transactionId, outcome } }, { signal });
}

async function orderAndPay(visitor: Visitor): Promise<void> {
  const placed = await order(visitor);
  if (!placed) return;
  await think(visitor);
  await pay(visitor, placed, "success");
}

/** The card fails, which lets everything go; the second one does not. */
async function failFirst(visitor: Visitor): Promise<void> {
  const placed = await order(visitor);
  if (!placed) return;
  await think(visitor);
  await pay(visitor, placed, "failure");
  await orderAndPay(visitor);
}

async function cancel(visitor: Visitor): Promise<void> {
  const placed = await order(visitor);
  if (!placed) return;
  await think(visitor);
  const params = { orderId: placed.orderId };
  await visitor.client.cancelOrder({ params }, { signal: visitor.signal });
}

/** Begins to pay, and does so when the time is over: the units are bought anew, or the money goes back. */
async function payLate(visitor: Visitor): Promise<void> {
  const { client, signal } = visitor;
  const placed = await order(visitor);
  if (!placed) return;
  const { orderId } = placed;
  const { transactionId } = await client.initiatePayment({ body: { orderId } }, { signal });
  const { expiresAtMs } = await client.getOrder({ params: { orderId } }, { signal });
  await sleep(Math.max(0, expiresAtMs - Date.now()) + lateByMs, undefined, { signal });
  await client.paySandbox({ body: { transactionId, outcome: "success" } }, { signal });
}

/** Kinds of visits with their shares, which add up to 1. */
const kinds: readonly (readonly [share: number, visit: (visitor: Visitor) => Promise<unknown>])[] =
  [
    [0.2, fillCart],
    [0.46, orderAndPay],
    [0.1, failFirst],
    // Ordered, and never heard of again: the time runs out.
    [0.1, order],
    [0.08, cancel],
    [0.06, payLate],
  ];

/** One visit of some kind. @throws ApiError where the shop refuses something, as it may when something is sold out. */
export async function visitShop(visitor: Visitor): Promise<void> {
  let left = visitor.random();
  for (const [share, visit] of kinds) {
    left -= share;
    if (left < 0) return void (await visit(visitor));
  }
}
