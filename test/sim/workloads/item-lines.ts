/**
 * Shoppers who wait in line for an item of a few units: some are gone, some leave, some let their turn go by, and
 * strangers try to pass them. Orders are cancelled or lapse; a keeper moves units. In the end nothing is in the way.
 */
import type { ItemStanding } from "../../../shared/inventory/line/item-line.ts";
import { ShopBooks } from "../invariants/shop-books.ts";
import { noFaults } from "../scheduler/faults.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import { type Answer, Processes } from "./processes.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const itemId = "seat";
const root = { id: "root" };
/** Longer than any hold, turn or place of this workload. */
const calmMs = 180_000;

export class ItemLines {
  readonly world: World;
  readonly books: ShopBooks;
  readonly processes: Processes;
  readonly #tickets: string[] = [];
  #keys = 0;

  constructor(world: World) {
    this.world = world;
    this.books = new ShopBooks(world);
    world.watchers.push(() => this.books.lines.checkMirror(itemId));
    const settings = { ...defaultSettings, holdMs: world.random.pick([10_000, 30_000, 60_000]) };
    this.processes = new Processes(world, 3, () => createSystem(world, settings));
  }

  async run(): Promise<void> {
    const { world } = this;
    const { random } = world;
    const rough = world.rates;
    world.rates = noFaults;
    const price = { amountMinor: random.chance(0.2) ? 0 : 500, currency: "EUR" };
    const facts = { itemId, name: itemId, kind: "Ticket", price, quantity: random.int(1, 3) };
    const holdPolicy = random.chance(0.2) ? ("exclusive" as const) : ("counted" as const);
    await this.processes.insist("createItem", ({ inventory }) =>
      inventory.create({ ...facts, holdPolicy }, root),
    );
    world.rates = rough;
    const count = random.chance(0.1) ? 36 : random.int(3, 7);
    const people = Array.from({ length: count }, (_, index) => this.#shopper(`user-${index}`));
    if (random.chance(0.4)) people.push(this.#keeper());
    await Promise.all(people);
    world.rates = noFaults;
    await world.sleep(calmMs);
    await this.#waitItOut();
    await world.sleep(calmMs);
    await this.#buyAll();
  }

  async #shopper(userId: string): Promise<void> {
    const { random } = this.world;
    for (let step = 0; step < random.int(1, 3); step += 1) {
      await this.world.sleep(random.int(1, 5_000));
      const ordered = await this.#order(userId);
      if (random.chance(0.2)) await this.#steal(userId);
      if (ordered.kind === "done") await this.#end(userId, ordered.value);
      else await this.#wait(userId);
    }
  }

  /** An order of one unit, with a turn or without. */
  #order(userId: string, ticket?: string): Promise<Answer<string>> {
    const source = { kind: "items" as const, items: [{ itemId, quantity: 1 }] };
    const tickets = ticket === undefined ? {} : { tickets: [{ itemId, ticket }] };
    const idempotencyKey = `key-${(this.#keys += 1)}`;
    const wish = { userId, actor: { id: userId }, source, paymentMethod: "sandbox" as const };
    return this.processes.insist(
      `order:${userId}`,
      async ({ orders }) => {
        const { order } = await orders.place({ ...wish, ...tickets, idempotencyKey });
        return order.orderId;
      },
      { attempts: 3 },
    );
  }

