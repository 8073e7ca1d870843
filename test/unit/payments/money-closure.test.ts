/**
 * Whatever a provider tells of a payment, in whatever order and however often, with an offer or without: disputes,
 * refunds of its own, lost webhooks that are found by asking or by the reconciler.
 *
 * What a step does depends on the state alone. So each is carried out once from every state that can be reached, until
 * nothing new comes: all sequences of any length, repetitions included, are paths through what was found. States that
 * behave alike are one; that they do is a test of its own.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { listRefunds } from "../../../shared/payments/refunds/refund.ts";
import { razorpayDelivery } from "../../../local/providers/razorpay.ts";
import { type Contents, createMemoryWorld } from "../../support/memory-world.ts";
import { makeFullKey, makeStateKey } from "../../support/payment-state.ts";
import { createPayments } from "../../support/payments.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { giveItem, unitsOf } from "../../support/world.ts";

const nowMs = 1_800_000_000_000;
const clock = () => epochMs(nowMs);
const actor = { id: "alice" };
const sweeper = { id: "system:sweep" };
const name = "razorpay";

/** Facts by webhook, and two ways to find the payment where its webhook is lost. */
const allSteps = [
  "captured",
  "orderPaid",
  "partlyRefunded",
  "disputed",
  "disputeLost",
  "verify",
  "reconcile",
  "authorized",
  "failed",
  "refundFailed",
] as const;
type Step = (typeof allSteps)[number];

let bench: Bench;
beforeAll(async () => {
  // The reconciler leaves what is younger to its webhooks.
  bench = await startBench({ now: () => nowMs - 3_600_000 });
});
afterAll(() => bench.stop());

const orderIn = (contents: Contents) => contents["Orders"]![0] as unknown as Order;

function open(contents: Contents) {
  const world = createMemoryWorld(clock, contents);
  return { world, ...createPayments(world, { providers: bench.countingProviders(clock) }) };
}

/** An order of 700 whose payment has started; at Razorpay it is paid, by so much. */
async function start(paidMinor: number) {
  const { world, orders, payments } = open({});
  await giveItem(world as never, { itemId: "chair", quantity: 1, ...bench.priceOf(name) });
  const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
  const wish = { userId: "alice", actor, source, paymentMethod: name } as const;
  const { orderId } = (await orders.place({ ...wish, idempotencyKey: String(paidMinor) })).order;
  await payments.initiate({ orderId, caller: { userId: "alice", isAdmin: false }, actor });
  const { transactionId } = orderIn(world.contents()).payment!;
  const payment = bench.razorpay.attempt(transactionId, "created", undefined, paidMinor);
  Object.assign(payment, { notes: { orderId } });
  bench.razorpay.account.capture(payment);
  return { first: world.contents(), deliveries: listDeliveries(payment.id) };
}

/** What Razorpay sends of the payment, by the step. */
function listDeliveries(paymentId: string) {
  const payment = bench.razorpay.payments.get(paymentId)!;
  const order = bench.razorpay.orders.get(payment.order_id)!;
  const { currency, amount: whole } = payment;
  const about = { payment_id: paymentId, currency, created_at: 1 };
  const refund = (id: string, amount: number) => ({
    ...about,
    entity: "refund",
    id,
    amount,
    notes: [],
  });
  const dispute = { ...about, id: "disp_1", entity: "dispute", amount: 200, amount_deducted: 0 };
  const at = (createdAt: number) => ({ createdAt });
  return {
    captured: razorpayDelivery("payment.captured", { payment }),
    orderPaid: razorpayDelivery("order.paid", { payment, order }),
    authorized: razorpayDelivery("payment.authorized", { payment }),
    failed: razorpayDelivery("payment.failed", { payment }),
    partlyRefunded: razorpayDelivery("refund.processed", {
      payment,
      refund: refund("rfnd_1", 100),
    }),
    refundFailed: razorpayDelivery("refund.failed", { payment, refund: refund("rfnd_2", whole) }),
    disputed: razorpayDelivery(
      "payment.dispute.created",
      { payment, dispute: { ...dispute, status: "open" } },
      at(10),
    ),
    disputeLost: razorpayDelivery(
      "payment.dispute.lost",
      { payment, dispute: { ...dispute, status: "lost", amount_deducted: 200 } },
      at(20),
    ),
    returned: bench.razorpay.returned(payment.order_id, paymentId),
  };
}

type Deliveries = ReturnType<typeof listDeliveries>;

/** Carries a step out; units and money add up after every single one. */
async function take(contents: Contents, step: Step, deliveries: Deliveries): Promise<Contents> {
  const { world, payments, reconciling } = open(contents);
  const { orderId } = orderIn(contents);
  if (step === "verify") {
    const claim = { orderId, provider: name, returned: deliveries.returned } as const;
    await payments.verify({ ...claim, caller: { userId: "alice", isAdmin: false }, actor });
  } else if (step === "reconcile") await reconciling.reconcile({ provider: name }, sweeper);
  else await payments.receive(name, deliveries[step]);
  const after = world.contents();
  const stock = after["Stock"]![0] as unknown as Stock;
  const { status } = orderIn(after);
  if (unitsOf(stock) !== stock.received) throw new Error("A unit appeared or disappeared");
  if ((stock.sold === 1) !== (status === "paid")) throw new Error(`${status}, ${stock.sold} sold`);
  return after;
}

