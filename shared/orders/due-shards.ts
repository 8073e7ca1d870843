/** The partitions of the index of orders for which something is due: expiry or a refund. */
import { pickShard } from "../base/ids.ts";

/**
 * The most partitions that the index of due orders can have. Whoever lists it looks at all of them, so that a
 * shop may raise and lower the number that it writes to at any time.
 */
export const mostDueShards = 16;

/**
 * The partitions of the due index that new orders go to when nothing else is set. One takes 1,000 writes a second,
 * and an order that is placed, pays and ends writes to it three times.
 */
export const usualDueShards = 4;

/** The partition of the due index for an order: the one it has, or will have among `shards`. */
export function pickDueShard(
  { orderId, dueShard }: { readonly orderId: string; readonly dueShard?: string },
  shards = usualDueShards,
): string {
  return dueShard ?? `due-${pickShard(orderId, shards)}`;
}

/** Every partition of the due index, as its entries name it. */
export const dueShards: readonly string[] = Array.from(
  { length: mostDueShards },
  (_, shard) => `due-${shard}`,
);
