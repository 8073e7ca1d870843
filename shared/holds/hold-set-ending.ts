/** Extends hold sets and ends them, each once. */
import { type Actor, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import type { Clock, EpochMs } from "../base/time.ts";
import type { AuditAction } from "../base/audit-action.ts";
import { deadlineAfter } from "../inventory/deadline.ts";
import { transactOpening } from "../inventory/hot/opening.ts";
import { HoldGone } from "../inventory/stock.ts";
import {
  confirmWrite,
  extendPieces,
  extendWrite,
  listHoldings,
  type OrderHolding,
  releaseMoved,
  releaseWrites,
} from "../orders/holdings.ts";
import type { Database } from "../table/database.ts";
import { transactTolerating } from "../table/tolerating.ts";
import { TransactionRefused } from "../table/transaction.ts";
import { checkDuration, HoldEnded, HoldNotFound, type HoldSet, isLive } from "./hold-set.ts";
import { endHoldSetWrite, findHoldSet, moveHoldSetWrite } from "./hold-set-store.ts";

/** What ending is made of. */
export interface EndingParts {
  readonly database: Database;
  readonly clock: Clock;
}

/** Whoever extends and ends a set at the same moment meets the other a few times at the most. */
const mostRounds = 10;

/** Who is on record where nobody else is named. */
export const usualActor: Actor = { id: "holds" };

/** The writes of holdings as an order has them: a set holds as an order does. */
function listHeld(set: HoldSet, actor: Actor, nowMs: EpochMs, what: AuditAction): OrderHolding[] {
  const note = changeNote(what, actor, nowMs);
  const { holdId: orderId, units: uses, pieces, expiresAtMs } = set;
  const at = { orderId, lines: [], uses, expiresAtMs, ...(pieces ? { pieces } : {}) };
  return listHoldings(at, note);
}

/**
 * The set as of now.
 *
 * @throws HoldNotFound
 */
export async function getHoldSet(database: Database, holdId: string): Promise<HoldSet> {
  const set = await findHoldSet(database, holdId);
  if (!set) throw new HoldNotFound(holdId);
  return set;
}

/** What extends and ends sets. */
export function createHoldSetEnding({ database, clock }: EndingParts) {
  /** One step of a set as it is read, again where somebody else moved it in between. */
  function change(holdId: string, step: (set: HoldSet) => Promise<HoldSet>): Promise<HoldSet> {
    return again(mostRounds, async () => {
      const set = await getHoldSet(database, holdId);
      try {
        return await step(set);
      } catch (error) {
        const refused = error instanceof TransactionRefused ? error.refusals[0]?.error : error;
        if (refused instanceof HoldGone) throw new HoldEnded(set);
        const isMoved = refused instanceof HoldEnded && refused.set.status === "held";
        if (isMoved && isLive(refused.set, clock())) return new OnceMore();
        if (refused instanceof HoldEnded) return step(refused.set);
        throw error;
      }
    });
  }

  return {
    /**
     * Lets a set last so long from now. Two requests. Never makes it end earlier. Safe to repeat.
     *
     * @throws HoldEnded when it was confirmed or released, or is over; nothing was changed
     * @throws HoldNotFound
     * @example await holds.extend("booking-7", 600_000);
     */
    extend(holdId: string, forMs: number, actor: Actor = usualActor): Promise<HoldSet> {
      checkDuration(forMs);
      return change(holdId, async (set) => {
        const nowMs = clock();
        if (!isLive(set, nowMs)) throw new HoldEnded(set);
        const expiresAtMs = deadlineAfter(nowMs, forMs);
        if (expiresAtMs <= set.expiresAtMs) return set;
        const held = listHeld(set, actor, nowMs, "hold.extended");
        const { holdId: orderId, units: uses } = set;
        const pieces = extendPieces({ ...set, orderId, lines: [], uses }, expiresAtMs);
        const moved = { expiresAtMs, ...(pieces ? { pieces } : {}) };
        const note = changeNote("hold.extended", actor, nowMs);
        const moving = held.map((holding) => extendWrite(holding, expiresAtMs));
        await transactOpening(database, [moveHoldSetWrite(set, moved, note), ...moving]);
        return { ...set, ...moved };
      });
    },

    /**
     * The units are the caller's for good: they count as sold. Two requests. Safe to repeat.
     *
     * @throws HoldEnded when it was released, or is over: its units may be somebody else's; nothing was changed
     * @throws HoldNotFound
     * @example await holds.confirm("booking-7");
     */
    confirm(holdId: string, actor: Actor = usualActor): Promise<HoldSet> {
      return change(holdId, async (set) => {
        if (set.status === "confirmed") return set;
        const nowMs = clock();
        if (!isLive(set, nowMs)) throw new HoldEnded(set);
        const held = listHeld(set, actor, nowMs, "hold.sold");
        const note = changeNote("hold.sold", actor, nowMs);
        const ending = endHoldSetWrite(set, "confirmed", note);
        await transactOpening(database, [ending, ...held.map((holding) => confirmWrite(holding))]);
        return { ...set, status: "confirmed" };
      });
    },

    /**
     * The units can be had by others from this instant. Two requests. Safe to repeat; one that is over had freed its units
     * before.
     *
     * @throws HoldEnded when it was confirmed; nothing was changed
     * @throws HoldNotFound
     * @example await holds.release("booking-7");
     */
    release(holdId: string, actor: Actor = usualActor): Promise<HoldSet> {
      return change(holdId, async (set) => {
        if (set.status === "released") return set;
        if (set.status === "confirmed") throw new HoldEnded(set);
        const nowMs = clock();
        const held = isLive(set, nowMs) ? listHeld(set, actor, nowMs, "hold.released") : [];
        const returning = held.map((holding) => releaseWrites(holding));
        const note = changeNote("hold.released", actor, nowMs);
        const ending = endHoldSetWrite(set, "released", note);
        const out = await transactTolerating(database, [ending], returning);
        await releaseMoved(
          database,
          held.filter((_, index) => out.includes(returning[index]!)),
        );
        return { ...set, status: "released" };
      });
    },
  };
}
