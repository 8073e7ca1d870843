/** How many writes an order may come to, so that every transaction of its whole life is one that DynamoDB takes. */
import { changeNote } from "../base/actor.ts";
import { TooLarge } from "../base/errors.ts";
import type { Database } from "../table/database.ts";
import { maxTransactionWrites } from "../table/write.ts";
import { listHoldings, type OrderHolding } from "./holdings.ts";
import { type Order, OrderExists } from "./order.ts";
import { findOrder } from "./order-store.ts";

/** The order itself, its cart and its shopper's count may be part of each of its transactions. */
const ownWrites = 3;

/**
 * What an order has beside these has to fit into the rest. The widest is the one that lets go of an order whose payment
 * has started: two writes for each further row of a hot item (`releaseWrites`), one for each other row of an item
 * or of uses, and one for each item with a limit for each shopper. Payment starting, payment and late money
 * take one write for each of them. What is given back of a paid order is one write an item.
 */
const maxOrderWrites = maxTransactionWrites - ownWrites;

const releaseCount = ({ row }: OrderHolding): number => (row > 0 ? 2 : 1);

/** Writes for what the order holds, in the widest transaction that it may come to. */
function countWrites(order: Order): number {
  const { status, allowances = [] } = order;
  // What is paid when it is placed is never let go.
  const isPaid = status === "paid";
  const held = listHoldings(order, changeNote("order.placed", { id: "" }, order.createdAtMs));
  const writes = held.map((holding) => (isPaid ? 1 : releaseCount(holding)));
  return writes.reduce((sum, each) => sum + each, allowances.length);
}

/** The item whose units are in the most rows. */
function widestItem({ pieces = {} }: Order): [itemId: string, rows: number] | undefined {
  const items = Object.entries(pieces).map(([id, own]) => [id, own.length] as [string, number]);
  return items.toSorted(([, one], [, other]) => other - one)[0];
}

/**
 * What is to be told of an order that is wider than a transaction, now (`placing` writes) or later; nothing of any other.
 * Its pieces are as few as the rows allow: what helps is fewer units, or fewer items.
 */
function findTooWide(order: Order, placing: number): TooLarge | undefined {
  if (placing <= maxTransactionWrites && countWrites(order) <= maxOrderWrites) return undefined;
  const [itemId, rows] = widestItem(order) ?? ["", 0];
  const detail =
    rows > 1
      ? `The units of ${itemId} are in ${rows} places: order fewer of them, or other items apart`
      : "The order has too many items that are crowded or limited: order some of them apart";
  return new TooLarge(detail, maxOrderWrites);
}

/**
 * @throws TooLarge when some transaction of the order's life would have too many writes
 * @throws OrderExists when this very request has ordered before
 */
export async function assertNarrow(
  { database }: { readonly database: Database },
  order: Order,
  placing: number,
): Promise<void> {
  const tooWide = findTooWide(order, placing);
  if (!tooWide) return;
  const placed = await findOrder(database, order.orderId);
  throw placed ? new OrderExists(placed) : tooWide;
}
