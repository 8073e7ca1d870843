/** How an order takes the unit that is held for its shopper's turn: out of that hold, and out of no other. */
import { action, allOf, type Fragment } from "../../table/expression.ts";
import { update, type Write } from "../../table/write.ts";
import { PlaceNotFound } from "../../locks/line.ts";
import { bucketKey } from "../deadline.ts";
import {
  at,
  callerStillHolds,
  isAboveWatermark,
  itemIsForSale,
  limitsAllow,
  policyAllowsHold,
  priceIsAsSeen,
} from "../hold-conditions.ts";
import type { HoldRequest } from "../hold-store.ts";
import {
  type Demand,
  type FailedItem,
  ItemsUnavailable,
  type Stock,
  whyRefused,
} from "../stock.ts";
import { parseStock, stockRow } from "../stock-store.ts";
import type { EpochMs } from "../../base/time.ts";
import type { ItemTurn } from "./item-line.ts";

/** Why an order with a turn cannot have its unit, but for the turn itself. */
export function whyNotClaimed(
  demand: Demand,
  stock: Stock | undefined,
  nowMs: EpochMs,
): FailedItem | undefined {
  // The unit is there: it is in the turn's hold.
  return whyRefused(demand, stock && { ...stock, available: 1, due: {} }, nowMs);
}

/** The unit stays held until the order's own deadline, or is sold at once by an order that costs nothing. */
function effects(
  { expiresAtMs }: HoldRequest,
  { endsAtMs }: ItemTurn,
  isPaid: boolean,
): Fragment[] {
  const due = at("due", bucketKey(endsAtMs));
  const less = action`${due} = ${due} - ${1}`;
  if (isPaid) {
    const [held, sold] = [at("held"), at("sold")];
    return [less, action`${held} = ${held} - ${1}`, action`${sold} = ${sold} + ${1}`];
  }
  if (bucketKey(expiresAtMs) === bucketKey(endsAtMs)) return [];
  const later = at("due", bucketKey(expiresAtMs));
  return [less, action`${later} = if_not_exists(${later}, ${0}) + ${1}`];
}

/**
 * The unit of a turn becomes the order's; refused with `PlaceNotFound` once the turn is over and its unit went on.
 * Belongs into one transaction with `endTurnWrite`: so a turn makes one order.
 */
export function claimUnitWrite(request: HoldRequest, turn: ItemTurn, isPaid: boolean): Write {
  const { itemId, orderId, nowMs, expiresAtMs, note } = request;
  const told = { ...note, action: isPaid ? "item.paid" : "hold.placed", orderId };
  return update({
    ...stockRow(itemId),
    change: { set: [...effects(request, turn, isPaid), action`${at("change")} = ${told}`] },
    condition: allOf(
      callerStillHolds({ quantity: 1, expiresAtMs: turn.endsAtMs }),
      ...(isPaid ? [] : [isAboveWatermark(expiresAtMs)]),
      policyAllowsHold(1),
      ...itemIsForSale(nowMs),
      ...priceIsAsSeen(request),
      ...limitsAllow(request),
    ),
    refused: (found) => {
      const failed = whyNotClaimed(request, found && parseStock(found), nowMs);
      return failed ? new ItemsUnavailable([failed]) : new PlaceNotFound();
    },
  });
}
