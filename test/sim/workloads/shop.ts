/**
 * The shop: shoppers fill carts, order, pay, cancel and repeat themselves; the bank tells late, twice
 * and out of order; keepers move stock and pay back; sweeps run, run double, or don't run at all.
 */
import { ItemsUnavailable } from "../../../shared/inventory/stock.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { LimitExceeded } from "../../../shared/base/limit-exceeded.ts";
import type { PlaceOrder } from "../../../shared/orders/order-request.ts";
import { capturedBy } from "../../../shared/payments/refunds/refund.ts";
import { Auditor } from "../invariants/audit-trail.ts";
import { OpenOrderBooks } from "../invariants/open-orders.ts";
import { checkMoney } from "../invariants/money.ts";
import { checkRefusal, ShopBooks } from "../invariants/shop-books.ts";
import type { Random } from "../random.ts";
import { noFaults } from "../scheduler/faults.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import { Bank, type BankEvent } from "./bank.ts";
import { type Answer, Processes } from "./processes.ts";
import type { ShopSettings } from "../../../shared/shop.ts";
import { keepRefunding } from "./refunders.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const instances = ["ticket", "menu"];
/** How long the rough part of a run lasts, in virtual time. */
const horizonMs = 600_000;

/** The schedule of the stack's sweep. */
const sweepEveryMs = 60_000;

/** Once providers answer again: a refund is asked for within its longest pause, and looked after within another. */
const refundsRestMs = 2 * 6 * 3_600_000;
/** How often a bank has to say something in fine weather, at the most, until it is heard. */
const mostRepetitions = 3;

/** Which of the shop's people are there; a crash-point run wants few. */
export interface ShopPlan {
  readonly shoppers: number;
  readonly stepsEach: number;
  readonly items: number;
  readonly sweep: "on" | "off" | "doubled";
  readonly settings: ShopSettings;
  readonly withKeepers: boolean;
  readonly withAudit: boolean;
  /** Items are sold from several rows, and from how many is changed while the shop is open. */
  readonly isHot?: boolean;
  /** Keepers mostly pay back, in part and by line, here and at a bank whose refunds fail and take their time. */
  readonly withMoods?: boolean;
}

/** A plan drawn from the seed: every seed is another shop. */
export function drawShopPlan(random: Random): ShopPlan {
  return withLateMoney(drawPlainPlan(random), random);
}

/** Money has no time, little or enough once its order is over. */
function withLateMoney(plan: ShopPlan, random: Random): ShopPlan {
  const lateMoneyMs = random.pick([0, 60_000, 180_000, 1_800_000]);
  return { ...plan, settings: { ...plan.settings, lateMoneyMs } };
}

function drawPlainPlan(random: Random): ShopPlan {
  return {
    shoppers: random.int(2, 5),
    stepsEach: random.int(2, 5),
    items: random.int(1, 3),
    sweep: random.pick(["on", "on", "off", "doubled"] as const),
    settings: {
      ...defaultSettings,
      onPaymentFailure: random.pick(["release", "release", "keep"] as const),
      limits: {
        maxOpenOrders: random.pick([0, 1, 2, 5]),
        maxUnitsPerLine: 0,
        maxUnpaidOrders: random.pick([0, 0, 2]),
        unpaidPauseMs: 30_000,
      },
      cartStorage: random.pick(["versioned", "versioned", "locking"] as const),
    },
    withKeepers: random.chance(0.6),
    withAudit: random.chance(0.35),
  };
}

/** A shop whose items are hot, or turn hot as soon as two orders meet. */
export function drawHotShopPlan(random: Random): ShopPlan {
  return withLateMoney(drawHotPlan(random), random);
}

function drawHotPlan(random: Random): ShopPlan {
  const plan = drawPlainPlan(random);
  const autoShards = random.pick([0, 2, 3]);
  const soldOutMemoryMs = random.pick([0, 250, 5_000]);
  const settings = { ...plan.settings, autoShards, soldOutMemoryMs };
  return { ...plan, settings, shoppers: plan.shoppers + 1, items: random.int(1, 2), isHot: true };
}

/** A shop that mostly pays back, at times of items with several rows. */
export function drawRefundsPlan(random: Random): ShopPlan {
  const plan = random.chance(0.3) ? drawHotPlan(random) : drawPlainPlan(random);
  return withLateMoney({ ...plan, withKeepers: true, withMoods: true }, random);
}

