/**
 * Units that are set aside without an order: people hold, extend, confirm and let go under ids that they share and repeat. What
 * a set says of itself and what the stock counts are the same at every instant, and when all is over only what was
 * confirmed is gone.
 */
import { createHoldSetService } from "../../../shared/holds/hold-set-service.ts";
import type { HoldSet } from "../../../shared/holds/hold-set.ts";
import { createItemMemory } from "../../../shared/inventory/hot/item-memory.ts";
import { noFaults } from "../scheduler/faults.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import { Processes } from "./processes.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const items = ["stalls", "box"] as const;
const root = { id: "root" };
const hour = 3_600_000;

/** The holds of a process: one memory each, as in a part that is used alone. */
const services = new WeakMap<System, ReturnType<typeof createHoldSetService>>();

function holdsOf(system: System) {
  const known = services.get(system);
  if (known) return known;
  const { database, clock, process } = system;
  const { sleep, random } = process;
  const memory = createItemMemory(clock, 0);
  const made = createHoldSetService({ database, clock, sleep, random, memory, autoShards: 2 });
  services.set(system, made);
  return made;
}

export class Holders {
  readonly #world: World;
  readonly #processes: Processes;
  readonly #units: number;
  /** What a caller was told for good. */
  readonly #told = new Map<string, HoldSet["status"]>();

