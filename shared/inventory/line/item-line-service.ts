/** What a shopper can ask of the line for a sold-out item: a place in it, to keep or leave it, and one's turn. */
import { type Actor, changeNote } from "../../base/actor.ts";
import { again, OnceMore } from "../../base/again.ts";
import { HoldfastError } from "../../base/errors.ts";
import type { Clock, EpochMs } from "../../base/time.ts";
import { LineWaits, livingIn, PlaceNotFound } from "../../locks/line.ts";
import { leaveWrite } from "../../locks/line-places-store.ts";
import { lineResource } from "../../base/line-id.ts";
import type { Database } from "../../table/database.ts";
import { TransactionRefused } from "../../table/transaction.ts";
import type { Row, Write } from "../../table/write.ts";
import { gather } from "../hot/turning.ts";
import { isForSale, isSpread, HoldGone } from "../stock.ts";
import {
  findTurn,
  freeUnits,
  itemPlaceIn,
  type ItemStanding,
  type ItemTurn,
  keepAfterMs,
  LineClosed,
  liveTurns,
  makeItemTicket,
  whyClosed,
} from "./item-line.ts";
import { grantWrites } from "./item-line-granting.ts";
import { readLine } from "./item-line-reading.ts";
import {
  giveUpTurnWrites,
  joinItem,
  keepItemPlaceWrite,
  type LineAndItem,
} from "./item-line-store.ts";

/** All who can stand in a line may join, leave or ask once meanwhile, and some twice. */
const mostMoves = 40;

/** What the service needs. */
export interface ItemLineOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** Who asks for a place in the line of which item. */
export interface ItemLineRequest {
  readonly itemId: string;
  readonly userId: string;
  readonly actor: Actor;
}

/** A place or turn, and who asks for it. */
export interface ItemPlaceRequest extends ItemLineRequest {
  readonly ticket: string;
}

/** Tries until it is done, each time on the rows as they are by then. */
function settleItemLine<T>(attempt: () => Promise<T | OnceMore>): Promise<T> {
  return again(mostMoves, async () => {
    try {
      return await attempt();
    } catch (error) {
      const first = error instanceof TransactionRefused ? error.refusals[0]?.error : error;
      // Others were faster.
      if (first instanceof LineWaits || first instanceof HoldGone) return new OnceMore();
      throw error;
    }
  });
}

/** A place or turn of this shopper's, if there is one. */
function findOwnTicket(row: Row | undefined, userId: string, nowMs: EpochMs): string | undefined {
  const place = livingIn(row, nowMs).find(({ owner }) => owner.userId === userId);
  return (place ?? liveTurns(row, nowMs).find((turn) => turn.userId === userId))?.ticket;
}

/** Makes what asking comes to. */
function createStanding({ database, clock }: ItemLineOptions) {
  const commit = ([only, ...others]: readonly Write[]): Promise<unknown> =>
    others.length === 0 ? database.apply(only!) : database.transact([only!, ...others]);

  /** The first in line get what is free. */
  async function grant(seen: LineAndItem, nowMs: EpochMs): Promise<readonly ItemTurn[]> {
    const free = isForSale(seen.stock, nowMs) ? freeUnits(seen.stock, nowMs) : 0;
    const units = Math.min(free, livingIn(seen.row, nowMs).length);
    if (units < 1) return [];
    const { turns, writes } = grantWrites(seen, units, nowMs);
    await commit(writes);
    return turns;
  }

  async function stand(
    seen: LineAndItem,
    { itemId, ticket, userId }: ItemPlaceRequest,
    nowMs: EpochMs,
  ): Promise<ItemStanding> {
    const own = { ticket, userId };
    const turn = findTurn(seen.row, own, nowMs);
    if (turn) return { turn };
    const place = itemPlaceIn(seen, own, nowMs);
    if (!place) throw new PlaceNotFound();
    // Nothing is held for anybody while the shop does not sell it; who comes back in time still has the place.
    if (!isForSale(seen.stock, nowMs)) throw new LineClosed("not_for_sale");
    if (place.position <= freeUnits(seen.stock, nowMs)) {
      const turns = await grant(seen, nowMs);
      return { turn: turns.find((each) => each.ticket === ticket)! };
    }
    if (place.claimBeforeMs - nowMs > keepAfterMs * 2) return { place };
    const row = await database.apply(keepItemPlaceWrite({ itemId, ...own, nowMs }));
    return { place: itemPlaceIn({ ...seen, row }, own, nowMs)! };
  }

  /** One look at the line, and what follows from it; once more where it has moved. */
  function ask(request: ItemPlaceRequest): Promise<ItemStanding> {
    return settleItemLine(async () => {
      const seen = await readLine(database, request.itemId);
      return stand(seen, request, clock());
    });
  }

  async function passOn(itemId: string): Promise<void> {
    await settleItemLine(async () => grant(await readLine(database, itemId), clock()));
  }

  return { commit, stand, ask, passOn };
}