export class Shop {
  readonly world: World;
  readonly bank: Bank;
  readonly books: ShopBooks;
  readonly openOrders: OpenOrderBooks;
  readonly processes: Processes;
  readonly plan: ShopPlan;
  readonly auditor: Auditor | undefined;
  readonly #placed = new Map<string, string>();
  #deliveries = 0;

  constructor(world: World, plan: ShopPlan) {
    this.world = world;
    this.plan = plan;
    this.bank = new Bank(world);
    this.bank.isMoody = plan.withMoods ?? false;
    this.bank.tell = (event) => this.#tell(event);
    this.books = new ShopBooks(world, plan.settings.lateMoneyMs);
    this.openOrders = new OpenOrderBooks(world, plan.settings.limits);
    this.processes = this.start(3);
    this.auditor = plan.withAudit ? new Auditor(world, this.processes) : undefined;
  }

  get isOpen(): boolean {
    return this.world.nowMs < this.#openedAtMs + horizonMs;
  }

  readonly #openedAtMs = Date.UTC(2026, 0, 1);

  /** Further processes, which share no memory with others. */
  start(count: number): Processes {
    return new Processes(this.world, count, () => this.#system());
  }

  #system(): System {
    return createSystem(this.world, this.plan.settings, (clock) => ({
      sandbox: this.bank.provider(clock),
    }));
  }

  itemIds(): string[] {
    return Array.from({ length: this.plan.items }, (_, index) => `item-${index + 1}`);
  }

  /** Everybody does what they came for; then the weather calms down and the books are closed. */
  async run(): Promise<void> {
    const { plan } = this;
    await this.open();
    const people = Array.from({ length: plan.shoppers }, (_, index) => this.#shopper(index));
    if (plan.withKeepers) people.push(this.#keeper());
    if (plan.withMoods) {
      people.push(...[1, 2].map((index) => keepRefunding(this, `refunder-${index}`)));
    }
    const sweepers = { on: 1, off: 0, doubled: 2 }[plan.sweep];
    for (let index = 0; index < sweepers; index += 1) people.push(this.#sweeper());
    if (this.auditor) people.push(this.auditor.follow(() => this.isOpen));
    await Promise.all(people);
    await this.settle();
  }

  /** Puts the items onto the shelves, in fine weather. */
  async open(): Promise<void> {
    const { world } = this;
    const rough = world.rates;
    world.rates = noFaults;
    for (const itemId of this.itemIds()) await this.#stockUp(itemId);
    world.rates = rough;
  }

  /** No more faults: whatever is under way comes to its end, and then everything must add up. */
  async settle(): Promise<void> {
    const { world } = this;
    world.rates = noFaults;
    world.crashPoint = undefined;
    await world.sleep(60_000);
    this.bank.calmDown();
    for (let round = 0; this.#deliveries > 0 && round < 100; round += 1) await world.sleep(20_000);
    for (const event of this.bank.events) {
      await this.#repeatUntilHeard(event);
    }
    await world.sleep(this.plan.settings.maxHoldMs + sweepEveryMs);
    await this.#sweepToRest();
    // No order leads to what is over in further rows: the sweep finds them by itself.
    for (const { itemId } of this.books.stocks()) this.books.hot.checkAtRest(itemId);
    // What a sweep that died had no time for, the next buyer would take over.
    await this.processes.insist("reclaim", ({ inventory }) =>
      inventory.reclaim(this.books.stocks().map(({ itemId }) => itemId)),
    );
    await this.auditor?.finish();
    this.books.checkAll();
    this.#checkAtRest();
    const kept = world.engine.table("Events").items();
    const keys = new Set(kept.map(({ eventKey }) => String(eventKey)));
    checkMoney(this.books.orders(), this.bank, keys);
  }

  async #stockUp(itemId: string): Promise<void> {
    const { random } = this.world;
    const { isHot = false } = this.plan;
    const isExclusive = !isHot && random.chance(0.25);
    const quantity = isExclusive ? random.int(1, 2) : random.int(1, isHot ? 12 : 6);
    const rows = isHot ? { shards: random.int(1, 3) } : {};
    const price = { amountMinor: random.int(0, 50) * 100, currency: "EUR" };
    const holdPolicy = isExclusive ? ("exclusive" as const) : ("counted" as const);
    const item = { itemId, name: itemId, kind: "Ticket", price, quantity, holdPolicy, ...rows };
    await this.processes.insist("createItem", (system) =>
      system.inventory.create(item, { id: "root" }),
    );
  }

  async #pause(mostMs = 25_000): Promise<void> {
    await this.world.sleep(this.world.random.int(1, mostMs));
  }

  async #shopper(index: number): Promise<void> {
    const userId = `user-${index % 3}`;
    const sessionId = `session-${index % 2}`;
    for (let step = 0; step < this.plan.stepsEach && this.isOpen; step += 1) {
      await this.#pause();
      const kinds = { edit: 4, orderCart: 4, orderItems: 3 };
      const kind = this.world.random.weighted(kinds);
      if (kind === "edit") await this.editCart(userId, sessionId);
      else await this.orderAndPay(kind, userId, sessionId, `key-${index}-${step}`);
    }
  }

  /** One edit of a cart, of whatever kind. */
  async editCart(userId: string, sessionId: string): Promise<void> {
    const { random } = this.world;
    const itemId = random.pick(this.itemIds());
    const request = { userId, sessionId, instance: random.pick(instances), actor: { id: userId } };
    const quantity = random.int(1, 3);
    const kind = random.weighted({
      add: 6,
      change: 2,
      remove: 1,
      replace: 1,
      condition: 1,
      meta: 1,
    });
    const edit = {
      add: ({ carts }: System) => carts.addLine(request, { itemId, quantity }),
      change: ({ carts }: System) => carts.changeQuantity(request, itemId, quantity),
      remove: ({ carts }: System) => carts.removeLine(request, itemId),
      replace: ({ carts }: System) => carts.putItems(request, [{ itemId, quantity }]),
      condition: ({ carts }: System) =>
        carts.setCondition(
          { ...request, actor: { id: "root" } },
          {
            name: "rebate",
            type: "discount",
            target: "total",
            value: random.pick(["-10%", "+100"]),
            order: 1,
          },
        ),
      meta: ({ carts }: System) => carts.setMetadata(request, "gift", { wrapped: true }),
    }[kind];
    await this.processes.request(`cart.${kind}`, edit);
  }

  #wish(kind: "orderCart" | "orderItems", sessionId: string): PlaceOrder["source"] {
    const { random } = this.world;
    if (kind === "orderCart") {
      return random.chance(0.3)
        ? { kind: "cart", sessionId, instances: [random.pick(instances)] }
        : { kind: "cart", sessionId };
    }
    const itemIds = this.itemIds().filter(() => random.chance(0.6));
    const chosen = itemIds.length > 0 ? itemIds : [random.pick(this.itemIds())];
    return {
      kind: "items",
      items: chosen.map((itemId) => ({ itemId, quantity: random.int(1, 2) })),
    };
  }

