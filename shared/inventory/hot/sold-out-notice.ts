/**
 * The notice that a hot item is sold out: what one function has found by reading all rows twice spares the others
 * that. It stands in a partition of its own, so that a crowd which reads it is in no buyer's way.
 */
import { HoldfastError } from "../../base/errors.ts";
import type { EpochMs } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { action, anyOf, condition, isMissing, pathsOf } from "../../table/expression.ts";
import { update } from "../../table/write.ts";
import type { Demand, FailedItem } from "../stock.ts";
import { noticePlace } from "./row-place.ts";

/** What the row says; it is no row of an item, and nothing that anybody counts. */
interface Notice {
  readonly noticeOf: string;
  /** So few units were there. */
  readonly available: number;
  readonly untilMs: number;
}

const at = pathsOf<Notice>();

/** A notice that stands longer is there already. */
class Outlasted extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "There is a later notice");
  }
}

/**
 * Tells the other functions, for as long as this one remembers it itself. A hint: where it cannot be left at once, for want of
 * capacity for example, it is not left. One request.
 */
export async function leaveNotice(
  database: Database,
  { itemId, available, untilMs }: { itemId: string; available: number; untilMs: EpochMs },
): Promise<void> {
  const write = update({
    ...noticePlace(itemId),
    change: {
      set: [
        action`${at("noticeOf")} = ${itemId}`,
        action`${at("available")} = ${available}`,
        action`${at("untilMs")} = ${untilMs}`,
      ],
    },
    condition: anyOf(isMissing(at("untilMs")), condition`${at("untilMs")} < ${untilMs}`),
    refused: () => new Outlasted(),
  });
  try {
    await database.apply(write, { isAside: true, isOnce: true, conflicts: 1, throttles: 1 });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
}

/** A notice that stands at this instant and speaks against this demand. */
export interface Noticed extends FailedItem {
  readonly untilMs: number;
}

/**
 * Looks for a notice that stands for no longer than `memoryMs`: one of a clock that is far ahead says nothing.
 * One request, half a read unit.
 */
export async function findNotice(
  database: Database,
  { itemId, quantity: requested }: Demand,
  { nowMs, memoryMs }: { nowMs: EpochMs; memoryMs: number },
): Promise<Noticed | undefined> {
  const { table, key } = noticePlace(itemId);
  const [row] = await database.lookAtMany(table, [key]);
  if (!row) return undefined;
  const { available, untilMs } = row as unknown as Notice;
  const stands = untilMs > nowMs && untilMs <= nowMs + memoryMs;
  if (!stands || requested <= available) return undefined;
  return { itemId, reason: "insufficient_stock", available, requested, untilMs };
}