  async #end(userId: string, orderId: string): Promise<void> {
    const { random } = this.world;
    await this.world.sleep(random.int(1, 20_000));
    if (random.chance(0.3)) return;
    await this.processes.request(`cancel:${userId}`, ({ orders }) =>
      orders.cancel(orderId, { userId, isAdmin: false }, { id: userId }),
    );
  }

  #ask(
    userId: string,
    what: string,
    work: (line: System["itemLine"]) => Promise<ItemStanding>,
  ): Promise<Answer<ItemStanding>> {
    return this.processes.request(`${what}:${userId}`, ({ itemLine }) => work(itemLine));
  }

  /** Waits until it is one's turn, or one has had enough, or is gone. */
  async #wait(userId: string): Promise<void> {
    const { random } = this.world;
    const asking = { itemId, userId, actor: { id: userId } };
    let standing = await this.#ask(userId, "join", (line) => line.join(asking));
    const [isDying, patience] = [random.chance(0.25), random.int(2, 12)];
    for (let look = 0; standing.kind === "done" && look < patience; look += 1) {
      const found = standing.value;
      if ("turn" in found) return this.#useTurn(userId, found.turn.ticket);
      if (isDying && random.chance(0.3)) return;
      const { ticket } = found.place;
      this.#tickets.push(ticket);
      await this.world.sleep(random.int(500, 9_000));
      if (random.chance(0.15)) return this.#leave(userId, ticket);
      standing = await this.#ask(userId, "ask", (line) => line.ask({ ...asking, ticket }));
    }
  }

  async #useTurn(userId: string, ticket: string): Promise<void> {
    const { random } = this.world;
    const how = random.weighted({ order: 6, leave: 1, forget: 1, late: 1, twice: 1 });
    if (how === "forget") return;
    await this.world.sleep(random.int(1, how === "late" ? 50_000 : 5_000));
    if (how === "leave") return this.#leave(userId, ticket);
    const orders = [this.#order(userId, ticket)];
    if (how === "twice") orders.push(this.#order(userId, ticket));
    const ended = await Promise.all(orders);
    const made = ended.flatMap((answer) => (answer.kind === "done" ? [answer.value] : []));
    if (made.length > 1) throw new InvariantBroken("S2", `${ticket} made two orders`);
    if (made[0] !== undefined) await this.#end(userId, made[0]);
  }

  async #leave(userId: string, ticket: string): Promise<void> {
    await this.processes.request(`leave:${userId}`, ({ itemLine }) =>
      itemLine.leave({ itemId, userId, actor: { id: userId }, ticket }),
    );
  }

  /** X1: a ticket is of no use to anybody else. */
  async #steal(userId: string): Promise<void> {
    if (this.#tickets.length === 0) return;
    const thief = `${userId}'s brother`;
    const ticket = this.world.random.pick(this.#tickets);
    const asked = await this.#ask(thief, "ask", (line) =>
      line.ask({ itemId, userId: thief, actor: { id: thief }, ticket }),
    );
    const ordered = await this.#order(thief, ticket);
    if (asked.kind !== "done" && ordered.kind !== "done") return;
    throw new InvariantBroken("X1", `${thief} used ${ticket}`);
  }

  async #keeper(): Promise<void> {
    const { random } = this.world;
    for (let step = 0; step < 3; step += 1) {
      await this.world.sleep(random.int(1, 40_000));
      const [delta, reference] = [random.pick([1, 1, -1]), `move-${step}`];
      await this.processes.insist(`move:root`, ({ ledger }) =>
        ledger.move({ itemId, kind: "adjusted", quantity: delta, reference, actor: root }),
      );
    }
  }

  /** W2: who waits behind one who died, and behind a turn that nobody used, is served as those run out. */
  async #waitItOut(): Promise<void> {
    const stock = this.books.stocks().find((each) => each.itemId === itemId)!;
    const left = stock.holdPolicy === "exclusive" ? 1 : stock.available + stock.held;
    // Clocks that differ by more than a place lasts serve nobody: every process drops what the others keep.
    const isApart = 2 * (this.world.options.skewMs ?? 0) > 5_000;
    if (left === 0 || stock.amountMinor === 0 || isApart) return;
    for (let unit = 0; unit < left; unit += 1) {
      if ((await this.#order("hog")).kind !== "done") return;
    }
    const dead = { itemId, userId: "dead", actor: { id: "dead" } };
    await this.#ask("dead", "join", (line) => line.join(dead));
    // The first lets as many turns go by as there are units for, the second is served then.
    const people = ["idle", "patient"].map((userId) => ({ itemId, userId, actor: { id: userId } }));
    for (const one of people) {
      let standing = await this.#ask(one.userId, "join", (line) => line.join(one));
      for (let look = 0; look < 30; look += 1) {
        if (standing.kind !== "done")
          throw new InvariantBroken("W1", `${one.userId} lost the place`);
        if ("turn" in standing.value) break;
        const { ticket } = standing.value.place;
        await this.world.sleep(5_000);
        standing = await this.#ask(one.userId, "ask", (line) => line.ask({ ...one, ticket }));
      }
      const isServed = standing.kind === "done" && "turn" in standing.value;
      if (!isServed) throw new InvariantBroken("W2", `${one.userId} was never served`);
      if (one.userId === "idle" && left > 1) return;
    }
  }

  /** S7: everybody is gone, every hold is over, and whoever comes gets all there is. */
  async #buyAll(): Promise<void> {
    const stock = this.books.stocks().find((each) => each.itemId === itemId)!;
    const isOne = stock.holdPolicy === "exclusive";
    const left = stock.available + stock.held;
    for (let unit = 0; unit < (isOne ? Math.min(1, left) : left); unit += 1) {
      const bought = await this.#order("last");
      if (bought.kind === "done") continue;
      throw new InvariantBroken("S7", `${left} are left, and the ${unit + 1}th is not sold`);
    }
  }
}
