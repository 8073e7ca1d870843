/**
 * Reads what is ordered and drafts the order of it: id, lines, total, deadline.
 *
 * @see docs/decisions/0003-order-ids.md
 */
import { HoldfastError } from "../base/errors.ts";
import { derivedId, randomId } from "../base/ids.ts";
import type { EpochMs } from "../base/time.ts";
import { type Cart, makeCartId, liveLock } from "../carts/model/cart.ts";
import { priceForOrder } from "../carts/model/pricing.ts";
import type { ReadCart } from "../carts/storage/cart-row.ts";
import { readCart } from "../carts/storage/cart-store.ts";
import { deadlineAfter } from "../inventory/deadline.ts";
import { type Demand, ItemsUnavailable, type Stock } from "../inventory/stock.ts";
import { findStocks } from "../inventory/stock-store.ts";
import type { Database } from "../table/database.ts";
import { pickDueShard } from "./due-shards.ts";
import { payIfFree } from "./free-order.ts";
import { type Order, OrderExists, type PaymentMethod, sumDemand } from "./order.ts";
import { pickChoices } from "./order-choices.ts";
import {
  checkAttributes,
  checkVendor,
  priceDemand,
  inlineLines,
  oneCurrency,
  type PricedDemand,
  sumLines,
} from "./order-lines.ts";
import {
  checkTotal,
  fingerprintOrder,
  makeOrderId,
  type OrderSource,
  type PlaceOrder,
} from "./order-request.ts";
import { findOrder } from "./order-store.ts";
import type { CrowdOptions } from "./order-taking.ts";
import { checkUnits, type Shopper, type ShopperLimits } from "./shopper.ts";

/** What placing orders takes. */
export interface PlacingOptions extends CrowdOptions {
  /** How long a new order holds its units, in milliseconds. */
  readonly holdMs: number;
  /** The partitions of the index of due orders that new ones go to; 1 to `mostDueShards`. */
  readonly dueShards?: number;
  /** What one shopper may withhold; see `shopper.ts`. */
  readonly limits: ShopperLimits;
  /** Refuses what the chosen provider would not take, before anything is held or locked. */
  readonly assertPayable?: (
    method: PaymentMethod,
    amount: { readonly amountMinor: number; readonly currency: string },
  ) => Promise<void>;
}

/** An order that is about to be placed, with what its transaction must find unchanged. */
export interface Draft {
  readonly order: Order;
  readonly cart?: ReadCart;
  readonly demands: readonly PricedDemand[];
  /** The items as they were read for it, where they were. */
  readonly stocks?: readonly Stock[];
  /** Some of them are only remembered: their prices may have changed. */
  readonly isFromMemory?: boolean;
  /** The shopper as a refusal showed it, with orders whose time is over. */
  readonly shopper?: Shopper;
}

type CartSource = Extract<OrderSource, { kind: "cart" }>;
type ItemsSource = Extract<OrderSource, { kind: "items" }>;

/** Which order of this cart it is: the number of those before, not counting the one that locks it. */
function checkoutNumber(cart: Cart, nowMs: EpochMs): number {
  return liveLock(cart, nowMs) ? cart.checkouts - 1 : cart.checkouts;
}

type Contents = Pick<Order, "orderId" | "lines" | "totalMinor" | "currency" | "cart">;

function makeOrder(
  { holdMs, dueShards, limits }: PlacingOptions,
  request: PlaceOrder,
  contents: Contents,
  createdAtMs: EpochMs,
): Order {
  const { userId, vendorId = null } = request;
  checkAttributes(contents.lines);
  checkVendor(vendorId, contents.lines);
  checkTotal(request, contents.totalMinor, contents.currency);
  const expiresAtMs = deadlineAfter(createdAtMs, holdMs);
  return payIfFree({
    ...contents,
    userId,
    status: "pending",
    ...pickChoices(request),
    vendorId,
    fingerprint: fingerprintOrder(request),
    createdAtMs,
    expiresAtMs,
    dueShard: pickDueShard(contents, dueShards),
    dueAtMs: expiresAtMs,
    ...(limits.maxOpenOrders > 0 ? { isCounted: true as const } : {}),
  });
}

