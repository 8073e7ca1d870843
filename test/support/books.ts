/** Reads every table behind the server's back and tells which invariants of the design do not hold. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import type { Cart } from "../../shared/carts/model/cart.ts";
import { listBuckets, unitsIn } from "../../shared/inventory/buckets.ts";
import { bucketKey } from "../../shared/inventory/deadline.ts";
import type { Stock } from "../../shared/inventory/stock.ts";
import { isAboutRow } from "../../shared/inventory/about-store.ts";
import type { Row } from "../../shared/table/write.ts";
import { isItemLine, lineResource } from "../../shared/base/line-id.ts";
import { epochMs } from "../../shared/base/time.ts";
import { isUsesId } from "../../shared/base/uses-id.ts";
import { liveTurns } from "../../shared/inventory/line/item-line.ts";
import { sumDemand, type Order } from "../../shared/orders/order.ts";
import type { Holdfast } from "../../local/holdfast.ts";
import { localClientSettings } from "./tables.ts";

type StoredCart = Pick<Cart, "cartId"> & { lock?: Cart["lock"] };
type Located = Pick<Holdfast, "dynamoDbEndpoint" | "tables">;

/** What stands in the tables. */
export interface Books {
  readonly stock: readonly Stock[];
  readonly orders: readonly Order[];
  readonly carts: readonly StoredCart[];
  /** The lines for items: each turn in one has a unit. */
  readonly lines: readonly Row[];
}

async function scan(client: DynamoDBDocumentClient, TableName: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  const pages = paginateScan({ client }, { TableName, ConsistentRead: true });
  for await (const { Items = [] } of pages) rows.push(...Items);
  return rows;
}

/** The tables of a server as they are now; while somebody writes, each row for itself. */
export async function readBooks({ dynamoDbEndpoint, tables }: Located): Promise<Books> {
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient(localClientSettings(dynamoDbEndpoint)),
  );
  const rowsOf = (name: string): Promise<unknown[]> => {
    const table = tables.find(({ logicalId }) => logicalId.startsWith(name));
    if (!table) throw new Error(`There is no table ${name}`);
    return scan(client, table.name);
  };
  try {
    const all = await Promise.all(["Stock", "Orders", "Carts", "Locks"].map(rowsOf));
    const [stock, orders, carts, lines] = all;
    const counting = stock!.filter((row) => !isAboutRow(row as Row));
    return {
      stock: counting,
      orders,
      carts,
      lines: lines!.filter((row) => isItemLine(row as Row)),
    } as Books;
  } finally {
    client.destroy();
  }
}

/** S1 and S2, from the holds as they stand there and not from what an answer says of them. */
function wrongInStock({ stock }: Books): string[] {
  return stock.flatMap(({ itemId, available, held, sold, received, adjusted, due }) => {
    const levels = `${itemId}: ${available} available, ${held} held, ${sold} sold`;
    const wrong: string[] = [];
    const counted = unitsIn(listBuckets({ due }));
    if (counted !== held) wrong.push(`S1 ${levels}, but ${counted} in its buckets`);
    if (available + held + sold !== received + adjusted) {
      wrong.push(`S1 ${levels} of ${received} received and ${adjusted} adjusted`);
    }
    if (available < 0 || sold < 0) wrong.push(`S2 ${levels}`);
    return wrong;
  });
}

/** Units of items, and uses of limited promotions. */
const listHolds = ({ lines, uses = [] }: Order) => [...sumDemand(lines), ...uses];

/** Whoever paid has used a promotion, also when the money went back: then the order does not tell any more. */
function hasRefunds(orders: readonly Order[], usesId: string): boolean {
  return orders.some(
    ({ status, uses = [] }) =>
      ["refund_due", "refunded"].includes(status) && uses.some(({ itemId }) => itemId === usesId),
  );
}

/** S2: what was sold is what paid orders bought; items that were also sold by hand are left out. */
function wrongInSales({ stock, orders }: Books, soldByHand: ReadonlySet<string>): string[] {
  const bought = new Map<string, number>();
  for (const order of orders.filter(({ status }) => status === "paid")) {
    for (const { itemId, quantity } of listHolds(order)) {
      bought.set(itemId, (bought.get(itemId) ?? 0) + quantity);
    }
  }
  return stock
    .filter(({ itemId }) => !isUsesId(itemId) || !hasRefunds(orders, itemId))
    .filter(({ itemId, sold }) => !soldByHand.has(itemId) && sold !== (bought.get(itemId) ?? 0))
    .map(({ itemId, sold }) => `S2 ${itemId}: ${sold} sold, ${bought.get(itemId) ?? 0} paid for`);
}