  /** Places an order, repeats itself when it hears nothing, and goes on with what it got. */
  async orderAndPay(
    kind: "orderCart" | "orderItems",
    userId: string,
    sessionId: string,
    key: string,
  ): Promise<void> {
    const { random } = this.world;
    if (kind === "orderCart" && random.chance(0.7)) await this.editCart(userId, sessionId);
    const keyed = kind === "orderItems" || random.chance(0.6) ? { idempotencyKey: key } : {};
    const request: PlaceOrder = {
      userId,
      actor: { id: userId },
      source: this.#wish(kind, sessionId),
      paymentMethod: "sandbox",
      ...keyed,
    };
    const copies = random.chance(0.2) ? 2 : 1;
    const answers = await Promise.all(Array.from({ length: copies }, () => this.place(request)));
    for (const answer of answers) {
      if (answer.kind !== "done") continue;
      await this.#goOn(answer.value.order, userId);
      return;
    }
  }

  /** The order of a request, checked against every other answer to the same request. */
  async place(request: PlaceOrder): Promise<Answer<{ order: Order; replayed: boolean }>> {
    const answer = await this.processes.insist("placeOrder", async (system) => {
      const startedAtMs = this.world.nowMs;
      try {
        return await system.orders.place(request);
      } catch (error) {
        const isFull = error instanceof LimitExceeded && /At most/.test(error.message);
        if (isFull) this.openOrders.checkRefusal(request.userId, startedAtMs);
        if (error instanceof ItemsUnavailable) {
          const { skewMs } = system.process;
          // A notice that another clock has dated stands at another time by this one.
          const apartMs = 2 * (this.world.options.skewMs ?? 0);
          const memoryMs = this.plan.settings.soldOutMemoryMs + apartMs;
          for (const failed of error.failedItems) {
            checkRefusal(this.world, { startedAtMs, skewMs, memoryMs }, failed);
          }
        }
        throw error;
      }
    });
    const { idempotencyKey } = request;
    if (answer.kind === "done" && idempotencyKey !== undefined) {
      const name = `${request.userId} ${idempotencyKey}`;
      const { orderId } = answer.value.order;
      const known = this.#placed.get(name);
      if (known !== undefined && known !== orderId) {
        throw new InvariantBroken("I1", `${name} made both ${known} and ${orderId}`);
      }
      this.#placed.set(name, orderId);
    }
    return answer;
  }

