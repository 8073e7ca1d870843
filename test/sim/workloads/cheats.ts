/**
 * A shopper who would like to pay less: whatever they do with their carts (add, change, remove, replace, clear,
 * merge, spread over several, enter codes in each, buy what is free, order, cancel), what the shop adds stays, and
 * each order costs what the shop's conditions and promotions come to, each of them applied once.
 */
import type { AuditAction } from "../../../shared/base/audit-action.ts";
import type { CartCondition } from "../../../shared/carts/model/cart.ts";
import { makeCartId } from "../../../shared/carts/model/cart.ts";
import { conditionAttribute, keyIn, parseCart } from "../../../shared/carts/storage/cart-row.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { Item } from "../engine/values.ts";
import { noFaults } from "../scheduler/faults.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";
import type { Promotion, PromotionFacts } from "../../../shared/promotions/promotion.ts";
import { recomputedTogether } from "../invariants/prices.ts";
import { Bank } from "./bank.ts";
import { Processes } from "./processes.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const userId = "mallory";
const sessions = ["phone", "desk"];
const instances = ["ticket", "menu"];
const prices = new Map([
  ["pen", 700],
  ["book", 1_400],
  ["sample", 0],
]);
const itemIds = [...prices.keys()];
const codes = ["WELCOME", "TENTH"];
/** What the shop's own steps are called: it alone sets conditions. */
const shopsOwn = new Set<string>([
  "cart.condition_set",
  "cart.condition_removed",
  "cart.merged",
] satisfies AuditAction[]);
/** What the shop gives was for what is now bought; what it adds stays. */
const isGiven = ({ value }: Pick<CartCondition, "value">): boolean => value.startsWith("-");

const cartNamed = (row: Item) => parseCart(String(row["cartId"]), row as never);

