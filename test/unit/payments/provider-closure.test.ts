/**
 * What happens at each provider, one thing after the other, while what tells of it comes in any order, again and again,
 * late or never, and browsers and the reconciler ask in between.
 *
 * A state is how far it has come at the provider, and all that is stored here. What a step does depends on that alone,
 * so each is carried out once from every state that can be reached, until nothing new comes: all sequences of any length
 * are paths through what was found. From each state two ways lead to the end, and both must come to the same: every
 * webhook comes after all, or none does and the reconciler finds out.
 */
import { describe, expect, it } from "vitest";
import { signStripe, stripeKeys } from "../../../local/providers/stripe.ts";
import type { ProviderAction, StandInDelivery } from "../../../local/providers/stand-in.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import { nextStatuses, type Order } from "../../../shared/orders/order.ts";
import { isRefund, listRefunds } from "../../../shared/payments/refunds/refund.ts";
import { type Contents, createMemoryWorld } from "../../support/memory-world.ts";
import { makeStateKey } from "../../support/payment-state.ts";
import { createPayments } from "../../support/payments.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { giveItem, unitsOf } from "../../support/world.ts";

const startMs = 1_800_000_000_000;
/** Between two things at the provider; the reconciler leaves what is younger than 10 minutes to its webhooks. */
const stepMs = 900_000;
const firstStepMs = 60_000;
const actor = { id: "alice" };
const sweeper = { id: "system:sweep" };

type Name = "stripe" | "razorpay" | "wompi" | "mercadopago";
type Act = readonly [action: ProviderAction, amount?: number];

/** What happens at a provider, and what an order of 700 (200,000 at Wompi) comes to by it. */
interface Story {
  readonly what: string;
  readonly name: Name;
  readonly acts: readonly Act[];
  readonly end: {
    readonly status: Order["status"];
    readonly captured: number;
    readonly back: number;
    readonly lost: number;
    readonly refundable: number;
    readonly sold: number;
  };
}

const paid = { status: "paid", captured: 700, back: 0, lost: 0, refundable: 700, sold: 1 } as const;
const refunded = { ...paid, status: "refunded", back: 700, refundable: 0, sold: 0 } as const;

const stories: readonly Story[] = [
  ...(["stripe", "razorpay"] as const).flatMap((name): Story[] => [
    {
      what: "a bank takes its time, a part goes back and comes home, a dispute is lost",
      name,
      acts: [
        ["process"],
        ["pay"],
        ["refund", 100],
        ["failRefund"],
        ["dispute", 200],
        ["loseDispute"],
      ],
      end: { ...paid, lost: 200, refundable: 500 },
    },
    {
      what: "a dispute that is won, and a part that goes back meanwhile",
      name,
      acts: [["fail"], ["pay"], ["dispute", 200], ["refund", 100], ["winDispute"]],
      end: { ...paid, back: 100, refundable: 600 },
    },
    {
      what: "all of it goes back, and comes home",
      name,
      acts: [["pay"], ["refund"], ["failRefund"]],
      end: refunded,
    },
  ]),
  {
    what: "paid with an offer, a part goes back, a dispute is lost",
    name: "razorpay",
    acts: [["process"], ["pay", 600], ["refund", 100], ["dispute", 200], ["loseDispute"]],
    end: { ...paid, captured: 600, back: 100, lost: 200, refundable: 300 },
  },
  {
    what: "paid with a fee, and all of it goes back in parts, which brings nothing back into stock",
    name: "razorpay",
    acts: [
      ["pay", 800],
      ["refund", 300],
      ["refund", 500],
    ],
    end: { ...refunded, captured: 800, back: 800, sold: 1 },
  },
  {
    what: "a bank takes its time, a part goes back, a dispute is lost",
    name: "mercadopago",
    acts: [["process"], ["pay"], ["refund", 1], ["dispute", 2], ["loseDispute"]],
    end: { ...paid, back: 100, lost: 200, refundable: 400 },
  },
  {
    what: "a dispute is won",
    name: "mercadopago",
    acts: [["pay"], ["dispute", 2], ["winDispute"]],
    end: paid,
  },
  { what: "all of it goes back", name: "mercadopago", acts: [["pay"], ["refund"]], end: refunded },
  {
    what: "all of it goes back",
    name: "wompi",
    acts: [["pay"], ["refund"]],
    end: { ...refunded, captured: 200_000, back: 200_000 },
  },
];

/** A way to put a collection of a provider's books back to how it was. */
function keep(all: Map<unknown, unknown> | unknown[]): () => void {
  const kept = structuredClone(all);
  return () => {
    const copy = structuredClone(kept);
    if (Array.isArray(all)) all.splice(0, all.length, ...(copy as unknown[]));
    else {
      all.clear();
      for (const [key, value] of copy as Map<unknown, unknown>) all.set(key, value);
    }
  };
}

