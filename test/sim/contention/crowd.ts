/** A crowd in front of a few items: the real services over the modelled engine, in virtual time. */
import type { ContentionCounts } from "../../../local/contention/contention.ts";
import { fitDueShards } from "../../../infra/settings/capacity.ts";
import { definitions } from "../../../infra/settings/definitions.ts";
import type { ContentionSettings } from "../../../local/contention/settings.ts";
import type { ShopSettings } from "../../../shared/shop.ts";
import { drawIdsFrom } from "../determinism.ts";
import type { Item } from "../engine/values.ts";
import { type Random, seededRandom } from "../random.ts";
import { noFaults } from "../scheduler/faults.ts";
import { World } from "../scheduler/world.ts";
import { simulatedTables } from "../tables.ts";
import { Bank } from "../workloads/bank.ts";
import { defaultSettings, type System } from "../workloads/system.ts";
import { Containers, createBackroom, type Effort, type ProvidersOf } from "./containers.ts";
import { contentionWith } from "./contended-engine.ts";

/** Who comes, for what, and how. */
export interface CrowdOptions {
  readonly shoppers: number;
  /** Units of each item. */
  readonly stock: number;
  readonly items: number;
  /** Different items in each order, one unit of each. */
  readonly lines: number;
  /** Shoppers arrive evenly spread at random over this time. */
  readonly windowMs: number;
  readonly source: "inline" | "cart";
  /** All shoppers are sessions of one account. */
  readonly isOneAccount: boolean;
  /** Rows of each item, where the product can split an item. */
  readonly shards: number;
  readonly seed: number;
  readonly contention: ContentionSettings;
  readonly onAnswer?: (answered: number) => void;
}

/**
 * - `sold`: the order was placed
 * - `soldOut`: refused because there were not enough units
 * - `refused`: any other refusal, for example that the item is locked
 * - `tryAgain`: 503, contention outlasted the request's time
 * - `fault`: 500
 */
export type AnswerKind = "sold" | "soldOut" | "refused" | "tryAgain" | "fault";

/** One shopper's order. */
export interface Answer extends Effort {
  readonly kind: AnswerKind;
  readonly itemIds: readonly string[];
  /** Milliseconds since the doors opened. */
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  /** What the answer said, where nothing was sold. */
  readonly why?: string;
}

/** How it went. */
export interface Crowd {
  readonly options: Omit<CrowdOptions, "onAnswer">;
  readonly answers: readonly Answer[];
  readonly counts: ContentionCounts;
  /** Containers, that is requests at once at the most. */
  readonly containers: number;
  /** Shoppers who were told "sold out" although units were there all the time that they waited. */
  readonly falselySoldOut: number;
  /**
   * Units that are held for nobody: their orders were not placed, and giving them back found no capacity. The end of the
   * hold gives them back.
   */
  readonly withheld: number;
  /** Everything that must not happen and did. */
  readonly broken: readonly string[];
}

/** Long enough that no hold ends while the crowd is there: every unit is sold at most once. */
const holdMs = 3_600_000;
const admin = { id: "admin" };

/** What one shopper may withhold in a shop that sets nothing else; an account of many has no such limit here. */
const usualLimits: ShopSettings["limits"] = {
  maxOpenOrders: definitions.maxOpenOrders.default,
  maxUnitsPerLine: definitions.maxUnitsPerLine.default,
  maxUnpaidOrders: definitions.maxUnpaidOrders.default,
  unpaidPauseMs: definitions.unpaidPauseSeconds.default * 1_000,
};
const { limits: noLimits } = defaultSettings;

const itemIdsOf = ({ items }: CrowdOptions): string[] =>
  Array.from({ length: items }, (_, index) => `item-${index + 1}`);

async function layOut(system: System, options: CrowdOptions): Promise<void> {
  const { stock: quantity, shards } = options;
  const price = { amountMinor: 4_900, currency: "EUR" };
  for (const itemId of itemIdsOf(options)) {
    const item = { itemId, name: itemId, kind: "Ticket", price, quantity };
    // One row is what an item has unless told; more are for products that know `shards`.
    const rows = shards > 1 ? { shards } : {};
    await system.inventory.create({ ...item, ...rows, holdPolicy: "counted" }, admin);
  }
}

