/** How an order keeps what of its money goes back, and what came back for it. */
import type { ProviderName } from "../base/payment-providers.ts";
import type { EpochMs } from "../base/time.ts";
import type { RefundStatus } from "./order-status.ts";

/** Units of a line that came back with a refund. */
export interface ReturnedLine {
  readonly lineId: string;
  readonly quantity: number;
  /** Whether they went back into stock. */
  readonly restock: boolean;
}

/** A captured payment that money is paid back of. */
export interface RefundedPayment {
  readonly provider: ProviderName;
  readonly transactionId: string;
  /** The very payment of that transaction, where a transaction can have several. */
  readonly paymentId: string;
  readonly currency: string;
}

/**
 * A refund that is owed, asked for, done, or refused for good until somebody says: once more. This is how the order
 * keeps it, by its id.
 */
export interface RefundEntry {
  readonly status: RefundStatus;
  readonly reason: string;
  /** Why the provider did not do it when it was last asked, in its own code. */
  readonly lastError?: string;
  readonly amountMinor: number;
  /** What came back for it; nothing where only money goes back. */
  readonly lines?: readonly ReturnedLine[];
  /** Fingerprint of the request that asked for it. */
  readonly fingerprint?: string;
  readonly createdAtMs: EpochMs;
  /** The provider's name for it, once it has taken it on. */
  readonly providerRefundId?: string;
  /** Refunds by the provider's names that it took on for this one and gave up. */
  readonly gaveUp?: readonly string[];
  /** How often the provider was asked; the pause between two attempts grows with it. */
  readonly attempts: number;
  /** How often it had to be asked for anew; each such try has a key of its own. */
  readonly failures?: number;
  /** It was given back by somebody, at the provider or by other means: nobody asks for it. */
  readonly isOutside?: true;
  /** When somebody said so although the provider may have been asked for it: a try at it may still be under way then. */
  readonly saidAtMs?: EpochMs;
  /** The payment that is paid back where it is not the one that settled the order. */
  readonly of?: RefundedPayment;
}

/** A refund with its id and the payment that is paid back. */
export interface Refund extends Omit<RefundEntry, "of">, RefundedPayment {
  readonly refundId: string;
}
