/**
 * A shopper who would like to pay less: whatever they do with their carts (add, change, remove, replace,
 * clear, merge, order, cancel, pay), the shop's conditions stay, and each order costs what they come to.
 */
import type { AuditAction } from "../../../shared/base/audit-action.ts";
import type { CartCondition } from "../../../shared/carts/model/cart.ts";
import { makeCartId } from "../../../shared/carts/model/cart.ts";
import { parseCart } from "../../../shared/carts/storage/cart-row.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { Item } from "../engine/values.ts";
import { noFaults } from "../scheduler/faults.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";
import { recomputedTotal } from "../invariants/prices.ts";
import { Bank } from "./bank.ts";
import { Processes } from "./processes.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const userId = "mallory";
const sessions = ["phone", "desk"];
const instances = ["ticket", "menu"];
const itemIds = ["pen", "book"];
/** What the shop's own steps are called: it alone sets conditions, and takes them out with what was bought. */
const shopsOwn = new Set<string>([
  "cart.condition_set",
  "cart.condition_removed",
  "cart.paid",
  "cart.merged",
] satisfies AuditAction[]);

const cartNamed = (row: Item) => parseCart(String(row["cartId"]), row as never);

/** What of a condition decides on money; a merge may have to give it another name. */
const worth = ({ type, target, value, itemId, order }: CartCondition): string =>
  JSON.stringify([type, target, value, itemId, order]);

export class Cheats {
  readonly world: World;
  readonly bank: Bank;
  readonly processes: Processes;

  constructor(world: World) {
    this.world = world;
    this.bank = new Bank(world);
    const settings = {
      ...defaultSettings,
      cartStorage: world.random.pick(["versioned", "locking"] as const),
    };
    this.processes = new Processes(world, 2, () =>
      createSystem(world, settings, (clock) => ({ sandbox: this.bank.provider(clock) })),
    );
    world.observers.push((commit) => this.#observe(commit));
  }

  async run(): Promise<void> {
    const { world } = this;
    const rough = world.rates;
    world.rates = noFaults;
    for (const [index, itemId] of itemIds.entries()) await this.#stock(itemId, (index + 1) * 700);
    world.rates = rough;
    await Promise.all([this.#shop(), this.#mallory("a"), this.#mallory("b")]);
    world.rates = noFaults;
    await world.sleep(120_000);
  }

  #observe(commit: Commit): void {
    if (commit.table === "Carts") this.#cartChange(commit);
    if (commit.table === "Orders" && !commit.oldImage) this.#placed(commit);
  }

  /** Outside the shop's own steps no condition comes, goes or changes; a merge keeps those of the target. */
  #cartChange({ oldImage, newImage }: Commit): void {
    const worthsOf = (row: Item | undefined): string[] =>
      row
        ? [...cartNamed(row).instances.values()].flatMap((each) => each.conditions.map(worth))
        : [];
    const change = newImage?.["change"] as { action?: string } | undefined;
    const [before, after] = [worthsOf(oldImage), worthsOf(newImage)];
    if (shopsOwn.has(change?.action ?? "")) return;
    if (JSON.stringify(before.toSorted()) !== JSON.stringify(after.toSorted())) {
      throw new InvariantBroken("P8", `${change?.action} made ${before} into ${after}`);
    }
  }

  /** P8: an order costs what its items cost, with the shop's conditions of its cart. */
  #placed({ newImage }: Commit): void {
    const order = newImage as unknown as Order;
    const prices = new Map(
      this.world.engine
        .table("Stock")
        .items()
        .map((stock) => [String(stock["itemId"]), Number(stock["amountMinor"])]),
    );
    const row = this.world.engine.table("Carts").get({ cartId: order.cart!.cartId })!;
    const expected = recomputedTotal(cartNamed(row), order.cart!.instances, prices);
    if (order.totalMinor !== expected) {
      throw new InvariantBroken(
        "P8",
        `${order.orderId} costs ${order.totalMinor}, not ${expected}`,
      );
    }
  }

