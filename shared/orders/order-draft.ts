/** Reads what is ordered and drafts the order of it: id, lines, total, deadline. */
import type { Actor } from "../base/actor.ts";
import { HoldfastError, InvalidRequest, TooLarge } from "../base/errors.ts";
import { derivedId, fingerprint, randomId } from "../base/ids.ts";
import type { Clock, EpochMs } from "../base/time.ts";
import {
  type Cart,
  CartLocked,
  makeCartId,
  CurrencyMismatch,
  liveLock,
} from "../carts/model/cart.ts";
import { findCart } from "../carts/storage/cart-store.ts";
import { priceForOrder } from "../carts/model/pricing.ts";
import { deadlineAfter } from "../inventory/deadline.ts";
import {
  type Demand,
  ItemsUnavailable,
  type Price,
  type Stock,
  whyRefused,
} from "../inventory/stock.ts";
import { findStocks } from "../inventory/stock-store.ts";
import type { Database } from "../table/database.ts";
import {
  sumDemand,
  IdempotencyKeyReused,
  maxOrderItems,
  type Order,
  OrderExists,
  type OrderLine,
  type PaymentMethod,
  type PendingOrder,
} from "./order.ts";
import { findOrder } from "./order-store.ts";

/** What is ordered: a session's cart, or items without one. */
export type OrderSource =
  | {
      readonly kind: "cart";
      readonly sessionId: string;
      readonly instances?: readonly string[] | undefined;
    }
  | {
      readonly kind: "items";
      readonly items: readonly { itemId: string; quantity: number; kind?: string | undefined }[];
    };

/** A request to place an order. */
export interface PlaceOrder {
  readonly userId: string;
  readonly actor: Actor;
  readonly source: OrderSource;
  readonly paymentMethod: PaymentMethod;
  readonly vendorId?: string | undefined;
  /** The client's idempotency key; keys belong to one user. */
  readonly idempotencyKey?: string | undefined;
}

/** What placing orders takes. */
export interface PlacingOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** How long a new order holds its units, in milliseconds. */
  readonly holdMs: number;
  /** The partitions of the index of due orders that new ones go to; 1 to `mostDueShards`. */
  readonly dueShards?: number;
  /** Refuses what the chosen provider would not take, before anything is held or locked. */
  readonly assertPayable?: (
    method: PaymentMethod,
    amount: { readonly amountMinor: number; readonly currency: string },
  ) => Promise<void>;
}

/** An order that is about to be placed, with what its transaction must find unchanged. */
export interface Draft {
  readonly order: Order;
  readonly cart?: Cart;
  readonly demands: readonly (Demand & { readonly price: Price })[];
}

type CartSource = Extract<OrderSource, { kind: "cart" }>;
type ItemsSource = Extract<OrderSource, { kind: "items" }>;

/** What a request asks for, whatever its key: tells a repetition from a reuse. */
function fingerprintOrder({ source, paymentMethod, vendorId }: PlaceOrder): string {
  return fingerprint({ source, paymentMethod, vendorId });
}

/**
 * The order of an earlier request, if this request is the same.
 *
 * @throws IdempotencyKeyReused when the key came with a different request before
 * @throws CartLocked when there is no key and the cart is being paid for in another way
 */
export function sameRequest(order: Order, request: PlaceOrder): Order {
  if (order.fingerprint === fingerprintOrder(request)) return order;
  if (request.idempotencyKey !== undefined) throw new IdempotencyKeyReused();
  throw new CartLocked(order);
}

/** Which order of this cart it is: the number of those before, not counting the one that locks it. */
function checkoutNumber(cart: Cart, nowMs: EpochMs): number {
  return liveLock(cart, nowMs) ? cart.checkouts - 1 : cart.checkouts;
}

function makeOrderId(request: PlaceOrder, withoutKey: () => string): string {
  const { userId, idempotencyKey } = request;
  return idempotencyKey === undefined ? withoutKey() : derivedId("ord", userId, idempotencyKey);
}

/** A price that no item has: lines that disagree cannot all be up to date, so the hold is refused. */
const noPrice = -1;

function priceSeen(lines: readonly OrderLine[], wanted: string): number {
  const own = lines.filter(({ itemId }) => itemId === wanted);
  const [amount = noPrice, ...others] = new Set(own.map(({ unitPriceMinor }) => unitPriceMinor));
  return others.length === 0 ? amount : noPrice;
}

