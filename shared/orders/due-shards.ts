/** The index of orders for which something is due, expiry or a refund: its partitions, and when an order stands in it. */
import { pickShard } from "../base/ids.ts";
import { type EpochMs, epochMs, secondsToMs } from "../base/time.ts";

/**
 * So long before its deadline an order whose payment has started is due: its provider is asked while the units
 * are still held, so that nobody who has paid loses them to a webhook that was lost. One sweep and a half.
 */
export const askAheadMs = secondsToMs(90);

/** When a pending order is due. */
export function pendingDueAt({
  expiresAtMs,
  payment,
}: {
  readonly expiresAtMs: EpochMs;
  readonly payment?: object;
}): EpochMs {
  return payment ? epochMs(expiresAtMs - askAheadMs) : expiresAtMs;
}

/**
 * The most partitions that the index of due orders can have: enough for every sale of an item of 50 rows. A list looks
 * at all of them, and so does a sweep now and then, so that a shop may raise and lower the number that it writes
 * to at any time.
 */
export const mostDueShards = 64;

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

/** Every partition of the due index, as its entries name it; in front those that `pickDueShard` prefers. */
export const dueShards: readonly string[] = Array.from(
  { length: mostDueShards },
  (_, shard) => `due-${shard}`,
);