  async #goOn(order: Order, userId: string): Promise<void> {
    const { random } = this.world;
    const caller = { userId, isAdmin: false };
    const what = random.weighted({ pay: 7, cancel: 1, leave: 1, payAndCancel: 1 });
    await this.#pause(15_000);
    if (what === "leave") return;
    const cancel = (): Promise<unknown> =>
      this.processes.request("cancelOrder", async (system) => {
        await system.cancelling.cancel({ ...order, caller, actor: { id: userId } });
      });
    if (what === "cancel") {
      await cancel();
      return;
    }
    await this.pay(order, userId);
    if (what === "payAndCancel") await cancel();
  }

  /** Starts a payment, pays (or fails to, or pays twice), and lets the bank tell about it. */
  async pay(order: Order, userId: string): Promise<void> {
    const { random } = this.world;
    const caller = { userId, isAdmin: false };
    const { orderId, totalMinor, currency } = order;
    const started = await this.processes.insist("initiatePayment", (system) =>
      system.payments.initiate({ orderId, caller, actor: { id: userId } }),
    );
    if (started.kind !== "done") return;
    const { transactionId } = started.value;
    await this.#pause(random.chance(0.2) ? 200_000 : 10_000);
    const amountMinor = random.chance(0.05) ? totalMinor + 1 : totalMinor;
    const wish = { orderId, transactionId, amountMinor, currency };
    const outcomes = random.weighted({
      success: 12,
      failure: 3,
      failedFirst: 2,
      twice: 1,
      none: 1,
    });
    const attempts = {
      success: [true],
      failure: [false],
      failedFirst: [false, true],
      twice: [true, true],
      thrice: [true, true, true],
      none: [],
    }[outcomes];
    for (const isSuccess of attempts) this.#tell(this.bank.pay(wish, isSuccess));
  }

  /** The bank delivers an event once or several times, each on its own way. */
  #tell(event: BankEvent): void {
    const { world } = this;
    const copies = world.random.weighted({ "1": 5, "2": 3, "3": 1 });
    for (let copy = 0; copy < Number(copies); copy += 1) {
      this.#deliveries += 1;
      const when = world.random.weighted({ soon: 5, together: 3, late: 2 });
      const delayMs = {
        soon: world.random.int(1, 8_000),
        together: 1_000,
        late: world.random.int(1, 400_000),
      }[when];
      world.script(async () => {
        await world.sleep(delayMs);
        await this.deliver(event);
        this.#deliveries -= 1;
      });
    }
  }

  /**
   * Banks repeat themselves for days. A late webhook may find more expired units in its way than one request has
   * time for; each takes some of them away, so that a few in fine weather are enough.
   */
  async #repeatUntilHeard(event: BankEvent): Promise<void> {
    for (let round = 0; !event.isHeard && round < mostRepetitions; round += 1) {
      if (round > 0) await this.world.sleep(60_000);
      await this.deliver(event);
    }
    if (!event.isHeard) throw new InvariantBroken("P3", `${event.data.paymentId} is never heard`);
  }

  /** One delivery of a webhook. A 2xx is given only after what it says is durable (P7). */
  async deliver(event: BankEvent): Promise<void> {
    const { body, headers } = this.bank.signed(event);
    const answer = await this.processes.request("webhook", (system) =>
      system.payments.receive("sandbox", { body: Buffer.from(body), headers }),
    );
    if (answer.kind === "refused" && answer.error.code === "BAD_SIGNATURE") {
      throw new InvariantBroken("P6", "a genuine webhook was refused");
    }
    if (answer.kind !== "done") return;
    event.isHeard = true;
    const order = this.books.orders().find(({ orderId }) => orderId === event.data.orderId);
    if (!order) throw new InvariantBroken("P7", `${event.data.paymentId} heard, order unknown`);
    if (event.type !== "payment.captured") return;
    const { paymentId } = event.data;
    if (capturedBy(order, paymentId) === undefined) {
      throw new InvariantBroken("P7", `${paymentId} was acknowledged and is not on record`);
    }
  }

  async #keeper(): Promise<void> {
    const { random } = this.world;
    const actor = { id: "keeper" };
    for (let step = 0; step < 4 && this.isOpen; step += 1) {
      await this.#pause(80_000);
      const itemId = random.pick(this.itemIds());
      const reference = `ref-${random.int(1, 4)}`;
      const kind = random.weighted({
        adjusted: 3,
        sold: 2,
        returned: 1,
        refund: 3,
        price: 1,
        end: 2,
        shards: this.plan.isHot ? 6 : 0,
      });
      if (kind === "refund") await this.#refundOne();
      else if (kind === "end") await this.#endOne();
      else if (kind === "shards") {
        const shards = random.int(1, 4);
        await this.processes.request("changeItem", ({ inventory }) =>
          inventory.change(itemId, { shards }, actor),
        );
      } else if (kind === "price") {
        const price = { amountMinor: random.int(0, 50) * 100, currency: "EUR" };
        await this.processes.request("changeItem", ({ inventory }) =>
          inventory.change(itemId, { price }, actor),
        );
      } else {
        const quantity = kind === "adjusted" ? random.pick([-2, -1, 1, 2]) : random.int(1, 2);
        await this.processes.insist(`stock.${kind}`, ({ ledger }) =>
          ledger.move({ itemId, kind, quantity, reference: `${reference}-${kind}`, actor }),
        );
      }
    }
  }

  async #refundOne(): Promise<void> {
    const paid = this.books.orders().filter(({ status }) => status === "paid");
    if (paid.length === 0) return;
    const { orderId } = this.world.random.pick(paid);
    await this.processes.insist("refund", ({ payments }) =>
      payments.refund({ orderId, reason: "damaged", actor: { id: "root" } }),
    );
  }

  async #endOne(): Promise<void> {
    const pending = this.books.orders().filter(({ status }) => status === "pending");
    if (pending.length === 0) return;
    const { orderId } = this.world.random.pick(pending);
    const caller = { userId: "root", isAdmin: true };
    await this.processes.request("endOrder", ({ orders }) =>
      orders.cancel(orderId, caller, { id: "root" }, "ended by an administrator"),
    );
  }

  async #sweeper(): Promise<void> {
    while (this.isOpen) {
      await this.world.sleep(this.world.random.int(30_000, 60_000));
      await this.processes.request("sweep", ({ sweep }) => sweep({ id: "system:sweep" }));
    }
  }

  /** One sweep ends all orders whose time is over; after so many hours of them no money is to go back any more. */
  async #sweepToRest(): Promise<void> {
    const isOpen = () => this.books.orders().some(({ dueShard }) => dueShard !== undefined);
    for (let restMs = 0; restMs <= refundsRestMs; restMs += 10 * sweepEveryMs) {
      await this.processes.request("sweep", ({ sweep }) => sweep({ id: "system:sweep" }));
      const pending = this.books.orders().find(({ status }) => status === "pending");
      if (pending) throw new InvariantBroken("S3", `${pending.orderId} outlives a sweep`);
      if (!isOpen()) return;
      await this.world.sleep(10 * sweepEveryMs);
    }
    throw new InvariantBroken("P3", "something is due longer than it may be");
  }

  /** After the last sweep nobody waits, nothing is held and no cart is locked. */
  #checkAtRest(): void {
    for (const { orderId, status } of this.books.orders()) {
      if (status === "refund_due") throw new InvariantBroken("P3", `${orderId} is ${status}`);
    }
    for (const { itemId, held } of this.books.stocks()) {
      this.books.hot.checkAtRest(itemId);
      if (held > 0) throw new InvariantBroken("S3", `${itemId} is held for ever`);
    }
    for (const cart of this.world.engine.table("Carts").items()) {
      if (cart["lock"])
        throw new InvariantBroken("P1", `${String(cart["cartId"])} is locked for ever`);
    }
  }
}