/** What a shopper could put into a cart once, before only the shop could; such rows are still there. */
const smuggled = { type: "discount", target: "total", value: "-99.99%", order: 0 } as const;
const old = "smuggled";

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
    for (const [itemId, amountMinor] of prices) await this.#stock(itemId, amountMinor);
    await this.#promote();
    this.#smuggle();
    world.rates = rough;
    await Promise.all([this.#shop(), this.#mallory("a"), this.#mallory("b")]);
    world.rates = noFaults;
    await world.sleep(120_000);
  }

  #observe(commit: Commit): void {
    if (commit.table === "Carts") this.#cartChange(commit);
    if (commit.table === "Orders" && !commit.oldImage) this.#placed(commit);
  }

  /** Carts as they were when shoppers could set conditions: what has no mark of the shop's is worth nothing. */
  #smuggle(): void {
    const { engine, random } = this.world;
    for (const sessionId of sessions.filter(() => random.chance(0.3))) {
      const instance = random.pick(instances);
      const key = { cartId: makeCartId(userId, sessionId) };
      const keys = new Set([keyIn(instance, old)]);
      const row = { ...key, version: 1, [conditionAttribute(instance, old)]: smuggled };
      engine.commit(engine.table("Carts"), key, undefined, { ...row, conditionKeys: keys });
    }
  }

  /** Outside the shop's own steps no condition comes, goes or changes; a merge keeps those of the target. */
  #cartChange({ oldImage, newImage }: Commit): void {
    const change = newImage?.["change"] as { action?: string } | undefined;
    const isPurchase = change?.action === "cart.paid";
    const worthsOf = (row: Item | undefined): string[] =>
      row
        ? [...cartNamed(row).instances.values()].flatMap((each) =>
            each.conditions.filter((one) => !isPurchase || !isGiven(one)).map(worth),
          )
        : [];
    const [before, after] = [worthsOf(oldImage), worthsOf(newImage)];
    if (!change || shopsOwn.has(change.action ?? "")) return;
    if (JSON.stringify(before.toSorted()) !== JSON.stringify(after.toSorted())) {
      throw new InvariantBroken("P8", `${change?.action} made ${before} into ${after}`);
    }
  }

  /** P8: an order costs what its items cost, with the conditions of its carts and each promotion once. */
  #placed({ newImage }: Commit): void {
    const { orderId, cart, totalMinor, uses = [] } = newImage as unknown as Order;
    const row = this.world.engine.table("Carts").get({ cartId: cart!.cartId })!;
    const ordered = [...cartNamed(row).instances.values()]
      .filter(
        ({ instance }) =>
          cart!.instances.includes(instance) ||
          cart!.codes?.some((entered) => entered.instance === instance),
      )
      .map((each) => ({ ...each, conditions: each.conditions.filter(({ name }) => name !== old) }));
    const entered = new Set(ordered.flatMap((each) => (each.codes ?? []).map(({ code }) => code)));
    const lists = ordered
      .flatMap(({ lines }) => lines)
      .reduce((sum, { itemId, quantity }) => sum + prices.get(itemId)! * quantity, 0);
    const promotions = this.world.engine.table("Promotions").items() as unknown as Promotion[];
    const applied = promotions.filter(
      ({ code, automatic, minSubtotalMinor = 0 }) =>
        entered.has(code) || (automatic && lists >= minSubtotalMinor),
    );
    const expected = Number(recomputedTogether(ordered, applied, prices));
    if (totalMinor !== expected) {
      throw new InvariantBroken("P8", `${orderId} costs ${totalMinor}, not ${expected}`);
    }
    // None of them goes together with another, and each is used once.
    if (entered.size > 1 || uses.some(({ quantity }) => quantity > 1)) {
      throw new InvariantBroken("P8", `${orderId} has ${[...entered]}, used ${uses.length} times`);
    }
  }

  /** What the shop gives once an order: to all of them, or for a code. */
  async #promote(): Promise<void> {
    const { random } = this.world;
    const rule = { type: "rule", target: "total", order: 1, active: true } as const;
    const put = (code: string, facts: Partial<PromotionFacts>) =>
      this.processes.insist("putPromotion", ({ promotions }) =>
        promotions.put(
          code,
          { ...rule, name: code, value: "-300", automatic: false, combinable: false, ...facts },
          { id: "root" },
        ),
      );
    const least = random.pick([{}, { minSubtotalMinor: 2_100 }]);
    if (random.chance(0.7)) await put("GIFT", { automatic: true, ...least });
    await put("WELCOME", { value: "-500", maxUses: 50, maxUsesPerShopper: random.int(1, 20) });
    await put("TENTH", { value: "-10%" });
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
      const key = `${name}-${step}`;
      const kind = random.weighted({ order: 3, free: 1, edit: 6 });
      if (kind === "order") {
        const chosen = random.chance(0.5) ? { instances: [random.pick(instances)] } : {};
        await this.#order(key, { sessionId: random.pick(sessions), ...chosen });
      } else if (kind === "free") await this.#buySample(key);
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
    const kind = random.weighted({
      add: 5,
      change: 1,
      remove: 1,
      replace: 2,
      clear: 2,
      merge: 2,
      enter: 4,
      takeBack: 1,
    });
    const works = {
      add: ({ carts }: System) => carts.addLine(request, { itemId, quantity }),
      change: ({ carts }: System) => carts.changeQuantity(request, itemId, quantity),
      remove: ({ carts }: System) => carts.removeLine(request, itemId),
      replace: ({ carts }: System) => carts.putItems(request, [{ itemId, quantity }]),
      clear: ({ carts }: System) => carts.clear(request),
      merge: ({ carts }: System) =>
        carts.merge({ userId, sessionId, fromSessionId, strategy: "sum", actor }),
      enter: ({ carts }: System) => carts.enterCode(request, random.pick(codes)),
      takeBack: ({ carts }: System) => carts.removeCode(request, random.pick(codes)),
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

  /** What costs nothing is bought at once: maybe a tax goes along with it. */
  async #buySample(key: string): Promise<void> {
    const { random } = this.world;
    const address = { sessionId: random.pick(sessions), instance: random.pick(instances) };
    const request = { userId, ...address, actor: { id: userId } };
    const answer = await this.processes.request("cart.replace", ({ carts }) =>
      carts.putItems(request, [{ itemId: "sample", quantity: 1 }]),
    );
    if (answer.kind !== "done") return;
    await this.#order(key, { sessionId: address.sessionId, instances: [address.instance] });
  }

  async #order(
    idempotencyKey: string,
    chosen: { readonly sessionId: string; readonly instances?: readonly string[] },
  ): Promise<void> {
    const { random } = this.world;
    const actor = { id: userId };
    const answer = await this.processes.insist("placeOrder", ({ orders }) =>
      orders.place({
        userId,
        actor,
        source: { kind: "cart", ...chosen },
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