/** One price per item, as the lines show it. */
function priceDemand(lines: readonly OrderLine[], currency: string): Draft["demands"] {
  const demands = sumDemand(lines);
  if (demands.length > maxOrderItems) {
    throw new TooLarge(`An order has at most ${maxOrderItems} different items`, maxOrderItems);
  }
  return demands.map((demand) => {
    return { ...demand, price: { amountMinor: priceSeen(lines, demand.itemId), currency } };
  });
}

/** The lines of inline items at today's prices; what is missing or of another kind is refused. */
function inlineLines({ items }: ItemsSource, stocks: ReadonlyMap<string, Stock>, nowMs: EpochMs) {
  const failed = items.flatMap((item) => {
    const stock = stocks.get(item.itemId);
    const found = item.kind === undefined || stock?.kind === item.kind ? stock : undefined;
    return found ? [] : (whyRefused(item, undefined, nowMs) ?? []);
  });
  if (failed.length > 0) throw new ItemsUnavailable(failed);
  return items.map(({ itemId, quantity }): OrderLine => {
    const { name, kind, vendorId, amountMinor } = stocks.get(itemId)!;
    const lineTotalMinor = quantity * amountMinor;
    const price = { unitPriceMinor: amountMinor, lineTotalMinor, adjustmentMinor: 0 };
    return { itemId, name, kind, vendorId, quantity, ...price };
  });
}

/** The vendor that an order is credited to is that of its goods: who pays does not choose who is paid. */
function checkVendor(vendorId: string | undefined, lines: readonly OrderLine[]): void {
  const other = lines.find((line) => vendorId !== undefined && line.vendorId !== vendorId);
  if (!other) return;
  const message = `is not the vendor of ${other.itemId}`;
  throw new InvalidRequest([{ path: "vendorId", message }]);
}

function oneCurrency(stocks: Iterable<Stock>): string {
  const currencies = new Set([...stocks].map(({ currency }) => currency));
  const [first = "", second] = currencies;
  if (second !== undefined) throw new CurrencyMismatch(first, second);
  return first;
}

type Contents = Pick<Order, "lines" | "totalMinor" | "currency" | "cart">;

function makeOrder(
  request: PlaceOrder,
  orderId: string,
  [createdAtMs, expiresAtMs]: readonly [EpochMs, EpochMs],
  contents: Contents,
): PendingOrder {
  const { userId, paymentMethod, vendorId = null } = request;
  checkVendor(request.vendorId, contents.lines);
  const facts = { orderId, userId, status: "pending" as const, paymentMethod, vendorId };
  return {
    ...facts,
    ...contents,
    fingerprint: fingerprintOrder(request),
    createdAtMs,
    expiresAtMs,
  };
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

async function fromCart(parts: PlacingOptions, request: PlaceOrder, source: CartSource) {
  const { database, clock, holdMs } = parts;
  const { sessionId } = source;
  const cart = await findCart(database, makeCartId(request.userId, sessionId));
  const nowMs = clock();
  const { cartId, version } = cart;
  const keyless = () => derivedId("ord", cartId, version, checkoutNumber(cart, nowMs));
  const orderId = makeOrderId(request, keyless);
  return orExisting(database, orderId, (): Draft => {
    const priced = priceForOrder(cart, source.instances);
    const { lines, totalMinor, currency, instances, conditions } = priced;
    const ordered = { cartId, sessionId, version, instances, conditions };
    const contents = { lines, totalMinor, currency, cart: ordered };
    const order = makeOrder(request, orderId, [nowMs, deadlineAfter(nowMs, holdMs)], contents);
    return { order, cart, demands: priceDemand(lines, currency) };
  });
}

async function fromItems(parts: PlacingOptions, request: PlaceOrder, source: ItemsSource) {
  const { database, clock, holdMs } = parts;
  const stocks = await findStocks(
    database,
    source.items.map(({ itemId }) => itemId),
  );
  const nowMs = clock();
  const orderId = makeOrderId(request, () => randomId("ord"));
  return orExisting(database, orderId, (): Draft => {
    const lines = inlineLines(source, stocks, nowMs);
    const currency = oneCurrency(stocks.values());
    const totalMinor = lines.reduce((sum, { lineTotalMinor }) => sum + lineTotalMinor, 0);
    const contents = { lines, totalMinor, currency };
    const order = makeOrder(request, orderId, [nowMs, deadlineAfter(nowMs, holdMs)], contents);
    return { order, demands: priceDemand(lines, currency) };
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
