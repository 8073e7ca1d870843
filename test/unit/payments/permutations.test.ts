/**
 * Every order, repetition and delay of a provider's events ends in the same state.
 *
 * The real services run over the simulated database. What one step does depends on the state alone, so
 * each step is carried out once from each state that can be reached; every sequence is then a path
 * through what was found, and all paths are followed, none by chance.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changeNote } from "../../../shared/base/actor.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { OnPaymentFailure } from "../../../shared/payments/payment.ts";
import { listRefunds } from "../../../shared/payments/refunds/refund.ts";
import type { ProviderName } from "../../../shared/providers/provider.ts";
import { nextStatuses } from "../../../shared/orders/order.ts";
import { effort } from "../../support/effort.ts";
import { fillCart } from "../../support/carts.ts";
import { type Contents, createMemoryWorld, type MemoryWorld } from "../../support/memory-world.ts";
import { createPayments } from "../../support/payments.ts";
import { maxHoldMs, paymentMs, unitsOf } from "../../support/world.ts";
import {
  type Bench,
  eventKinds,
  type EventKind,
  startBench,
} from "../../support/providers/bench.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import type { Cart } from "../../../shared/carts/model/cart.ts";
import { createStockWrite, findStock } from "../../../shared/inventory/stock-store.ts";
import { findCart } from "../../../shared/carts/storage/cart-store.ts";

const startMs = 1_800_000_000_000;
const sweeper = { id: "system:sweep" };
const shopper = "shopper";

/**
 * What can happen besides events: the deadline passes, with or without a sweep, the browser comes, or
 * somebody else wants everything there is.
 */
type Step = EventKind | "expiry" | "lateness" | "verify" | "rival";

interface State {
  readonly key: string;
  readonly contents: Contents;
  readonly isLate: boolean;
}

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

/** The state without what only counts, says when, or is kept to be read by people: two that differ in nothing else behave alike. */
function keyOf(contents: Contents, isLate: boolean): string {
  const plain = JSON.stringify(contents, (name, value) =>
    ["change", "did", "Events", "revision", "version", "ttlSeconds", "edit0"].includes(name)
      ? undefined
      : value,
  );
  return `${isLate} ${plain}`;
}

const orderIn = (contents: Contents) =>
  contents["Orders"]!.find(({ userId }) => userId === shopper) as unknown as Order;

/** The providers, to whom it is always the same instant. */
function providersAt(nowMs: number) {
  const clock = () => epochMs(nowMs);
  return { clock, providers: bench.countingProviders(clock) };
}

/** Somebody else orders all units, which works once ours are free again. */
async function takeEverything({ orders }: Pick<MemoryWorld, "orders">): Promise<void> {
  const source = { kind: "items", items: [{ itemId: "chair", quantity: 2 }] } as const;
  const wish = { userId: "rival", actor: { id: "rival" }, source, idempotencyKey: "r" };
  await orders.place({ ...wish, paymentMethod: "sandbox" }).catch((error: { code?: string }) => {
    if (error.code !== "ITEMS_UNAVAILABLE") throw error;
  });
}

class Explorer {
  readonly name: ProviderName;
  readonly policy: OnPaymentFailure;
  readonly #steps = new Map<string, Map<State, State>>();
  readonly #ends = new Map<string, string>();
  readonly #states = new Map<string, State>();
  readonly #early = providersAt(startMs);
  readonly #late = providersAt(startMs + maxHoldMs + paymentMs);
  transitions = 0;

  constructor(name: ProviderName, policy: OnPaymentFailure) {
    this.name = name;
    this.policy = policy;
  }

  open(state: Pick<State, "contents" | "isLate">) {
    const { clock, providers } = state.isLate ? this.#late : this.#early;
    const world = createMemoryWorld(clock, state.contents);
    const money = createPayments(world, { policy: this.policy, providers });
    return { world: { ...world, orders: money.orders }, ...money };
  }

  close(world: { contents: () => Contents }, isLate: boolean): State {
    const contents = world.contents();
    const key = keyOf(contents, isLate);
    const known = this.#states.get(key);
    if (known) return known;
    const state = { key, contents, isLate };
    this.#states.set(key, state);
    return state;
  }

  get stateCount(): number {
    return this.#states.size;
  }

