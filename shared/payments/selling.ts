/** Sells the lines of an order: what it holds, and what it has to take again because it came late. */
import type { ChangeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import type { Clock } from "../base/time.ts";
import { confirmHoldWrite, sellWrite } from "../inventory/hold-store.ts";
import { parseStock } from "../inventory/stock-store.ts";
import { sumDemand, type Order } from "../orders/order.ts";
import type { Database } from "../table/database.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Write } from "../table/write.ts";
import { maxTakenOver, roomIn } from "../inventory/buckets.ts";
import { bucketEndMs, bucketKey } from "../inventory/deadline.ts";
import { reclaimExpired } from "../inventory/room.ts";
import { type Demand, type Stock, whyRefused } from "../inventory/stock.ts";

/** What selling is made of. */
export interface SellingOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** A sale: the order's own write, and the cart's where there is one, in the same transaction. */
export interface Sale {
  readonly order: Order;
  readonly orderWrite: Write;
  readonly cartWrites: readonly Write[];
  readonly note: ChangeNote;
}

/** The units are gone: some item cannot be sold to this order any more. Nothing was changed. */
export class SoldOut extends Error {}

/** How often other buyers may take, between a look and a sale, what a late payment takes anew. */
const mostRivals = 20;

/** How an order gets the units of one item: it still holds them, or it takes them again. */
interface Taking extends Demand {
  readonly holds: boolean;
  /** The item as the last refusal showed it, where expired holds may have to make room. */
  readonly stock?: Stock;
}

/** Makes `sell`. */
export function createSelling(options: SellingOptions) {
  const { database, clock } = options;

  /** How to go on with an item, shown by the refusal, whose confirmation or sale failed. */
  async function retake(
    { itemId, quantity }: Taking,
    stock: Stock | undefined,
    { order }: Sale,
  ): Promise<Taking> {
    if (!stock) throw new SoldOut();
    const stillCounted = stock.reclaimedThroughMs < bucketEndMs(bucketKey(order.expiresAtMs));
    if (stillCounted && order.status === "pending") return { itemId, quantity, holds: true };
    const counted = { ...stock, holdPolicy: "counted" as const };
    if (whyRefused({ itemId, quantity }, counted, clock())) throw new SoldOut();
    const isMore = roomIn(stock, clock()).over.length === maxTakenOver;
    const current = isMore ? await reclaimExpired(options, stock) : stock;
    return { itemId, quantity, holds: false, stock: current };
  }

  function takeWrite(taking: Taking, { order: { orderId, expiresAtMs }, note }: Sale): Write {
    const { itemId, quantity, stock } = taking;
    if (taking.holds) return confirmHoldWrite({ itemId, quantity, orderId, expiresAtMs, note });
    const nowMs = clock();
    const room = stock && roomIn(stock, nowMs);
    return sellWrite({ itemId, quantity, orderId, nowMs, room, note });
  }

  /**
   * Sells every line or none. What the order still holds becomes a sale, expired or not, because it
   * was given to nobody else; what was taken over is taken again, as any buyer would take it. One
   * request while the order has its holds. That the order is as it was read, deadline included, is for
   * its own write to demand: the units are counted under that deadline.
   *
   * @throws SoldOut when some units cannot be had any more; nothing was changed
   * @throws TransactionRefused when the order's own write is refused; nothing was changed
   */
  return function sell(sale: Sale): Promise<void> {
    const { order, orderWrite } = sale;
    const stillHolds = order.status === "pending";
    let takings: Taking[] = sumDemand(order.lines).map((line) => ({ ...line, holds: stillHolds }));
    let { cartWrites } = sale;
    return again(mostRivals, async () => {
      const taken = takings.map((taking) => takeWrite(taking, sale));
      try {
        return await database.transact([orderWrite, ...taken, ...cartWrites]);
      } catch (error) {
        if (!(error instanceof TransactionRefused) || error.of(orderWrite)) throw error;
        const refused = error;
        // A cart that was edited after its lock was over keeps what its owner put into it.
        cartWrites = cartWrites.filter((write) => !refused.of(write));
        const next = takings.map(async (taking, index) => {
          const refusal = refused.of(taken[index]!);
          if (!refusal) return taking;
          return retake(taking, refusal.found && parseStock(refusal.found), sale);
        });
        takings = await Promise.all(next);
        return new OnceMore();
      }
    });
  };
}
