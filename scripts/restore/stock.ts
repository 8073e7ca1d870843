/**
 * Makes stock follow the orders. Rows that were written in one transaction come back each as of about the same instant,
 * not of the same one: an order may be paid whose units its item still has, or the other way round. The orders are
 * believed, because money is held against them.
 */
import { changeNote } from "../../shared/base/actor.ts";
import { firstMovementId, makeMovementId, type Movement } from "../../shared/inventory/movement.ts";
import { at as stockAt } from "../../shared/inventory/hold-conditions.ts";
import { isSpread, type Stock } from "../../shared/inventory/stock.ts";
import { isAboutRow } from "../../shared/inventory/about-store.ts";
import { parseStock, stockRow } from "../../shared/inventory/stock-store.ts";
import { type OrderRow, orderRow, parseOrder } from "../../shared/orders/order-store.ts";
import type { Order } from "../../shared/orders/order.ts";
import { action, allOf, assigned, condition, pathsOf } from "../../shared/table/expression.ts";
import { type Row, update } from "../../shared/table/write.ts";
import { boughtBy, heldBy } from "./claims.ts";
import { type Plan, planRow, type Wanted } from "./plan.ts";
import { forEach, type Mending, NotAlone, pagesOf, restoredReason, restorer } from "./rows.ts";

/** What was found and done. */
export interface StockMended {
  /** Items whose row said something else than the orders. */
  readonly items: readonly string[];
  /** Pending orders that were ended because the units that they held are not there; late money is dealt with as always. */
  readonly ended: readonly string[];
  /** Items of which more was sold than there is, with how much: some of these orders have to be paid back. */
  readonly short: ReadonlyMap<string, number>;
  /** Items in several rows, which are not looked into: see `GET /admin/inventory/check`. */
  readonly spread: ReadonlySet<string>;
}

const orderAt = pathsOf<OrderRow>();

/** Every item that is in one row, and the names of the others. */
async function readStock({ database }: Pick<Mending, "database">) {
  const plain = new Map<string, Stock>();
  const spread = new Set<string>();
  for await (const rows of pagesOf(database, "Stock")) {
    for (const row of rows) {
      if (row["item"] !== undefined || row["noticeOf"] !== undefined || isAboutRow(row)) continue;
      const stock = parseStock(row);
      if (isSpread(stock) || stock.rows !== undefined) spread.add(stock.itemId);
      else plain.set(stock.itemId, stock);
    }
  }
  return { plain, spread };
}

/** Whether somebody moved stock without an order: such an entry is written together with the item's row. */
export const isDirect = ({ movementId, reference }: Movement): boolean =>
  movementId === makeMovementId(reference) || movementId === firstMovementId;

async function readWanted({ database }: Mending): Promise<ReadonlyMap<string, Wanted>> {
  const all = new Map<string, Wanted>();
  const wantedOf = (itemId: string): Wanted => {
    const wanted = all.get(itemId) ?? { sold: 0, claims: [] };
    all.set(itemId, wanted);
    return wanted;
  };
  for await (const rows of pagesOf(database, "Orders")) {
    for (const order of rows.map(parseOrder)) {
      for (const { itemId, quantity } of boughtBy(order)) wantedOf(itemId).sold += quantity;
      for (const [itemId, claim] of heldBy(order)) wantedOf(itemId).claims.push(claim);
    }
  }
  for await (const rows of pagesOf(database, "Movements")) {
    for (const movement of rows as unknown as readonly Movement[]) {
      const { itemId, kind, quantity } = movement;
      if (!isDirect(movement)) continue;
      if (kind === "sold") wantedOf(itemId).sold += quantity;
      if (kind === "returned") wantedOf(itemId).sold -= quantity;
    }
  }
  return all;
}

/** Plans for all items; an order that loses one of its lines loses all, and what it held elsewhere is others'. */
function planAll(plain: ReadonlyMap<string, Stock>, all: ReadonlyMap<string, Wanted>) {
  const lost = new Map<string, Order>();
  for (;;) {
    const plans = new Map<Stock, Plan>();
    const known = lost.size;
    for (const stock of plain.values()) {
      const { sold, claims } = all.get(stock.itemId) ?? { sold: 0, claims: [] };
      const left = claims.filter(({ order }) => !lost.has(order.orderId));
      const plan = planRow(stock, { sold, claims: left });
      if (plan) plans.set(stock, plan);
    }
    for (const { order } of [...plans.values()].flatMap((plan) => plan.lost)) {
      lost.set(order.orderId, order);
    }
    if (lost.size === known) return { plans, lost };
  }
}

/** Ends an order whose units are not there, also while a bank is at work: late money takes units anew, or goes back. */
async function endOrder({ database, nowMs }: Mending, order: Order): Promise<void> {
  const note = changeNote("order.cancelled", restorer, nowMs, restoredReason);
  await database.apply(
    update({
      ...orderRow(order.orderId),
      change: {
        set: [
          action`${orderAt("status")} = ${"cancelled"}`,
          action`${orderAt("change")} = ${note}`,
        ],
        remove: [orderAt("dueShard"), orderAt("dueAtMs")],
      },
      condition: condition`${orderAt("status")} = ${"pending"}`,
      refused: () => new NotAlone(),
      applied: (found?: Row) => found?.["status"] === "cancelled",
    }),
  );
}

async function writeRow({ database, nowMs }: Mending, stock: Stock, { levels }: Plan) {
  const change = changeNote("stock.adjusted", restorer, nowMs, restoredReason);
  await database.apply(
    update({
      ...stockRow(stock.itemId),
      change: { set: assigned<Stock & { change: typeof change }>({ ...levels, change }).set },
      condition: allOf(
        condition`${stockAt("available")} = ${stock.available}`,
        condition`${stockAt("held")} = ${stock.held}`,
        condition`${stockAt("sold")} = ${stock.sold}`,
      ),
      refused: () => new NotAlone(),
      applied: (found?: Row) =>
        found?.["sold"] === levels.sold && found["available"] === levels.available,
    }),
  );
}

/**
 * Makes every item's row say what orders say of it. Who dies in between begins anew: what is right by then is left alone.
 * A scan of stock, orders and ledger, and one write for each row that was wrong.
 */
export async function mendStock(mending: Mending): Promise<StockMended> {
  const { plain, spread } = await readStock(mending);
  const { plans, lost } = planAll(plain, await readWanted(mending));
  await forEach(lost.values(), (order) => endOrder(mending, order));
  await forEach(plans, ([stock, plan]) => writeRow(mending, stock, plan));
  const short = [...plans].flatMap(([{ itemId }, plan]) =>
    plan.short > 0 ? [[itemId, plan.short] as const] : [],
  );
  const items = [...plans.keys()].map(({ itemId }) => itemId);
  return { items, ended: [...lost.keys()], short: new Map(short), spread };
}
