/** What a stock item is, what an order can take of it, and why it would be refused. */
import { HoldfastError } from "../base/errors.ts";
import { type EpochMs, isExpired } from "../base/time.ts";

/** `counted`: as many buyers as there are units. `exclusive`: one live hold at a time. */
export type HoldPolicy = "counted" | "exclusive";

/** A price in minor units. */
export interface Price {
  readonly amountMinor: number;
  readonly currency: string;
}

/** Units of one item set aside for one order until an instant. */
export interface Hold {
  readonly quantity: number;
  readonly expiresAtMs: number;
  readonly userId: string;
}

/** A hold together with the order it belongs to. */
export interface OrderHold extends Hold {
  readonly orderId: string;
}

/**
 * A stock item: the ledger of its own live holds, so that the conservation law
 * `available + held + sold = received + adjusted` is true inside this one item, at every instant.
 */
export interface Stock extends Price {
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
  readonly holds: Readonly<Record<string, Hold>>;
  readonly createdAtMs: number;
}

/**
 * How many holds one item may carry at once. A hold takes about 100 bytes, so this stays well below
 * DynamoDB's 400 KB for an item; a further buyer is told that the item is busy.
 */
export const maxHolds = 2_000;

/**
 * How many expired holds one write takes over. Each needs an equality test and a removal, and
 * DynamoDB allows 4 KB of expression; more are cleared in steps.
 */
export const maxTakenOver = 50;

/** Why a line of an order was refused, with what the shopper needs to go on. */
export interface FailedItem {
  readonly itemId: string;
  readonly reason: "locked" | "insufficient_stock" | "price_changed" | "not_found";
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
}

/** All holds of an item as a list. */
export function holdsOf(stock: Stock): OrderHold[] {
  return Object.entries(stock.holds).map(([orderId, hold]) => ({ orderId, ...hold }));
}

/** The units set aside in holds, live or over but not yet taken by anybody. */
export function heldUnits(stock: Stock): number {
  return unitsIn(holdsOf(stock));
}

/** The units in these holds together. */
export function unitsIn(holds: readonly OrderHold[]): number {
  return holds.reduce((sum, { quantity }) => sum + quantity, 0);
}

/** None where there is room without them, else the largest first, so that they are as few as can be. */
function holdsToTakeOver(stock: Stock, quantity: number, nowMs: EpochMs): OrderHold[] {
  const holds = holdsOf(stock);
  const expired = holds
    .filter((hold) => isExpired(hold.expiresAtMs, nowMs))
    .toSorted((one, other) => other.quantity - one.quantity);
  if (stock.holdPolicy === "exclusive") return expired;
  const taken: OrderHold[] = [];
  const hasRoom = (): boolean =>
    stock.available + unitsIn(taken) >= quantity && holds.length - taken.length < maxHolds;
  for (const hold of expired) {
    if (hasRoom()) break;
    taken.push(hold);
  }
  return taken;
}

/** Expired holds to clear first, and those to take over in the buyer's own write. */
export interface RoomPlan {
  readonly clearFirst: readonly OrderHold[];
  readonly takeOver: readonly OrderHold[];
}

/** How a buyer of `quantity` units gets room among expired holds. */
export function planRoom(stock: Stock, quantity: number, nowMs: EpochMs): RoomPlan {
  const taken = holdsToTakeOver(stock, quantity, nowMs);
  const surplus = Math.max(0, taken.length - maxTakenOver);
  return { clearFirst: taken.slice(0, surplus), takeOver: taken.slice(surplus) };
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
  const { itemId, quantity: requested, price } = demand;
  if (!stock) return { itemId, reason: "not_found", available: 0, requested };
  const live = holdsOf(stock).filter((hold) => !isExpired(hold.expiresAtMs, nowMs));
  const available = stock.available + heldUnits(stock) - unitsIn(live);
  const facts = { itemId, available, requested };
  if (price && (price.amountMinor !== stock.amountMinor || price.currency !== stock.currency)) {
    const { amountMinor, currency } = stock;
    return { ...facts, reason: "price_changed", price: { amountMinor, currency } };
  }
  if (live.length > 0 && stock.holdPolicy === "exclusive") {
    const lockedUntilMs = Math.max(...live.map(({ expiresAtMs }) => expiresAtMs));
    return { ...facts, reason: "locked", lockedUntilMs };
  }
  if (available < requested) return { ...facts, reason: "insufficient_stock" };
  if (live.length >= maxHolds) {
    const lockedUntilMs = Math.min(...live.map(({ expiresAtMs }) => expiresAtMs));
    return { ...facts, reason: "locked", lockedUntilMs };
  }
  return undefined;
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
  constructor(itemId: string, orderId: string) {
    super("HOLD_GONE", "The hold has ended", { itemId, orderId });
  }
}
