/**
 * Random histories of one order each, with the product's own providers and services over stand-ins and a DynamoDB
 * in memory: shoppers pay, fail and cancel, banks take their time, most webhooks are lost, sweeps come and go. When
 * all is at rest, whatever was captured anywhere has bought something or went back, to the last minor unit.
 */
import { mercadopagoKeys, startMercadopago } from "../../../local/providers/mercadopago.ts";
import { razorpayKeys, startRazorpay } from "../../../local/providers/razorpay.ts";
import type { StandInDelivery } from "../../../local/providers/stand-in.ts";
import { startStripe, stripeKeys } from "../../../local/providers/stripe.ts";
import { startWompi, wompiKeys } from "../../../local/providers/wompi.ts";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { silentLogger } from "../../../shared/base/logger.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { Order, OrderStatus } from "../../../shared/orders/order.ts";
import { listRefunds, refundReasons } from "../../../shared/payments/refunds/refund.ts";
import { createMercadopago } from "../../../shared/providers/mercadopago.ts";
import type { Providers } from "../../../shared/providers/provider.ts";
import { createRazorpay } from "../../../shared/providers/razorpay.ts";
import { createStripe } from "../../../shared/providers/stripe.ts";
import { createWompi } from "../../../shared/providers/wompi.ts";
import { createShop } from "../../../shared/shop.ts";
import { createDatabase, type DocumentClient } from "../../../shared/table/database.ts";
import { type Command, Engine } from "../engine/engine.ts";
import { type Random, seededRandom } from "../random.ts";
import { InvariantBroken } from "../scheduler/world.ts";
import { simulatedTables } from "../tables.ts";
import { defaultSettings } from "../workloads/system.ts";
import { type Captured, listCaptured } from "./captured.ts";

const minuteMs = 60_000;
/** Webhooks carry the time at which they were signed; older ones are none any more. */
const freshMs = 4 * minuteMs;
/** How long a bank may be at work on a payment. */
const processingMs = 180 * minuteMs;
/** How the stand-ins call a payment that a bank is at work on. */
const busyStatus = /^(processing|authorized|in_process)/;
/** Circuits open by the clock on the wall, so that no history would be like another: they stay closed. */
const patience = {
  firstBackoffMs: 1,
  attemptMs: 1_000_000,
  totalMs: 1_000_000,
  retries: 0,
  failuresToOpen: 1_000_000,
};
const admin = { id: "root" };

/** Decimals by ISO 4217, written down once more: what the product thinks of them is what is judged. */
const decimals = { EUR: 2, JPY: 0, ISK: 0, KWD: 3, INR: 2, COP: 2, BRL: 2, CLP: 0 } as const;

/** What is sold where: the least, the most and the step of a price in minor units. */
const prices = {
  stripe: [
    ["EUR", 100, 90_000, 1],
    ["JPY", 100, 90_000, 1],
    ["ISK", 500, 90_000, 1],
    ["KWD", 500, 90_000, 10],
  ],
  razorpay: [
    ["INR", 200, 90_000, 1],
    ["JPY", 100, 90_000, 1],
    ["KWD", 500, 90_000, 10],
  ],
  wompi: [["COP", 200_000, 9_000_000, 100]],
  mercadopago: [
    ["BRL", 500, 90_000, 1],
    ["CLP", 2_000, 90_000, 1],
    ["COP", 500_000, 9_000_000, 100],
  ],
} as const;

type Name = keyof typeof prices;
const names = Object.keys(prices) as Name[];

/** What may happen in a history besides. */
export interface HistoryHow {
  /** Banks want payments back, each once at the most. */
  readonly hasDisputes?: boolean;
  /** Money goes back in parts, often, where a provider cannot say whose refund it tells of. */
  readonly hasNamelessParts?: boolean;
}

/** How a history went. */
export interface HistoryResult {
  readonly seed: number;
  readonly captures: number;
  /** Webhooks that nobody ever got. */
  readonly lost: number;
  readonly isStuck: boolean;
  readonly violation?: { readonly invariant: string; readonly message: string };
  readonly steps: readonly string[];
}

async function startStandIns(now: () => number) {
  const [stripe, razorpay, wompi, mercadopago] = await Promise.all([
    startStripe({ now }),
    startRazorpay({ now }),
    startWompi({ now }),
    startMercadopago({ now }),
  ]);
  return { stripe, razorpay, wompi, mercadopago };
}

