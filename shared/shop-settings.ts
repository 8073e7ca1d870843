/** What a deployment can choose of a shop, and what its services are made of. */
import type { Logger } from "./base/logger.ts";
import type { Clock } from "./base/time.ts";
import type { CartStorage } from "./carts/model/cart.ts";
import type { LearnedHoldSettings } from "./insight/learned-hold.ts";
import type { PaymentMethod } from "./orders/order.ts";
import type { Lock } from "./locks/lock.ts";
import type { LockLimits } from "./locks/lock-limits.ts";
import type { ShopperLimits } from "./orders/shopper.ts";
import type { OnPaymentFailure } from "./payments/payment.ts";
import type { Database } from "./table/database.ts";

/** What a deployment can choose; times in milliseconds. */
export interface ShopSettings {
  /** How long a new order holds its units. */
  readonly holdMs: number;
  /** What one shopper may withhold from all others. */
  readonly limits: ShopperLimits;
  /** What one user may withhold by locks. */
  readonly lockLimits: LockLimits;
  /** How long a shopper has to pay by each method. */
  readonly paymentMs: (method: PaymentMethod) => number;
  /** How long an order may hold its units altogether. */
  readonly maxHoldMs: number;
  /** The same while a bank is at work on a payment by that method. */
  readonly processingMs: (method: PaymentMethod) => number;
  /** The partitions of the index of due orders that new ones go to; one takes 1,000 writes a second. */
  readonly dueShards: number;
  readonly onPaymentFailure: OnPaymentFailure;
  /** For how long after an order's deadline money still buys what was ordered; later it goes back. */
  readonly lateMoneyMs: number;
  readonly cartStorage: CartStorage;
  /** How many rows an item is spread over when a crowd wants it; below 2 no item turns hot by itself. */
  readonly autoShards: number;
  /** For how long a function remembers that an item was sold out. */
  readonly soldOutMemoryMs: number;
  /** An item of which so many units or fewer are available is low: that leaves as an event. */
  readonly lowStock: number;
  /** Whether hold times are learned, and applied; nothing is counted where this is missing. */
  readonly learnedHolds?: LearnedHoldSettings;
  /** The longest wait for the lock of a cart's collection, and the longest that one is held. */
  readonly lockTimeoutMs: number;
}

/** What services are made of; sleep and random are for tests and simulations. */
export interface ShopParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: ShopSettings;
  /** Ends early, without an error, when the signal is aborted. */
  readonly sleep?: (durationMs: number, signal?: AbortSignal) => Promise<unknown>;
  readonly random?: () => number;
  /** Told how long somebody had to wait for a lock, in vain or not. */
  readonly waited?: (waitedMs: number, lock: Pick<Lock, "kind" | "resource">) => void;
}
