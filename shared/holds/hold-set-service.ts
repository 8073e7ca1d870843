/** What a caller can ask of holds without an order: set units aside, extend, confirm, let go, and see levels. */
import type { Actor } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import { expiredUnits } from "../inventory/buckets.ts";
import { deadlineAfter } from "../inventory/deadline.ts";
import { withRows } from "../inventory/hot/rows-store.ts";
import { findStocks } from "../inventory/stock-store.ts";
import { type CrowdOptions, OrderTaking } from "../orders/order-taking.ts";
import { KeyReused } from "../table/request-memory.ts";
import { createHoldSetEnding, getHoldSet, usualActor } from "./hold-set-ending.ts";
import { takeHoldSet } from "./hold-set-taking.ts";
import { checkWish, HoldEnded, type HoldSet, parseUnits } from "./hold-set.ts";

/** Units to set aside, all of them or none. */
export interface HoldWish {
  /** Yours to choose; the same id with the same units is the same hold, however often it is asked for. */
  readonly holdId: string;
  /** How many of which item. */
  readonly units: Readonly<Record<string, number>>;
  /** For how long from now: 1 second to 30 days, up to the next instant of the grid. */
  readonly forMs: number;
  readonly actor?: Actor;
}

/** Units of an item as of now. */
export interface UnitLevels {
  readonly itemId: string;
  /** To be had now; where units are spread over rows, those whose holds have just ended may count a moment later. */
  readonly available: number;
  readonly held: number;
  /** Confirmed. */
  readonly sold: number;
}

/** Makes the service over the stock of items. */
export function createHoldSetService(options: CrowdOptions) {
  const { database, clock } = options;

  return {
    ...createHoldSetEnding(options),

    /**
     * Sets units aside, all or none. One request; two where expired holds have to be taken over, one more for each item
     * that is spread over rows. Repeating it answers with the set as it is now.
     *
     * @throws ItemsUnavailable naming every item that cannot be had; nothing was held
     * @throws KeyReused when this id was used for other units; nothing was held
     * @throws TryAgain when others kept getting in between; nothing was held
     * @example await holds.hold({ holdId: "booking-7", units: { "seat/12A": 1 }, forMs: 300_000 });
     */
    async hold(wish: HoldWish): Promise<HoldSet> {
      const { holdId, forMs, actor = usualActor } = wish;
      const units = parseUnits(wish.units);
      checkWish(holdId, units, forMs);
      const set = {
        holdId,
        units,
        status: "held",
        expiresAtMs: deadlineAfter(clock(), forMs),
      } as const;
      const taking = new OrderTaking(options, actor);
      try {
        return await takeHoldSet({ options, taking, actor, forMs }, set);
      } catch (error) {
        if (error instanceof HoldfastError) await taking.giveBackAll();
        if (!(error instanceof HoldEnded)) throw error;
        const isSame = JSON.stringify(error.set.units) === JSON.stringify(units);
        if (!isSame) throw new KeyReused();
        return error.set;
      }
    },

    /**
     * The set as of now: one that is over still says `held`, with an instant that has passed. One request.
     *
     * @throws HoldNotFound
     * @example const { status, expiresAtMs } = await holds.find("booking-7");
     */
    find: (holdId: string): Promise<HoldSet> => getHoldSet(database, holdId),

    /**
     * Units of items as of now; items that are not there are left out. One request for 100 items, one more where some of them
     * are spread over rows.
     *
     * @example const [seat] = await holds.levels(["seat/12A"]);
     */
    async levels(itemIds: readonly string[]): Promise<UnitLevels[]> {
      const found = await findStocks(database, itemIds);
      const nowMs = clock();
      return (await withRows([...found.values()], database.getMany)).map((stock) => {
        const { itemId, available, held, sold } = stock;
        // What is over in further rows may have been confirmed: that is known when they are bought from.
        const over = expiredUnits(found.get(itemId)!, nowMs);
        return { itemId, available: available + over, held: held - over, sold };
      });
    },
  };
}

/** See `createHoldSetService`. */
export type HoldSetService = ReturnType<typeof createHoldSetService>;
