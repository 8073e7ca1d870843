/** What a stock item is, what an order can take of it, and why it would be refused. */
import type { ChangeNote } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";
import { expiredUnits, liveBuckets } from "./buckets.ts";

/** `counted`: as many buyers as there are units. `exclusive`: one live hold at a time. */
export const holdPolicies = ["counted", "exclusive"] as const;

/** One of these. */
export type HoldPolicy = (typeof holdPolicies)[number];

/** A price in minor units. */
export interface Price {
  readonly amountMinor: number;
  readonly currency: string;
}

/** When an item can be ordered: from the first instant on, and from the second on no more; and whether at all. */
export interface SaleWindow {
  readonly saleStartsAtMs?: number;
  readonly saleEndsAtMs?: number;
  /** Withdrawn since then: it is neither listed nor sold, and what was held or sold of it goes on. */
  readonly archivedAtMs?: number;
}

/** Whether the shop sells the item at this instant. */
export function isForSale(
  { saleStartsAtMs = 0, saleEndsAtMs = Infinity, archivedAtMs }: SaleWindow,
  nowMs: number,
): boolean {
  return archivedAtMs === undefined && saleStartsAtMs <= nowMs && nowMs < saleEndsAtMs;
}

/** How much of an item the shop gives to one order, and to one shopper in all; left out without a limit. */
export interface ItemLimits {
  readonly perOrder?: number;
  readonly perShopper?: number;
}

/**
 * A stock item: it counts its own holds, so that the conservation law
 * `available + held + sold = received + adjusted` is true inside this one row, at every instant. The row
 * stays small however many hold of it: it says how many units end when, not whose they are. The order
 * says that, and changes in the same transaction.
 */
export interface Stock extends Price, ItemLimits, SaleWindow {
  readonly itemId: string;
  readonly name: string;
  readonly kind: string;
  readonly vendorId: string | null;
  readonly holdPolicy: HoldPolicy;
  /** Units that nobody holds. Never below 0. */
  readonly available: number;
  readonly sold: number;
  readonly received: number;
  readonly adjusted: number;
  /** Units in holds, also in expired ones until somebody takes them over: the sum of `due`. */
  readonly held: number;
  /** How many units are held until which instant; see `bucketKey` for the names. */
  readonly due: Readonly<Record<string, number>>;
  /**
   * The watermark: what was held until this instant or before was taken over. It only grows, so a hold
   * that ends later is still the order's, whatever anybody's clock says.
   */
  readonly reclaimedThroughMs: number;
  readonly createdAtMs: number;
  /** From how many further rows it is sold, while it is hot; a plain item has no such number. */
  readonly shards?: number;
  /** The highest number that a row of the item ever had; see `hot/row-place.ts`. */
  readonly rows?: number;
  /** Units that are in those rows instead of here: held, sold, or to be had there. */
  readonly away?: number;
  /** Until then somebody spreads its units over rows, and nobody else holds any. */
  readonly turningUntilMs?: number;
  /** It turned hot by itself; from then on the next order looks whether the crowd is still there. */
  readonly coolsAfterMs?: number;
  /** There is a row that tells more about it: a description or a picture. */
  readonly hasAbout?: true;
  /** Others wait in line for it: no order passes them; see `line/item-line-store.ts`. */
  readonly hasLine?: true;
  /** Counts the changes of name, price and the like, so that no row gets those of before. */
  readonly factsRevision?: number;
}

/** A stock item as it is stored. */
export interface StockRow extends Stock {
  readonly shard: number;
  /** The item that a further row belongs to, and its number. */
  readonly item: string;
  readonly row: number;
  /**
   * Whoever opens a settlement row of this further row notes that; rows of builds that did not are without it until
   * nothing of that time is left in them.
   */
  readonly notesOpenings?: true;
  /** The partition of the index of all items. */
  readonly catalog: string;
  readonly change: ChangeNote;
}