/** All that a provider's books consist of. */
function booksOf(bench: Bench, name: Name): readonly (Map<unknown, unknown> | unknown[])[] {
  const { stripe, razorpay, wompi, mercadopago } = bench;
  const books = {
    stripe: [stripe.intents, stripe.refunds, stripe.disputes],
    razorpay: [razorpay.orders, razorpay.payments, razorpay.refunds, razorpay.disputes],
    wompi: [wompi.transactions],
    mercadopago: [
      mercadopago.preferences,
      mercadopago.payments,
      mercadopago.refunds,
      mercadopago.chargebacks,
    ],
  };
  return books[name] as (Map<unknown, unknown> | unknown[])[];
}

/** How things stand at the provider once so much has happened. */
interface Chapter {
  readonly atMs: number;
  readonly restore: () => void;
  /** What it has told until then. */
  readonly told: readonly StandInDelivery[];
}

const orderIn = (contents: Contents) => contents["Orders"]![0] as unknown as Order;

/** One story at one provider; whatever is asked back by us is only counted, so that its books stay as they are. */
class Telling {
  readonly story: Story;
  readonly #bench: Bench;
  readonly #chapters: Chapter[] = [];
  #nowMs = startMs;
  first: Contents = {};

  constructor(story: Story, bench: Bench, clock: { now: () => number }) {
    this.story = story;
    this.#bench = bench;
    clock.now = () => this.#nowMs;
  }

  get last(): number {
    return this.#chapters.length - 1;
  }

  told(chapter: number): readonly StandInDelivery[] {
    return this.#chapters[chapter]!.told;
  }

