/**
 * Providers that misbehave: events that are genuine and make no sense, and answers like them. Fields are missing, huge, of
 * another type, of another currency or of somebody else's. None is a fault of ours, none makes an order's row grow, and
 * nothing is sold for what was not paid.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { hmac, razorpayKeys } from "../../../local/providers/razorpay.ts";
import type { StandInDelivery } from "../../../local/providers/stand-in.ts";
import { signStripe, stripeKeys } from "../../../local/providers/stripe.ts";
import { wompiDelivery, wompiEvent } from "../../../local/providers/wompi.ts";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { type Random, seededRandom } from "../../sim/random.ts";
import { effort } from "../../support/effort.ts";
import { type Contents, createMemoryWorld } from "../../support/memory-world.ts";
import { createPayments } from "../../support/payments.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { startedOrder } from "../../support/providers/started-order.ts";
import { unitsOf } from "../../support/world.ts";

const nowMs = 1_800_000_000_000;
const clock = () => epochMs(nowMs);
const names = ["stripe", "razorpay", "wompi", "mercadopago"] as const;
type Name = (typeof names)[number];

/** Of an order that was paid, with everything that had been told, an order's row has a few kilobytes. */
const longestRow = 40_000;

let bench: Bench;
beforeAll(async () => {
  bench = await startBench({ now: () => nowMs });
});
afterAll(() => bench.stop());

const odd: readonly unknown[] = [
  undefined,
  null,
  "",
  "0",
  "700",
  "x".repeat(100_000),
  "\u0000\u{1F600}\uFEFF",
  "__proto__",
  "constructor",
  "USD",
  "usd",
  "JPY",
  "ord_somebodys",
  "pi_somebodys",
  -1,
  0,
  0.1,
  1,
  2 ** 53,
  1e308,
  true,
  [],
  {},
  [[[]]],
  { orderId: { orderId: {} } },
  [null],
];

/** Every place in a value, as the object that has it and the name there. */
function placesIn(value: unknown): { of: Record<string, unknown>; name: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const of = value as Record<string, unknown>;
  return Object.keys(of).flatMap((name) => [{ of, name }, ...placesIn(of[name])]);
}

/** Up to three places are something else. */
function twist(value: unknown, random: Random): void {
  for (let times = random.int(1, 3); times > 0; times -= 1) {
    const { of, name } = random.pick(placesIn(value));
    const next = structuredClone(random.pick(odd));
    if (next === undefined) delete of[name];
    else of[name] = next;
  }
}

const sign: Record<"stripe" | "razorpay", (body: string) => Record<string, string>> = {
  stripe: (body) => ({ "stripe-signature": signStripe(body, stripeKeys.webhookSecret, nowMs) }),
  razorpay: (body) => ({ "x-razorpay-signature": hmac(body, razorpayKeys.webhookSecret) }),
};

/** The event as somebody at the provider has written it by mistake, and signed. */
function twisted(name: Name, delivery: StandInDelivery, random: Random): StandInDelivery {
  const body = JSON.parse(delivery.body.toString());
  if (name === "wompi") {
    twist(body.data.transaction, random);
    return wompiDelivery(wompiEvent(body.data.transaction));
  }
  // What a notification of Mercado Pago's says is signed with its id: the payments behind it are twisted.
  if (name === "mercadopago") return delivery;
  twist(body, random);
  const text = JSON.stringify(body);
  return { body: Buffer.from(text), headers: sign[name](text) };
}

/** What is on the provider's books, to be told when it is asked. */
function booksOf(name: Name): object[] {
  const { stripe, razorpay, wompi, mercadopago } = bench;
  return {
    stripe: [...stripe.intents.values(), ...stripe.refunds, ...stripe.disputes],
    razorpay: [...razorpay.orders.values(), ...razorpay.payments.values(), ...razorpay.refunds],
    wompi: [...wompi.transactions.values()],
    mercadopago: [
      ...mercadopago.payments.values(),
      ...mercadopago.refunds,
      ...mercadopago.chargebacks,
    ],
  }[name];
}