function chosenItems(options: CrowdOptions, random: Random): string[] {
  const left = itemIdsOf(options);
  const count = Math.min(options.lines, left.length);
  return Array.from({ length: count }, () => left.splice(random.int(0, left.length - 1), 1)[0]!);
}

interface Units {
  readonly available: number;
  readonly held: number;
}

const none: Units = { available: 0, held: 0 };

/** The true units of each item, summed over its rows at every change of one of them. */
class Shelves {
  readonly #rows = new Map<string, Units>();
  readonly #sums = new Map<string, Units>();
  readonly #lackedAtMs = new Map<string, number>();

  constructor(world: World) {
    world.observers.push(({ table, key, newImage, atMs }) => {
      if (table !== "Stock") return;
      this.#note(JSON.stringify(key), newImage, atMs);
    });
  }

  sum(itemId: string): Units {
    return this.#sums.get(itemId) ?? none;
  }

  /** Whether there was a unit at every instant since then. */
  hadUnitsSince(itemId: string, sinceMs: number): boolean {
    return this.sum(itemId).available > 0 && (this.#lackedAtMs.get(itemId) ?? -Infinity) < sinceMs;
  }

  #note(row: string, image: Item | undefined, atMs: number): void {
    const old = this.#rows.get(row) ?? none;
    // However a row's key carries its number, it carries the item's id too.
    const [itemId = ""] = /item-\d+/.exec(row) ?? [];
    const now = {
      available: Number(image?.["available"] ?? 0),
      held: Number(image?.["held"] ?? 0),
    };
    const before = this.sum(itemId);
    const available = before.available - old.available + now.available;
    this.#rows.set(row, now);
    this.#sums.set(itemId, { available, held: before.held - old.held + now.held });
    if (available <= 0) this.#lackedAtMs.set(itemId, atMs);
  }
}

interface Refused {
  readonly code: string;
  readonly fields: { readonly failedItems?: readonly { itemId: string; reason: string }[] };
}

function kindOf(error: Refused | undefined): AnswerKind {
  if (!error) return "fault";
  if (error.code === "TRY_AGAIN") return "tryAgain";
  const { failedItems = [] } = error.fields;
  const isSoldOut = failedItems.some(({ reason }) => reason === "insufficient_stock");
  return error.code === "ITEMS_UNAVAILABLE" && isSoldOut ? "soldOut" : "refused";
}

function whyOf(error: Refused | undefined, cause: unknown): string {
  if (!error) return String((cause as Error).stack ?? cause);
  const reasons = (error.fields.failedItems ?? []).map(({ reason }) => reason);
  return [error.code, ...new Set(reasons)].join(" ");
}

/** The people of one crowd and what becomes of them. */
class Doors {
  readonly answers: Answer[] = [];
  readonly containers: Containers;
  falselySoldOut = 0;
  readonly #world: World;
  readonly #options: CrowdOptions;
  readonly #shelves: Shelves;
  readonly #backroom: System;

  constructor(world: World, options: CrowdOptions) {
    // As a deployment would choose them, whose tables are warm for so much.
    const dueShards = fitDueShards(options.contention.warmWriteUnits);
    const limits = options.isOneAccount ? noLimits : usualLimits;
    const settings = { ...defaultSettings, holdMs, maxHoldMs: 2 * holdMs, dueShards, limits };
    this.#world = world;
    this.#options = options;
    this.#shelves = new Shelves(world);
    const bank = new Bank(world);
    const providersOf: ProvidersOf = (clock) => ({ sandbox: bank.provider(clock) });
    this.#backroom = createBackroom(world, settings, providersOf);
    this.containers = new Containers(world, settings, providersOf);
  }