  constructor(world: World) {
    this.#world = world;
    this.#units = world.random.int(1, 8);
    this.#processes = new Processes(world, 3, () => createSystem(world, defaultSettings));
    world.watchers.push(() => this.#checkSets());
  }

  async run(): Promise<void> {
    const { rates, random } = this.#world;
    this.#world.rates = noFaults;
    const shards = random.pick([1, 1, 3]);
    for (const itemId of items) {
      const price = { amountMinor: 0, currency: "XXX" };
      const facts = { itemId, name: itemId, kind: "unit", price, quantity: this.#units };
      await this.#processes.insist("create", ({ inventory }) =>
        inventory.create({ ...facts, holdPolicy: "counted", shards }, root),
      );
    }
    this.#world.rates = rates;
    const people = Array.from({ length: random.int(2, 4) }, (_, index) => this.#person(index));
    await Promise.all(people);
    this.#world.rates = noFaults;
    // Whatever still comes late has come, and every set is over.
    await this.#world.sleep(hour);
    await this.#checkRest();
  }

  async #person(index: number): Promise<void> {
    const { random } = this.#world;
    for (let step = 0; step < random.int(2, 6); step += 1) {
      await this.#world.sleep(random.int(1, 20_000));
      // Ids are shared by two at times: then it is the same hold for both.
      const holdId = `booking-${random.chance(0.3) ? random.int(1, 2) : `${index}-${step}`}`;
      await this.#hold(holdId);
      if (random.chance(0.3)) await this.#extend(holdId);
      await this.#world.sleep(random.int(1, 40_000));
      if (random.chance(0.8)) await this.#end(holdId, random.pick(["confirm", "release"] as const));
    }
  }

  async #hold(holdId: string): Promise<void> {
    const { random } = this.#world;
    // The same id always wants the same, so that a repetition is one.
    const [first, second] = [holdId.length % 2, 1 + (holdId.length % 3)];
    const units = { [items[first]!]: second, ...(second > 1 ? { [items[1 - first]!]: 1 } : {}) };
    const forMs = random.int(5, 60) * 1_000;
    await this.#processes.insist("hold", (system) =>
      holdsOf(system).hold({ holdId, units, forMs }),
    );
  }

  async #extend(holdId: string): Promise<void> {
    const forMs = this.#world.random.int(30, 120) * 1_000;
    await this.#processes.insist("extendHold", (system) => holdsOf(system).extend(holdId, forMs));
  }

  async #end(holdId: string, how: "confirm" | "release"): Promise<void> {
    const answer = await this.#processes.insist(`${how}Hold`, (system) =>
      holdsOf(system)[how](holdId),
    );
    if (answer.kind !== "done") return;
    const { status } = answer.value;
    const known = this.#told.get(holdId) ?? status;
    if (known !== status)
      throw new InvariantBroken("S3", `${holdId} was told ${known} and ${status}`);
    this.#told.set(holdId, status);
  }

  #sets(): HoldSet[] {
    const rows = this.#world.engine.table("Stock").items() as unknown as Partial<HoldSet>[];
    return rows.filter((row): row is HoldSet => row.holdId !== undefined);
  }

  #sum(sets: readonly HoldSet[], wanted: string): number {
    return sets
      .flatMap(({ units }) => units)
      .filter(({ itemId }) => itemId === wanted)
      .reduce((sum, { quantity }) => sum + quantity, 0);
  }

  /** No unit is promised to two: what is confirmed and what is held, by the true time, fits into what there is. */
  #checkSets(): void {
    const { nowMs, options } = this.#world;
    const skewMs = options.skewMs ?? 0;
    const standing = this.#sets().filter(
      ({ status, expiresAtMs }) =>
        // A clock that is ahead takes a set over earlier; what it took over cannot be confirmed any more.
        status === "confirmed" || (status === "held" && expiresAtMs > nowMs + skewMs),
    );
    for (const itemId of items) {
      const promised = this.#sum(standing, itemId);
      if (promised <= this.#units) continue;
      throw new InvariantBroken("S2", `${promised} of ${this.#units} ${itemId} are promised`);
    }
    this.#checkHeld(nowMs + skewMs);
    for (const [holdId, status] of this.#told) {
      const now = this.#sets().find((set) => set.holdId === holdId)?.status;
      if (now !== status) throw new InvariantBroken("S3", `${holdId} was ${status}, then ${now}`);
    }
  }

  /** Units that count until an instant ahead are those of sets that say so; of spread items rows say it together. */
  #checkHeld(fromMs: number): void {
    const sets = this.#sets().filter(
      ({ status, expiresAtMs }) => status === "held" && expiresAtMs > fromMs,
    );
    for (const row of this.#world.engine.table("Stock").items()) {
      const itemId = String(row["itemId"]);
      const isPlain = row["due"] !== undefined && !this.#isSpread();
      if (!isPlain) continue;
      const ahead = Object.entries(row["due"] as Record<string, number>).filter(
        ([bucket]) => Number(bucket) * 1_000 > fromMs,
      );
      const held = ahead.reduce((sum, [, quantity]) => sum + quantity, 0);
      if (held === this.#sum(sets, itemId)) continue;
      throw new InvariantBroken("S3", `${held} ${itemId} are held, sets say otherwise`);
    }
  }

  /** When all is over only what was confirmed is gone. */
  async #checkRest(): Promise<void> {
    if (!this.#isSpread()) await this.#checkLevels();
    await this.#processes.insist("reclaim", ({ inventory }) => inventory.reclaim([...items]));
    await this.#checkLevels();
  }

  #isSpread(): boolean {
    return this.#world.engine
      .table("Stock")
      .items()
      .some((row) => row["rows"] !== undefined);
  }

  async #checkLevels(): Promise<void> {
    const confirmed = this.#sets().filter(({ status }) => status === "confirmed");
    const answer = await this.#processes.insist("levels", (system) =>
      holdsOf(system).levels([...items]),
    );
    if (answer.kind !== "done") throw new InvariantBroken("S1", "nobody tells the levels");
    for (const { itemId, ...levels } of answer.value) {
      const sold = this.#sum(confirmed, itemId);
      const expected = { available: this.#units - sold, held: 0, sold };
      if (JSON.stringify(levels) === JSON.stringify(expected)) continue;
      const [is, should] = [JSON.stringify(levels), JSON.stringify(expected)];
      throw new InvariantBroken("S1", `${itemId} has ${is} where ${should} is right`);
    }
  }
}