/** An order whose payment has started, and all that its provider tells of it from then on. */
async function tellStory(name: Name) {
  const started = await startedOrder(bench, name);
  const { world, read } = started;
  const first = world.contents();
  const told: StandInDelivery[] = [];
  const { transactionId } = (await read()).payment!;
  const standIn = bench[name];
  standIn.onEvent = (delivery) => void told.push(delivery);
  if (name === "wompi") bench.wompi.checkOut(transactionId, bench.priceOf(name), "PENDING");
  const acts = {
    stripe: ["process", "pay", "refund", "failRefund", "dispute", "loseDispute"],
    razorpay: ["process", "pay", "refund", "failRefund", "dispute", "loseDispute"],
    wompi: ["pay", "refund"],
    mercadopago: ["process", "pay", "dispute", "winDispute"],
  } as const;
  for (const action of acts[name]) {
    const { id } = standIn.list().at(-1)!;
    standIn.act(id, action, action === "refund" && name !== "wompi" ? 100 : undefined);
  }
  standIn.onEvent = () => {};
  return { first, told };
}

const orderIn = (contents: Contents) => contents["Orders"]![0] as unknown as Order;

function check(contents: Contents): void {
  const order = orderIn(contents);
  const stock = contents["Stock"]![0] as unknown as Stock;
  expect(unitsOf(stock)).toBe(stock.received);
  expect(JSON.stringify(order).length).toBeLessThan(longestRow);
  const { capturedMinor, refundableMinor = 0 } = order.payment ?? {};
  if (stock.sold > 0) expect(capturedMinor).toBeGreaterThan(0);
  expect(Number.isSafeInteger(refundableMinor) && refundableMinor >= 0).toBe(true);
  for (const row of contents["Events"] ?? []) {
    expect(JSON.stringify(row).length).toBeLessThan(longestRow);
  }
}

const rounds = effort({ part: 30, all: 600 });

it.each(names)(
  "%s may tell and answer what it likes: nothing of ours breaks",
  async (name) => {
    const { first, told } = await tellStory(name);
    const books = booksOf(name);
    const kept = structuredClone(books);
    const random = seededRandom(name.length);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < rounds; round += 1) {
      const world = createMemoryWorld(clock, first);
      const shop = createPayments(world, { providers: bench.providers(clock) });
      for (let events = random.int(1, 6); events > 0; events -= 1) {
        const delivery = random.pick(told);
        const isTwisted = random.chance(0.7);
        const sent =
          isTwisted && name !== "mercadopago" ? twisted(name, delivery, random) : delivery;
        if (isTwisted && random.chance(name === "mercadopago" ? 1 : 0.2))
          twist(random.pick(books), random);
        const work = () => shop.payments.receive(name, sent);
        const end = await work().then(
          () => "taken",
          (error: unknown) => {
            if (!(error instanceof HoldfastError)) {
              throw new Error(`${sent.body.toString().slice(0, 600)}`, { cause: error });
            }
            return error.code;
          },
        );
        outcomes.set(end, (outcomes.get(end) ?? 0) + 1);
        for (const [index, book] of books.entries()) {
          for (const field of Object.keys(book)) delete (book as Record<string, unknown>)[field];
          Object.assign(book, structuredClone(kept[index]));
        }
        check(world.contents());
      }
    }
    console.log(`${name}: ${rounds} rounds, ${JSON.stringify([...outcomes])}`);
    expect(outcomes.get("taken")).toBeGreaterThan(rounds / 10);
  },
  900_000,
);

it("a currency of 100 KB at Razorpay is unreadable, and is not kept", async () => {
  const { first, told } = await tellStory("razorpay");
  const capture = told.find(({ body }) => body.includes("payment.captured"))!;
  const event = JSON.parse(capture.body.toString());
  event.payload.payment.entity.currency = "x".repeat(100_000);
  event.payload.payment.entity.notes = { orderId: orderIn(first).orderId };
  const body = JSON.stringify(event);
  const world = createMemoryWorld(clock, first);
  const shop = createPayments(world, { providers: bench.providers(clock) });
  await shop.payments.receive("razorpay", {
    body: Buffer.from(body),
    headers: sign.razorpay(body),
  });
  expect(shop.alarms).toEqual(["UnreadablePaymentEvent"]);
  expect(orderIn(world.contents())).toEqual(orderIn(first));
});

it("a refund that Stripe tells of without a currency is no fault", async () => {
  const { first, told } = await tellStory("stripe");
  const refund = told.find(({ body }) => body.includes("refund.created"))!;
  Object.assign(bench.stripe.refunds.at(-1)!, { currency: null });
  const world = createMemoryWorld(clock, first);
  const shop = createPayments(world, { providers: bench.providers(clock) });
  await shop.payments.receive("stripe", refund);
  expect(orderIn(world.contents()).payment!.refunds ?? {}).toEqual({});
  check(world.contents());
});
