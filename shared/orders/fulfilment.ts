/** What was sent of an order: how much of each line, and how far that makes the order. */
import { HoldfastError } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";

/** Units of a line of an order. */
export interface LineQuantity {
  readonly lineId: string;
  readonly quantity: number;
}

/** Something that was sent to the shopper. */
export interface Fulfilment {
  readonly fulfilmentId: string;
  /** The shop's own name for it: the same one is the same fulfilment. */
  readonly reference: string;
  readonly lines: readonly LineQuantity[];
  /** How to follow it, as JSON text. */
  readonly tracking?: string;
  readonly fingerprint: string;
  readonly createdAtMs: EpochMs;
}

/** How far an order has been sent. */
export const fulfilmentStatuses = ["unfulfilled", "partial", "fulfilled"] as const;

/** One of these. */
export type FulfilmentStatus = (typeof fulfilmentStatuses)[number];

/** So many entries of lines all fulfilments of an order have together: its row has room for 400 KB of everything. */
export const maxFulfilledLines = 1_000;

/** More of a line is to be sent than was ordered and neither sent nor returned; nothing was changed. */
export class FulfilmentExceeded extends HoldfastError {
  constructor(lineId: string, fulfillable: number, requested: number) {
    super("FULFILMENT_EXCEEDED", `Only ${fulfillable} of ${lineId} can still be sent`, {
      lineId,
      fulfillable,
      requested,
    });
  }
}
