/**
 * Reads what is ordered and drafts the order of it: id, lines, total, deadline.
 *
 * @see docs/decisions/0003-order-ids.md
 */
import { HoldfastError } from "../base/errors.ts";
import { derivedId } from "../base/derived-ids.ts";
import { randomId } from "../base/ids.ts";
import type { EpochMs } from "../base/time.ts";
import { type Cart, makeCartId, liveLock } from "../carts/model/cart.ts";
import { listCodes, selectRules } from "../carts/model/price-rules.ts";
import { priceForOrder, priceLines } from "../carts/model/pricing.ts";
import type { ReadCart } from "../carts/storage/cart-row.ts";
import { type PricedCart, readPricedCart } from "../carts/storage/cart-store.ts";
import { checkPerOrder } from "../inventory/item-limits.ts";
import type { HoldMemory } from "../insight/hold-memory.ts";
import { type Demand, ItemsUnavailable, type Stock } from "../inventory/stock.ts";
import type { PriceList } from "../promotions/price-list.ts";
import { findPromotions } from "../promotions/promotion-store.ts";
import type { Database } from "../table/database.ts";
import { listCounted, pickPromised, makeOrder, type OrderTerms } from "./new-order.ts";
import { type Order, OrderExists, type PaymentMethod, sumDemand } from "./order.ts";
import { inlineLines, limitsInCart, oneCurrency, priceDemand } from "./order-lines.ts";
import { makeOrderId, type OrderSource, type PlaceOrder } from "./order-request.ts";
import { findOrdered, type ItemSources } from "./ordered-items.ts";
import { findOrder } from "./order-store.ts";
import type { CrowdOptions } from "./order-taking.ts";
import type { Taken } from "./allowance.ts";
import { checkUnits, type Shopper } from "./shopper.ts";
import { planPromotions, type PromotionParts } from "./order-uses.ts";

/** What placing orders takes. */
export interface PlacingOptions extends CrowdOptions, OrderTerms, ItemSources {
  /** Knows for how long orders are held, where such times are learned. */
  readonly holds?: HoldMemory;
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
  readonly demands: readonly Demand[];
  readonly promotions: PromotionParts;
  /** The items as they were read for it, where they were. */
  readonly stocks?: readonly Stock[];
  /** Some of them are only remembered: their prices may have changed. */
  readonly isFromMemory?: boolean;
  /** The shopper as a refusal showed it, with orders whose time is over. */
  readonly shopper?: Shopper;
  /** What the shopper has of limited items, where a refusal showed it, with shares whose time is over. */
  readonly taken?: ReadonlyMap<string, Taken>;
}

type CartSource = Extract<OrderSource, { kind: "cart" }>;
type ItemsSource = Extract<OrderSource, { kind: "items" }>;

/** Which order of this cart it is: the number of those before, not counting the one that locks it. */
function checkoutNumber(cart: Cart, nowMs: EpochMs): number {
  return liveLock(cart, nowMs) ? cart.checkouts - 1 : cart.checkouts;
}

/** What a refusal has shown since the draft before. */
export interface Anew {
  /** The codes in a cart are looked at as they are now. */
  readonly codes?: boolean;
  /** Items whose own limits are others than were seen. */
  readonly limits?: ReadonlyMap<string, number | null>;
}

