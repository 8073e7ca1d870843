/** Items as their keepers and everybody else see them: create, read, list, change, and the ledger. */
import { type Actor, changeNote } from "../base/actor.ts";
import type { Page } from "../table/paging.ts";
import { findWhole, withRows } from "./hot/rows-store.ts";
import { createHot } from "./hot/turning.ts";
import { assertCanShard, changeItem, type ChangingOptions } from "./item-change.ts";
import type { LevelMemory } from "./level-memory.ts";
import { pickLevels, type Movement } from "./movement.ts";
import { firstReceived, makeStock, type NewItem, present } from "./new-item.ts";
import { listMovements, movementWrite } from "./movement-store.ts";
import { reclaimItems, reclaimSpread } from "./reclaiming.ts";
import { isSpread, ItemNotFound, type Stock } from "./stock.ts";
import { aboutWrite, type ToldStock, withAbout } from "./about-store.ts";
import { changesAbout, checkSale, type ItemPatch } from "./item-facts.ts";
import { type CatalogPage, createStockWrite, listStocks, lookAtStock } from "./stock-store.ts";

/** What the service needs. */
export interface InventoryServiceOptions extends ChangingOptions {
  /** What this service sees of levels spares the ledger a request. */
  readonly lastSeen: LevelMemory;
}

/** Which page of a ledger. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Makes the service. */
export function createInventoryService({ lastSeen, ...options }: InventoryServiceOptions) {
  const { database, clock } = options;
  return {
    /**
     * Creates an item together with the first entry of its ledger. One request, with several rows, too.
     *
     * @throws ItemExists; nothing was changed
     * @example
     * await inventory.create({ itemId: "mug", name: "Mug", kind: "Retail", quantity: 12,
     *   price: { amountMinor: 900, currency: "EUR" }, holdPolicy: "counted" }, actor);
     */
    async create(item: NewItem, actor: Actor): Promise<ToldStock> {
      const { itemId, holdPolicy, shards = 1, description, imageUrl } = item;
      assertCanShard(holdPolicy, shards);
      checkSale(item.sale);
      const atMs = clock();
      const note = changeNote("item.create", actor, atMs);
      const stock = makeStock(item, atMs);
      const told = changesAbout(item) ? [aboutWrite(itemId, { description, imageUrl }, note)] : [];
      const creating =
        shards < 2 ? [createStockWrite(stock, note)] : createHot(stock, shards, note);
      await database.transact([...creating, ...told, movementWrite(firstReceived(item, note))]);
      if (shards < 2) lastSeen.set(itemId, pickLevels(stock));
      const spread = shards < 2 ? {} : { shards, rows: shards };
      return { ...stock, ...spread, ...present({ description, imageUrl }) };
    },

    /**
     * The item as of now. One request, two for a hot one.
     *
     * @throws ItemNotFound
     * @example
     * const { available } = await inventory.get("mug");
     */
    async get(itemId: string): Promise<Stock> {
      const stock = await findWhole(database, itemId);
      if (!stock) throw new ItemNotFound(itemId);
      if (!isSpread(stock)) lastSeen.set(itemId, pickLevels(stock));
      return stock;
    },

    /**
     * The item as a product page shows it: what it says may lag by a moment, and nothing is decided by
     * it. One request, half a read unit however many hold the item; for a hot item one more, and half a unit
     * a row.
     *
     * @throws ItemNotFound
     * @example
     * const { available } = await inventory.look("mug");
     */
    async look(itemId: string): Promise<ToldStock> {
      const stock = await lookAtStock(database, itemId);
      if (!stock) throw new ItemNotFound(itemId);
      const [whole] = await withRows([stock], database.lookAtMany);
      return { ...stock, ...whole };
    },

    /**
     * A page of items by id, as they are or were a moment ago: half a read unit an item, and half of one for
     * what is told about it. Two requests, one more where an item is hot, and one more where something is told.
     * Those that were withdrawn are a list of their own.
     *
     * @example
     * const { rows, cursor } = await inventory.list({ limit: 20 });
     */
    async list(page: CatalogPage): Promise<Page<ToldStock>> {
      const { rows, ...more } = await listStocks(database, page, database.lookAtMany);
      const whole = await withRows(rows, database.lookAtMany);
      return { rows: await withAbout(whole, database.lookAtMany), ...more };
    },

    /**
     * Changes what the shop says of an item, or withdraws it, all at once or not at all. One request for an item that was
     * never hot, and harmless when repeated; two for others, and two more where something is told about it. A withdrawn
     * item is neither listed nor sold once this has answered; what is held or sold of it goes on. From `shards` 2 on the
     * item is sold from so many rows until told otherwise, also where others are at work on its rows just now: then it
     * is they who spread it over so many. With 1 it is sold from one row again, and turns hot when a crowd wants it.
     * Dealing units out takes four requests more, and one for each further row that the item has.
     *
     * @throws ItemNotFound
     * @throws InvalidRequest when an item cannot be both exclusive and hot
     * @example
     * await inventory.change("mug", { name: "Big mug" }, actor);
     */
    async change(itemId: string, patch: ItemPatch, actor: Actor): Promise<ToldStock> {
      const changed = await changeItem(options, itemId, patch, actor);
      const [told = changed] = await withAbout([changed], database.getMany);
      return told;
    },

    /**
     * Makes units of holds that are over available again. Never needed by buyers, who take them over;
     * it keeps the levels true for those who look. One request to read up to 100 items, and one for
     * each that has something over. Safe to repeat.
     *
     * @example await inventory.reclaim(["mug", "lamp"]);
     */
    reclaim: (itemIds: readonly string[]): Promise<void> =>
      reclaimItems({ database, clock }, itemIds),

    /**
     * The same for all items that are sold from several rows, or were until lately, while `goesOn` says that there is time.
     * One request for a list of up to 100 of them, one to read them, and those of `reclaim` for each. Safe to repeat.
     *
     * @example await inventory.reclaimSpread(() => clock() < deadlineMs);
     */
    reclaimSpread: (goesOn: () => boolean): Promise<void> =>
      reclaimSpread({ database, clock }, goesOn),

    /**
     * A page of an item's ledger, newest first. One request.
     *
     * @throws ItemNotFound: an item has at least the movement that it began with
     * @example
     * const { rows } = await inventory.movements("mug", { limit: 20 });
     */
    async movements(itemId: string, page: PageRequest): Promise<Page<Movement>> {
      const movements = await listMovements(database, itemId, page);
      const isEmpty = movements.rows.length === 0 && movements.cursor === undefined;
      if (isEmpty && page.cursor === undefined) throw new ItemNotFound(itemId);
      return movements;
    },
  };
}

/** See `createInventoryService`. */
export type InventoryService = ReturnType<typeof createInventoryService>;
