/**
 * `holdfast/carts`: carts of items that you price yourself: name and price come from your own code, never from a shopper.
 * Named instances, conditions and metadata, guarded by versions or by a lock for each collection, chosen per call; and a lock
 * for the time in which somebody pays.
 *
 * **Tables**: `cartsTable("my-carts")` is the input of CreateTable (TTL attribute `ttlSeconds`); with the CDK `HoldfastCarts` of
 * `holdfast/cdk` makes it. Locking mode needs the table of `holdfast/locks`, idempotency keys that of its requests.
 *
 * **IAM**: on `table` `dynamodb:GetItem`, `BatchGetItem`, `PutItem`, `UpdateItem`; on `requestsTable` `BatchGetItem`, `PutItem`; on
 * `locksTable` what `holdfast/locks` needs there.
 *
 * @example
 * import { createCarts } from "holdfast/carts";
 *
 * const carts = createCarts({ table: "my-carts", locksTable: "my-locks", storage: "locking" });
 * const cart = { userId: "ann", instance: "tickets" };
 *
 * const price = { amountMinor: 4500, currency: "EUR" };
 * await carts.addItem(cart, { itemId: "stalls", name: "Stalls, Friday", price, quantity: 2 });
 * await carts.updateItems(cart, (items) => items.filter(({ kind }) => kind !== "expired"));
 * // This one by its version, whatever is usual: it is refused when the cart is another by now.
 * const { items, version } = await carts.getItems(cart);
 * await carts.putItems({ ...cart, storage: "versioned", expectedVersion: version }, items);
 *
 * const order = { userId: "ann", sessionId: "default", orderId: "ord_1", actor: { id: "ann" } };
 * const locked = await carts.lockAndValidateCart({ ...order, leaseMs: 600_000 }, { totalMinor: 9000 });
 * await pay(locked.price); // until its outcome every edit is refused: CartLocked
 * await carts.complete(order, locked);
 */
import { tableShapes } from "../infra/table-shapes.ts";
import { systemClock } from "../shared/base/time.ts";
import { type Logger, silentLogger } from "../shared/base/logger.ts";
import { createCartCheckout } from "../shared/carts/checkout/cart-checkout-service.ts";
import { createCartCompletion } from "../shared/carts/checkout/cart-completion-service.ts";
import { createCartEdits } from "../shared/carts/editing/cart-edit-service.ts";
import { createCartMerge } from "../shared/carts/editing/cart-merge-service.ts";
import { createCartProperties } from "../shared/carts/editing/cart-property-service.ts";
import { createCollectionGuard } from "../shared/carts/editing/collection-guard.ts";
import { createGivenItems } from "../shared/carts/editing/given-items-service.ts";
import { createKeyedEdits } from "../shared/carts/editing/keyed-edits-service.ts";
import type { CartStorage } from "../shared/carts/model/cart.ts";
import { createCartContents } from "../shared/carts/storage/cart-store.ts";
import { createPlainLocks } from "../shared/locks/plain-lock-service.ts";
import { type Carts, createCartCalls } from "./cart-calls.ts";
import { type Connection, openDatabase } from "./open-database.ts";
import { tableInput, type TableInput } from "./table-input.ts";

export { HoldfastError, InvalidRequest } from "../shared/base/errors.ts";
export {
  CartEmpty,
  CartLineNotFound,
  CartLocked,
  type CartStorage,
  CheckoutGone,
  CurrencyMismatch,
  VersionMismatch,
} from "../shared/carts/model/cart.ts";
export type { KeptItem } from "../shared/carts/model/given-items.ts";
export type { MergeStrategy } from "../shared/carts/model/merging.ts";
export { LockTimeout } from "../shared/locks/lock.ts";
export { KeyReused } from "../shared/table/request-memory.ts";
export type { CartCondition, CartEdit, CartPlace, Carts, CartView, NewItem } from "./cart-calls.ts";
export type { Connection, Logger, TableInput };

/** Where carts are, and how they are guarded. */
export interface CartsOptions extends Connection {
  readonly table: string;
  /** The table of `holdfast/locks`; needed where a call locks, else version checks guard it, with one warning. */
  readonly locksTable?: string;
  /** The table that remembers idempotency keys for a day (`lockRequestsTable` of `holdfast/locks`). */
  readonly requestsTable?: string;
  /** How collections are guarded where a call says nothing of it; `versioned` by default. */
  readonly storage?: CartStorage;
  /** The longest wait for a collection's lock, and the longest hold; 5,000 by default. */
  readonly lockTimeoutMs?: number;
  /** Hears of locks that could not be given back, and of locking mode without locks. */
  readonly logger?: Logger;
}

/**
 * Makes carts over a table. Opens nothing yet: the first request does.
 *
 * @example const carts = createCarts({ table: "my-carts" });
 */
export function createCarts(options: CartsOptions): Carts {
  const { table, locksTable, requestsTable, storage = "versioned" } = options;
  const { lockTimeoutMs = 5_000, logger = silentLogger } = options;
  const clock = systemClock;
  const database = openDatabase(
    { Carts: table, Locks: locksTable, Requests: requestsTable },
    options,
  );
  const parts = { database, clock, hasPriceList: false };
  const contents = createCartContents(parts);
  const locks = locksTable === undefined ? undefined : createPlainLocks({ database, logger });
  const guard = createCollectionGuard({ storage, locks, lockTimeoutMs, logger });
  const editing = { contents, guard, clock };
  const service = {
    ...createCartEdits(editing),
    ...createCartProperties(editing),
    ...createGivenItems(editing),
    ...createCartMerge({ ...parts, contents }),
    ...createKeyedEdits(parts),
  };
  return {
    ...createCartCalls(contents, service),
    ...createCartCheckout(parts),
    ...createCartCompletion(parts),
  };
}

/** The table of carts, as CreateTable wants it. */
export const cartsTable = (name: string): TableInput => tableInput(tableShapes.Carts, name);
