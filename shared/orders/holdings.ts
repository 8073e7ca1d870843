/** What an order holds, row by row, and the writes that end or move it wherever it is. */
import type { ChangeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import { bucketKey } from "../inventory/deadline.ts";
import {
  settleBackWrite,
  settleMovedWrite,
  settleSoldWrite,
} from "../inventory/hot/settlement-store.ts";
import {
  confirmHoldWrite,
  extendHoldWrite,
  type Holding,
  releaseHoldWrite,
} from "../inventory/hold-store.ts";
import type { Database } from "../table/database.ts";
import { maxTransactionWrites, type Write } from "../table/write.ts";
import { sumDemand, type HeldPiece, type Order, type Pieces } from "./order.ts";

type Held = Pick<Order, "orderId" | "lines" | "uses" | "pieces" | "expiresAtMs">;

/** What an order holds of one item in one row. */
export interface OrderHolding extends Holding, Pick<HeldPiece, "fromMs"> {
  readonly row: number;
}

/**
 * Everything that an order holds: one entry for each row of an item that has some of it, and for each row of
 * uses of a limited promotion.
 */
export function listHoldings(order: Held, note: ChangeNote): OrderHolding[] {
  const { orderId, lines, uses = [], pieces, expiresAtMs } = order;
  return [...sumDemand(lines), ...uses].flatMap(({ itemId, quantity }) => {
    const where = pieces?.[itemId] ?? [{ row: 0, quantity }];
    return where.map((piece) => ({ itemId, orderId, expiresAtMs, note, ...piece }));
  });
}

/** The hold becomes a sale: in its row, or in the settlement row of a hot item's. */
export function confirmWrite(holding: OrderHolding): Write {
  return holding.row === 0 ? confirmHoldWrite(holding) : settleSoldWrite(holding);
}

/** The hold ends at another, later instant. */
export function extendWrite(holding: OrderHolding, untilMs: EpochMs): Write {
  const later = { ...holding, untilMs };
  return holding.row === 0 ? extendHoldWrite(later) : settleMovedWrite(later);
}

/** Where the order's units are once all of its holds end at `untilMs`. */
export function extendPieces(order: Held, untilMs: number): Pieces | undefined {
  const { pieces, expiresAtMs } = order;
  if (!pieces || bucketKey(untilMs) === bucketKey(expiresAtMs)) return pieces;
  const moved = ({ row, quantity, fromMs }: HeldPiece): HeldPiece => {
    // What moves once more is only found again where it has arrived.
    const isFirst = row > 0 && fromMs === undefined;
    return { row, quantity, ...(isFirst ? { fromMs: expiresAtMs } : {}) };
  };
  return Object.fromEntries(
    Object.entries(pieces).map(([itemId, own]) => [itemId, own.map((piece) => moved(piece))]),
  );
}

/**
 * The held units become available again: writes that belong together. Units of a hot item that moved to the
 * order's deadline are still counted under the one before, until that is over: there the move is taken
 * back and they are let go.
 */
export function releaseWrites(holding: OrderHolding): Write[] {
  const { fromMs, ...held } = holding;
  if (fromMs === undefined) return [releaseHoldWrite(held)];
  const before = { ...held, expiresAtMs: fromMs };
  return [settleBackWrite({ ...before, untilMs: held.expiresAtMs }), releaseHoldWrite(before)];
}

/**
 * The writes that let go of all these, a group for each, beside `others` in one transaction. Where that is too many, which
 * no order is that is placed today, the last groups are empty: the end of those holds gives their units back.
 *
 * @see docs/decisions/0018-no-order-too-wide.md
 */
export function listReleases(held: readonly OrderHolding[], others: number): Write[][] {
  let room = maxTransactionWrites - others;
  return held.map((holding) => {
    const writes = releaseWrites(holding);
    if (writes.length > room) return [];
    room -= writes.length;
    return writes;
  });
}

/**
 * Lets go of units which `releaseWrites` could not: those of a hot item that have arrived in the bucket of the
 * order's own deadline by now. Called once, by who has ended the order. What is not there yet, and what a
 * process that dies here leaves, is given back when that bucket is over. No request for others.
 */
export async function releaseMoved(
  database: Pick<Database, "transact">,
  left: readonly OrderHolding[],
): Promise<void> {
  const moved = left.filter(({ fromMs }) => fromMs !== undefined);
  const releasing = moved.map(({ fromMs: _former, ...held }) =>
    database.transact([releaseHoldWrite(held)]),
  );
  await Promise.allSettled(releasing);
}
