/** What the reconciler reads in batches, and where it writes down how far it has come. */
import { HoldfastError } from "../../base/errors.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../../base/time.ts";
import { orderMovementId } from "../../inventory/movement.ts";
import type { Order } from "../../orders/order.ts";
import { parseOrder } from "../../orders/order-store.ts";
import type { Database } from "../../table/database.ts";
import { condition, isMissing, pathsOf } from "../../table/expression.ts";
import { put } from "../../table/write.ts";

/** How far the scheduled reconciler has come. */
export interface Mark {
  readonly eventKey: string;
  /** Where the round goes on; without it the next one begins. */
  readonly cursor?: string;
  /** Grows with every step, so that of two that run at once one writes. */
  readonly step: number;
}

const eventKey = "reconciler/mark";
const at = pathsOf<Mark>();

/** Somebody else has come further meanwhile; what was done stays done. */
class MarkMoved extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "Another reconciler is at work");
  }
}

/** How far it has come; from the beginning where nothing is written. One request. */
export async function readMark(database: Database): Promise<Mark> {
  const row = await database.get("Events", { eventKey });
  return (row as unknown as Mark | undefined) ?? { eventKey, step: 0 };
}

/** Writes down how far it is, unless somebody else has done so since `from` was read. One request. */
export async function moveMark(
  database: Database,
  from: Mark,
  { cursor, nowMs }: { readonly cursor: string | undefined; readonly nowMs: EpochMs },
): Promise<void> {
  const ttlSeconds = ttlSecondsAt(later(nowMs, 7 * dayMs));
  const next = { eventKey, step: from.step + 1, atMs: nowMs, ttlSeconds };
  const write = put({
    table: "Events",
    key: { eventKey },
    item: cursor === undefined ? next : { ...next, cursor },
    condition:
      from.step === 0 ? isMissing(at("eventKey")) : condition`${at("step")} = ${from.step}`,
    refused: () => new MarkMoved(),
  });
  await database.apply(write).catch((error: unknown) => {
    if (!(error instanceof MarkMoved)) throw error;
  });
}

/** Orders by their ids. One request per 100. */
export async function findOrders(
  database: Database,
  orderIds: readonly string[],
): Promise<ReadonlyMap<string, Order>> {
  const isName = (orderId: string): boolean => /^[\w-]{1,128}$/.test(orderId);
  const keys = [...new Set(orderIds)].filter(isName).map((orderId) => ({ orderId }));
  const rows = keys.length > 0 ? await database.getMany("Orders", keys) : [];
  return new Map(rows.map((row) => [parseOrder(row).orderId, parseOrder(row)]));
}

/** Which of the sales, given as order and item, the ledger does not have. One request per 100. */
export async function findMissingSales(
  database: Database,
  sales: readonly (readonly [order: Order, itemId: string])[],
): Promise<ReadonlySet<Order>> {
  const makeSaleKey = ([{ orderId }, itemId]: readonly [Order, string]) => {
    return { itemId, movementId: orderMovementId(orderId, "sold") };
  };
  const rows =
    sales.length > 0 ? await database.lookAtMany("Movements", sales.map(makeSaleKey)) : [];
  const known = new Set(rows.map((row) => JSON.stringify([row["itemId"], row["movementId"]])));
  const missing = sales.filter(
    (sale) => !known.has(JSON.stringify(Object.values(makeSaleKey(sale)))),
  );
  return new Set(missing.map(([order]) => order));
}
