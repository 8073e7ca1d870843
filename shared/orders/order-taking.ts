/** Gets an order the units of crowded items: reserves them where an item is hot, turns it hot where it is not. */
import { type Actor, changeNote } from "../base/actor.ts";
import { liveBuckets } from "../inventory/buckets.ts";
import type { Piece, TakingOptions } from "../inventory/hot/finding.ts";
import { giveBack, reserve, type Wish } from "../inventory/hot/taking.ts";
import { coolDown, shardsByHand, turnHot } from "../inventory/hot/turning.ts";
import {
  isSpread,
  type Demand,
  type FailedItem,
  ItemsUnavailable,
  type Stock,
  whyRefused,
} from "../inventory/stock.ts";
import { findStocks } from "../inventory/stock-store.ts";
import { type Contended, outOfPatience, patientUntilMs } from "../table/retry.ts";
import type { Order, Pieces } from "./order.ts";

/** What getting units takes. */
export interface CrowdOptions extends TakingOptions {
  /** How many rows an item is spread over that turns hot by itself; below 2 none does. */
  readonly autoShards: number;
}

/**
 * An item turns hot when one order has met others on it so often: a single time is everyday life. Of a real
 * crowd many meet at once, so that it is enough if some of them do not wait for the second time.
 */
const meetingsToTurn = 2;
const shareOfQuick = 0.25;
/** An item with fewer units for each row is sold out sooner than spread. */
const leastUnitsARow = 2;
const longestPauseMs = 500;

/** What the order wants, and until when. */
export interface Wanted {
  readonly order: Pick<Order, "orderId" | "expiresAtMs">;
  readonly demands: readonly Demand[];
}

interface Reserved {
  readonly wish: Wish;
  readonly pieces: readonly Piece[];
}

/** Somebody spreads the item's units over rows just now. */
export function isTurning({ turningUntilMs }: Stock, nowMs: number): boolean {
  return turningUntilMs !== undefined && turningUntilMs > nowMs;
}

/** The reasons of all that were refused; whatever is no refusal goes before them. */
function assertAll(results: readonly PromiseSettledResult<unknown>[]): void {
  const reasons = results.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  const other = reasons.find((reason) => !(reason instanceof ItemsUnavailable));
  if (other) throw other;
  const failed = reasons.flatMap((reason: ItemsUnavailable): readonly FailedItem[] => {
    return reason.failedItems;
  });
  if (reasons.length > 0) throw new ItemsUnavailable(failed);
}

/** Gets one order its units; made anew for each order that is placed. */
export class OrderTaking {
  readonly #options: CrowdOptions;
  readonly #actor: Actor;
  /** Items that are sold from several rows, as they were seen last. */
  readonly #spread = new Map<string, Stock>();
  readonly #reserved = new Map<string, Reserved>();
  readonly #meetings = new Map<string, number>();
  #pauses = 0;
  #isSure = true;

  constructor(options: CrowdOptions, actor: Actor) {
    this.#options = options;
    this.#actor = actor;
  }

  /** Takes in an item as it was read or handed back by a refusal; true when it is sold from several rows. */
  see(stock: Stock): boolean {
    this.#options.memory.saw(stock);
    const isHot = isSpread(stock) && stock.holdPolicy === "counted";
    if (isHot) this.#spread.set(stock.itemId, stock);
    else this.#spread.delete(stock.itemId);
    return isHot;
  }