/**
 * S3 and S5: a pending order whose time runs has all of its units in the buckets of its items, and no
 * bucket whose time runs counts more than such orders hold.
 */
function wrongInHolds({ stock, orders, lines }: Books, nowMs: number): string[] {
  const live = orders.filter(
    ({ status, expiresAtMs }) => status === "pending" && expiresAtMs > nowMs,
  );
  const claims = new Map<string, number>();
  for (const order of live) {
    const { expiresAtMs } = order;
    for (const { itemId, quantity } of listHolds(order)) {
      const name: string = `${itemId} until ${bucketKey(expiresAtMs)}`;
      claims.set(name, (claims.get(name) ?? 0) + quantity);
    }
  }
  for (const row of lines) {
    const itemId = String(row["resource"]).slice(lineResource("").length);
    for (const { endsAtMs } of liveTurns(row, epochMs(nowMs))) {
      const name = `${itemId} until ${bucketKey(endsAtMs)}`;
      claims.set(name, (claims.get(name) ?? 0) + 1);
    }
  }
  const counted = new Map(
    stock.flatMap((item) =>
      listBuckets(item)
        .filter(({ endsAtMs }) => endsAtMs > Math.max(nowMs, item.reclaimedThroughMs))
        .map(({ key, quantity }) => [`${item.itemId} until ${key}` as string, quantity] as const),
    ),
  );
  return [...new Set([...claims.keys(), ...counted.keys()])].flatMap((name) => {
    const [wanted, found] = [claims.get(name) ?? 0, counted.get(name) ?? 0];
    return wanted === found ? [] : [`S5 ${name}: ${found} held, pending orders hold ${wanted}`];
  });
}

/** P1: a cart is locked by a pending order of its own, and by none that has ended. */
function wrongInCarts({ carts, orders }: Books, nowMs: number): string[] {
  const byId = new Map(orders.map((order) => [order.orderId, order]));
  const wrong = carts.flatMap(({ cartId, lock }) => {
    const order = lock && byId.get(lock.orderId);
    if (!lock || (order?.status === "pending" && order.cart?.cartId === cartId)) return [];
    return [`P1 cart ${cartId} is locked for ${lock.orderId}, which is ${order?.status}`];
  });
  for (const { orderId, status, expiresAtMs, cart } of orders) {
    if (status !== "pending" || expiresAtMs <= nowMs || !cart) continue;
    const lock = carts.find(({ cartId }) => cartId === cart.cartId)?.lock;
    if (lock?.orderId !== orderId) wrong.push(`P1 ${orderId} is pending, its cart not locked`);
  }
  return wrong;
}

/** P2 and P3: what was captured is what was ordered, and leads to a sale or to a refund. */
function wrongInMoney({ orders }: Books): string[] {
  return orders.flatMap(({ orderId, status, totalMinor, payment }) => {
    const wrong: string[] = [];
    const captured = payment?.capturedMinor;
    if (status === "paid" && captured !== totalMinor) {
      wrong.push(`P2 ${orderId}: ${captured} captured for ${totalMinor}`);
    }
    const wants = status === "refund_due" || status === "refunded";
    const isOwed = Object.values(payment?.refunds ?? {}).some(
      ({ of }) => of === undefined || of.paymentId === payment?.paymentId,
    );
    if (wants && !isOwed) {
      wrong.push(`P3 ${orderId} is ${status}: ${JSON.stringify(payment)}`);
    }
    if (captured !== undefined && !["paid", "refund_due", "refunded"].includes(status)) {
      wrong.push(`P3 ${orderId}: ${captured} captured, but it is ${status}`);
    }
    return wrong;
  });
}

/**
 * Every invariant that does not hold, in words; none when all is well.
 *
 * @param soldByHand items whose `sold` also moved outside of orders
 * @param nowMs holds that end before are not judged; later than now where clocks differ
 */
export function wrongIn(
  books: Books,
  soldByHand: readonly string[] = [],
  nowMs = Date.now(),
): string[] {
  return [
    ...wrongInStock(books),
    ...wrongInSales(books, new Set(soldByHand)),
    ...wrongInHolds(books, nowMs),
    ...wrongInCarts(books, nowMs),
    ...wrongInMoney(books),
  ];
}

/**
 * Fails with every invariant that does not hold.
 *
 * @param when what has happened before, for whoever reads the failure
 * @param soldByHand items whose `sold` also moved outside of orders
 */
export async function checkBooks(
  server: Located,
  when = "in the end",
  soldByHand: readonly string[] = [],
): Promise<void> {
  const wrong = wrongIn(await readBooks(server), soldByHand);
  if (wrong.length > 0) throw new Error(`Not in order ${when}:\n${wrong.join("\n")}`);
}
