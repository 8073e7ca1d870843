/** What a refused attempt to order leaves to be tried: rooms in items for what is over, or a line to get past. */
import { maxTakenOver, roomIn } from "../inventory/buckets.ts";
import { checkPerOrder, fitsLimits, LimitsMoved } from "../inventory/item-limits.ts";
import { getPastLine } from "../inventory/line/item-line-reading.ts";
import { whyNotClaimed } from "../inventory/line/turn-claim.ts";
import { reclaimExpired, type RoomOptions } from "../inventory/room.ts";
import {
  type Demand,
  type FailedItem,
  HoldGone,
  ItemsUnavailable,
  type Stock,
  whyRefused,
} from "../inventory/stock.ts";
import { parseStock } from "../inventory/stock-store.ts";
import { PlaceNotFound } from "../locks/line.ts";
import type { TransactionRefused } from "../table/transaction.ts";
import type { Attempt, Rooms } from "./order-attempt.ts";
import { isTurning, type OrderTaking } from "./order-taking.ts";

/** What is free of an item goes to those who wait in line for it. */
function whyBehind({ itemId, quantity }: Demand): FailedItem {
  return { itemId, reason: "insufficient_stock", available: 0, requested: quantity };
}

/**
 * The items in which expired holds have to make room. Items of which other rows have units are handed to
 * `taking`.
 *
 * @throws ItemsUnavailable naming every failed line
 * @throws LimitExceeded, LimitsMoved when an order may not have so many
 * @throws PlaceNotFound when a turn that it uses was used, or is over
 */
export async function makeRoom(
  options: RoomOptions,
  taking: OrderTaking,
  attempt: Pick<Attempt, "holds" | "turns">,
  refused: TransactionRefused,
): Promise<Rooms> {
  const { clock } = options;
  const rooms = new Map<string, Stock>();
  const failed: FailedItem[] = [];
  const moved: Stock[] = [];
  let isWaiting = false;
  if ([...attempt.turns.values()].some((write) => refused.of(write))) throw new PlaceNotFound();
  for (const [write, demand] of attempt.holds) {
    const refusal = refused.of(write);
    if (!refusal) continue;
    // The time of what was reserved is over already, by somebody's clock.
    if (refusal.error instanceof HoldGone) {
      await taking.drop(demand.itemId);
      continue;
    }
    const stock = refusal.found && parseStock(refusal.found);
    const why = attempt.turns.has(write) ? whyNotClaimed : whyRefused;
    const reason = why(demand, stock, clock());
    if (stock && isTurning(stock, clock())) isWaiting = true;
    else if (stock && !reason && !fitsLimits(demand, stock)) {
      checkPerOrder(demand, stock);
      moved.push(stock);
    } else if (!reason && refusal.error instanceof PlaceNotFound) throw refusal.error;
    else if (!reason && stock?.hasLine && !attempt.turns.has(write)) {
      if (!(await getPastLine(options, demand.itemId))) failed.push(whyBehind(demand));
    } else if (!reason) rooms.set(demand.itemId, stock!);
    else if (reason.reason === "insufficient_stock" && taking.see(stock!)) {
      await taking.drop(demand.itemId);
    } else failed.push(reason);
  }
  if (failed.length > 0) throw new ItemsUnavailable(failed);
  if (moved.length > 0) throw new LimitsMoved(moved);
  if (isWaiting) await taking.pause();
  for (const [itemId, stock] of rooms) {
    const isMore = roomIn(stock, clock()).over.length === maxTakenOver;
    if (isMore) rooms.set(itemId, await reclaimExpired(options, stock));
  }
  return rooms;
}