/** What cannot be drafted (any more) may have been ordered before by this very request. */
async function orExisting<T>(database: Database, orderId: string, draft: () => T): Promise<T> {
  try {
    return draft();
  } catch (error) {
    const existing =
      error instanceof HoldfastError ? await findOrder(database, orderId) : undefined;
    throw existing ? new OrderExists(existing) : error;
  }
}

/** What was sold out a moment ago is not asked for again. */
function assertNotSoldOut({ memory }: PlacingOptions, demands: readonly Demand[]): void {
  const failed = demands.flatMap((demand) => memory.soldOut(demand) ?? []);
  if (failed.length > 0) throw new ItemsUnavailable(failed);
}

async function fromCart(parts: PlacingOptions, request: PlaceOrder, source: CartSource) {
  const { database, clock } = parts;
  const { sessionId } = source;
  const cart = await readCart(database, makeCartId(request.userId, sessionId));
  const nowMs = clock();
  const { cartId, version } = cart;
  const keyless = () => derivedId("ord", cartId, version, checkoutNumber(cart, nowMs));
  const orderId = makeOrderId(request, keyless);
  return orExisting(database, orderId, (): Draft => {
    const priced = priceForOrder(cart, source.instances);
    const { lines, totalMinor, currency, instances, conditions } = priced;
    const ordered = { cartId, sessionId, version, instances, conditions };
    const contents = { orderId, lines, totalMinor, currency, cart: ordered };
    const order = makeOrder(parts, request, contents, nowMs);
    const demands = priceDemand(lines, currency);
    checkUnits(demands, parts.limits);
    assertNotSoldOut(parts, demands);
    const stocks = demands.flatMap(({ itemId }) => parts.memory.hot(itemId) ?? []);
    return { order, cart, demands, stocks };
  });
}

/** The items as they were read just now, or are remembered to be hot. */
async function findOrdered({ database, memory }: PlacingOptions, itemIds: readonly string[]) {
  const known = [...new Set(itemIds)].flatMap((itemId) => memory.hot(itemId) ?? []);
  const remembered = new Map(known.map((stock) => [stock.itemId, stock]));
  const unknown = itemIds.filter((itemId) => !remembered.has(itemId));
  const found = unknown.length > 0 ? await findStocks(database, unknown) : new Map<string, Stock>();
  return { stocks: new Map([...remembered, ...found]), isFromMemory: known.length > 0 };
}

async function fromItems(parts: PlacingOptions, request: PlaceOrder, source: ItemsSource) {
  const { database, clock } = parts;
  const orderId = makeOrderId(request, () => randomId("ord"));
  await orExisting(database, orderId, () => assertNotSoldOut(parts, sumDemand(source.items)));
  const itemIds = source.items.map(({ itemId }) => itemId);
  const { stocks, isFromMemory } = await findOrdered(parts, itemIds);
  const nowMs = clock();
  return orExisting(database, orderId, (): Draft => {
    const lines = inlineLines(source.items, stocks, nowMs);
    const currency = oneCurrency(stocks.values());
    const contents = { orderId, lines, totalMinor: sumLines(lines), currency };
    const order = makeOrder(parts, request, contents, nowMs);
    const demands = priceDemand(lines, currency);
    checkUnits(demands, parts.limits);
    return { order, demands, stocks: [...stocks.values()], isFromMemory };
  });
}

/**
 * Drafts an order with one read (and a second one only where nothing can be ordered).
 *
 * @throws OrderExists when nothing can be ordered because this very request has done so before
 */
export function draftOrder(parts: PlacingOptions, request: PlaceOrder): Promise<Draft> {
  const { source } = request;
  return source.kind === "cart"
    ? fromCart(parts, request, source)
    : fromItems(parts, request, source);
}
