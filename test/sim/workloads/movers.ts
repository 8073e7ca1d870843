/**
 * Units on the move: a keeper spreads an item over rows and merges them again, over and over, while a single
 * buyer wants some of it, together with something that others take and leave. Units are there all the time,
 * so that "sold out" is never true of it; and what was answered late may still become an order.
 */
import { checkRefusal, ShopBooks } from "../invariants/shop-books.ts";
import { ItemsUnavailable } from "../../../shared/inventory/stock.ts";
import { noFaults } from "../scheduler/faults.ts";
import type { World } from "../scheduler/world.ts";
import { type Answer, Processes } from "./processes.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const [wandering, lonely] = ["wandering", "lonely"] as const;
const root = { id: "root" };

export class Movers {
  readonly #world: World;
  readonly #processes: Processes;
  #isOver = false;

  constructor(world: World) {
    this.#world = world;
    // Every change of a row and of an order is judged by them.
    void new ShopBooks(world);
    const settings = {
      ...defaultSettings,
      soldOutMemoryMs: 0,
      holdMs: 600_000,
      maxHoldMs: 900_000,
    };
    this.#processes = new Processes(world, 4, () => createSystem(world, settings));
  }

  async run(): Promise<void> {
    const { rates, random } = this.#world;
    this.#world.rates = noFaults;
    await this.#create(wandering, random.int(2, 4));
    await this.#create(lonely, 1);
    this.#world.rates = rates;
    const others = [this.#keep(), this.#takeAndLeave()];
    for (let step = 0; step < random.int(4, 10); step += 1) await this.#buy(step);
    this.#isOver = true;
    await Promise.all(others);
    this.#world.rates = noFaults;
    await this.#world.sleep(60_000);
  }

  #create(itemId: string, quantity: number): Promise<Answer<unknown>> {
    const price = { amountMinor: 500, currency: "EUR" };
    const facts = { itemId, name: itemId, kind: "Ticket", price, quantity };
    return this.#processes.insist("create", ({ inventory }) =>
      inventory.create({ ...facts, holdPolicy: "counted" }, root),
    );
  }

  /** From one row to several and back. */
  async #keep(): Promise<void> {
    for (let round = 0; !this.#isOver; round += 1) {
      await this.#world.sleep(this.#world.random.int(1, 60));
      const shards = round % 2 === 0 ? this.#world.random.int(2, 3) : 1;
      await this.#processes.request("reshard", ({ inventory }) =>
        inventory.change(wandering, { shards }, root),
      );
    }
  }

  /** Somebody else wants the single thing, and then does not. */
  async #takeAndLeave(): Promise<void> {
    for (let round = 0; !this.#isOver; round += 1) {
      await this.#world.sleep(this.#world.random.int(1, 6_000));
      const order = await this.#place("rival", round, [lonely]);
      await this.#world.sleep(this.#world.random.int(1, 3_000));
      await this.#cancel("rival", order);
    }
  }

  async #buy(step: number): Promise<void> {
    const { random } = this.#world;
    await this.#world.sleep(random.int(1, 300));
    const wanted = random.chance(0.6) ? [wandering, lonely] : [wandering];
    const order = await this.#place("buyer", step, wanted);
    // What comes late comes within this time; whatever came of it goes before the next one.
    await this.#world.sleep(random.int(1, 25_000));
    await this.#cancel("buyer", order);
  }

  async #place(userId: string, index: number, itemIds: readonly string[]) {
    const items = itemIds.map((itemId) => ({ itemId, quantity: 1 }));
    const startedAtMs = this.#world.nowMs;
    const answer = await this.#processes.request("order", async (system: System) => {
      try {
        const source = { kind: "items" as const, items };
        const request = {
          userId,
          actor: { id: userId },
          source,
          paymentMethod: "sandbox" as const,
        };
        const idempotencyKey = `${userId}-${index}`;
        const { order } = await system.orders.place({ ...request, idempotencyKey });
        return order.orderId;
      } catch (error) {
        const failed = error instanceof ItemsUnavailable ? error.failedItems : [];
        const { skewMs } = system.process;
        for (const each of failed) checkRefusal(this.#world, { startedAtMs, skewMs }, each);
        throw error;
      }
    });
    return answer.kind === "done" ? answer.value : undefined;
  }

  /** The order that was heard of, and any that was not. */
  async #cancel(userId: string, heard: string | undefined): Promise<void> {
    const orders = this.#world.engine.table("Orders").items();
    const own = orders.filter(
      (order) => order["userId"] === userId && order["status"] === "pending",
    );
    const ids = new Set([...own.map((order) => String(order["orderId"])), heard ?? []].flat());
    for (const orderId of ids) {
      await this.#processes.insist("cancel", ({ orders: service }) =>
        service.cancel(orderId, { userId, isAdmin: false }, { id: userId }),
      );
    }
  }
}