/** Whether units of the item are in other rows than the one that every item has. */
export function isSpread({ away = 0, shards }: Stock): boolean {
  return away > 0 || shards !== undefined;
}

/** Why a line of an order was refused, with what the shopper needs to go on. */
export interface FailedItem {
  readonly itemId: string;
  readonly reason: "locked" | "insufficient_stock" | "price_changed" | "not_found" | "not_for_sale";
  readonly available: number;
  readonly requested: number;
  readonly lockedUntilMs?: number;
  /** The price of now, when it is not the one that the shopper saw. */
  readonly price?: Price;
}

/** What an order wants of one item, at the price that the shopper saw. */
export interface Demand {
  readonly itemId: string;
  readonly quantity: number;
  readonly price?: Price | undefined;
  /** What it may cost at the most, where the shopper has paid that already. */
  readonly ceiling?: Price | undefined;
  /**
   * The item's limit for each shopper as the order saw it, null for none: what is counted by it is checked with
   * the hold. Left out where the item's limits are of no concern.
   */
  readonly perShopper?: number | null | undefined;
}

/** Whether an item costs what this demand is for: the price that was seen, or no more than was paid. */
function isAtPrice({ price, ceiling }: Demand, { amountMinor, currency }: Price): boolean {
  const isAsSeen = !price || (price.amountMinor === amountMinor && price.currency === currency);
  const isBelow = !ceiling || (amountMinor <= ceiling.amountMinor && ceiling.currency === currency);
  return isAsSeen && isBelow;
}

/**
 * Why this demand cannot be met at this instant, or undefined when it can: at once or by taking over
 * expired holds. An expired hold never counts against a buyer.
 */
export function whyRefused(
  demand: Demand,
  stock: Stock | undefined,
  nowMs: EpochMs,
): FailedItem | undefined {
  const { itemId, quantity: requested } = demand;
  if (!stock) return { itemId, reason: "not_found", available: 0, requested };
  const live = liveBuckets(stock, nowMs);
  const available = stock.available + expiredUnits(stock, nowMs);
  const facts = { itemId, available, requested };
  if (!isForSale(stock, nowMs)) return { ...facts, reason: "not_for_sale" };
  if (!isAtPrice(demand, stock)) {
    const { amountMinor, currency } = stock;
    return { ...facts, reason: "price_changed", price: { amountMinor, currency } };
  }
  if (live.length > 0 && stock.holdPolicy === "exclusive") {
    const lockedUntilMs = Math.max(...live.map(({ endsAtMs }) => endsAtMs));
    return { ...facts, reason: "locked", lockedUntilMs };
  }
  return available < requested ? { ...facts, reason: "insufficient_stock" } : undefined;
}

const lockedDetail = "Item is currently being processed by another user";

/** Some lines of an order cannot be had; nothing was held. `failedItems` names every one of them. */
export class ItemsUnavailable extends HoldfastError {
  readonly failedItems: readonly FailedItem[];

  constructor(failedItems: readonly FailedItem[]) {
    const locked = failedItems.some(({ reason }) => reason === "locked");
    const names = failedItems.map(({ itemId, reason }) => `${itemId} (${reason})`).join(", ");
    super("ITEMS_UNAVAILABLE", locked ? lockedDetail : `Not available: ${names}`, { failedItems });
    this.failedItems = failedItems;
  }
}

/** There is no such item. */
export class ItemNotFound extends HoldfastError {
  constructor(itemId: string) {
    super("ITEM_NOT_FOUND", `There is no item ${itemId}`, { itemId });
  }
}

/** There is an item of this id already; nothing was changed. */
export class ItemExists extends HoldfastError {
  constructor(itemId: string) {
    super("ITEM_EXISTS", `There is an item ${itemId} already`, { itemId });
  }
}

/** The order's hold on this item has ended: it was sold, released or taken over. */
export class HoldGone extends HoldfastError {
  constructor(itemId: string) {
    super("HOLD_GONE", "The hold has ended", { itemId });
  }
}
