/**
 * `holdfast/orders`: orders of what your own catalogue names and prices, or of the product's own items: all lines held until a
 * deadline or none, once for a key, and sold when trusted code says that the money is here.
 *
 * **Tables**: `orderTables({ table, unitsTable, … })` are the inputs of CreateTable; the units are those of `holdfast/holds`. TTL
 * attribute `ttlSeconds` of units and shoppers. With the CDK `HoldfastOrders` and `HoldfastHolds` of `holdfast/cdk` make them.
 *
 * **IAM**: on `table` `dynamodb:GetItem`, `BatchGetItem`, `PutItem`, `UpdateItem`, `Query`, and `Scan` to list everybody's; on `unitsTable`
 * `GetItem`, `BatchGetItem`, `PutItem`, `UpdateItem`, `Query`; on `ledgerTable` `PutItem`, for items that say how many there are first;
 * on `shoppersTable` `UpdateItem`.
 *
 * @example
 * import { createOrders, ItemsUnavailable } from "holdfast/orders";
 *
 * const tables = { table: "my-orders", unitsTable: "my-units", ledgerTable: "my-ledger" };
 * // Your own code: what it does not answer cannot be ordered. Never hand on what a shopper sends as a price.
 * const items = (itemIds) => catalogue.filter(({ itemId }) => itemIds.includes(itemId));
 * const orders = createOrders({ ...tables, items, holdMs: 900_000 });
 *
 * try {
 *   const wish = { userId: "ann", items: [{ itemId: "stalls", quantity: 2 }] };
 *   const order = await orders.place({ ...wish, idempotencyKey: "booking-7" }); // asked for twice, the same order
 *   const paymentId = await charge(order.totalMinor, order.currency, order.expiresAtMs);
 *   const money = { paymentId, amountMinor: order.totalMinor, currency: order.currency };
 *   const { status } = await orders.markPaid(order.orderId, money);
 *   if (status === "refund_due") await payBack(paymentId); // it came too late: the units are gone
 * } catch (error) {
 *   if (!(error instanceof ItemsUnavailable)) throw error;
 *   console.log(error.failedItems); // which, how many are left
 * }
 */
import { tableShapes } from "../infra/table-shapes.ts";
import type { ShopperLimits } from "../shared/orders/shopper.ts";
import { createOrderCalls } from "./order-calls.ts";
import { type ItemSource, makeCatalogue } from "./order-catalogue.ts";
import { makeOrderParts, type OrderTables } from "./order-parts.ts";
import { tableInput, type TableInput } from "./table-input.ts";

export type { Actor } from "../shared/base/actor.ts";
export { HoldfastError, InvalidRequest, TryAgain } from "../shared/base/errors.ts";
export type { Logger } from "../shared/base/logger.ts";
export { type FailedItem, ItemsUnavailable } from "../shared/inventory/stock.ts";
export {
  IdempotencyKeyReused,
  OrderNotFound,
  OrderNotPayable,
  type OrderStatus,
} from "../shared/orders/order.ts";
export type { Connection } from "./open-database.ts";
export type { CatalogueEntry, ItemSource } from "./order-catalogue.ts";
export type { OrderView } from "./order-parts.ts";
export type {
  OrderAccess,
  OrderListing,
  OrderWish,
  PaidWish,
  RefundGiven,
} from "./order-wishes.ts";
export type { OrderTables, ShopperLimits, TableInput };

/** Where orders are, and how they are taken. */
export interface OrdersOptions extends OrderTables {
  /**
   * Your catalogue; without it names, prices and rules of sale are those of the product's own items in `unitsTable`. Promotions of the
   * product apply to neither.
   */
  readonly items?: ItemSource;
  /** For how long an order holds its units; 5 minutes by default. */
  readonly holdMs?: number;
  /** Without them nobody is limited. */
  readonly limits?: Partial<ShopperLimits>;
  /** Over how many rows an item is spread when a crowd wants it; below 2 none is. 8 by default. */
  readonly autoShards?: number;
}

/** Orders; one that is refused has held nothing. */
export type Orders = ReturnType<typeof createOrderCalls>;

/**
 * Makes orders over tables. Opens nothing yet: the first request does.
 *
 * @example const orders = createOrders({ table: "my-orders", unitsTable: "my-units", items });
 */
export function createOrders(options: OrdersOptions): Orders {
  const { items, holdMs = 300_000 } = options;
  const parts = makeOrderParts(options);
  const catalogue = items && makeCatalogue(parts, items);
  return createOrderCalls({ ...parts, holdMs, catalogue });
}

/** The tables of orders, as CreateTable wants them: those of units and ledger too, where they are named. */
export function orderTables(
  tables: Pick<OrderTables, "table" | "ledgerTable" | "shoppersTable"> & { unitsTable?: string },
): TableInput[] {
  const { table, unitsTable, ledgerTable, shoppersTable } = tables;
  const named = {
    Orders: table,
    Stock: unitsTable,
    Movements: ledgerTable,
    Shoppers: shoppersTable,
  };
  return (Object.keys(named) as (keyof typeof named)[]).flatMap((each) => {
    const name = named[each];
    return name === undefined ? [] : [tableInput(tableShapes[each], name)];
  });
}