  async start(): Promise<State> {
    const { world, payments } = this.open({ contents: {}, isLate: false });
    const userId = shopper;
    const price = bench.priceOf(this.name);
    const item = { itemId: "chair", name: "Chair", kind: "Retail", vendorId: null, ...price };
    const levels = { available: 2, sold: 0, received: 2, adjusted: 0, held: 0, createdAtMs: 1 };
    const counted = { due: {}, reclaimedThroughMs: 0, holdPolicy: "counted" } as const;
    const note = changeNote("item.create", { id: "test" }, epochMs(1));
    const stock = { ...item, ...levels, ...counted };
    await world.database.apply(createStockWrite(stock, note));
    await fillCart(world, { userId, sessionId: "s", instance: "retail", itemId: "chair" });
    const actor = { id: userId };
    const source = { kind: "cart", sessionId: "s" } as const;
    const request = { userId, actor, source, paymentMethod: this.name, idempotencyKey: "k" };
    const { order } = await world.orders.place(request);
    const caller = { userId, isAdmin: false };
    await payments.initiate({ orderId: order.orderId, caller, actor });
    return this.close(world, false);
  }

  async #take(state: State, step: Step, truth: EventKind): Promise<State> {
    const isLate = state.isLate || step === "expiry" || step === "lateness";
    const { world, payments } = this.open({ contents: state.contents, isLate });
    const order = orderIn(state.contents);
    if (step === "expiry" && order.status === "pending") await world.orders.expire(order, sweeper);
    if (step === "verify") {
      const caller = { userId: order.userId, isAdmin: false };
      const returned = bench.returned(this.name, order, truth);
      const claim = { orderId: order.orderId, provider: this.name, returned };
      await payments.verify({ ...claim, caller, actor: { id: order.userId } });
    } else if (step === "rival") {
      await takeEverything(world);
    } else if (step !== "expiry" && step !== "lateness") {
      const delivery = bench.delivery(this.name, order, step, world.clock());
      await payments.receive(this.name, delivery);
    }
    const after = this.close(world, isLate);
    this.#check(order, orderIn(after.contents), after);
    return after;
  }

  /** P5 and S1 hold after every single step, P2 and P3 wherever money is. */
  #check(before: Order, after: Order, { contents }: State): void {
    const reachable = (from: Order["status"]): Order["status"][] => {
      const next = nextStatuses[from];
      return [from, ...next, ...(next.includes("refund_due") ? (["refunded"] as const) : [])];
    };
    if (!reachable(before.status).includes(after.status)) {
      throw new Error(`${before.status} went to ${after.status}`);
    }
    const stock = contents["Stock"]![0] as unknown as Stock;
    if (unitsOf(stock) !== stock.received) throw new Error("A unit appeared or disappeared");
    const isSold = stock.sold === 1;
    if (isSold !== (after.status === "paid"))
      throw new Error(`${after.status}, ${stock.sold} sold`);
    if (after.status === "paid" && after.payment?.capturedMinor !== after.totalMinor) {
      throw new Error("Captured is not what was ordered");
    }
  }

  #table(step: Step, truth: EventKind): Map<State, State> {
    const name = step === "verify" ? `verify ${truth}` : step;
    const table = this.#steps.get(name) ?? new Map<State, State>();
    this.#steps.set(name, table);
    return table;
  }

  /** Where a step leads, if that is known. */
  found(state: State, step: Step, truth: EventKind): State | undefined {
    return this.#table(step, truth).get(state);
  }

  /** Carries a step out. */
  async take(state: State, step: Step, truth: EventKind): Promise<State> {
    this.transitions += 1;
    const after = await this.#take(state, step, truth);
    this.#table(step, truth).set(state, after);
    return after;
  }

  /** What is left when nothing more comes and the sweep has done its work. */
  async end(state: State): Promise<string> {
    const known = this.#ends.get(state.key);
    if (known) return known;
    const { world, payments } = this.open(state);
    const order = orderIn(state.contents);
    if (order.status === "pending" && state.isLate) await world.orders.expire(order, sweeper);
    await payments.retryRefunds(orderIn(world.contents()), sweeper);
    const final = orderIn(world.contents());
    const stock = (await findStock(world.database, "chair"))!;
    const cart: Cart = await findCart(world.database, order.cart!.cartId);
    const lines = [...cart.instances.values()].flatMap((instance) => instance.lines);
    // What is over counts as available: whoever wants it takes it, whether that was tidied up or not.
    const { sold } = stock;
    const available = stock.available + (state.isLate ? stock.held : 0);
    const facts = {
      // Whichever ended the order first gave it its name; both mean: over, without money.
      status: ["failed", "expired"].includes(final.status) ? "closed" : final.status,
      available,
      sold,
      cart: lines.length > 0 ? "full" : "empty",
      locked: cart.lock !== undefined,
      refunds: listRefunds(final).filter(({ providerRefundId }) =>
        providerRefundId?.startsWith("counted-"),
      ).length,
      due: final.dueAtMs !== undefined && final.status !== "pending",
    };
    const text = JSON.stringify(facts);
    this.#ends.set(state.key, text);
    return text;
  }
}

