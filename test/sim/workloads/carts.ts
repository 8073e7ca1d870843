/**
 * Several people edit one cart at once, each a line of their own, by every way there is: single edits,
 * read and replace under a version check, and locked collections. Nobody's edit may be lost.
 */
import { makeCartId } from "../../../shared/carts/model/cart.ts";
import { quantityAttribute } from "../../../shared/carts/storage/cart-row.ts";
import type { Item } from "../engine/values.ts";
import { noFaults } from "../scheduler/faults.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";
import { type Answer, Processes } from "./processes.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const address = { userId: "team", sessionId: "desk", instance: "menu" };
const cartId = makeCartId(address.userId, address.sessionId);

/** What the quantity of a line may be, given what its editor heard. */
interface Belief {
  low: number;
  high: number;
}

export class CartEditors {
  readonly world: World;
  readonly processes: Processes;
  readonly #beliefs = new Map<string, Belief>();

  constructor(world: World) {
    this.world = world;
    const cartStorage = world.random.pick(["versioned", "locking"] as const);
    this.processes = new Processes(world, 3, () =>
      createSystem(world, { ...defaultSettings, cartStorage }),
    );
    world.observers.push((commit) => this.#observe(commit));
  }

  /** The version grows by one with every change of contents, and never falls. */
  #observe({ table, oldImage, newImage }: Commit): void {
    if (table !== "Carts" || !newImage) return;
    const [old, next] = [Number(oldImage?.["version"] ?? 0), Number(newImage["version"] ?? 0)];
    if (next < old) throw new InvariantBroken("C1", `version fell from ${old} to ${next}`);
    const contents = (item: Item | undefined): string =>
      JSON.stringify(
        Object.entries(item ?? {}).filter(([name]) =>
          /^(line|quantity|condition|metadata):/.test(name),
        ),
        (_name, value: unknown) => (value instanceof Set ? [...value] : value),
      );
    if (contents(oldImage) !== contents(newImage) && next === old) {
      throw new InvariantBroken("C1", `contents changed and version stayed ${old}`);
    }
  }

  async run(): Promise<void> {
    const { world } = this;
    const rough = world.rates;
    world.rates = noFaults;
    const editors = world.random.int(2, 5);
    for (let index = 0; index < editors; index += 1) await this.#stock(`dish-${index}`);
    world.rates = rough;
    await Promise.all(Array.from({ length: editors }, (_, index) => this.#editor(`dish-${index}`)));
    world.rates = noFaults;
    await world.sleep(120_000);
    this.#check();
  }

  async #stock(itemId: string): Promise<void> {
    const price = { amountMinor: 500, currency: "EUR" };
    const facts = { itemId, name: itemId, kind: "Menu", price, quantity: 100 };
    await this.processes.insist("createItem", ({ inventory }) =>
      inventory.create({ ...facts, holdPolicy: "counted" }, { id: "root" }),
    );
  }

  async #editor(itemId: string): Promise<void> {
    const { random } = this.world;
    this.#beliefs.set(itemId, { low: 0, high: 0 });
    for (let step = 0; step < random.int(2, 6); step += 1) {
      await this.world.sleep(random.int(1, random.pick([20, 2_000])));
      await this.#edit(itemId);
    }
  }

  /** Adds units to the editor's own line by one of the ways. */
  async #edit(itemId: string): Promise<void> {
    const { random } = this.world;
    const quantity = random.int(1, 3);
    const belief = this.#beliefs.get(itemId)!;
    const request = { ...address, actor: { id: itemId } };
    const way = random.weighted({ add: 3, update: 3, replace: 3, change: 1, meta: 1 });
    if (way === "meta") {
      await this.processes.request("cart.meta", ({ carts }) =>
        carts.setMetadata(request, itemId, random.int(1, 9)),
      );
      return;
    }
    if (way === "change") {
      const answer = await this.processes.request("cart.change", ({ carts }) =>
        carts.changeQuantity(request, itemId, quantity),
      );
      if (answer.kind === "done") this.#beliefs.set(itemId, { low: quantity, high: quantity });
      if (answer.kind === "unknown") {
        this.#beliefs.set(itemId, {
          low: Math.min(belief.low, quantity),
          high: Math.max(belief.high, quantity),
        });
      }
      return;
    }
    const works = {
      add: ({ carts }: System) => carts.addLine(request, { itemId, quantity }),
      update: ({ carts }: System) =>
        carts.updateItems(request, (items) => raised(items, itemId, quantity)),
      replace: async ({ carts }: System) => {
        const { items, version } = await carts.getItems(address);
        const expectedVersion = version;
        return carts.putItems({ ...request, expectedVersion }, raised(items, itemId, quantity));
      },
    };
    this.#learn(belief, quantity, await this.processes.request(`cart.${way}`, works[way]));
  }

  #learn(belief: Belief, quantity: number, answer: Answer<unknown>): void {
    // Refused means refused: only who hears nothing may believe either.
    if (answer.kind !== "refused") belief.high += quantity;
    if (answer.kind === "done") belief.low += quantity;
  }

  #check(): void {
    const cart = this.world.engine.table("Carts").get({ cartId });
    for (const [itemId, { low, high }] of this.#beliefs) {
      const quantity = Number(cart?.[quantityAttribute(address.instance, itemId)] ?? 0);
      if (quantity < low) {
        throw new InvariantBroken("C2", `${itemId}: ${quantity}, but ${low} were acknowledged`);
      }
      if (quantity > high) {
        throw new InvariantBroken("C2", `${itemId}: ${quantity}, but only ${high} were asked for`);
      }
    }
  }
}

function raised(
  items: readonly { itemId: string; quantity: number }[],
  itemId: string,
  quantity: number,
): { itemId: string; quantity: number }[] {
  const others = items.filter((item) => item.itemId !== itemId);
  const own = items.find((item) => item.itemId === itemId)?.quantity ?? 0;
  return [...others, { itemId, quantity: own + quantity }].map((item) => ({
    itemId: item.itemId,
    quantity: item.quantity,
  }));
}