  async run(): Promise<void> {
    const { shoppers, windowMs } = this.#options;
    await layOut(this.#backroom, this.#options);
    const random = this.#world.random.fork();
    const openedAtMs = this.#world.nowMs;
    const people = Array.from({ length: shoppers }, async (_, index) => {
      const itemIds = chosenItems(this.#options, random);
      if (this.#options.source === "cart") await this.#fillCart(index, itemIds);
      await this.#world.sleep(random.next() * windowMs);
      await this.#order(index, itemIds, openedAtMs);
    });
    await Promise.all(people);
  }

  #who(index: number): { userId: string; sessionId: string } {
    const { isOneAccount } = this.#options;
    return { userId: isOneAccount ? "account" : `shopper-${index}`, sessionId: `visit-${index}` };
  }

  async #fillCart(index: number, itemIds: readonly string[]): Promise<void> {
    const { userId, sessionId } = this.#who(index);
    const request = { userId, sessionId, instance: "cart", actor: { id: userId } };
    for (const itemId of itemIds) {
      await this.#backroom.carts.addLine(request, { itemId, quantity: 1 });
    }
  }

  async #order(index: number, itemIds: readonly string[], openedAtMs: number): Promise<void> {
    const { userId, sessionId } = this.#who(index);
    const items = itemIds.map((itemId) => ({ itemId, quantity: 1 }));
    const source =
      this.#options.source === "cart"
        ? ({ kind: "cart", sessionId } as const)
        : ({ kind: "items", items } as const);
    const askedAtMs = this.#world.nowMs;
    const served = await this.containers.serve("order", ({ orders }) =>
      orders.place({
        userId,
        actor: { id: userId },
        source,
        paymentMethod: "sandbox",
        idempotencyKey: `order-${index}`,
      }),
    );
    const kind = "value" in served ? "sold" : kindOf(served.error as Refused | undefined);
    const had = itemIds.every((itemId) => this.#shelves.hadUnitsSince(itemId, askedAtMs));
    if (kind === "soldOut" && had) this.falselySoldOut += 1;
    this.answers.push({
      ...served.effort,
      kind,
      itemIds,
      askedAtMs: askedAtMs - openedAtMs,
      answeredAtMs: this.#world.nowMs - openedAtMs,
      ...("value" in served ? {} : { why: whyOf(served.error as Refused, served.cause) }),
    });
    this.#options.onAnswer?.(this.answers.length);
  }

  #countBuyers(wanted: string): number {
    const bought = ({ kind, itemIds }: Answer) => kind === "sold" && itemIds.includes(wanted);
    return this.answers.filter(bought).length;
  }

  /** Units held for orders that were not placed. */
  withheld(): number {
    const each = itemIdsOf(this.#options).map(
      (itemId) => this.#shelves.sum(itemId).held - this.#countBuyers(itemId),
    );
    return each.reduce((sum, units) => sum + units, 0);
  }

  /** No unit may be lost, doubled or promised twice: nobody has paid yet, so what is sold is held. */
  broken(): string[] {
    const { stock } = this.#options;
    return itemIdsOf(this.#options).flatMap((itemId) => {
      const buyers = this.#countBuyers(itemId);
      const { available, held } = this.#shelves.sum(itemId);
      if (available >= 0 && available + held === stock && held >= buyers) return [];
      return [`${itemId}: ${buyers} sold, ${held} held and ${available} left of ${stock}`];
    });
  }
}

/** Lets a crowd in and tells what became of everybody. The same options give the same crowd. */
export async function runCrowd(options: CrowdOptions): Promise<Crowd> {
  const { onAnswer: _told, ...kept } = options;
  const random = seededRandom(options.seed);
  drawIdsFrom(random.fork());
  const contention = contentionWith(options.contention);
  const world = new World({
    seed: random.int(0, 0x7f_ff_ff_ff),
    tables: simulatedTables,
    rates: noFaults,
    maxSteps: Infinity,
    isForgetful: true,
    frontage: contention.frontage,
  });
  const doors = new Doors(world, options);
  world.script(() => doors.run());
  await world.run();
  return {
    options: kept,
    answers: doors.answers,
    counts: contention.model.counts(),
    containers: doors.containers.count,
    falselySoldOut: doors.falselySoldOut,
    withheld: doors.withheld(),
    broken: doors.broken(),
  };
}