/** How often each step is still to come, in this order. */
type Left = readonly number[];

const steps = [...eventKinds, "expiry", "lateness", "verify", "rival"] as const;
const backKinds: readonly Step[] = ["partlyRefunded", "refundFailed"];
const limits: readonly number[] = steps.map((step, index) =>
  index < eventKinds.length && !backKinds.includes(step) ? 2 : 1,
);
/** Every `Left` is a number in mixed radix; taking a step makes it smaller by the step's weight. */
const weights = limits.map((_, index) =>
  limits.slice(0, index).reduce((product, limit) => product * (limit + 1), 1),
);
const allLefts: readonly Left[] = Array.from(
  { length: limits.reduce((product, limit) => product * (limit + 1), 1) },
  (_unused, code) => limits.map((limit, index) => Math.floor(code / weights[index]!) % (limit + 1)),
);
const timesOf = (left: Left, step: Step): number => left[steps.indexOf(step)]!;

/** In how many ways the steps can follow each other. */
function countSequences(left: Left): number {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const total = left.reduce((sum, times) => sum + times, 0);
  return left.reduce((count, times) => count / factorial(times), factorial(total));
}

/** The ends, as bits, that all sequences of these steps lead to, for each choice of steps. */
async function endsOf(
  explorer: Explorer,
  first: State,
  choices: readonly number[],
  truth: EventKind,
): Promise<Map<number, readonly string[]>> {
  const at = allLefts.map(() => new Set<State>());
  for (const code of choices) at[code]!.add(first);
  const nexts = (code: number): readonly (readonly [Step, number])[] =>
    allLefts[code]!.flatMap((times, index) =>
      times > 0 ? [[steps[index]!, code - weights[index]!] as const] : [],
    );
  for (let code = at.length - 1; code > 0; code -= 1) {
    for (const [step, next] of nexts(code)) {
      for (const state of at[code]!) {
        at[next]!.add(
          explorer.found(state, step, truth) ?? (await explorer.take(state, step, truth)),
        );
      }
    }
  }
  const ends: string[] = [];
  const masks = at.map(() => new Map<State, number>());
  for (const state of at[0]!) {
    const end = await explorer.end(state);
    if (!ends.includes(end)) ends.push(end);
    masks[0]!.set(state, 1 << ends.indexOf(end));
  }
  for (let code = 1; code < at.length; code += 1) {
    for (const state of at[code]!) {
      const mask = nexts(code).reduce(
        (bits, [step, next]) => bits | masks[next]!.get(explorer.found(state, step, truth)!)!,
        0,
      );
      masks[code]!.set(state, mask);
    }
  }
  const namesIn = (mask: number) => ends.filter((_, index) => (mask & (1 << index)) !== 0);
  return new Map(choices.map((code) => [code, namesIn(masks[code]!.get(first)!)]));
}

/** Which facts there are, however often they are told. */
const factsOf = (left: Left): string =>
  steps
    .filter((step) => !["created", "authorized", "verify"].includes(step))
    .filter((step) => timesOf(left, step) > 0)
    .join("+") || "nothing";

/** How the payment stands at the provider when all of this has happened there. */
function truthOf(left: Left): EventKind {
  const kinds: readonly EventKind[] = [
    "refundFailed",
    "refunded",
    "partlyRefunded",
    "captured",
    "failed",
    "authorized",
  ];
  return kinds.find((kind) => timesOf(left, kind) > 0) ?? "created";
}

