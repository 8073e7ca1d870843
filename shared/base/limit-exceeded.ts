/** The refusal by a rule of the shop: how much one shopper may have or withhold. */
import { HoldfastError } from "./errors.ts";

/** Which rule it is, and until when it stands where time alone ends it. */
export interface Limit {
  readonly name:
    | "maxOpenOrders"
    | "maxUnitsPerLine"
    | "maxUnpaidOrders"
    | "unpaidPauseMs"
    | "perOrder"
    | "perShopper";
  readonly value: number;
  readonly itemId?: string;
  readonly untilMs?: number;
}

/** A rule of the shop forbids it; nothing was held. */
export class LimitExceeded extends HoldfastError {
  constructor(detail: string, limit: Limit) {
    super("LIMIT_EXCEEDED", detail, { limit });
  }
}
