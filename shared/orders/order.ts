/**
 * What an order is: its shape, how its status may move, and the errors that speak of it.
 *
 * @see docs/decisions/0007-order-status-in-problems.md
 */
import type { AuditAction } from "../base/audit-action.ts";
import { HoldfastError } from "../base/errors.ts";
import type { ProviderName } from "../base/payment-providers.ts";
import type { EpochMs } from "../base/time.ts";
import type { Adjustment } from "../carts/model/reckoning.ts";
import type { HoldDecision } from "../insight/learned-hold.ts";
import type { Piece } from "../inventory/hot/finding.ts";
import type { Demand } from "../inventory/stock.ts";
import type { Fulfilment } from "./fulfilment.ts";
import type { Allowance } from "./allowance.ts";
import type { OrderChoices } from "./order-choices.ts";
import type { DisputeEntry } from "./order-dispute.ts";
import type { OrderLine } from "./order-line.ts";
import type { RefundEntry } from "./order-refund.ts";

export type { OrderLine } from "./order-line.ts";
export type { Refund, RefundEntry, ReturnedLine } from "./order-refund.ts";
export { nextStatuses, type OrderStatus } from "./order-status.ts";

/** The payment providers by name; the way a shopper chose to pay. */
export type PaymentMethod = ProviderName;

/** What is known of the money. */
export interface Payment {
  readonly provider: PaymentMethod;
  readonly transactionId: string;
  /** Every transaction that was ever started for the order, by its id: a shopper may switch. */
  readonly transactions?: Readonly<Record<string, PaymentMethod>>;
  /** The payment that settled the order: it paid for it, or it is what is refunded. */
  readonly paymentId?: string;
  /** How the last attempt stands; without it one has only started, and money that is here says more. */
  readonly state?: "processing" | "failed";
  readonly capturedMinor?: number;
  readonly capturedAtMs?: EpochMs;
  /** Every refund of the order, by its id. */
  readonly refunds?: Readonly<Record<string, RefundEntry>>;
  /** What banks or shoppers dispute, by the providers' names for it. */
  readonly disputes?: Readonly<Record<string, DisputeEntry>>;
  /** What of the captured amount neither went back nor is to go back, and is not disputed. */
  readonly refundableMinor?: number;
  /** What was captured by payments beyond the one that settled the order; all of it goes back. */
  readonly extraMinor?: Readonly<Record<string, number>>;
}

/** Money that has arrived: it paid for the order, or it is what is refunded. */
export interface CapturedPayment extends Payment {
  readonly paymentId: string;
  readonly capturedMinor: number;
  readonly capturedAtMs: EpochMs;
}

/** The cart that an order was made from, as it was then. */
export interface OrderedCart {
  readonly cartId: string;
  readonly sessionId: string;
  readonly version: number;
  readonly instances: readonly string[];
  /** The conditions that were counted, to be removed with what is bought. */
  readonly conditions?: readonly { readonly instance: string; readonly name: string }[];
  /** The codes that were entered for it, to be removed likewise. */
  readonly codes?: readonly { readonly instance: string; readonly code: string }[];
}

/** Units that an order has in one row of an item. */
export interface HeldPiece extends Piece {
  /** The deadline under which that row counts them, where they have moved to the order's own since. */
  readonly fromMs?: number;
}

/** Where units are, by item. */
export type Pieces = Readonly<Record<string, readonly HeldPiece[]>>;

/** A provider's event that did something to the order. */
export interface RememberedEvent {
  /** The provider's own word. */
  readonly kind: string;
  readonly atMs: EpochMs;
  /** What it did, as history calls it. */
  readonly did?: AuditAction;
  /** Which telling of the fact this was: others of the same one did nothing. */
  readonly by?: string;
  /** The provider, where it is not the one that was chosen when the order was placed. */
  readonly provider?: PaymentMethod;
}

