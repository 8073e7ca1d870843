/** What a caller can ask of orders: place, read, list, cancel, and let expire. */
import { type Actor, changeNote } from "../base/actor.ts";
import { reopenWrite } from "../carts/checkout/cart-checkout-store.ts";
import type { Database } from "../table/database.ts";
import type { Page } from "../table/paging.ts";
import { again, OnceMore } from "../base/again.ts";
import type { EpochMs } from "../base/time.ts";
import { leaveAllowanceWrites } from "./allowance-store.ts";
import { leaveCountWrites } from "./shopper-store.ts";
import { transactTolerating } from "../table/tolerating.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Write } from "../table/write.ts";
import { sumDemand, type Order, type OrderCaller, OrderNotFound } from "./order.ts";
import { listHoldings, listReleases, releaseMoved } from "./holdings.ts";
import type { PlacingOptions } from "./order-draft.ts";
import { listOwedOrders } from "./owed-order-store.ts";
import { createOrderClaims } from "./claims/order-claim-service.ts";
import { createPlacing } from "./order-placing.ts";
import {
  closeOrderWrite,
  getOwnOrder,
  listOrders,
  parseOrder,
  type OrderQuery,
} from "./order-store.ts";

/** How and by whom an order is ended. */
interface Ending {
  readonly to: "cancelled" | "expired";
  readonly actor: Actor;
  readonly reason?: string | undefined;
}

/** An order that was ended, and how many holds and cart locks that released. */
export interface Closed {
  readonly order: Order;
  readonly released: number;
}

/** What is asked for most where nobody's orders in particular are meant has an index. */
function listByNeed(database: Database, query: OrderQuery): Promise<Page<Order>> {
  const isOwed = query.userId === undefined && query.status === "refund_due";
  return isOwed ? listOwedOrders(database, query) : listOrders(database, query);
}

/** Each payment that is started moves the deadline once; nobody starts ten while one order is ended. */
const mostPaymentStarts = 10;

/** The order counts no more among what its shopper withholds; whose doing its end was is remembered. */
function leaveWrites(order: Order, { to, actor }: Ending, nowMs: EpochMs): Write[] {
  const isShoppers = to === "expired" || actor.id === order.userId;
  return [
    ...leaveCountWrites(order, isShoppers ? "unpaid" : "neither", nowMs),
    ...leaveAllowanceWrites(order),
  ];
}

/** Takes orders and lets go of them; all that one step changes, it changes in one transaction. */
export function createOrderService(options: PlacingOptions) {
  const { database, clock } = options;

  const get = (orderId: string, caller: OrderCaller): Promise<Order> =>
    getOwnOrder(database, orderId, caller);

  /**
   * Ends a pending order: status, holds and cart in one transaction. A hold that was taken over, or a
   * cart whose lock is somebody else's by now, has nothing left to give back. An order whose time is
   * over leaves its units to whoever wants them: time has freed them already.
   */
  async function close(order: Order, ending: Ending): Promise<Closed> {
    const { to, actor, reason } = ending;
    const { orderId, lines, cart } = order;
    const nowMs = clock();
    const note = changeNote(`order.${to}`, actor, nowMs, reason);
    const ofCart = { ...note, action: `cart.${to}` } as const;
    const demands = sumDemand(lines);
    const held = to === "expired" ? [] : listHoldings(order, note);
    const count = leaveWrites(order, ending, nowMs);
    const ofCarts = cart ? [reopenWrite({ cartId: cart.cartId, orderId, note: ofCart })] : [];
    const returning = [...listReleases(held, 1 + count.length + ofCarts.length), ...ofCarts];
    const closing = closeOrderWrite({ order, to, nowMs, note });
    const refused = await transactTolerating(database, [closing], [...returning, ...count]);
    const gone = refused.filter((each) => !count.some((write) => each === write));
    const left = held.filter((_, index) => gone.includes(returning[index]!));
    await releaseMoved(database, left);
    const lapsed = to === "expired" ? demands.length : 0;
    const released = lapsed + returning.length - gone.length;
    return { order: { ...order, status: to }, released };
  }

  /**
   * A payment that starts at the same moment moves the order's deadline: then it is ended as it is now. Where it
   * went to somebody else, whoever had it ends it no more.
   */
  function closeAsItIs(first: Order, ending: Ending): Promise<Closed> {
    let order = first;
    return again(mostPaymentStarts, async () => {
      try {
        return await close(order, ending);
      } catch (error) {
        const found = error instanceof TransactionRefused && error.refusals[0]?.found;
        const moved = found ? parseOrder(found) : undefined;
        const isGone = moved?.userId !== order.userId;
        const isMoved = isGone || moved?.expiresAtMs !== order.expiresAtMs;
        if (moved?.status !== "pending" || !isMoved || ending.to === "expired") throw error;
        if (isGone && ending.actor.id === order.userId) throw new OrderNotFound(order.orderId);
        order = moved;
        return new OnceMore();
      }
    });
  }

  /** Ends an order that its owner, or an administrator, has read. */
  async function end(order: Order, actor: Actor, reason?: string): Promise<Order> {
    if (order.status === "cancelled") return order;
    return (await closeAsItIs(order, { to: "cancelled", actor, reason })).order;
  }

  return {
    /** See `createPlacing`. */
    place: createPlacing(options),

    /**
     * An order of the caller; administrators read everybody's. One request.
     *
     * @throws OrderNotFound also when it is somebody else's
     * @example await orders.get("ord_x", { userId: "alice", isAdmin: false })
     */
    get,

    /**
     * A page of orders, a user's newest first: two requests. Of everybody's, those whose money goes back are found
     * by an index; see `listOwedOrders`.
     *
     * @example await orders.list({ userId: "alice", limit: 20 })
     */
    list: (query: OrderQuery): Promise<Page<Order>> => listByNeed(database, query),

    /**
     * Ends a pending order at once: its units can be bought and its cart edited from this instant.
     * Two requests. Repeating it answers with the cancelled order. What its provider knows of it is not
     * asked: see `createCancelling` of the payments.
     *
     * @throws OrderNotPayable when the order is past pending or a bank is at work; nothing was changed
     * @example await orders.cancel("ord_x", { userId: "alice", isAdmin: false }, { id: "alice" })
     */
    async cancel(orderId: string, caller: OrderCaller, actor: Actor, reason?: string) {
      return end(await get(orderId, caller), actor, reason);
    },

    /** The same for an order that was read already. One request. */
    end,

    /**
     * Marks a pending order expired when its deadline is over, and unlocks its cart. One request. Never
     * needed for safety: an expired hold can be bought without it.
     *
     * @throws OrderNotPayable when it was paid, ended or extended in the meantime; nothing was changed
     * @example await orders.expire(order, { id: "system:sweep" })
     */
    expire: (order: Order, actor: Actor): Promise<Closed> => close(order, { to: "expired", actor }),

    /** See `createOrderClaims`. */
    ...createOrderClaims(options),
  };
}

/** See `createOrderService`. */
export type OrderService = ReturnType<typeof createOrderService>;
