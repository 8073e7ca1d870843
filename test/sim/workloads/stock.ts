/**
 * One stock item under many hands: orders hold and give back, keepers move units under references that
 * they repeat. The item's history goes through the linearizability check; the ledger must add up.
 */
import type { Movement } from "../../../shared/inventory/movement.ts";
import { ShopBooks } from "../invariants/shop-books.ts";
import { checkLinearizability, type Operation } from "../linearizability.ts";
import { stockModel, type StockInput, type StockOutput } from "../models.ts";
import { noFaults } from "../scheduler/faults.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import { type Answer, Processes } from "./processes.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const itemId = "seat";
const year = 365 * 86_400_000;

type StockOperation = Operation<StockInput, StockOutput>;

export class StockHands {
  readonly world: World;
  readonly processes: Processes;
  readonly books: ShopBooks;
  readonly #history: StockOperation[] = [];
  readonly #told = new Map<string, string>();
  readonly #units: number;

  constructor(world: World) {
    this.world = world;
    this.books = new ShopBooks(world);
    this.#units = world.random.int(1, 6);
    // Holds that never end: expiry is the shop's concern, here it would only blur the history.
    const settings = { ...defaultSettings, holdMs: year, maxHoldMs: year };
    this.processes = new Processes(world, 3, () => createSystem(world, settings));
  }

  async run(): Promise<void> {
    const { world } = this;
    const rough = world.rates;
    world.rates = noFaults;
    const price = { amountMinor: 500, currency: "EUR" };
    const facts = { itemId, name: itemId, kind: "Ticket", price, quantity: this.#units };
    await this.processes.insist("createItem", ({ inventory }) =>
      inventory.create({ ...facts, holdPolicy: "counted" }, { id: "root" }),
    );
    world.rates = rough;
    const people = Array.from({ length: world.random.int(2, 4) }, (_, index) =>
      this.#person(index),
    );
    await Promise.all(people);
    world.rates = noFaults;
    await world.sleep(60_000);
    this.#checkLedger();
    this.#checkHistory();
  }

  async #person(index: number): Promise<void> {
    const { random } = this.world;
    const orders: string[] = [];
    for (let step = 0; step < random.int(2, 5); step += 1) {
      await this.world.sleep(random.int(1, 500));
      const kind = random.weighted({ hold: 4, cancel: 3, move: 4, read: 2 });
      if (kind === "hold") await this.#hold(`user-${index}`, `key-${index}-${step}`, orders);
      else if (kind === "cancel") await this.#cancel(`user-${index}`, orders);
      else if (kind === "move") await this.#move();
      else await this.#read();
    }
  }

