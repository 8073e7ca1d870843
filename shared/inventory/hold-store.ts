/** What orders do to stock: hold, confirm, release, extend, sell late, take back; each one write. */
import type { ChangeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import {
  action,
  allOf,
  anyOf,
  at,
  condition,
  exists,
  type Fragment,
  isMissing,
} from "../table/expression.ts";
import { update, type Write } from "../table/write.ts";
import {
  type Demand,
  HoldGone,
  ItemNotFound,
  ItemsUnavailable,
  maxHolds,
  type OrderHold,
  type Stock,
  unitsIn,
  whyRefused,
} from "./stock.ts";
import { stockOf, stockRow } from "./stock-store.ts";

/** An order takes units of an item; `takeOver` lists expired holds that make room for it. */
export interface Taking extends Demand {
  readonly orderId: string;
  readonly nowMs: EpochMs;
  readonly takeOver?: readonly OrderHold[];
  readonly note: ChangeNote;
}

/** A hold to be placed: whose it is and when it ends. */
export interface HoldRequest extends Taking {
  readonly userId: string;
  readonly expiresAtMs: EpochMs;
}

/** An order does something to a hold of its own. */
export interface Holding {
  readonly itemId: string;
  readonly orderId: string;
  readonly quantity: number;
  readonly note: ChangeNote;
}

const noHolds: readonly OrderHold[] = [];

function stockCoversHold(quantity: number, freed: number): Fragment {
  return condition`${at("available")} >= ${quantity - freed}`;
}

function priceIsAsSeen({ price }: Demand): Fragment[] {
  if (!price) return [];
  return [
    condition`${at("amountMinor")} = ${price.amountMinor}`,
    condition`${at("currency")} = ${price.currency}`,
  ];
}

/** Exactly the holds that were seen to be over, so that one which was extended is left alone. */
function expiredHoldsAreUnchanged(holds: readonly OrderHold[]): Fragment[] {
  return holds.map(({ orderId, expiresAtMs }) => {
    return condition`${at("holds", orderId, "expiresAtMs")} = ${expiresAtMs}`;
  });
}

function policyAllowsHold(takenOver: number): Fragment {
  const holdsNobodyElse = condition`size(${at("holds")}) = ${takenOver}`;
  return anyOf(condition`${at("holdPolicy")} <> ${"exclusive"}`, holdsNobodyElse);
}

function hasRoomForHold(takenOver: number): Fragment {
  return condition`size(${at("holds")}) < ${maxHolds + takenOver}`;
}

function callerHasNoHold(orderId: string): Fragment {
  return isMissing(at("holds", orderId));
}

function callerStillHolds({ orderId, quantity }: Holding): Fragment {
  return condition`${at("holds", orderId, "quantity")} = ${quantity}`;
}

/** What hold and sale have in common: room is made and the units leave `available`. */
function taking(request: Taking, effect: Fragment, more: readonly Fragment[]): Write {
  const { itemId, quantity, nowMs, note, takeOver = noHolds } = request;
  const freed = unitsIn(takeOver);
  return update({
    ...stockRow(itemId),
    change: {
      set: [
        action`${at("available")} = ${at("available")} + ${freed - quantity}`,
        action`${at("change")} = ${note}`,
        effect,
      ],
      remove: takeOver.map(({ orderId }) => at("holds", orderId)),
    },
    condition: allOf(
      exists(at("itemId")),
      callerHasNoHold(request.orderId),
      stockCoversHold(quantity, freed),
      ...priceIsAsSeen(request),
      ...expiredHoldsAreUnchanged(takeOver),
      ...more,
    ),
    refused: (found) => {
      const failed = whyRefused(request, found && stockOf(found), nowMs);
      // None: it would fit by taking expired holds over, which is for who meets this to do.
      return new ItemsUnavailable(failed ? [failed] : []);
    },
  });
}

/** What confirm and release have in common: the hold goes, which can happen once. */
function ending(holding: Holding, effect: Fragment): Write {
  const { itemId, orderId, note } = holding;
  return update({
    ...stockRow(itemId),
    change: {
      set: [effect, action`${at("change")} = ${note}`],
      remove: [at("holds", orderId)],
    },
    condition: callerStillHolds(holding),
    refused: () => new HoldGone(itemId, orderId),
  });
}

/** Sets units aside for an order that holds none of this item yet. */
export function holdWrite(request: HoldRequest): Write {
  const { orderId, userId, quantity, expiresAtMs, takeOver = noHolds } = request;
  const hold = { quantity, expiresAtMs, userId };
  return taking(request, action`${at("holds", orderId)} = ${hold}`, [
    policyAllowsHold(takeOver.length),
    hasRoomForHold(takeOver.length),
  ]);
}

/** Sells units to an order that does not hold them any more: money that came late. */
export function sellWrite(request: Taking): Write {
  return taking(request, action`${at("sold")} = ${at("sold")} + ${request.quantity}`, []);
}

/** The hold becomes a sale. Can take effect once: afterwards the hold is gone. */
export function confirmHoldWrite(holding: Holding): Write {
  return ending(holding, action`${at("sold")} = ${at("sold")} + ${holding.quantity}`);
}

/** The held units become available again. Can take effect once: afterwards the hold is gone. */
export function releaseHoldWrite(holding: Holding): Write {
  return ending(holding, action`${at("available")} = ${at("available")} + ${holding.quantity}`);
}

/** The hold ends at another instant: a payment has started. */
export function extendHoldWrite(holding: Holding & { readonly expiresAtMs: EpochMs }): Write {
  const { itemId, orderId, expiresAtMs, note } = holding;
  return update({
    ...stockRow(itemId),
    change: {
      set: [
        action`${at("holds", orderId, "expiresAtMs")} = ${expiresAtMs}`,
        action`${at("change")} = ${note}`,
      ],
    },
    condition: callerStillHolds(holding),
    refused: () => new HoldGone(itemId, orderId),
  });
}

/** Sold units come back: a refund. The order's own condition makes it happen once. */
export function takeBackWrite(sale: Omit<Holding, "orderId">): Write {
  const { itemId, quantity, note } = sale;
  return update({
    ...stockRow(itemId),
    change: {
      set: [
        action`${at("available")} = ${at("available")} + ${quantity}`,
        action`${at("sold")} = ${at("sold")} - ${quantity}`,
        action`${at("change")} = ${note}`,
      ],
    },
    condition: condition`${at("sold")} >= ${quantity}`,
    refused: () => new ItemNotFound(itemId),
  });
}

/**
 * Frees expired holds for their own sake, where more of them stand in the way than one buyer's
 * write can take over.
 */
export function clearHoldsWrite(
  itemId: string,
  expired: readonly OrderHold[],
  note: ChangeNote,
): Write {
  return update({
    ...stockRow(itemId),
    change: {
      set: [
        action`${at("available")} = ${at("available")} + ${unitsIn(expired)}`,
        action`${at("change")} = ${note}`,
      ],
      remove: expired.map(({ orderId }) => at("holds", orderId)),
    },
    condition: allOf(exists(at("itemId")), ...expiredHoldsAreUnchanged(expired)),
    refused: () => new HoldGone(itemId, expired.map(({ orderId }) => orderId).join(", ")),
    applied: (found) => found !== undefined && hasNoneOf(stockOf(found), expired),
  });
}

function hasNoneOf({ holds }: Stock, expired: readonly OrderHold[]): boolean {
  return expired.every(({ orderId }) => !holds[orderId]);
}
