/** Where the rows of a hot item and their settlement rows stand in the table of stock. */
import { pickShard } from "../../base/ids.ts";

/** How many rows a hot item has at the most; a change of its price is one transaction over all of them. */
export const mostShards = 50;

/**
 * So many settlement rows share the orders of one row and one bucket, so that payments of one second
 * seldom meet: each takes part in their transactions.
 */
export const settlementParts = 16;

/**
 * The key of a row. Row 0 is the one that every item has. Further ones have their number in the partition key,
 * too, or all of them would share the capacity of one partition.
 */
export function rowKey(itemId: string, row: number): { itemId: string; shard: number } {
  return { itemId: row === 0 ? itemId : `${itemId}#${row}`, shard: row };
}

/** The part of the settlement rows that keeps an order: always the same one. */
export function pickPart(orderId: string): number {
  return pickShard(orderId, settlementParts);
}

/** Where it is told that an item is sold out; no row of an item has such a number. */
export function noticePlace(itemId: string) {
  return { table: "Stock", key: { itemId: `${itemId}#soldout`, shard: -1 } } as const;
}

/** Where it is noted which settlement rows of a row were opened; no row of an item has such a number. */
export function openingsPlace(itemId: string, row: number) {
  return { table: "Stock", key: { itemId: `${itemId}#${row}#openings`, shard: -1 } } as const;
}

/**
 * Where it is written down what became of a bucket's units. No row of an item has such a key: row numbers
 * are small, and buckets are named by their second since 1970.
 */
export function settlementPlace(itemId: string, row: number, bucket: string, part: number) {
  const key = { itemId: `${itemId}#${row}#${part}`, shard: Number(bucket) };
  return { table: "Stock", key } as const;
}
