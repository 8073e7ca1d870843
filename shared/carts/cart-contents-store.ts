/** How the contents of carts are read, together with the items they speak of, and edited. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { type Clock, systemClock } from "../base/time.ts";
import type { Stock } from "../inventory/stock.ts";
import { stockKey, stockOf } from "../inventory/stock-store.ts";
import type { Database } from "../table/database.ts";
import { currentOperation } from "../table/operation.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Row, Write } from "../table/write.ts";
import { CartMoved } from "./cart-edits.ts";
import {
  addLineWrite,
  changeQuantityWrite,
  removeConditionWrite,
  removeLineWrite,
  removeMetadataWrite,
  setConditionWrite,
  setMetadataWrite,
} from "./cart-key-edits.ts";
import { type ReadCart, replaceWrite } from "./cart-replacement.ts";
import { cartOf } from "./cart-row.ts";

/** Where carts and items are kept; clock, sleep and random are for tests and simulations. */
export interface CartContentsStoreOptions {
  readonly database: Database;
  readonly tableName: string;
  readonly stockTable: string;
  readonly clock?: Clock;
  readonly sleep?: (durationMs: number) => Promise<unknown>;
  readonly random?: () => number;
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

/** The cart of a stored row, remembering the row. */
export function readCartOf(cartId: string, row: Row | undefined): ReadCart {
  return { ...cartOf(cartId, row), row };
}

/** What a refusal of several carts comes to: the one that will not go away first. */
function decisive(error: unknown): unknown {
  if (!(error instanceof TransactionRefused)) return error;
  const errors = error.refusals.map((refusal) => refusal.error);
  return errors.find((each) => !(each instanceof CartMoved)) ?? errors[0];
}

/** Reads and edits contents. Every edit is one guarded write. */
export function createCartContentsStore(options: CartContentsStoreOptions) {
  const { database, tableName: table, stockTable } = options;
  const { clock = systemClock, sleep = sleepMs, random = Math.random } = options;

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
      const rows = await database.getTogether([
        ...cartIds.map((cartId) => ({ table, key: { cartId } })),
        ...[...new Set(itemIds)].map((itemId) => ({ table: stockTable, key: stockKey(itemId) })),
      ]);
      const stocks = rows.slice(cartIds.length).filter((row) => row !== undefined);
      return {
        carts: cartIds.map((cartId, index) => readCartOf(cartId, rows[index])),
        items: new Map(stocks.map((row) => [stockOf(row).itemId, stockOf(row)])),
      };
    },

    /** Does one edit and hands back the cart as it is afterwards. One request. */
    async apply(cartId: string, write: Write): Promise<ReadCart> {
      return readCartOf(cartId, await database.apply(write));
    },

    /**
     * Does the edit that `plan` makes of a cart. When the cart was another by then, the refusal hands
     * back what it is now, and the edit is planned again from that: one request each.
     */
    settle(cart: ReadCart, plan: (cart: ReadCart) => Write | Promise<Write>): Promise<ReadCart> {
      return untilSettled(async (moved) => {
        const current = moved ? readCartOf(cart.cartId, moved.found) : cart;
        return this.apply(cart.cartId, await plan(current));
      });
    },

    /** See `addLineWrite`. */
    addLineWrite: addLineWrite.bind(undefined, table),
    /** See `changeQuantityWrite`. */
    changeQuantityWrite: changeQuantityWrite.bind(undefined, table),
    /** See `removeLineWrite`. */
    removeLineWrite: removeLineWrite.bind(undefined, table),
    /** See `setConditionWrite`. */
    setConditionWrite: setConditionWrite.bind(undefined, table),
    /** See `removeConditionWrite`. */
    removeConditionWrite: removeConditionWrite.bind(undefined, table),
    /** See `setMetadataWrite`. */
    setMetadataWrite: setMetadataWrite.bind(undefined, table),
    /** See `removeMetadataWrite`. */
    removeMetadataWrite: removeMetadataWrite.bind(undefined, table),
    /** See `replaceWrite`. */
    replaceWrite: replaceWrite.bind(undefined, table),
  };
}

/** See `createCartContentsStore`. */
export type CartContentsStore = ReturnType<typeof createCartContentsStore>;