/** The one end that a set of facts has. */
function expectedStatus(facts: string, policy: OnPaymentFailure): string {
  // All of it was to go back and came home: then it is for us to pay it back.
  if (facts.includes("refunded") || facts.includes("refundFailed")) return "refunded";
  if (facts.includes("captured") || facts.includes("partlyRefunded")) return "paid";
  if (facts.includes("expiry") || facts.includes("lateness")) return "closed";
  return facts.includes("failed") && policy === "release" ? "closed" : "pending";
}

interface Case {
  readonly name: ProviderName;
  readonly policy: OnPaymentFailure;
}

const cases: readonly Case[] = [
  { name: "stripe", policy: "release" },
  { name: "razorpay", policy: "release" },
  { name: "wompi", policy: "release" },
  { name: "mercadopago", policy: "release" },
  { name: "sandbox", policy: "release" },
  { name: "sandbox", policy: "keep" },
];

/** Whose events say which refund they are about; the others' have to be asked for it, as it is at that moment. */
const toldBy = (["sandbox", "razorpay"] as const).slice(0, effort({ part: 1, all: 2 }));

/** The deadline passes with a sweep or without one; once is enough. */
const codesWith = (rivals: number, name: ProviderName): number[] =>
  allLefts.flatMap((left, code) => {
    const deadlines = timesOf(left, "expiry") + timesOf(left, "lateness");
    const back = backKinds.map((kind) => timesOf(left, kind));
    const isTold = toldBy.some((each) => each === name) || back.every((times) => times === 0);
    // Of what went back as a whole no part can go back besides.
    const isPossible = back[0] === 0 || (back[1] === 0 && timesOf(left, "refunded") === 0);
    const isChosen = deadlines < 2 && isTold && isPossible;
    return isChosen && timesOf(left, "rival") === rivals ? [code] : [];
  });

/** All ends of each set of facts, over every sequence that tells them. */
async function explore(explorer: Explorer, rivals: number) {
  const first = await explorer.start();
  const seen = new Map<string, Set<string>>();
  let sequences = 0;
  for (const truth of eventKinds) {
    const choices = codesWith(rivals, explorer.name).filter(
      (code) => truthOf(allLefts[code]!) === truth,
    );
    for (const [code, ends] of await endsOf(explorer, first, choices, truth)) {
      const facts = factsOf(allLefts[code]!);
      seen.set(facts, new Set([...(seen.get(facts) ?? []), ...ends]));
      sequences += countSequences(allLefts[code]!);
    }
  }
  const { name, policy, stateCount, transitions } = explorer;
  const counts = `${seen.size} sets of facts, ${stateCount} states, ${transitions} steps carried out`;
  console.log(`${name}, ${policy}, ${rivals} rivals: ${sequences} sequences, ${counts}`);
  return { seen, sequences };
}

describe("every order of events", () => {
  const limit = { timeout: 3_000_000 };

  it.each(cases)("of $name ends alike ($policy)", limit, async ({ name, policy }) => {
    const { seen, sequences } = await explore(new Explorer(name, policy), 0);
    for (const [facts, ends] of seen) {
      const refunds = facts.includes("refundFailed") ? 1 : 0;
      const end = { status: expectedStatus(facts, policy), refunds, due: false };
      expect({ facts, ends: [...ends].map((text) => JSON.parse(text)) }).toEqual({
        facts,
        ends: [expect.objectContaining(end)],
      });
    }
    expect(sequences).toBeGreaterThan(100_000);
  });

  it("with somebody else after the units: sold or paid back, never both @long", limit, async () => {
    const { seen } = await explore(new Explorer("sandbox", "release"), 1);
    for (const [facts, ends] of seen) {
      const status = expectedStatus(facts, "release");
      const paidBack = { status: "refunded", refunds: 1 };
      // Who comes too late with the money gets it back; nothing else may differ.
      const isPaidFor = status === "paid" || status === "refunded";
      const made = facts.includes("refundFailed") ? 1 : 0;
      const allowed = [{ status, refunds: made }, ...(isPaidFor ? [paidBack] : [])];
      const found = [...ends].map((text) => {
        const { status: ended, refunds } = JSON.parse(text);
        return { status: ended, refunds };
      });
      expect({ facts, allowed }).toEqual({ facts, allowed: expect.arrayContaining(found) });
    }
    const contested = [...(seen.get("captured+lateness+rival") ?? [])];
    expect(contested.length).toBeGreaterThan(1);
  });
});
