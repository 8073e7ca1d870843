/** Disputes as providers tell them: a shopper's bank, or the shopper, wants a payment back. */

/** A dispute as its provider tells it at one moment. */
export interface ToldDispute {
  /** The provider's name for it. */
  readonly disputeId: string;
  /** The provider's own word for how it stands. */
  readonly status: string;
  readonly amountMinor: number;
  /** What of the payment is out of the shop's hands while it stands so: nothing of a mere inquiry, or once it is won. */
  readonly takenMinor: number;
  /** It is decided. */
  readonly isOver: boolean;
  /** When the provider said so: who tells something older is not believed any more. */
  readonly toldAtMs: number;
}

/** What a webhook has told meanwhile is newer than what was read out of a list. */
const readingLagMs = 600_000;
/** Disputes are decided within months of their beginning: a list of what happened lately goes so far back. */
export const longestDisputeMs = 120 * 24 * 3_600_000;

/** As of when what was read of a dispute, which says not when it last changed, is believed. */
export const readAsOfMs = (createdSeconds: number, nowMs: number): number =>
  Math.max(createdSeconds * 1000, Math.floor(nowMs) - readingLagMs);

/** The longest word for a status that is taken. */
export const longestDisputeStatus = 64;
