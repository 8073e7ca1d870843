/**
 * People who leave their names behind, some of whom are erased meanwhile: nothing that was written before an erasure
 * began is in any table once it has ended, and nothing else is lost.
 */
import type { Order } from "../../../shared/orders/order.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import { Shop } from "./shop.ts";
import { defaultSettings, type System } from "./system.ts";

const root = { id: "root" };
const userIds = ["ada", "grace"];
/** An index is behind its table for a while, and a clock behind another one. */
const slackMs = 25_000;
const stepsEach = 14;

const plain = (_name: string, value: unknown): unknown =>
  value instanceof Set ? [...value] : value;

/** What a name is in, of an order. */
const said = (name: string) => ({
  customer: { name },
  shipTo: JSON.stringify({ street: name }),
  note: name,
  metadata: JSON.stringify({ gift: name }),
});

/** Erases somebody, call by call. */
export const eraseOnce = (userId: string, { erasing }: System) =>
  erasing.erase({ userId, actor: root, includeUnsent: true });

/** @throws InvariantBroken when one of the names is still in some row */
export function assertGone(world: World, names: Iterable<string>): void {
  const rows = [...world.engine.tables()].flatMap((table) =>
    table.items().map((item) => `${table.definition.name} ${JSON.stringify(item, plain)}`),
  );
  for (const name of names) {
    const row = rows.find((each) => each.includes(name));
    if (row) throw new InvariantBroken("D1", `${name} was erased, and is in ${row.slice(0, 600)}`);
  }
}

/** One of each: a paid order, a cart, a lock and a place in a line, all with this name. */
export async function leaveName(
  { carts, fulfilments, locks }: System,
  name: string,
  order: Order,
): Promise<void> {
  const address = { userId: order.userId, sessionId: "desk", instance: "menu" };
  const lines = [{ lineId: "item-1", quantity: 1 }];
  const facts = { orderId: order.orderId, reference: "p1", lines, actor: root };
  await fulfilments.add({ ...facts, tracking: JSON.stringify(name) });
  await carts.setMetadata({ ...address, actor: { id: order.userId } }, "address", name);
  await locks.acquire({ resource: "taken", owner: { userId: order.userId, username: name } });
  await locks.acquire({ resource: "other", owner: { userId: "bob", username: "Bob" } });
  const owner = { userId: order.userId, username: name };
  await locks.acquireOrQueue({ resource: "other", owner, leaseMs: 60_000 });
}

