/**
 * How carts are read, alone or together with the items they speak of, and how an edit of one is carried out.
 * @see docs/decisions/0009-cart-writes.md
 */
import { setTimeout as sleepMs } from "node:timers/promises";
import type { Database } from "../../table/database.ts";
import { noPromotions, parsePriceList, type PriceList } from "../../promotions/price-list.ts";
import { priceListPlace } from "../../promotions/promotion-store.ts";
import { maxBatchKeys } from "../../table/batch-read.ts";
import type { Cart } from "../model/cart.ts";
import { parseCart, type ReadCart, parseReadCart, cartPlace } from "./cart-row.ts";
import { type Clock, systemClock } from "../../base/time.ts";
import type { Stock } from "../../inventory/stock.ts";
import { parseStock, stockRow } from "../../inventory/stock-store.ts";
import { currentOperation } from "../../table/operation.ts";
import { bindAlone, type KeyedRequest, once } from "../../table/request-memory.ts";
import { TransactionRefused } from "../../table/transaction.ts";
import type { Write } from "../../table/write.ts";
import { CartMoved } from "./cart-edits.ts";

/** The cart as of now; an empty one where there is none. One request. */
export async function findCart(database: Database, cartId: string): Promise<Cart> {
  return parseCart(cartId, await database.get("Carts", { cartId }));
}

/** A cart, and what its codes and conditions do not say of prices: the shop's automatic promotions. */
export interface PricedCart {
  readonly cart: ReadCart;
  readonly prices: PriceList;
}

/** A cart together with the shop's price list, unless it has none. One request. */
export async function readPricedCart(
  database: Database,
  cartId: string,
  hasPriceList = true,
): Promise<PricedCart> {
  if (!hasPriceList) {
    const row = await database.get("Carts", { cartId });
    return { cart: parseReadCart(cartId, row), prices: noPromotions };
  }
  const [row, listRow] = await database.getTogether([cartPlace(cartId), priceListPlace(cartId)]);
  return { cart: parseReadCart(cartId, row), prices: parsePriceList(listRow) };
}

/** What reading and settling need; clock, sleep and random are for tests and simulations. */
export interface CartContentsOptions {
  readonly database: Database;
  readonly clock?: Clock;
  readonly sleep?: (durationMs: number) => Promise<unknown>;
  readonly random?: () => number;
  /** Whether there is a price list to be read with carts; true by default. Carts that stand alone have none. */
  readonly hasPriceList?: boolean;
  /** Told of the price list whenever a cart was read: what is answered is priced by it. */
  readonly rememberPrices?: (list: PriceList) => void;
}

/** Carts in the order asked for, and those of the items that exist. */
export interface Contents {
  readonly carts: readonly ReadCart[];
  readonly items: ReadonlyMap<string, Stock>;
}

/** First and longest wait before a cart that keeps moving is tried again. */
const firstBackoffMs = 5;
const longestBackoffMs = 200;
/** How long an operation without a deadline of its own keeps trying. */
const defaultPatienceMs = 10_000;

/** What a refusal of several carts comes to: the one that will not go away first. */
function decisive(error: unknown): unknown {
  if (!(error instanceof TransactionRefused)) return error;
  const errors = error.refusals.map((refusal) => refusal.error);
  return errors.find((each) => !(each instanceof CartMoved)) ?? errors[0];
}

/** Reads and edits contents. Every edit is one guarded write. */
export function createCartContents(options: CartContentsOptions) {
  const { database, clock = systemClock, sleep = sleepMs, random = Math.random } = options;
  const { hasPriceList = true } = options;

  /** Runs `attempt` again, after a little while, as long as carts move under it and time is left. */
  async function untilSettled<T>(
    attempt: (moved: CartMoved | undefined) => Promise<T>,
  ): Promise<T> {
    const deadlineMs = currentOperation()?.deadlineMs ?? clock() + defaultPatienceMs;
    let moved: CartMoved | undefined;
    for (let round = 0; ; round += 1) {
      try {
        return await attempt(moved);
      } catch (refused) {
        const error = decisive(refused);
        if (!(error instanceof CartMoved)) throw error;
        moved = error;
        const waitMs = random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** round);
        if (clock() + waitMs >= deadlineMs) throw error;
        await sleep(waitMs);
      }
    }
  }

  return {
    untilSettled,

    /** Carts and items as of now. One request for up to 100 of them. */
    async read(cartIds: readonly string[], itemIds: readonly string[] = []): Promise<Contents> {
      const items = [...new Set(itemIds)].map((itemId) => stockRow(itemId));
      const places = [...cartIds.map(cartPlace), ...items];
      // The price list comes along where it costs no request of its own.
      const hasRoom = hasPriceList && places.length < maxBatchKeys;
      const list = hasRoom ? [priceListPlace(cartIds[0] ?? "")] : [];
      const rows = await database.getTogether([...places, ...list]);
      if (hasRoom) options.rememberPrices?.(parsePriceList(rows.pop()));
      const stocks = rows.slice(cartIds.length).filter((row) => row !== undefined);
      return {
        carts: cartIds.map((cartId, index) => parseReadCart(cartId, rows[index])),
        items: new Map(stocks.map((row) => [parseStock(row).itemId, parseStock(row)])),
      };
    },

    /**
     * Does one edit and hands back the cart as it is afterwards. One request; with a key two, unless the edit puts the
     * whole cart.
     */
    async apply(cartId: string, write: Write, keyed?: KeyedRequest): Promise<ReadCart> {
      return parseReadCart(cartId, await database.apply(once(write, keyed, clock())));
    },

    /** Binds a key to an edit that had nothing to change: what comes to be there later is not for it either. */
    bindOnly(keyed: KeyedRequest | undefined): Promise<void> {
      return bindAlone(database, keyed, clock());
    },

    /**
     * Does the edit that `plan` makes of a cart. When the cart was another by then, the refusal hands
     * back what it is now, and the edit is planned again from that: one request each.
     */
    settle(
      cart: ReadCart,
      plan: (cart: ReadCart) => Write | Promise<Write>,
      keyed?: KeyedRequest,
    ): Promise<ReadCart> {
      return untilSettled(async (moved) => {
        const current = moved ? parseReadCart(cart.cartId, moved.found) : cart;
        return this.apply(cart.cartId, await plan(current), keyed);
      });
    },
  };
}

/** See `createCartContents`. */
export type CartContents = ReturnType<typeof createCartContents>;