/** What every order has, however far it is. */
interface OrderFacts extends OrderChoices {
  readonly orderId: string;
  readonly userId: string;
  /** Who placed it, where it went to somebody else since: what limits count stays with them. */
  readonly placedBy?: string;
  /** A claim that somebody else may show to have it: a digest, and until when. */
  readonly claim?: { readonly digest: string; readonly untilMs: number };
  /** The digest of the claim by which it went to whose it is. */
  readonly claimedWith?: string;
  readonly lines: readonly OrderLine[];
  readonly totalMinor: number;
  readonly currency: string;
  readonly vendorId: string | null;
  readonly cart?: OrderedCart;
  /** What each condition and promotion did to the price, with its share per line. */
  readonly adjustments?: readonly Adjustment[];
  /** Uses of limited promotions: held, sold and released as the units of its lines are. */
  readonly uses?: readonly Demand[];
  /** When the first of the discounts that it was given ends; late money gets it no more. */
  readonly discountsEndAtMs?: number;
  /** Which rows of a hot item its units are in; what is not named here is in the row that every item has. */
  readonly pieces?: Pieces;
  /** What of it is counted for its shopper, by the items' own limits. */
  readonly allowances?: readonly Allowance[];
  /** It counts among its shopper's open orders while it is one. */
  readonly isCounted?: true;
  /** A catalogue that is none of the shop's own gave its prices: no row of stock says whether they have risen. */
  readonly isPricedElsewhere?: true;
  /** Fingerprint of the request that made it. */
  readonly fingerprint: string;
  readonly createdAtMs: EpochMs;
  /** The holds and the cart's lock end at this instant, unless a payment that starts extends it. */
  readonly expiresAtMs: EpochMs;
  /** How it came by the time for which it holds its units, where such times are learned. */
  readonly holdDecision?: HoldDecision;
  /** What was sent to the shopper, in the order in which it was. */
  readonly fulfilments?: readonly Fulfilment[];
  /** Its units were sold, though the order is not paid any more: what is left of them can still come back. */
  readonly isSold?: true;
  /** Provider events that took effect, by what they are about. */
  readonly events?: Readonly<Record<string, RememberedEvent>>;
  /** Present while something is still to be done at an instant: expiry or refund. */
  readonly dueShard?: string;
  readonly dueAtMs?: EpochMs;
  /** Present while all of its money is to go back: since when. */
  readonly owedShard?: string;
  readonly owedAtMs?: EpochMs;
  /** Grows with every change that payments make, so that none is made to an order read before it. */
  readonly revision?: number;
}

/** Waits for its money, until its deadline, at which the sweep finds it; a payment may have started. */
export interface PendingOrder extends OrderFacts {
  readonly status: "pending";
  readonly dueShard: string;
  readonly dueAtMs: EpochMs;
  readonly payment?: Payment;
}

/** Came to nothing; money that is told later can still revive it. */
export interface EndedOrder extends OrderFacts {
  readonly status: "failed" | "cancelled" | "expired";
  readonly payment?: Payment;
}

/** Its money is here and its units are sold. */
export interface PaidOrder extends OrderFacts {
  readonly status: "paid";
  readonly payment: CapturedPayment;
}

/** Its money goes back, or has. */
export interface RefundOrder extends OrderFacts {
  readonly status: "refund_due" | "refunded";
  readonly payment: CapturedPayment;
}

/** An order as it is stored: its status tells what it has. */
export type Order = PendingOrder | EndedOrder | PaidOrder | RefundOrder;

/** Somebody who wants to see, pay or end an order. */
export interface OrderCaller {
  readonly userId: string;
  readonly isAdmin: boolean;
}

/** Whether an order is one of the caller's; every order is an administrator's. */
export function isOwnOrder({ userId }: Pick<Order, "userId">, caller: OrderCaller): boolean {
  return caller.isAdmin || caller.userId === userId;
}

/** Whose limits an order counts for: who placed it, whoever has it now. */
export function resolvePlacer({ userId, placedBy = userId }: Pick<Order, "userId" | "placedBy">) {
  return placedBy;
}

/** The units that an order needs of each item, one entry an item: lines of the same item are one hold. */
export function sumDemand(lines: readonly Demand[]): Demand[] {
  const quantities = new Map<string, number>();
  for (const { itemId, quantity } of lines) {
    quantities.set(itemId, (quantities.get(itemId) ?? 0) + quantity);
  }
  return [...quantities].map(([itemId, quantity]) => ({ itemId, quantity }));
}

/**
 * How many different items an order has at the most: one transaction takes 100 writes, and besides
 * the holds it needs the order, the cart and room for what may be added.
 */
export const maxOrderItems = 90;

/** There is no such order, or none that the caller may see; nothing was read on. */
export class OrderNotFound extends HoldfastError {
  constructor(orderId: string) {
    super("ORDER_NOT_FOUND", "There is no such order", { orderId });
  }
}

/** Whether a bank is at work on the order's payment: the shopper has paid, and money may come any time. */
export function isProcessing({ status, payment }: Pick<Order, "status" | "payment">): boolean {
  return status === "pending" && payment?.state === "processing";
}

/**
 * The order's status forbids this; nothing was changed. The present one is `orderStatus`, because the
 * `status` of a problem answer is HTTP's; `reason` tells what else stands in the way.
 */
export class OrderNotPayable extends HoldfastError {
  constructor(order: Pick<Order, "orderId" | "status" | "payment">) {
    const { orderId, status: orderStatus } = order;
    const isBusy = isProcessing(order);
    const detail = isBusy
      ? "A bank is at work on the order's payment"
      : `The order is ${orderStatus}`;
    super("ORDER_NOT_PAYABLE", detail, {
      orderId,
      orderStatus,
      ...(isBusy ? { reason: "payment_processing" } : {}),
    });
  }
}

/** The idempotency key was used before for a different request; nothing was changed. */
export class IdempotencyKeyReused extends HoldfastError {
  constructor() {
    super("IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for a different request");
  }
}

/** The order of this id was placed before; a repetition answers with it. */
export class OrderExists extends HoldfastError {
  readonly order: Order;

  constructor(order: Order) {
    super("IDEMPOTENCY_KEY_REUSED", "This order was placed before", { orderId: order.orderId });
    this.order = order;
  }
}
