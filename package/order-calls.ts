/** What can be asked of orders that stand alone: checked, done once, answered with the order. */
import type { Actor } from "../shared/base/actor.ts";
import type { ProviderName } from "../shared/base/payment-providers.ts";
import type { Catalogue } from "../shared/orders/catalogue.ts";
import { createPlacing } from "../shared/orders/order-placing.ts";
import { createOrderService } from "../shared/orders/order-service.ts";
import { findOrder } from "../shared/orders/order-store.ts";
import {
  type Order,
  type OrderCaller,
  OrderNotFound,
  type OrderStatus,
} from "../shared/orders/order.ts";
import { createRefunds } from "../shared/payments/refunds/refund-service.ts";
import { createSettling } from "../shared/payments/settle-service.ts";
import { createSweep } from "../shared/payments/sweep.ts";
import { TransactionRefused } from "../shared/table/transaction.ts";
import { userIdField } from "../shared/api/fields.ts";
import { type OrderParts, type OrderView, viewOrder } from "./order-parts.ts";
import { orderFields, paidFields, refundFields } from "./order-fields.ts";
import { parseAs } from "./parse-as.ts";

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

/** Money that no provider of ours has taken: nothing of it is ever asked of one. */
const outside = "outside" as ProviderName;

/** Who asks: trusted code for itself where no user is spoken of. One who is named but unknown sees nothing. */
function asCaller(access: OrderAccess): OrderCaller {
  if (!("userId" in access)) return { userId: "", isAdmin: true };
  return { userId: parseAs(userIdField, access.userId), isAdmin: false };
}

/** What is refused is told as itself, not as the transaction that it was part of. */
async function answer(work: Promise<Order>): Promise<OrderView> {
  try {
    return viewOrder(await work);
  } catch (error) {
    const [first] = error instanceof TransactionRefused ? error.refusals : [];
    throw first?.error ?? error;
  }
}

/** Says that money came or went, which no provider of ours has told. */
function createMoneyCalls(parts: OrderParts) {
  const { database } = parts;
  const rules = { onPaymentFailure: "keep", processingMs: () => 0 } as const;
  const settling = createSettling({ ...parts, ...rules });
  const refunds = createRefunds({ ...parts, settling, providers: {}, alarm: () => undefined });
  return {
    /**
     * Says that an order was paid. What it holds is sold in the same transaction, or nothing is; once its time is over it gets
     * its units anew, if they are to be had. Where they are not, or the money is not what was ordered, the answer is
     * `refund_due`: the money is on record and has to go back (`markRefunded`). Two requests; told again, one.
     *
     * @throws OrderNotFound
     * @throws TryAgain when the order kept changing; nothing was done
     * @example const { status } = await orders.markPaid(orderId, { paymentId: "pi_1", amountMinor: 9000, currency: "EUR" });
     */
    async markPaid(orderId: string, { actor, ...paid }: PaidWish): Promise<OrderView> {
      const { paymentId, amountMinor, currency } = parseAs(paidFields, paid);
      const order = await findOrder(database, orderId);
      if (!order) throw new OrderNotFound(orderId);
      const fact = {
        kind: "captured",
        provider: outside,
        orderId,
        transactionId: paymentId,
        paymentId,
        amountMinor,
        currency,
        type: "marked paid",
        certain: true,
      } as const;
      return answer(settling.settle(order, fact, actor ?? { id: "payments" }));
    },

    /**
     * Says that money went back to whoever paid: all that is left, an amount, or what lines that come back had cost. Units
     * of those lines are free again in the same transaction. Two or three requests.
     *
     * @throws HoldfastError `REFUND_EXCEEDED`, `RETURN_EXCEEDED` when there is not so much left; nothing was changed
     * @throws OrderNotPayable when no money came; nothing was changed
     */
    async markRefunded(orderId: string, { actor, ...given }: RefundGiven): Promise<OrderView> {
      const wish = { ...parseAs(refundFields, given), orderId, outside: true };
      return answer(refunds.request({ ...wish, actor: actor ?? { id: "payments" } }));
    },
  };
}