/** The providers of all histories. */
export type HistoryStandIns = Awaited<ReturnType<typeof startStandIns>>;

class History {
  readonly #random: Random;
  readonly #standIns: HistoryStandIns;
  readonly #passTime: (durationMs: number) => void;
  readonly #now: () => number;
  readonly #shop;
  readonly #name: Name;
  readonly #price: { readonly amountMinor: number; readonly currency: keyof typeof decimals };
  readonly #waiting: { readonly delivery: StandInDelivery; readonly atMs: number }[] = [];
  readonly steps: string[] = [];
  lost = 0;
  /** Money whose refund was refused for good: somebody has to look at it. */
  isStuck = false;
  readonly #alarms: string[] = [];
  readonly #told: StandInDelivery[] = [];
  #isAtDesk = false;
  #isFine = true;
  #orderId = "";
  #rivals = 0;
  /** What was wanted back by anybody, as banks count it; unknown where all that is left was wanted. */
  #wanted = 0;
  /** More than half of the payment was wanted back, by us, and nothing else was. */
  #hasMost = false;
  /** Somebody else has bought or holds the unit: the order's time was over, and nobody had told of its payment. */
  #isGivenAway = false;
  readonly #hasDisputes: boolean;
  readonly #hasNamelessParts: boolean;
  readonly #disputed = new Set<string>();

  constructor(
    seed: number,
    standIns: HistoryStandIns,
    time: { now: () => number; pass: (durationMs: number) => void },
    { hasDisputes = false, hasNamelessParts = false }: HistoryHow = {},
  ) {
    this.#hasDisputes = hasDisputes;
    this.#hasNamelessParts = hasNamelessParts;
    this.#random = seededRandom(seed);
    this.#standIns = standIns;
    this.#now = time.now;
    this.#passTime = time.pass;
    this.#name = hasNamelessParts ? "mercadopago" : this.#random.pick(names);
    const [currency, least, most, step] = this.#random.pick<(typeof prices)[Name][number]>(
      prices[this.#name],
    );
    const amountMinor = this.#random.int(least / step, most / step) * step;
    this.#price = { amountMinor, currency };
    for (const name of names) {
      standIns[name].faultFor = () => undefined;
      standIns[name].onEvent = (delivery) => this.#hear(delivery);
    }
    this.#shop = this.#makeShop();
  }

  #makeShop() {
    const clock = () => epochMs(this.#now());
    const engine = new Engine({ tables: simulatedTables, nowMs: clock });
    const client = { send: async (command: Command): Promise<unknown> => engine.execute(command) };
    const common = { clock, patience, baseUrl: this.#standIns[this.#name].url };
    const makers = {
      stripe: () => createStripe({ ...common, keys: async () => [stripeKeys] }),
      razorpay: () => createRazorpay({ ...common, keys: async () => [razorpayKeys] }),
      wompi: () => createWompi({ ...common, keys: async () => [wompiKeys] }),
      mercadopago: () => createMercadopago({ ...common, keys: async () => [mercadopagoKeys] }),
    };
    const providers: Providers = { [this.#name]: makers[this.#name]() };
    const settings = {
      ...defaultSettings,
      holdMs: 5 * minuteMs,
      paymentMs: () => 10 * minuteMs,
      maxHoldMs: 60 * minuteMs,
      processingMs: () => processingMs,
      onPaymentFailure: this.#random.pick(["release", "keep"] as const),
      lateMoneyMs: this.#random.pick([0, 30 * minuteMs, 1_440 * minuteMs]),
    };
    const database = createDatabase({
      client: client as unknown as DocumentClient,
      tableName: (table) => table,
    });
    const rest = {
      logger: silentLogger,
      alarm: (name: string) => void this.#alarms.push(name),
      random: () => this.#random.next(),
    };
    const shop = createShop({ database, clock, settings, providers, ...rest });
    return Object.assign(shop, { engine });
  }

  #note(step: string): void {
    this.steps.push(`${Math.round(this.#now() / minuteMs) % 1_000_000} ${step}`);
  }

  /**
   * Most webhooks are lost for good, the others wait to be brought. What was given back at the provider's own desk
   * is told at once, or only the reconciler finds it.
   */
  #hear(delivery: StandInDelivery): void {
    if (this.#isAtDesk && this.#random.chance(0.5)) this.#told.push(delivery);
    else if (this.#random.chance(0.6)) this.lost += 1;
    else this.#waiting.push({ delivery, atMs: this.#now() });
  }

  /** What people and processes of ours do; a refusal is an answer like any other. */
  async #ask<T>(label: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const value = await work();
      this.#note(label);
      return value;
    } catch (error) {
      if (error instanceof InvariantBroken) throw error;
      if (!(error instanceof HoldfastError)) {
        throw new InvariantBroken("X3", `${label}: ${(error as Error).stack}`);
      }
      if (label === "webhook" && error.code === "BAD_SIGNATURE") {
        throw new InvariantBroken("P6", "a genuine webhook was refused");
      }
      this.#note(`${label}: ${error.code}`);
      return undefined;
    }
  }

  #place(userId: string) {
    const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
    const request = { userId, actor: { id: userId }, source, paymentMethod: this.#name };
    return this.#ask(`${userId} orders`, () => this.#shop.orders.place(request));
  }

  async #compete(): Promise<void> {
    const placed = await this.#place(`rival-${(this.#rivals += 1)}`);
    this.#isGivenAway ||= placed !== undefined;
  }

