/** What callers of orders say: what is wished for, paid, paid back, listed, and whose it has to be. */
import type { Actor } from "../shared/base/actor.ts";
import type { OrderStatus } from "../shared/orders/order.ts";

/** What somebody orders. */
export interface OrderWish {
  readonly userId: string;
  readonly items: readonly {
    readonly itemId: string;
    readonly quantity: number;
    /** What was chosen; kept on the line. */
    readonly attributes?: Readonly<Record<string, unknown>>;
  }[];
  /** Yours to choose, one for each order of a user: the same key with the same wish is the same order, for good. */
  readonly idempotencyKey: string;
  /** For how long units are held for it: 1 second to 30 days, in place of `holdMs`. */
  readonly forMs?: number;
  /** What was shown: another total is refused. */
  readonly expectedTotalMinor?: number;
  readonly note?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly actor?: Actor;
}

/** Money that has come for an order, as trusted code knows it. */
export interface PaidWish {
  /** Names the payment: told twice, it is the same money. */
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly actor?: Actor;
}

/** What of an order is paid back: all that is left of it where neither an amount nor lines are named. */
export interface RefundGiven {
  readonly reason: string;
  /**
   * One of `payment.refunds`, whichever payment it is of: it is asked for once more, or noted by `markRefunded`. Neither
   * reference, amount nor lines go with it.
   */
  readonly refundId?: string;
  /** Yours to choose: the same one is the same refund. Without it the same words are. */
  readonly reference?: string;
  readonly amountMinor?: number;
  /** Goods that come back; `restock` puts them on sale again, which it does by default. */
  readonly lines?: readonly {
    readonly lineId: string;
    readonly quantity: number;
    readonly restock?: boolean;
  }[];
  readonly actor?: Actor;
}

/** Which orders to list: those of a user newest first; without one everybody's, by a scan, in no order. */
export interface OrderListing {
  readonly userId?: string;
  readonly status?: OrderStatus;
  /** At most so many a page; 20 by default. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** Whose order it has to be; without a user any order is found, and an `undefined` one is refused. */
export interface OrderAccess {
  readonly userId?: string;
}