  async #operate(input: StockInput, work: (system: System) => Promise<StockOutput>) {
    const calledAtMs = this.world.nowMs;
    const answer = await this.processes.insist(input.kind, work, { attempts: 3 });
    const isHeard = answer.kind !== "unknown";
    const returnedAtMs = isHeard ? this.world.nowMs : Infinity;
    const output = outputOf(answer);
    if (output !== "nothing") this.#history.push({ input, output, calledAtMs, returnedAtMs });
    return answer;
  }

  async #hold(userId: string, idempotencyKey: string, orders: string[]): Promise<void> {
    const quantity = this.world.random.int(1, 2);
    const source = { kind: "items" as const, items: [{ itemId, quantity }] };
    const wish = { userId, actor: { id: userId }, source, paymentMethod: "sandbox" as const };
    const input = { kind: "hold" as const, orderId: `${userId} ${idempotencyKey}`, quantity };
    await this.#operate(input, async (system) => {
      const { order } = await system.orders.place({ ...wish, idempotencyKey });
      orders.push(`${order.orderId} ${input.orderId}`);
      return { kind: "done" };
    });
  }

  async #cancel(userId: string, orders: string[]): Promise<void> {
    if (orders.length === 0) return;
    const [orderId = "", ...name] = this.world.random.pick(orders).split(" ");
    const input = { kind: "cancel" as const, orderId: name.join(" "), quantity: 0 };
    await this.#operate(input, async (system) => {
      await system.orders.cancel(orderId, { userId, isAdmin: false }, { id: userId });
      return { kind: "done" };
    });
  }

  async #read(): Promise<void> {
    await this.#operate({ kind: "read", quantity: 0 }, async (system) => {
      const { available } = await system.inventory.get(itemId);
      return { kind: "level", available };
    });
  }

  /** A movement under a reference that others use too: it happens once, and all are told the same. */
  async #move(): Promise<void> {
    const { random } = this.world;
    const kind = random.pick(["sold", "sold", "returned", "adjusted"] as const);
    const quantity = kind === "adjusted" ? random.pick([-1, 1]) : 1;
    const isShared = random.chance(0.4);
    const reference = `${kind}-${quantity}-${isShared ? random.int(1, 2) : random.int(10, 1e6)}`;
    const move = (system: System): Promise<StockOutput> =>
      system.ledger
        .move({ itemId, kind, quantity, reference, actor: { id: "keeper" } })
        .then(({ levels }) => {
          this.#checkTold(reference, JSON.stringify(levels));
          return { kind: "done" };
        });
    if (isShared) {
      // Which of the repetitions did it is nobody's business: it counts once, as an open question.
      await this.processes.insist("move", move, { attempts: 3 });
      return;
    }
    await this.#operate({ kind, quantity }, move);
  }

  #checkTold(reference: string, levels: string): void {
    const known = this.#told.get(reference) ?? levels;
    if (known !== levels) {
      throw new InvariantBroken("I1", `${reference} was told ${known} and ${levels}`);
    }
    this.#told.set(reference, known);
  }

  /** The ledger tells how the levels came to be what they are. */
  #checkLedger(): void {
    const movements = this.world.engine.table("Movements").items() as unknown as Movement[];
    const stock = this.books.stocks().find((each) => each.itemId === itemId)!;
    const total = (kind: Movement["kind"]): number =>
      movements
        .filter((movement) => movement.kind === kind && movement.itemId === itemId)
        .reduce((sum, { quantity }) => sum + quantity, 0);
    const expected = {
      received: total("received"),
      adjusted: total("adjusted"),
      sold: total("sold") - total("returned"),
    };
    const { received, adjusted, sold } = stock;
    if (JSON.stringify(expected) !== JSON.stringify({ received, adjusted, sold })) {
      const present = JSON.stringify({ received, adjusted, sold });
      throw new InvariantBroken("I1", `ledger ${JSON.stringify(expected)}, levels ${present}`);
    }
    const references = movements.map(({ reference }) => reference);
    if (new Set(references).size < references.length) {
      throw new InvariantBroken("I1", `a reference moved stock twice: ${references.join(", ")}`);
    }
  }

  #checkHistory(): void {
    // Shared references are left out of the history, so their effect is put in where it is known.
    const shared = (this.world.engine.table("Movements").items() as unknown as Movement[]).filter(
      ({ reference }) => /-[12]$/.test(reference),
    );
    const unheard = shared.map(({ kind, quantity }): StockOperation => {
      const input = { kind: kind as StockInput["kind"], quantity };
      const calledAtMs = 0;
      return { input, output: { kind: "done" }, calledAtMs, returnedAtMs: Infinity };
    });
    const history = [...this.#history, ...unheard];
    const { isLinearizable, longest } = checkLinearizability(stockModel(this.#units), history);
    if (isLinearizable) return;
    const show = (operations: readonly StockOperation[]): string =>
      operations.map((operation) => JSON.stringify(operation)).join("\n  ");
    const left = history.filter((operation) => !longest.includes(operation));
    throw new InvariantBroken(
      "linearizability",
      `no order explains\n  ${show(longest)}\n left:\n  ${show(left)}`,
    );
  }
}

function outputOf(answer: Answer<StockOutput>): StockOutput | undefined | "nothing" {
  if (answer.kind === "done") return answer.value;
  if (answer.kind === "unknown") return undefined;
  const { code } = answer.error;
  if (code === "ITEMS_UNAVAILABLE" || code === "INSUFFICIENT_STOCK") return { kind: "refused" };
  // Busy or not the right state: nothing was changed, and nothing learned about the units.
  return "nothing";
}
