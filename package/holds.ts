/**
 * `holdfast/holds`: sets units of anything aside for a while: tickets, seats, rooms, places in a course. Several at once, all or
 * none, each until an exact instant, at constant cost however many others hold.
 *
 * **Tables**: `holdTables({ table, ledgerTable })` are the inputs of CreateTable (TTL attribute `ttlSeconds` of the first); with the CDK
 * `HoldfastHolds` of `holdfast/cdk` makes them.
 *
 * **IAM**: on `table` `dynamodb:GetItem`, `BatchGetItem`, `PutItem`, `UpdateItem`; on `ledgerTable` `PutItem`, `UpdateItem`, for `define`
 * and `adjust` only.
 *
 * @example
 * import { createHolds, ItemsUnavailable } from "holdfast/holds";
 *
 * const holds = createHolds({ table: "my-units", ledgerTable: "my-ledger" });
 * await holds.define("concert/stalls", { units: 200 });
 *
 * try {
 *   // The id is yours: asked for twice, it is the same hold.
 *   await holds.hold({ holdId: "booking-7", units: { "concert/stalls": 2 }, forMs: 300_000 });
 *   await holds.extend("booking-7", 600_000); // the guest is paying
 *   await holds.confirm("booking-7");
 * } catch (error) {
 *   if (!(error instanceof ItemsUnavailable)) throw error;
 *   console.log(error.failedItems); // which, how many are left
 * }
 * console.log(await holds.levels(["concert/stalls"]));
 */
import { setTimeout as sleepMs } from "node:timers/promises";
import { tableShapes } from "../infra/table-shapes.ts";
import type { Actor } from "../shared/base/actor.ts";
import { systemClock } from "../shared/base/time.ts";
import { createHoldSetService, type HoldSetService } from "../shared/holds/hold-set-service.ts";
import { createItemMemory } from "../shared/inventory/hot/item-memory.ts";
import { createInventoryService } from "../shared/inventory/inventory-service.ts";
import { createLedgerService } from "../shared/inventory/ledger-service.ts";
import { createLevelMemory } from "../shared/inventory/level-memory.ts";
import { ItemExists } from "../shared/inventory/stock.ts";
import { TransactionRefused } from "../shared/table/transaction.ts";
import { type Connection, openDatabase } from "./open-database.ts";
import { tableInput, type TableInput } from "./table-input.ts";

export { HoldfastError } from "../shared/base/errors.ts";
export { HoldEnded, HoldNotFound, type HoldSet } from "../shared/holds/hold-set.ts";
export type { HoldWish, UnitLevels } from "../shared/holds/hold-set-service.ts";
export { type FailedItem, ItemsUnavailable } from "../shared/inventory/stock.ts";
export { KeyReused } from "../shared/table/request-memory.ts";
export type { Actor, Connection, TableInput };

/** Where units are counted, and where it is written down how they came and went. */
export interface HoldsOptions extends Connection {
  readonly table: string;
  readonly ledgerTable: string;
  /** Over how many rows an item is spread when a crowd wants it; below 2 none is. 8 by default. */
  readonly autoShards?: number;
}

/** What there is to be held. */
export interface Definition {
  readonly units: number;
  /** `exclusive`: one live hold at a time, however many units there are; `counted` by default. */
  readonly holdPolicy?: "counted" | "exclusive";
}

/** Holds, and what they are holds of. */
export interface Holds extends HoldSetService {
  /**
   * Says that there are so many units of something. One request. Repeating it changes nothing: how many there are is changed by
   * `adjust`.
   *
   * @returns whether it is new
   */
  define(itemId: string, definition: Definition, actor?: Actor): Promise<boolean>;
  /**
   * More units, or fewer of those that nobody holds. The reference makes it happen once. One or two requests.
   *
   * @throws HoldfastError `INSUFFICIENT_STOCK` when fewer are free; nothing was changed
   */
  adjust(itemId: string, delta: number, reference: string, actor?: Actor): Promise<void>;
}

/** It is made in one transaction with its first movement, which is refused as a whole. */
function isThere(error: unknown): boolean {
  const errors =
    error instanceof TransactionRefused ? error.refusals.map((each) => each.error) : [error];
  return errors.some((each) => each instanceof ItemExists);
}

const defaultActor: Actor = { id: "holds" };

/**
 * Makes holds over a table. Opens nothing yet: the first request does.
 *
 * @example const holds = createHolds({ table: "my-units", ledgerTable: "my-ledger" });
 */
export function createHolds(options: HoldsOptions): Holds {
  const { table, ledgerTable, autoShards = 8 } = options;
  const database = openDatabase({ Stock: table, Movements: ledgerTable }, options);
  const clock = systemClock;
  const parts = { database, clock, lastSeen: createLevelMemory() };
  const inventory = createInventoryService(parts);
  const ledger = createLedgerService(parts);
  const memory = createItemMemory(clock, 250);
  const sleep = (durationMs: number): Promise<void> => sleepMs(durationMs);
  const sets = createHoldSetService({
    ...parts,
    memory,
    sleep,
    random: Math.random,
    autoShards,
  });
  return {
    ...sets,
    async define(itemId, { units: quantity, holdPolicy = "counted" }, actor = defaultActor) {
      // Prices are the caller's business here.
      const about = { name: itemId, kind: "unit", price: { amountMinor: 0, currency: "XXX" } };
      try {
        await inventory.create({ ...about, itemId, quantity, holdPolicy }, actor);
        return true;
      } catch (error) {
        if (isThere(error)) return false;
        throw error;
      }
    },
    async adjust(itemId, delta, reference, actor = defaultActor) {
      await ledger.move({ itemId, kind: "adjusted", quantity: delta, reference, actor });
    },
  };
}

/** The tables of holds, as CreateTable wants them. */
export function holdTables({ table, ledgerTable }: HoldsOptions): TableInput[] {
  return [tableInput(tableShapes.Stock, table), tableInput(tableShapes.Movements, ledgerTable)];
}