/** There is no provider to ask what came of an order: trusted code says so. */
const nobodyToAsk = {
  recheck: async <T>(order: T): Promise<T> => order,
  abandon: async <T>(order: T): Promise<T> => order,
  retryRefunds: async <T>(order: T): Promise<T> => order,
};

/** Makes the calls. */
export function createOrderCalls(
  parts: OrderParts & { readonly holdMs: number; readonly catalogue: Catalogue | undefined },
) {
  const service = createOrderService(parts);
  const sweep = createSweep({ ...parts, orders: service, payments: nobodyToAsk });
  return {
    /**
     * Places an order: every line is held until its deadline, or none is. Two requests, three where expired holds have to be
     * taken over. Repeating it answers with the order as it is now, whatever things cost by then. One that comes to 0 is paid.
     *
     * @throws ItemsUnavailable naming every line that cannot be had; nothing was held
     * @throws IdempotencyKeyReused when the key came with another wish before; nothing was held
     * @throws HoldfastError `TOTAL_CHANGED`, `LIMIT_EXCEEDED`, `TOO_LARGE`, `CURRENCY_MISMATCH`; nothing was held
     * @throws TryAgain when others kept getting in between; nothing was held
     * @example await orders.place({ userId: "ann", items: [{ itemId: "stalls", quantity: 2 }], idempotencyKey: "booking-7" });
     */
    async place({ actor, ...wish }: OrderWish): Promise<OrderView> {
      const { items, forMs, metadata, ...given } = parseAs(orderFields, wish);
      const placing = createPlacing({ ...parts, holdMs: forMs ?? parts.holdMs })({
        ...given,
        ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
        source: { kind: "items", items },
        paymentMethod: outside,
        actor: actor ?? { id: given.userId },
      });
      return answer(placing.then(({ order }) => order));
    },

    /**
     * The order as of now: one whose time is over says `pending` until somebody ends it, with an instant that has passed. One
     * request.
     *
     * @throws OrderNotFound also when it is not the user's who was named
     */
    async get(orderId: string, access: OrderAccess = {}): Promise<OrderView> {
      return answer(service.get(orderId, asCaller(access)));
    },

    /** A page of orders; a filter by status can leave it short, the cursor tells whether more follow. Two requests. */
    async list({ limit = 20, ...query }: OrderListing) {
      asCaller(query);
      const { rows, ...more } = await service.list({ ...query, limit });
      return { rows: rows.map(viewOrder), ...more };
    },

    /**
     * Ends a pending order: its units are free from this instant. Two requests; repeating it answers with the cancelled order.
     *
     * @throws OrderNotFound also when it is not the user's who was named
     * @throws OrderNotPayable when it is past pending; nothing was changed
     */
    async cancel(
      orderId: string,
      access: OrderAccess & { readonly reason?: string; readonly actor?: Actor } = {},
    ): Promise<OrderView> {
      const { userId, reason, actor = { id: userId ?? "orders" } } = access;
      return answer(service.cancel(orderId, asCaller(access), actor, reason));
    },

    ...createMoneyCalls(parts),

    /**
     * Says `expired` of orders whose time is over, and counts their units as free for who only looks at levels. Never needed for
     * safety: who wants them takes them over. Safe to repeat, and to run twice at once. It asks no
     * provider: an order that was paid in its last instants has to be told of by `markPaid`, which sells it or has it paid back.
     *
     * @returns how many it ended, how many orders still owe money to who paid, and how many it could not help now
     */
    async sweep(actor: Actor = { id: "system:sweep" }) {
      const { expiredOrders, refundsTried: refundsDue, failures } = await sweep(actor);
      return { expiredOrders, refundsDue, failures };
    },
  };
}
