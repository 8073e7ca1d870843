/**
 * What orders do to stock: hold, confirm, release, extend, sell late, take back; each one write, one per
 * item and transaction. None of them can be told from its repetition by the row, so they belong into
 * transactions, whose token lets them take effect once; only `reclaimWrite` may also stand alone.
 */
import type { ChangeNote } from "../base/actor.ts";
import type { AuditAction } from "../base/audit-action.ts";
import type { EpochMs } from "../base/time.ts";
import { action, allOf, anyOf, condition, exists, type Fragment } from "../table/expression.ts";
import { update, type Write } from "../table/write.ts";
import { type Room, unitsIn, watermarkAfter } from "./buckets.ts";
import { bucketKey } from "./deadline.ts";
import {
  at,
  callerStillHolds,
  isAboveWatermark,
  isNotTurning,
  itemIsForSale,
  limitsAllow,
  nobodyWaits,
  policyAllowsHold,
  priceHasNotRisen,
  priceIsAsSeen,
  reclaiming,
  roomIsAsSeen,
  rowIsTidy,
  stockCoversHold,
} from "./hold-conditions.ts";
import { InsufficientStock } from "./movement.ts";
import { type Demand, HoldGone, ItemNotFound, ItemsUnavailable, whyRefused } from "./stock.ts";
import { rowIsReadable, stockRow, parseStock } from "./stock-store.ts";

/** An order takes units of an item; `room` says which expired buckets it takes over for that. */
export interface Taking extends Demand {
  /** The row of the item that the units come from; by default the one that every item has. */
  readonly row?: number;
  /** What the order wants of the item in all, where it takes only a part of that from this row. */
  readonly wanted?: number;
  readonly orderId: string;
  readonly nowMs: EpochMs;
  readonly room?: Room | undefined;
  readonly note: ChangeNote;
}

/** A hold to be placed, and when it ends. */
export interface HoldRequest extends Taking {
  readonly expiresAtMs: EpochMs;
  /** It is for those in the item's line, which then goes on or ends; nobody else's hold passes a line. */
  readonly line?: "goes on" | "ends";
}

/**
 * An order does something to a hold of its own. That it has one, and until when, is what the order's
 * row says: its own write in the same transaction has to demand that the order is as it was read.
 */
export interface Holding {
  readonly itemId: string;
  /** The row of the item that counts it; by default the one that every item has. */
  readonly row?: number;
  readonly orderId: string;
  readonly quantity: number;
  readonly expiresAtMs: number;
  readonly note: ChangeNote;
}

/** The note of a write, in the trail's words and with the order for whose sake it happens. */
function telling(
  what: AuditAction,
  { note, orderId }: Pick<Holding, "note" | "orderId">,
): Fragment {
  return action`${at("change")} = ${{ ...note, action: what, orderId }}`;
}

/** What hold and sale have in common: room is made and the units leave `available`. */
function taking(
  request: Taking,
  { effects, held, endsLine }: { effects: readonly Fragment[]; held: number; endsLine?: boolean },
  more: readonly Fragment[],
): Write {
  const { itemId, row, quantity, wanted = quantity, nowMs, room } = request;
  const freed = unitsIn(room?.over ?? []);
  const { set, remove } = reclaiming(room);
  return update({
    ...stockRow(itemId, row),
    change: {
      set: [
        action`${at("available")} = ${at("available")} + ${freed - quantity}`,
        action`${at("held")} = ${at("held")} + ${held - freed}`,
        ...set,
        ...effects,
      ],
      remove: [...remove, ...(endsLine ? [at("hasLine")] : [])],
    },
    condition: allOf(
      rowIsReadable,
      stockCoversHold(quantity, freed),
      ...itemIsForSale(nowMs),
      ...priceIsAsSeen(request),
      ...priceHasNotRisen(request),
      ...limitsAllow({ ...request, quantity: wanted }),
      ...roomIsAsSeen(room),
      ...more,
    ),
    refused: (found) => {
      const failed = whyRefused(request, found && parseStock(found), nowMs);
      // None: it would fit by taking expired holds over, which is for who meets this to do.
      return new ItemsUnavailable(failed ? [failed] : []);
    },
  });
}