class People {
  readonly #world: World;
  readonly #shop: Shop;
  /** Names that are in the tables for sure, by whose they are. */
  readonly #left = new Map<string, { name: string; atMs: number }[]>(
    userIds.map((userId) => [userId, []]),
  );
  readonly #paid = new Map<string, string[]>(userIds.map((userId) => [userId, []]));
  readonly #erased = new Set<string>();
  #serial = 0;

  constructor(world: World) {
    this.#world = world;
    const crew = { shoppers: 0, stepsEach: 0, withKeepers: false };
    const settings = defaultSettings;
    this.#shop = new Shop(world, { ...crew, items: 1, sweep: "on", settings, withAudit: true });
  }

  async run(): Promise<void> {
    await this.#shop.open();
    let isOpen = true;
    const { auditor } = this.#shop;
    if (auditor) this.#world.script(() => auditor.follow(() => isOpen));
    const shopping = userIds.flatMap((userId) => [this.#live(userId), this.#live(userId)]);
    await Promise.all([...shopping, ...userIds.map((userId) => this.#eraseNowAndThen(userId))]);
    isOpen = false;
    await this.#shop.settle();
    assertGone(this.#world, this.#erased);
  }

  async #live(userId: string): Promise<void> {
    const { random } = this.#world;
    for (let step = 0; step < stepsEach; step += 1) {
      await this.#world.sleep(random.int(1, 20_000));
      this.#serial += 1;
      const name = `<${userId} ${this.#serial}>`;
      const leave = random.pick([this.#order, this.#order, this.#edit, this.#lock]);
      const isLeft = await leave.call(this, userId, name);
      if (isLeft) this.#left.get(userId)!.push({ name, atMs: this.#world.nowMs });
    }
  }

  /** An order that is paid for, sent, cancelled or just left. */
  async #order(userId: string, name: string): Promise<boolean> {
    const { random } = this.#world;
    const { processes } = this.#shop;
    const actor = { id: userId };
    const caller = { userId, isAdmin: false };
    const source = { kind: "items", items: [{ itemId: "item-1", quantity: 4 }] } as const;
    const request = { userId, actor, source, paymentMethod: "sandbox", ...said(name) } as const;
    const placed = await processes.insist("order", ({ orders }) =>
      orders.place({ ...request, idempotencyKey: name }),
    );
    if (placed.kind !== "done") return false;
    const { order } = placed.value;
    const { orderId } = order;
    const what = random.pick(["pay", "pay", "cancel", "leave"] as const);
    if (what === "cancel") {
      await processes.insist("cancel", ({ cancelling }) =>
        cancelling.cancel({ orderId, caller, actor }),
      );
    }
    if (what === "pay") await this.#pay(order, name);
    return true;
  }

  async #pay(order: Order, name: string): Promise<void> {
    const { processes, bank } = this.#shop;
    const { orderId, userId, totalMinor: amountMinor, currency } = order;
    const caller = { userId, isAdmin: false };
    await processes.insist("pay", ({ payments }) =>
      payments.initiate({ orderId, caller, actor: { id: userId } }),
    );
    const wish = { orderId, transactionId: `sbx_${orderId}`, amountMinor, currency };
    const { body, headers } = bank.signed(bank.pay(wish, true));
    await processes.insist("told", ({ payments }) =>
      payments.receive("sandbox", { body: Buffer.from(body), headers }),
    );
    await this.#world.sleep(this.#world.random.int(1, 30_000));
    await this.#send(orderId, name);
    this.#paid.get(userId)!.push(orderId);
  }

  async #send(orderId: string, name: string): Promise<void> {
    this.#serial += 1;
    const lines = [{ lineId: "item-1", quantity: 1 }];
    const sent = { orderId, reference: `parcel ${this.#serial}`, lines, actor: root };
    const tracking = JSON.stringify(name);
    await this.#shop.processes.insist("send", ({ fulfilments }) =>
      fulfilments.add({ ...sent, tracking }),
    );
  }

  /** Others go on with orders and carts while they are erased. */
  async #keepBusy(userId: string): Promise<void> {
    const { random } = this.#world;
    for (let step = 0; step < 6; step += 1) {
      await this.#world.sleep(random.int(1, 400));
      this.#serial += 1;
      const [name, orders] = [`<${userId} late ${this.#serial}>`, this.#paid.get(userId)!];
      if (orders.length > 0 && random.chance(0.5)) await this.#send(random.pick(orders), name);
      else await this.#edit(userId, name);
    }
  }

  async #edit(userId: string, name: string): Promise<boolean> {
    const sessionId = this.#world.random.pick(["desk", "phone"]);
    const request = { userId, sessionId, instance: "menu", actor: { id: userId } };
    const edited = await this.#shop.processes.insist("edit", ({ carts }) =>
      carts.setMetadata(request, `key${this.#serial % 5}`, name),
    );
    return edited.kind === "done";
  }

  async #lock(userId: string, name: string): Promise<boolean> {
    const { random } = this.#world;
    const owner = { userId, sessionId: `${this.#serial}`, username: name };
    const resource = random.pick(["one", "two"]);
    const leaseMs = random.int(2_000, 60_000);
    const stood = await this.#shop.processes.insist("lock", ({ locks }) =>
      locks.acquireOrQueue({ resource, owner, leaseMs }),
    );
    if (stood.kind !== "done") return false;
    if ("lock" in stood.value && random.chance(0.5)) {
      const { lock } = stood.value;
      await this.#shop.processes.insist("release", ({ locks }) =>
        locks.release({ ...lock, actor: { id: userId } }),
      );
    }
    return true;
  }

  async #eraseNowAndThen(userId: string): Promise<void> {
    const { random } = this.#world;
    for (let round = 0; round < 2; round += 1) {
      await this.#world.sleep(random.int(30_000, 120_000));
      const beganAtMs = await this.#erase(userId);
      const names = this.#left
        .get(userId)!
        .filter(({ atMs }) => atMs + slackMs < beganAtMs)
        .map(({ name }) => name);
      // What the streams still have to tell is looked for in the end.
      for (const name of names) this.#erased.add(name);
      assertGone(this.#world, names);
    }
  }

  /** Until it is done: when it began. Never, where the shopper has ordered once more whenever it was asked for. */
  async #erase(userId: string): Promise<number> {
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const busy = this.#keepBusy(userId);
      const told = await this.#shop.processes.request("erase", (system) =>
        eraseOnce(userId, system),
      );
      await busy;
      if (told.kind === "done" && told.value.phase === "done") return told.value.beganAtMs;
      await this.#world.sleep(5_000);
      // What waits for its money in vain ends.
      await this.#shop.processes.request("sweep", ({ sweep }) => sweep({ id: "system:sweep" }));
    }
    return 0;
  }
}

/** Runs them to their end. */
export const runPeople = (world: World): Promise<void> => new People(world).run();