  async #stock(itemId: string, amountMinor: number): Promise<void> {
    const price = { amountMinor, currency: "EUR" };
    const facts = { itemId, name: itemId, kind: "Retail", price, quantity: 100 };
    await this.processes.insist("createItem", ({ inventory }) =>
      inventory.create({ ...facts, holdPolicy: "counted" }, { id: "root" }),
    );
  }

  /** The shop puts its conditions onto carts, and takes some back. */
  async #shop(): Promise<void> {
    const { random } = this.world;
    for (let step = 0; step < random.int(2, 5); step += 1) {
      await this.world.sleep(random.int(1, 20_000));
      const address = { sessionId: random.pick(sessions), instance: random.pick(instances) };
      const request = { userId, ...address, actor: { id: "root" } };
      const name = random.pick(["vat", "vip"]);
      const value = random.pick(["+19%", "-10%", "+500", "-300"]);
      const target = random.pick(["item", "subtotal", "total"] as const);
      const condition = { name, type: "rule", target, value, order: random.int(0, 2) };
      await this.processes.request("condition", ({ carts }) =>
        random.chance(0.8)
          ? carts.setCondition(request, condition)
          : carts.removeCondition(request, name),
      );
    }
  }

  async #mallory(name: string): Promise<void> {
    const { random } = this.world;
    for (let step = 0; step < random.int(4, 9); step += 1) {
      await this.world.sleep(random.int(1, 15_000));
      if (random.chance(0.3)) await this.#order(`${name}-${step}`);
      else await this.#edit();
    }
  }

  async #edit(): Promise<void> {
    const { random } = this.world;
    const [itemId, quantity] = [random.pick(itemIds), random.int(1, 4)];
    const sessionId = random.pick(sessions);
    const actor = { id: userId };
    const request = { userId, sessionId, instance: random.pick(instances), actor };
    const fromSessionId = sessions.find((each) => each !== sessionId)!;
    const kind = random.weighted({ add: 5, change: 1, remove: 1, replace: 2, clear: 2, merge: 2 });
    const works = {
      add: ({ carts }: System) => carts.addLine(request, { itemId, quantity }),
      change: ({ carts }: System) => carts.changeQuantity(request, itemId, quantity),
      remove: ({ carts }: System) => carts.removeLine(request, itemId),
      replace: ({ carts }: System) => carts.putItems(request, [{ itemId, quantity }]),
      clear: ({ carts }: System) => carts.clear(request),
      merge: ({ carts }: System) =>
        carts.merge({ userId, sessionId, fromSessionId, strategy: "sum", actor }),
    };
    const before = this.#allConditions();
    const answer = await this.processes.request(`cart.${kind}`, works[kind]);
    if (answer.kind === "done" && kind === "merge") this.#checkMerged(before, sessionId);
  }

  /** Everything that the shop has said of this shopper's carts, by its worth. */
  #allConditions(): Set<string> {
    const carts = sessions.map((sessionId) => this.#cart(sessionId));
    return new Set(
      carts.flatMap((cart) =>
        [...cart.instances.values()].flatMap((each) => each.conditions.map(worth)),
      ),
    );
  }

  #cart(sessionId: string) {
    const cartId = makeCartId(userId, sessionId);
    return parseCart(cartId, this.world.engine.table("Carts").get({ cartId }) as never);
  }

  /** After a merge nothing is known that was not there before, unless the shop said it meanwhile. */
  #checkMerged(before: ReadonlySet<string>, sessionId: string): void {
    const emptied = this.#cart(sessions.find((each) => each !== sessionId)!);
    const commits = this.world.commits.filter(({ table }) => table === "Carts").slice(-2);
    const wasTheMerge = commits.every(
      ({ newImage }) => (newImage?.["change"] as { action?: string })?.action === "cart.merged",
    );
    if (!wasTheMerge || commits.length < 2 || emptied.instances.size > 0) return;
    const merged = new Set(
      commits.flatMap(({ oldImage }) =>
        oldImage
          ? [...cartNamed(oldImage).instances.values()].flatMap((each) =>
              each.conditions.map(worth),
            )
          : [],
      ),
    );
    const after = this.#allConditions();
    if (
      [...merged].some((each) => !after.has(each)) ||
      [...after].some((each) => !merged.has(each))
    ) {
      throw new InvariantBroken("P8", `a merge made ${[...before]} into ${[...after]}`);
    }
  }

  async #order(idempotencyKey: string): Promise<void> {
    const { random } = this.world;
    const actor = { id: userId };
    const sessionId = random.pick(sessions);
    const chosen = random.chance(0.5) ? { instances: [random.pick(instances)] } : {};
    const answer = await this.processes.insist("placeOrder", ({ orders }) =>
      orders.place({
        userId,
        actor,
        source: { kind: "cart", sessionId, ...chosen },
        paymentMethod: "sandbox",
        idempotencyKey,
      }),
    );
    if (answer.kind !== "done") return;
    const { orderId } = answer.value.order;
    const caller = { userId, isAdmin: false };
    await this.world.sleep(random.int(1, 5_000));
    await this.processes.request("cancelOrder", ({ orders }) =>
      orders.cancel(orderId, caller, actor),
    );
  }
}