/** What cannot be drafted (any more) may have been ordered before by this very request. */
async function orExisting<T>(
  database: Database,
  orderId: string,
  draft: () => T | Promise<T>,
): Promise<T> {
  try {
    return await draft();
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

/**
 * By the codes of the cart as they were entered, so that no request is spent on them. Where that comes to nothing
 * they are looked at as they are now (1 request): the transaction finds out about the others.
 */
async function byCodes(
  { database }: PlacingOptions,
  { cart, prices }: PricedCart,
  draft: (prices: PriceList) => Draft,
  anew: boolean,
): Promise<Draft> {
  const codes = listCodes(cart);
  if (codes.length === 0) return draft(prices);
  try {
    if (!anew) return draft(prices);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
  return draft({ ...prices, codes: await findPromotions(database, codes) });
}

async function fromCart(
  parts: PlacingOptions,
  request: PlaceOrder,
  source: CartSource,
  { codes = false, limits }: Anew,
) {
  const { database, clock } = parts;
  const { sessionId } = source;
  const read = await readPricedCart(database, makeCartId(request.userId, sessionId));
  const { cart } = read;
  const nowMs = clock();
  const { cartId, version } = cart;
  const keyless = () => derivedId("ord", cartId, version, checkoutNumber(cart, nowMs));
  const orderId = makeOrderId(request, keyless);
  const draft = (prices: PriceList): Draft => {
    const priced = priceForOrder(cart, source.instances, (wanted) =>
      selectRules(wanted, { prices, nowMs }),
    );
    const { lines, totalMinor, currency, adjustments, instances, conditions } = priced;
    const ordered = { cartId, sessionId, version, instances, conditions, codes: priced.codes };
    const promotions = planPromotions(priced.applied, prices, { ...request, orderId });
    const price = { lines, totalMinor, currency, adjustments, ...pickPromised(promotions) };
    const demands = priceDemand(lines, currency, limitsInCart(cart, limits));
    const counted = listCounted(demands);
    const contents = { orderId, ...price, ...counted, cart: ordered };
    const stocks = demands.flatMap(({ itemId }) => parts.memory.hot(itemId) ?? []);
    const order = makeOrder(parts, request, { ...contents, stocks }, nowMs);
    checkUnits(demands, parts.limits);
    assertNotSoldOut(parts, demands);
    return { order, cart, demands, promotions, stocks };
  };
  return orExisting(database, orderId, () => byCodes(parts, read, draft, codes));
}

/** What a catalogue prices is bought at that, whatever the stock's row says; its order remembers it. */
function anyPrice(demands: readonly Demand[]) {
  const unpriced = demands.map(({ price: _unchecked, ...demand }): Demand => demand);
  return { demands: unpriced, isPricedElsewhere: true as const };
}

async function fromItems(
  parts: PlacingOptions,
  request: PlaceOrder,
  source: ItemsSource,
  { codes: anew = false, limits }: Anew,
) {
  const { database, clock, catalogue } = parts;
  const orderId = makeOrderId(request, () => randomId("ord"));
  await orExisting(database, orderId, () => assertNotSoldOut(parts, sumDemand(source.items)));
  const itemIds = source.items.map(({ itemId }) => itemId);
  const { stocks, isFromMemory, prices } = await findOrdered(parts, itemIds, {
    orderId,
    anew,
  });
  const nowMs = clock();
  return orExisting(database, orderId, (): Draft => {
    const wanted = inlineLines(source.items, stocks, nowMs);
    const currency = oneCurrency(stocks.values());
    const given = { lines: wanted, conditions: [] };
    const { rules, applied } = selectRules([given], { prices, nowMs });
    const promotions = planPromotions(applied, prices, { ...request, orderId });
    const price = { ...priceLines(wanted, rules, currency), currency, ...pickPromised(promotions) };
    const limitSeen = (itemId: string): number | null =>
      (limits?.has(itemId) ? limits.get(itemId) : stocks.get(itemId)?.perShopper) ?? null;
    const atPrices = priceDemand(wanted, currency, limitSeen);
    const { demands, ...priced } = catalogue ? anyPrice(atPrices) : { demands: atPrices };
    for (const demand of demands) checkPerOrder(demand, stocks.get(demand.itemId)!);
    const counted = listCounted(demands);
    const seen = [...stocks.values()];
    const contents = { orderId, ...price, ...counted, ...priced, stocks: seen };
    const order = makeOrder(parts, request, contents, nowMs);
    checkUnits(demands, parts.limits);
    return { order, demands, promotions, stocks: seen, isFromMemory };
  });
}

/**
 * Drafts an order with one read (and a second one only where nothing can be ordered). Where the codes in a cart
 * are looked at `anew` one more; and one a minute where hold times are learned.
 *
 * @throws OrderExists when nothing can be ordered because this very request has done so before
 */
export async function draftOrder(
  parts: PlacingOptions,
  request: PlaceOrder,
  anew: Anew = {},
): Promise<Draft> {
  const { source, paymentMethod } = request;
  const decideHold = await parts.holds?.prepare(paymentMethod);
  const decided = decideHold ? { ...parts, decideHold } : parts;
  return source.kind === "cart"
    ? fromCart(decided, request, source, anew)
    : fromItems(decided, request, source, anew);
}

/** Whether the price of now is another one than a memory had: what is ordered is looked up again then. */
export function isOutdated({ isFromMemory = false }: Draft, error: unknown): boolean {
  if (!isFromMemory || !(error instanceof ItemsUnavailable)) return false;
  return error.failedItems.some(({ reason }) => reason === "price_changed");
}