  #open(contents: Contents) {
    const clock = () => epochMs(this.#nowMs);
    const world = createMemoryWorld(clock, contents);
    return { world, ...createPayments(world, { providers: this.#bench.countingProviders(clock) }) };
  }

  /** Time at the provider is as far as the chapter, and some more once all is over. */
  #turnTo(chapter: number, laterMs = 0): void {
    const { atMs, restore } = this.#chapters[chapter]!;
    this.#nowMs = atMs + laterMs;
    restore();
  }

  async start(): Promise<void> {
    const { name } = this.story;
    const { world, orders, payments } = this.#open({});
    await giveItem(world as never, { itemId: "chair", quantity: 1, ...this.#bench.priceOf(name) });
    const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
    const { order } = await orders.place({ userId: "alice", actor, source, paymentMethod: name });
    const { orderId, totalMinor: amountMinor, currency } = order;
    await payments.initiate({ orderId, caller: { userId: "alice", isAdmin: false }, actor });
    this.first = world.contents();
    const { transactionId } = orderIn(this.first).payment!;
    // The page is open, and Wompi tells of nothing.
    if (name === "wompi")
      this.#bench.wompi.checkOut(transactionId, { amountMinor, currency }, "PENDING");
    this.#write();
  }

  #write(): void {
    const told: StandInDelivery[] = [];
    const { name, acts } = this.story;
    const standIn = this.#bench[name];
    standIn.onEvent = (delivery) => void told.push(delivery);
    const close = () => {
      const restores = booksOf(this.#bench, name).map(keep);
      const restore = () => restores.forEach((each) => each());
      this.#chapters.push({ atMs: this.#nowMs, restore, told: [...told] });
    };
    close();
    for (const [index, [action, amount]] of acts.entries()) {
      // Pages close when the hold ends.
      this.#nowMs += index === 0 ? firstStepMs : stepMs;
      const { id } = standIn.list().at(-1)!;
      standIn.act(id, action, amount);
      close();
    }
    standIn.onEvent = () => {};
  }

  /** Each time it is sent Stripe signs anew; the others' signatures do not age. */
  #signed(delivery: StandInDelivery): StandInDelivery {
    if (this.story.name !== "stripe") return delivery;
    const signature = signStripe(delivery.body.toString(), stripeKeys.webhookSecret, this.#nowMs);
    return { ...delivery, headers: { "stripe-signature": signature } };
  }

  #returned(order: Order) {
    const { transactionId } = order.payment!;
    const { id } = this.#bench[this.story.name].list().at(-1)!;
    return {
      stripe: () => ({ payment_intent: transactionId }),
      razorpay: () => this.#bench.razorpay.returned(transactionId, id),
      wompi: () => ({ id }),
      mercadopago: () => ({ payment_id: id }),
    }[this.story.name]();
  }

  /** Carries a step out: a webhook by its number, or somebody asks. */
  async take(contents: Contents, chapter: number, step: number | "verify" | "reconcile") {
    this.#turnTo(chapter);
    const { world, payments, reconciling } = this.#open(contents);
    const before = orderIn(contents);
    const { name } = this.story;
    if (step === "verify") {
      const claim = { orderId: before.orderId, provider: name, returned: this.#returned(before) };
      await payments.verify({ ...claim, caller: { userId: "alice", isAdmin: false }, actor });
    } else if (step === "reconcile") await reconciling.reconcile({ provider: name }, sweeper);
    else await payments.receive(name, this.#signed(this.told(chapter)[step]!));
    const after = world.contents();
    this.#check(before, after);
    return after;
  }

  /** P2, P3, P5, P8, P9 and S1 hold after every single step. */
  #check(before: Order, contents: Contents): void {
    const after = orderIn(contents);
    const stock = contents["Stock"]![0] as unknown as Stock;
    const nexts = [before.status, ...nextStatuses[before.status]].flatMap((next) => [
      next,
      ...nextStatuses[next],
    ]);
    const { captured, back, lost, refundable } = balanceOf(contents);
    const isSold = after.status === "paid" || (stock.sold === 1 && isRefund(after) && after.isSold);
    const wrong = [
      !nexts.includes(after.status) && `${before.status} went to ${after.status}`,
      unitsOf(stock) !== stock.received && "a unit appeared or disappeared",
      (stock.sold === 1) !== isSold && `${after.status}, ${stock.sold} sold`,
      after.totalMinor !== before.totalMinor && "what it costs has changed",
      captured > 0 && captured !== this.story.end.captured && `${captured} captured`,
      back + lost > captured && `${back} back and ${lost} lost of ${captured}`,
      refundable < 0 && `${refundable} are left`,
    ].filter((each) => each !== false);
    if (wrong.length > 0) throw new Error(wrong.join(", "));
  }

  /** What it comes to when all has happened and every webhook comes after all, or none does. */
  async end(contents: Contents, how: "told" | "found") {
    this.#turnTo(this.last, stepMs);
    const { world, payments, reconciling } = this.#open(contents);
    const { name } = this.story;
    if (how === "told") {
      for (const delivery of this.told(this.last))
        await payments.receive(name, this.#signed(delivery));
    } else await reconciling.reconcile({ provider: name }, sweeper);
    await payments.retryRefunds(orderIn(world.contents()), sweeper);
    return balanceOf(world.contents());
  }
}

function balanceOf(contents: Contents) {
  const order = orderIn(contents);
  const { sold } = contents["Stock"]![0] as unknown as Stock;
  const { status, payment } = order;
  const {
    capturedMinor: captured = 0,
    refundableMinor: refundable = 0,
    disputes = {},
  } = payment ?? {};
  const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
  const done = payment ? listRefunds(order).filter((refund) => refund.status === "done") : [];
  const lost = Object.values(disputes).filter(({ isOver }) => isOver);
  const back = sum(done.map(({ amountMinor }) => amountMinor));
  return {
    status,
    captured,
    back,
    lost: sum(lost.map((each) => each.takenMinor)),
    refundable,
    sold,
  };
}

/** Every state that can be reached, and how many steps were carried out. */
async function explore(telling: Telling) {
  const states = new Map<string, { chapter: number; contents: Contents }>();
  let steps = 0;
  const waiting = [{ chapter: 0, contents: telling.first }];
  for (let found = waiting.pop(); found; found = waiting.pop()) {
    const { chapter, contents } = found;
    const key = `${chapter} ${makeStateKey(contents)}`;
    if (states.has(key)) continue;
    states.set(key, found);
    if (chapter < telling.last) waiting.push({ chapter: chapter + 1, contents });
    const asks = chapter === 0 ? [] : (["verify", "reconcile"] as const);
    for (const step of [...telling.told(chapter).keys(), ...asks]) {
      steps += 1;
      waiting.push({ chapter, contents: await telling.take(contents, chapter, step) });
    }
  }
  return { states: [...states.values()], steps };
}

describe.each(stories)("$name: $what", { timeout: 3_000_000 }, (story) => {
  // With each thing more there are several times as many ways to hear of all.
  const long = story.acts.length > 3 ? " @long" : "";
  it(`ends alike however it is told, and though nothing is${long}`, async () => {
    const clock = { now: () => startMs };
    const bench = await startBench({ now: () => clock.now() });
    try {
      const telling = new Telling(story, bench, clock);
      await telling.start();
      const { states, steps } = await explore(telling);
      for (const { chapter, contents } of states) {
        for (const how of ["told", "found"] as const) {
          const end = await telling.end(contents, how);
          const { status } = orderIn(contents);
          expect({ chapter, status, how, end }).toEqual({ chapter, status, how, end: story.end });
        }
      }
      const counts = `${states.length} states, ${steps} steps, ${2 * states.length} ends`;
      console.log(
        `${story.name}, ${story.what}: ${telling.told(telling.last).length} webhooks, ${counts}`,
      );
      expect(states.length).toBeGreaterThan(story.acts.length + 1);
    } finally {
      await bench.stop();
    }
  });
});