/** Sets units aside until an instant. */
export function holdWrite(request: HoldRequest): Write {
  const { quantity, expiresAtMs, room, line } = request;
  const freed = unitsIn(room?.over ?? []);
  const due = at("due", bucketKey(expiresAtMs));
  const effects = [
    action`${due} = if_not_exists(${due}, ${0}) + ${quantity}`,
    telling("hold.placed", request),
  ];
  return taking(request, { effects, held: quantity, endsLine: line === "ends" }, [
    line ? exists(at("hasLine")) : nobodyWaits,
    isAboveWatermark(expiresAtMs),
    policyAllowsHold(freed),
    isNotTurning(request.nowMs),
    ...rowIsTidy(room),
  ]);
}

function selling(request: Taking, more: readonly Fragment[]): Write {
  const effects = [
    action`${at("sold")} = ${at("sold")} + ${request.quantity}`,
    telling("item.paid", request),
  ];
  return taking(request, { effects, held: 0 }, more);
}

/** Sells units to an order that does not hold them any more: money that came late. */
export function sellWrite(request: Taking): Write {
  return selling(request, []);
}

/** Sells units with no hold before it, under the conditions of one: an order that costs nothing. */
export function buyWrite(request: Taking): Write {
  return selling(request, [nobodyWaits, policyAllowsHold(unitsIn(request.room?.over ?? []))]);
}

/** What confirm and release have in common: the units leave their bucket. */
function ending(holding: Holding, step: "sold" | "released"): Write {
  const { itemId, row, quantity, expiresAtMs } = holding;
  const due = at("due", bucketKey(expiresAtMs));
  const level = at(step === "sold" ? "sold" : "available");
  return update({
    ...stockRow(itemId, row),
    change: {
      set: [
        action`${level} = ${level} + ${quantity}`,
        action`${due} = ${due} - ${quantity}`,
        action`${at("held")} = ${at("held")} - ${quantity}`,
        telling(`hold.${step}`, holding),
      ],
    },
    condition: callerStillHolds(holding),
    refused: () => new HoldGone(itemId),
  });
}

/** The hold becomes a sale; refused once the units were taken over. */
export function confirmHoldWrite(holding: Holding): Write {
  return ending(holding, "sold");
}

/** The held units become available again; refused once they were taken over. */
export function releaseHoldWrite(holding: Holding): Write {
  return ending(holding, "released");
}

/** The hold ends at another, later instant: a payment has started. */
export function extendHoldWrite(holding: Holding & { readonly untilMs: EpochMs }): Write {
  const { itemId, quantity, expiresAtMs, untilMs } = holding;
  const [from, to] = [bucketKey(expiresAtMs), bucketKey(untilMs)];
  const [due, later] = [at("due", from), at("due", to)];
  // A payment that starts again within the same step of the grid only shows that it still holds.
  const moved = [
    action`${due} = ${due} - ${quantity}`,
    action`${later} = if_not_exists(${later}, ${0}) + ${quantity}`,
  ];
  return update({
    ...stockRow(itemId),
    change: { set: [...(from === to ? [] : moved), telling("hold.extended", holding)] },
    condition: callerStillHolds(holding),
    refused: () => new HoldGone(itemId),
  });
}

/** So many were sold, as far as this row can tell: sales from further rows are told by those. */
function wasSold(quantity: number): Fragment {
  return anyOf(condition`${at("sold")} >= ${quantity}`, exists(at("rows")));
}

/** Sold units come back. The order's own condition makes it happen once; more than were sold never do. */
export function takeBackWrite(sale: Omit<Holding, "orderId" | "expiresAtMs">): Write {
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
    condition: allOf(rowIsReadable, wasSold(quantity)),
    refused: (found) =>
      found
        ? new InsufficientStock(parseStock(found), "returned", quantity)
        : new ItemNotFound(itemId),
  });
}

/** Frees expired holds for their own sake. Takes effect once: the watermark has to be as seen. */
export function reclaimWrite(itemId: string, room: Room, note: ChangeNote): Write {
  const freed = unitsIn(room.over);
  const { set, remove } = reclaiming(room);
  return update({
    ...stockRow(itemId),
    change: {
      set: [
        action`${at("available")} = ${at("available")} + ${freed}`,
        action`${at("held")} = ${at("held")} - ${freed}`,
        action`${at("change")} = ${note}`,
        ...set,
      ],
      remove,
    },
    condition: allOf(exists(at("itemId")), ...roomIsAsSeen(room)),
    refused: () => new HoldGone(itemId),
    // Whoever moved the watermark there has taken over just these buckets.
    applied: (found) =>
      found !== undefined && parseStock(found).reclaimedThroughMs === watermarkAfter(room),
  });
}