/** What is left when nothing more comes and the sweep has been there. */
async function end(contents: Contents) {
  const { world, payments } = open(contents);
  await payments.retryRefunds(orderIn(contents), sweeper);
  const { status, payment, totalMinor } = orderIn(world.contents());
  const refunds = payment ? listRefunds(orderIn(world.contents())) : [];
  const done = refunds.filter((refund) => refund.status === "done");
  const backMinor = done.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const lostMinor = payment?.disputes?.["disp_1"]?.status === "lost" ? 200 : 0;
  const { capturedMinor, refundableMinor } = payment ?? {};
  return { status, capturedMinor, refundableMinor, backMinor, lostMinor, totalMinor };
}

/** The end that the facts have, whatever way they were told. */
function expected(heard: ReadonlySet<string>, paidMinor: number) {
  const moneyless = new Set(["authorized", "failed"]);
  const backMinor = heard.has("partlyRefunded") ? 100 : 0;
  const lostMinor = heard.has("disputeLost") ? 200 : 0;
  if ([...heard].every((step) => moneyless.has(step))) {
    return { status: heard.has("failed") ? "failed" : "pending", backMinor: 0, lostMinor: 0 };
  }
  const takenMinor = lostMinor || (heard.has("disputed") ? 200 : 0);
  const refundableMinor = paidMinor - backMinor - takenMinor;
  return { status: "paid", capturedMinor: paidMinor, refundableMinor, backMinor, lostMinor };
}

/** Where every step leads from every state that can be reached, told apart by the key. */
async function explore(
  { first, deliveries }: Awaited<ReturnType<typeof start>>,
  steps: readonly Step[],
  keyOf: (contents: Contents) => string,
) {
  const states = new Map([[keyOf(first), first]]);
  const nexts = new Map<string, ReadonlyMap<Step, string>>();
  // What is found on the way is gone through too.
  for (const [key, contents] of states) {
    const next = new Map<Step, string>();
    for (const step of steps) {
      const after = await take(contents, step, deliveries);
      next.set(step, keyOf(after));
      if (!states.has(keyOf(after))) states.set(keyOf(after), after);
    }
    nexts.set(key, next);
  }
  return { states, nexts };
}

type Ends = Awaited<ReturnType<typeof end>>;

function expectEnd(heard: readonly Step[], left: Ends, paidMinor: number): void {
  const facts = new Set<string>(heard);
  if (facts.has("refundFailed")) {
    // It all goes back; what was asked for before a dispute, or waits for one, is told apart by the order of things.
    const isWaiting =
      left.status === "refund_due" && facts.has("disputed") && !facts.has("disputeLost");
    const isOver = left.status === "refunded" || isWaiting;
    expect({ heard, isOver }).toEqual({ heard, isOver: true });
  } else if (heard.length > 0) {
    expect({ heard, ...left }).toEqual({ heard, ...left, ...expected(facts, paidMinor) });
  }
}

/** It means "it hangs". */
const limit = { timeout: 3_000_000 };

it.each([
  ["in full", 700],
  ["with an offer", 600],
])(
  "every order and repetition of what is told of a payment %s ends alike",
  limit,
  async (how, paid) => {
    const scene = await start(paid);
    const { states, nexts } = await explore(scene, allSteps, makeStateKey);
    const ends = new Map<string, Ends>();
    for (const [key, contents] of states) ends.set(key, await end(contents));
    const waiting = [{ key: makeStateKey(scene.first), heard: [] as readonly Step[] }];
    const seen = new Set<string>();
    for (let found = waiting.pop(); found; found = waiting.pop()) {
      const { key, heard } = found;
      expectEnd(heard, ends.get(key)!, paid);
      for (const [step, next] of nexts.get(key)!) {
        const all = [...new Set([...heard, step])].toSorted();
        const place = `${all.join()} ${next}`;
        if (!seen.has(place)) waiting.push({ key: next, heard: all });
        seen.add(place);
      }
    }
    const sequences = allSteps.reduce((sum, _step, index) => (sum + 1) * (index + 1), 0);
    const steps = states.size * allSteps.length;
    const counts = `${states.size} states, ${seen.size} pairs of facts and state, ${steps} steps carried out`;
    console.log(
      `razorpay ${how}: ${sequences} sequences without repetition, all with any: ${counts}`,
    );
    expect(seen.size).toBeGreaterThan(5_000);
  },
);

// With these there are 30 times as many states.
const left = new Set<Step>(["captured", "reconcile", "authorized", "failed"]);

it(
  "what is left out of a state's key makes no difference to what comes next @long",
  limit,
  async () => {
    const scene = await start(600);
    const steps = allSteps.filter((step) => !left.has(step));
    const { states, nexts } = await explore(scene, steps, makeFullKey);
    const known = new Map<string, unknown>();
    for (const [key, contents] of states) {
      const coarse = makeStateKey(contents);
      const next = [...nexts.get(key)!.values()].map((full) => makeStateKey(states.get(full)!));
      const behaviour = { next, end: await end(contents) };
      if (known.has(coarse)) expect(behaviour).toEqual(known.get(coarse));
      known.set(coarse, behaviour);
    }
    console.log(`${states.size} states, of which ${known.size} behave differently`);
    expect(known.size).toBeLessThan(states.size);
  },
);