  /**
   * Reserves what the order wants of hot items; nothing of others. Where its deadline has changed the former
   * reservations are given back. One request for each hot item, all at the same time.
   *
   * @throws ItemsUnavailable, HoldBehind, TryAgain
   */
  async take(wanted: Wanted): Promise<Pieces> {
    await this.#dropOutdated(wanted);
    const missing = wanted.demands.filter(
      ({ itemId }) => this.#spread.has(itemId) && !this.#reserved.has(itemId),
    );
    assertAll(await Promise.allSettled(missing.map((demand) => this.#reserve(demand, wanted))));
    return Object.fromEntries([...this.#reserved].map(([itemId, { pieces }]) => [itemId, pieces]));
  }

  /** The pieces of an item could not all be had after all: they are looked for anew. */
  async drop(itemId: string): Promise<void> {
    const known = this.#reserved.get(itemId);
    this.#reserved.delete(itemId);
    if (known) await this.#giveBack(known);
  }

  /** An attempt may still arrive and make the order: then it needs what was reserved for it. */
  doubt(): void {
    this.#isSure = false;
  }

  /** Whether an attempt that was refused may have made the order by now: one before it got no answer. */
  get isInDoubt(): boolean {
    return !this.#isSure;
  }

  /**
   * Takes in items as they were read for an order that wants them; while somebody spreads one of them it waits,
   * and looks again. One request for each pause; none where nothing is being spread.
   */
  async look(demands: readonly Demand[], stocks: readonly Stock[]): Promise<void> {
    for (const stock of stocks) this.see(stock);
    const ofTurning = stocks.filter((stock) => isTurning(stock, this.#options.clock()));
    const turning = new Set(ofTurning.map(({ itemId }) => itemId));
    if (turning.size === 0) return;
    await this.pause();
    await this.#lookAgain(demands.filter(({ itemId }) => turning.has(itemId)));
  }

  /**
   * Others were at work on these items at the same time. They are looked at: whoever has met enough of them
   * spreads the item, or waits for who does it. One request and a pause.
   *
   * @throws ItemsUnavailable when the units are gone meanwhile
   */
  async meet(demands: readonly Demand[], because: Contended["because"]): Promise<void> {
    const itemIds = demands.map(({ itemId }) => itemId);
    const found = await this.#lookAgain(demands);
    // Two meet by chance; what a row's partition gives is used up by a crowd alone.
    const weight = because === "throttle" ? meetingsToTurn : 1;
    for (const itemId of itemIds) await this.#turnIfCrowded(found.get(itemId), weight);
    const isOpen = itemIds.some((itemId) => !this.#spread.has(itemId));
    if (isOpen || itemIds.length === 0) await this.pause();
  }

  /** The items as of now, once nobody is spreading any of them. */
  async #lookAgain(demands: readonly Demand[]): Promise<Map<string, Stock>> {
    const { database, clock } = this.#options;
    if (demands.length === 0) return new Map();
    const itemIds = demands.map(({ itemId }) => itemId);
    for (;;) {
      const found = await findStocks(database, itemIds);
      const refused = demands.flatMap((demand): FailedItem[] => {
        const stock = found.get(demand.itemId);
        const isHot = stock !== undefined && this.see(stock);
        const why = isHot ? undefined : whyRefused(demand, stock, clock());
        if (stock && why?.reason === "insufficient_stock") this.#rememberSoldOut(stock, why);
        return why ? [why] : [];
      });
      if (refused.length > 0) throw new ItemsUnavailable(refused);
      if (![...found.values()].some((stock) => isTurning(stock, clock()))) return found;
      await this.pause();
    }
  }

  /** Others were at work on it: of a crowd at an empty shelf each function looks only so often. */
  #rememberSoldOut(stock: Stock, { itemId, available }: FailedItem): void {
    const { memory, clock } = this.#options;
    const ends = liveBuckets(stock, clock()).map(({ endsAtMs }) => endsAtMs);
    memory.sawSoldOut(itemId, available, Math.min(...ends));
  }

  /** Waits for others, for longer each time. */
  async pause(): Promise<void> {
    const { clock, sleep, random } = this.#options;
    const pauseMs = random() * Math.min(longestPauseMs, 20 * 2 ** Math.min(this.#pauses, 10));
    this.#pauses += 1;
    if (clock() + pauseMs >= patientUntilMs()) throw outOfPatience();
    await sleep(pauseMs);
  }

  /** Gives back everything: the order was not placed. */
  async giveBackAll(): Promise<void> {
    await Promise.all([...this.#reserved.values()].map((each) => this.#giveBack(each)));
    this.#reserved.clear();
  }

  /** Looks whether the crowd is gone, where it is time to, and brings together what it left. No request otherwise. */
  async settleDown(): Promise<void> {
    for (const stock of this.#spread.values()) await coolDown(this.#options, stock);
  }

  /** What may still be used is left to the end of its bucket. */
  async #giveBack({ wish, pieces }: Reserved): Promise<void> {
    if (this.#isSure) await giveBack(this.#options, wish, pieces);
  }

  /** Gives back what is not for this order any more: another quantity or another deadline is wanted. */
  async #dropOutdated({ order, demands }: Wanted): Promise<void> {
    for (const [itemId, { wish }] of this.#reserved) {
      const { quantity } = demands.find((each) => each.itemId === itemId) ?? {};
      const isSame = quantity === wish.quantity && order.expiresAtMs === wish.expiresAtMs;
      if (!isSame) await this.drop(itemId);
    }
  }

  async #reserve(demand: Demand, { order }: Wanted): Promise<void> {
    const note = changeNote("order.placed", this.#actor, this.#options.clock());
    const wish = { ...demand, ...order, note };
    const stock = this.#spread.get(demand.itemId)!;
    const pieces = await reserve(this.#options, wish, stock);
    this.#reserved.set(demand.itemId, { wish, pieces });
  }

  async #turnIfCrowded(stock: Stock | undefined, weight: number): Promise<void> {
    if (!stock) return;
    const { autoShards, clock, random } = this.#options;
    const { itemId, shards = autoShards, rows = 0, holdPolicy, available } = stock;
    const met = (this.#meetings.get(itemId) ?? 0) + weight;
    this.#meetings.set(itemId, met);
    const said = shardsByHand(stock);
    const canTurn = (said ?? autoShards) >= 2 && holdPolicy === "counted";
    const isCrowd = met >= meetingsToTurn || random() < shareOfQuick;
    // Whoever wanted the rows was kept from making them.
    const isOwed = said !== undefined && rows < said;
    const isWorthIt = isOwed || available >= leastUnitsARow * shards;
    if (!canTurn || !isCrowd || !isWorthIt || isTurning(stock, clock())) return;
    this.see(await turnHot(this.#options, stock, shards));
  }
}