/** Makes the line operations of items. */
export function createItemLineService({ database, clock }: ItemLineOptions) {
  const { commit, stand, ask, passOn } = createStanding({ database, clock });

  return {
    /**
     * Joins the line of a sold-out item, or tells the place or turn that its shopper has already: one for each.
     * Two requests, and two more for everybody who changes the line at the same instant. Safe to repeat.
     *
     * @throws LineClosed when there is no line to stand in, or it is full; nothing was changed
     * @throws ItemNotFound
     * @example const standing = await itemLine.join({ itemId: "mug", userId: "alice", actor });
     */
    join(request: ItemLineRequest): Promise<ItemStanding> {
      const { itemId, userId, actor } = request;
      let isGathered = false;
      return settleItemLine(async (): Promise<ItemStanding | OnceMore> => {
        const seen = await readLine(database, itemId);
        const { row, stock } = seen;
        const nowMs = clock();
        const known = findOwnTicket(row, userId, nowMs);
        if (known) return stand(seen, { ...request, ticket: known }, nowMs);
        if (isSpread(stock) && stock.shards === undefined && !isGathered) {
          // Its crowd is gone: what is left in further rows comes back.
          isGathered = true;
          await gather({ database, clock }, stock);
          return new OnceMore();
        }
        const closed = whyClosed(seen, nowMs);
        if (closed) throw closed;
        const ticket = makeItemTicket(itemId, userId, nowMs);
        const joining = joinItem(seen, { ticket, userId, actor }, nowMs);
        await commit(joining.writes);
        const place = itemPlaceIn({ row: joining.after, stock }, { ticket, userId }, nowMs);
        return { place: place! };
      });
    },

    /**
     * Tells a place and keeps it, or the turn that has come. One request; one more where a place is kept (after a
     * third of its time), or a unit is free for it: then that is held. Safe to repeat.
     *
     * @throws PlaceNotFound when the place was given up, not asked for in time, or is somebody else's; or its turn
     * was used or is over
     * @throws LineClosed while the shop does not sell the item; nothing was changed
     * @example const standing = await itemLine.ask({ itemId, ticket, userId: "alice", actor });
     */
    ask,

    /**
     * Leaves the line. A turn that has come already is given up and passed on. One request; four with a turn. Safe
     * to repeat.
     *
     * @example await itemLine.leave({ itemId, ticket, userId: "alice", actor });
     */
    async leave({ itemId, ticket, userId, actor }: ItemPlaceRequest): Promise<void> {
      const nowMs = clock();
      try {
        const leaving = { resource: lineResource(itemId), ticket, userId, nowMs };
        await database.apply(leaveWrite(leaving));
        return;
      } catch (error) {
        if (!(error instanceof LineWaits)) throw error;
        const turn = findTurn(error.row, { ticket, userId }, nowMs);
        if (!turn) return;
        const note = changeNote("hold.released", actor, nowMs);
        await database.transact(giveUpTurnWrites(itemId, turn, note)).catch((lost: unknown) => {
          // Used, or over: nobody has it any more.
          if (!(lost instanceof TransactionRefused)) throw lost;
        });
      }
      // It is given up: whoever asks next does the rest, where this does not get through.
      await passOn(itemId).catch((error: unknown) => {
        if (!(error instanceof HoldfastError)) throw error;
      });
    },

    /**
     * Holds whatever is free for the first in line. A hint: whoever waits does the same by asking. One request, two
     * where something is free.
     *
     * @example await itemLine.passOn("mug");
     */
    passOn,
  };
}

/** See `createItemLineService`. */
export type ItemLineService = ReturnType<typeof createItemLineService>;
