/** How an order keeps what is disputed of its payments. */

/** A dispute by its provider's name, as it was last told. */
export interface DisputeEntry {
  /** The provider's own word. */
  readonly status: string;
  readonly amountMinor: number;
  /** What of the payment is out of the shop's hands by it: for good once it is over. */
  readonly takenMinor: number;
  readonly isOver: boolean;
  readonly toldAtMs: number;
  /** The payment that is disputed. */
  readonly paymentId: string;
}