  /** The shopper starts to pay and, where the provider has a page, opens it. */
  async #start(): Promise<void> {
    const who = { caller: { userId: "alice", isAdmin: false }, actor: { id: "alice" } };
    const started = await this.#ask("starts", () =>
      this.#shop.payments.initiate({ orderId: this.#orderId, ...who }),
    );
    if (this.#name !== "wompi" || !started?.redirectUrl) return;
    const page = await fetch(started.redirectUrl).catch(() => undefined);
    await page?.arrayBuffer();
  }

  async #cancel(): Promise<void> {
    const caller = { userId: "alice", isAdmin: false };
    const wish = { orderId: this.#orderId, caller, actor: { id: "alice" } };
    const before: OrderStatus = this.order.status;
    await this.#ask("cancels", () => this.#shop.cancelling.cancel(wish));
    const { status: after } = this.order;
    if (before === "pending" && after === "cancelled") this.#checkEnded("cancelled");
  }

  /** P10: in fine weather nobody ends an order whose money is there, or on its way within the method's limit. */
  #checkEnded(how: "cancelled" | "expired", wasTold = true): void {
    if (!this.#isFine) return;
    // What came and is all back again is nothing that somebody has to find.
    const paid = listCaptured(this.#standIns, this.#name, this.order).find((each) => {
      return Number(each.back) !== Number(each.paid);
    });
    if (paid) this.#broken("P10", `it was ${how}, and ${paid.paymentId} had been captured`);
    const isWithin = this.#now() < this.order.createdAtMs + processingMs - 15 * minuteMs;
    const { payment } = this.order;
    // A sweep that comes after the deadline has given the units away before it asks.
    if (how === "expired" && !wasTold) return;
    const busy = this.#listOpen().find(({ status }) => busyStatus.test(status));
    if (busy && payment && isWithin) this.#broken("P10", `it was ${how} while a bank was at work`);
  }

  /** Payments of the order that something can happen to. */
  #listOpen() {
    const listed = this.#standIns[this.#name].list();
    const started = this.order.payment?.transactions ?? {};
    return listed.filter(({ id, about, actions }) => {
      return (about.startsWith(this.#orderId) || id in started) && actions.length > 0;
    });
  }

  /** Something happens at the provider: a shopper pays, a bank refuses, somebody gives money back. */
  async #happen(weights: Partial<Record<string, number>>): Promise<void> {
    const open = this.#listOpen();
    if (open.length === 0) return;
    const { id, amount, refunded, actions } = this.#random.pick(open);
    const isDisputed = this.#disputed.has(id);
    const possible = actions.filter((action) => {
      // Of what a bank wants back nobody gives anything back besides.
      return weights[action] && !(isDisputed && ["dispute", "refund"].includes(action));
    });
    if (possible.length === 0) return;
    const all = Object.fromEntries(possible.map((action) => [action, weights[action]!]));
    const action = this.#random.weighted(all) as (typeof possible)[number];
    const left = Number((amount - refunded).toFixed(3));
    const isPart = action === "refund" && this.#name !== "wompi" && left >= 200;
    const part = isPart && this.#random.chance(0.5) ? 100 : undefined;
    if (action === "dispute" && left <= 0) return;
    const wanted = action === "dispute" ? left : part;
    // With an offer of Razorpay's less is paid, with a fee that the shopper bears more.
    const isOffer = action === "pay" && this.#name === "razorpay" && this.#random.chance(0.3);
    const paid = isOffer ? amount + this.#random.pick([-10, 10]) : wanted;
    this.#isAtDesk = action === "refund" || action === "failRefund";
    if (action === "dispute" || action === "failRefund") this.#wanted = Infinity;
    if (action === "dispute") this.#disputed.add(id);
    try {
      this.#standIns[this.#name].act(id, action, paid);
      this.#note(`${action} ${paid ?? ""}`);
      if (action === "refund") this.#wanted += part ?? left;
    } catch (error) {
      this.#note(`${action} cannot happen: ${(error as Error).message}`);
    }
    this.#isAtDesk = false;
    for (const delivery of this.#told.splice(0)) await this.#bring(delivery);
  }

  /** The provider says it again until it is heard. */
  async #bring(delivery: StandInDelivery): Promise<void> {
    const { faultFor } = this.#standIns[this.#name];
    this.#standIns[this.#name].faultFor = () => undefined;
    await this.#ask("webhook", () => this.#shop.payments.receive(this.#name, delivery));
    this.#standIns[this.#name].faultFor = faultFor;
  }

  async #deliver(): Promise<void> {
    const next = this.#waiting.splice(this.#random.int(0, this.#waiting.length), 1)[0];
    if (!next) return;
    if (this.#now() - next.atMs > freshMs) {
      this.lost += 1;
      return;
    }
    for (let copy = this.#random.int(1, 2); copy > 0; copy -= 1) {
      await this.#ask("webhook", () => this.#shop.payments.receive(this.#name, next.delivery));
    }
  }

  async #refund(): Promise<void> {
    const wish = { orderId: this.#orderId, reason: "damaged", actor: admin };
    const amountMinor = this.#random.chance(0.5) ? this.#partMinor : undefined;
    const part = amountMinor === undefined ? {} : { amountMinor, reference: `r${amountMinor}` };
    await this.#ask("refund", () => this.#shop.payments.refund({ ...wish, ...part }));
    this.#wanted = Infinity;
  }

  /** The answer is lost, and the webhook comes before anybody has asked again. */
  async #refundUnheard(): Promise<void> {
    const standIn = this.#standIns[this.#name];
    const { faultFor } = standIn;
    standIn.faultFor = ({ method }) => (method === "POST" ? "lose" : undefined);
    // More than half, so that what is left is less than what is asked for.
    const amountMinor =
      this.#partMinor * Math.floor((0.6 * this.#price.amountMinor) / this.#partMinor);
    const wish = { orderId: this.#orderId, reason: "damaged", actor: admin };
    const part = { amountMinor, reference: "most" };
    const known = await this.#ask("most", () => this.#shop.payments.refund({ ...wish, ...part }));
    if (known && !this.#hasMost) this.#wanted += Number(this.#text(amountMinor));
    this.#hasMost ||= known !== undefined;
    standIn.faultFor = faultFor;
    for (let left = this.#waiting.length; left > 0; left -= 1) await this.#deliver();
  }

  get #partMinor(): number {
    return this.#price.currency === "COP" ? 100_000 : 100;
  }

  async #changePrice(): Promise<void> {
    const { amountMinor, currency } = this.#price;
    const step = this.#partMinor * this.#random.pick([-1, 0, 1]);
    const price = { amountMinor: amountMinor + step, currency };
    await this.#ask("price", () => this.#shop.inventory.change("chair", { price }, admin));
  }

  #weather(): void {
    this.#isFine = this.#random.chance(0.6);
    const fault = this.#random.pick(["error", "lose", "refuse"] as const);
    this.#standIns[this.#name].faultFor = () =>
      this.#isFine || this.#random.chance(0.4) ? undefined : fault;
  }

  async #sweep(): Promise<void> {
    const { status: before, payment }: { status: OrderStatus; payment?: Order["payment"] } =
      this.order;
    await this.#ask("sweep", () => this.#shop.sweep({ id: "system:sweep" }));
    const { status: after } = this.order;
    if (before === "pending" && after === "expired") {
      // What was given away before anybody heard of the bank cannot be held for it any more.
      this.#checkEnded("expired", payment?.state === "processing" && !this.#isGivenAway);
    }
  }

  async #reconcile(): Promise<void> {
    let cursor: string | undefined;
    do {
      const wish = cursor === undefined ? {} : { cursor };
      const found = await this.#ask("reconcile", () =>
        this.#shop.reconciling.reconcile(wish, admin),
      );
      cursor = found?.cursor;
    } while (cursor !== undefined);
  }

  async #step(): Promise<void> {
    const disputes = this.#hasDisputes ? { dispute: 1, winDispute: 2, loseDispute: 2 } : {};
    const steps = {
      start: () => this.#start(),
      happen: () =>
        this.#happen({ pay: 6, fail: 2, process: 2, refund: 1, failRefund: 1, ...disputes }),
      deliver: () => this.#deliver(),
      time: () => this.#passTime(this.#random.int(1, 20) * minuteMs),
      moment: () => this.#passTime(this.#random.int(1, 90) * 1_000),
      sweep: () => this.#sweep(),
      cancel: () => this.#cancel(),
      rival: () => this.#compete(),
      refund: () => this.#refund(),
      lostRefund: () => this.#refundUnheard(),
      price: () => this.#changePrice(),
      weather: () => this.#weather(),
      reconcile: () => this.#reconcile(),
    };
    const weights = {
      start: 4,
      happen: 6,
      deliver: 6,
      time: 4,
      moment: 3,
      sweep: 3,
      cancel: 1,
      rival: 1,
      refund: 1,
      price: 1,
      weather: 2,
      reconcile: 0.3,
      ...(this.#hasNamelessParts ? { refund: 0, lostRefund: 6 } : { lostRefund: 0 }),
    };
    await steps[this.#random.weighted(weights)]();
  }

  get order(): Order {
    const orders = this.#shop.engine.table("Orders").items() as unknown as Order[];
    return orders.find(({ orderId }) => orderId === this.#orderId)!;
  }

  /** Fine weather: banks decide, time passes, the sweep and the reconciler come by; no webhook is brought any more. */
  async #comeToRest(): Promise<void> {
    this.#isFine = true;
    this.#standIns[this.#name].faultFor = () => undefined;
    for (let round = 0; round < 3; round += 1) await this.#happen({ pay: 1, fail: 1 });
    for (let round = 0; round < 8 && this.#disputed.size > 0; round += 1) {
      await this.#happen({ winDispute: 1, loseDispute: 1 });
    }
    this.#passTime(30 * minuteMs);
    await this.#sweep();
    this.#passTime(240 * minuteMs);
    await this.#sweep();
    await this.#reconcile();
    for (let round = 0; round < 20 && this.order.dueShard !== undefined; round += 1) {
      this.#passTime(420 * minuteMs);
      await this.#sweep();
    }
    await this.#reconcile();
  }

  async run(): Promise<number> {
    const item = {
      itemId: "chair",
      name: "Chair",
      kind: "Retail",
      price: this.#price,
      quantity: 1,
    };
    await this.#shop.inventory.create({ ...item, holdPolicy: "counted" }, admin);
    this.#orderId = (await this.#place("alice"))!.order.orderId;
    if (this.#random.chance(0.9)) await this.#start();
    if (this.#random.chance(0.6)) await this.#happen({ pay: 6, fail: 1, process: 2 });
    for (let left = this.#random.int(6, 24); left > 0; left -= 1) await this.#step();
    await this.#comeToRest();
    const all = listCaptured(this.#standIns, this.#name, this.order);
    for (const captured of all) this.#check(captured);
    this.#checkOrder(all);
    return all.length;
  }

  /** A number of ours as it stands on a bank statement. */
  #text(minor: number): string {
    const digits = decimals[this.#price.currency];
    return (minor / 10 ** digits).toFixed(digits);
  }

  /** What banks have kept of a payment is on the order. */
  #checkLost({ paymentId, lost }: Captured, told: string): void {
    const disputes = Object.values(this.order.payment?.disputes ?? {});
    const own = disputes.filter((each) => each.paymentId === paymentId && each.isOver);
    const known = this.#text(own.reduce((sum, { takenMinor }) => sum + takenMinor, 0));
    if (Number(known) !== Number(lost)) {
      this.#broken("P9", `${told}, ${lost} lost: the order says ${known}`);
    }
  }

  #check(captured: Captured): void {
    const { paymentId, paid, back, lost } = captured;
    const { order } = this;
    const { payment } = order;
    const told = `${paymentId} (${order.status}), ${back} of ${paid} back`;
    // Binary fractions of thousandths: what is left is nothing, or it is not.
    const isLeft = Number(paid) - Number(back) - Number(lost) > 0.0001;
    this.#checkLost(captured, told);
    const own = listRefunds(order).filter((refund) => refund.paymentId === paymentId);
    if (own.some(({ reason }) => reason === refundReasons.mismatch)) {
      this.#broken("P2", `${told}: what was paid in full goes back as another amount`);
    }
    const isOpen = own.some(({ status }) => status === "due" || status === "requested");
    if (isOpen) this.#broken("P3", `${told}: a refund never ends`);
    const done = own.filter(({ status }) => status === "done");
    const sum = done.reduce((total, { amountMinor }) => total + amountMinor, 0);
    const bought = order.status === "paid" && payment?.paymentId === paymentId;
    const refused = own.filter(({ status }) => status === "failed");
    if (!bought && isLeft && refused.length === 0) {
      this.#broken("P3", `${told}: neither bought anything nor was paid back`);
    }
    // What is refused for good, or fails at the provider's own desk, stays visible and has rung an alarm.
    if (!bought && isLeft) {
      this.#note(`stuck: ${JSON.stringify(own)}`);
      this.isStuck = true;
      if (this.#alarms.length === 0) this.#broken("P3", `${told}: it is stuck, and no alarm rang`);
    }
    if (bought && back === paid) this.#broken("P3", `${told}: bought something and was paid back`);
    if (Number(this.#text(sum)) !== Number(back)) {
      this.#broken("P9", `${told}: the order says ${this.#text(sum)}`);
    }
    // Who asked for a part had bought something, and keeps it.
    if (this.#hasMost && Number(back) > this.#wanted + 0.0001) {
      this.#broken("P9", `${told}: only ${this.#wanted} was wanted back`);
    }
    if (!bought) return;
    if (Number(this.#text(payment.capturedMinor!)) !== Number(paid)) {
      this.#broken("P2", `${told}: the order says that ${this.#text(payment.capturedMinor!)} came`);
    }
    const isExact = this.#name === "razorpay" || payment.capturedMinor === order.totalMinor;
    if (!isExact) this.#broken("P2", `${told}: it costs ${this.#text(order.totalMinor)}`);
  }

  #checkOrder(all: readonly Captured[]): void {
    const { status, payment, dueShard } = this.order;
    const known = all.some(({ paymentId }) => paymentId === payment?.paymentId);
    if (status === "paid" && !known) this.#broken("P3", "it is paid, and no money came");
    if (dueShard !== undefined) this.#broken("P3", `${status}: something stays due`);
    const stocks = this.#shop.engine.table("Stock").items();
    const sold = stocks.find(({ itemId }) => itemId === "chair")?.["sold"];
    if (status === "paid" && sold !== 1) this.#broken("S4", `paid, and ${String(sold)} sold`);
  }

  #broken(invariant: string, detail: string): never {
    throw new InvariantBroken(
      invariant,
      `${this.#name} ${this.#text(this.#price.amountMinor)} ${this.#price.currency}: ${detail}`,
    );
  }
}

/** Starts the providers; each history gets a year of its own, so that none sees the payments of another. */
export async function startHistories() {
  let nowMs = Date.UTC(2030, 0, 1);
  const now = () => nowMs;
  const standIns = await startStandIns(now);
  return {
    /** Plays the history of a seed: the same seed is the same history. */
    async play(seed: number, how: HistoryHow = {}): Promise<HistoryResult> {
      nowMs = Date.UTC(2030, 0, 1) + (seed % 100_000) * 30 * 1_440 * minuteMs;
      const pass = (durationMs: number) => {
        nowMs += durationMs;
      };
      const history = new History(seed, standIns, { now, pass }, how);
      try {
        const captures = await history.run();
        const { lost, isStuck, steps } = history;
        return { seed, captures, lost, isStuck, steps };
      } catch (error) {
        const { message, stack = "" } = error as Error;
        const isBroken = error instanceof InvariantBroken;
        const violation = isBroken
          ? { invariant: error.invariant, message }
          : { invariant: "crash", message: stack };
        const { lost, isStuck, steps } = history;
        return { seed, captures: 0, lost, isStuck, steps, violation };
      }
    },
    stop: () => Promise.all(names.map((name) => standIns[name].stop())),
  };
}
