/** What a hold set is: units of several items that are set aside together, under an id of the caller's. */
import { HoldfastError, InvalidRequest } from "../base/errors.ts";
import { type EpochMs, isExpired } from "../base/time.ts";
import type { Demand } from "../inventory/stock.ts";
import type { Pieces } from "../orders/order.ts";
import type { Row } from "../table/write.ts";

/** How a hold set stands in its row; one that is over and was not ended still says `held` there. */
export type HoldStatus = "held" | "confirmed" | "released";

/** Units that are set aside together, or were. */
export interface HoldSet {
  readonly holdId: string;
  readonly units: readonly Pick<Demand, "itemId" | "quantity">[];
  readonly status: HoldStatus;
  /** Ends at this instant unless it is confirmed or extended before. */
  readonly expiresAtMs: EpochMs;
  /** Where units of items are that are spread over rows. */
  readonly pieces?: Pieces;
}

/** A hold set as it is stored. */
export interface HoldSetRow extends HoldSet {
  readonly change: unknown;
  readonly ttlSeconds: number;
}

/** So many items one set may have: each is part of one transaction, with room for what extending it adds. */
const mostHeldItems = 40;
/** Longest id. */
const longestHoldId = 255;

/** What is wanted, in the order of the items' ids, so that the same wish always looks the same. */
export function parseUnits(units: Readonly<Record<string, number>>): HoldSet["units"] {
  return Object.entries(units)
    .map(([itemId, quantity]) => ({ itemId, quantity }))
    .toSorted((one, other) => (one.itemId < other.itemId ? -1 : 1));
}

/** @throws InvalidRequest when id, number of items, quantity or time is out of bounds; nothing was read or written */
export function checkWish(holdId: string, units: HoldSet["units"], forMs: number): void {
  const refuse = (path: string, message: string): never => {
    throw new InvalidRequest([{ path, message }]);
  };
  if (holdId.length === 0 || holdId.length > longestHoldId) {
    refuse("holdId", `must have 1 to ${longestHoldId} characters`);
  }
  if (units.length === 0 || units.length > mostHeldItems) {
    refuse("units", `must name 1 to ${mostHeldItems} items`);
  }
  for (const { itemId, quantity } of units) {
    const isFine = Number.isSafeInteger(quantity) && quantity > 0;
    if (!isFine) refuse(`units.${itemId}`, "must be a whole number of at least 1");
  }
  checkDuration(forMs);
}

/** @throws InvalidRequest when it is not 1 second to 30 days */
export function checkDuration(forMs: number): void {
  if (forMs >= 1_000 && forMs <= 30 * 86_400_000) return;
  throw new InvalidRequest([{ path: "forMs", message: "must be 1 second to 30 days" }]);
}

/** The hold set in a row, or undefined where there is none. */
export function parseHoldSet(row: Row | undefined): HoldSet | undefined {
  if (row?.["holdId"] === undefined) return undefined;
  const { holdId, units, status, expiresAtMs, pieces } = row as unknown as HoldSet;
  return { holdId, units, status, expiresAtMs, ...(pieces ? { pieces } : {}) };
}

/** Whether the set's units are still its own. */
export function isLive({ status, expiresAtMs }: HoldSet, nowMs: EpochMs): boolean {
  return status === "held" && !isExpired(expiresAtMs, nowMs);
}

/** There is no hold set of this id; one is forgotten 30 days after its end. */
export class HoldNotFound extends HoldfastError {
  constructor(holdId: string) {
    super("HOLD_NOT_FOUND", `There is no hold ${holdId}`, { holdId });
  }
}

/** The set ended in another way before; nothing was changed. */
export class HoldEnded extends HoldfastError {
  readonly set: HoldSet;

  constructor(set: HoldSet) {
    const how = set.status === "held" ? "is over" : `was ${set.status}`;
    super("HOLD_ENDED", `The hold ${set.holdId} ${how}`, {
      holdId: set.holdId,
      status: set.status,
    });
    this.set = set;
  }
}
