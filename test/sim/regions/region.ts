/** A region: a database of its own with the real services over it, and what of its rows has reached another region. */
import { silentLogger } from "../../../shared/base/logger.ts";
import { epochMs, type EpochMs } from "../../../shared/base/time.ts";
import type { ItemChange } from "../../../shared/table/stream.ts";
import type { ShopEvent } from "../../../shared/events/event.ts";
import { createShop, type PayingShopParts, publishingService } from "../../../shared/shop.ts";
import { createDatabase, type DocumentClient } from "../../../shared/table/database.ts";
import { type Command, Engine } from "../engine/engine.ts";
import type { ChangeRecord } from "../engine/table.ts";
import type { Item } from "../engine/values.ts";
import type { Random } from "../random.ts";
import { simulatedTables } from "../tables.ts";
import { defaultSettings } from "../workloads/system.ts";
import type { Account } from "./account.ts";

/** Time, which all regions have in common. */
export interface Timer {
  nowMs: number;
}

/** Rows by table and key, each with the instant at which it was written: what global tables replicate, row by row. */
export type Rows = ReadonlyMap<string, ChangeRecord>;

const streamed = new Set(["Orders", "Stock", "Carts", "Locks"]);

const nameOf = ({ table, key }: ChangeRecord): string => JSON.stringify([table, key]);

function asChange({ key, oldImage, newImage, sequence, atMs }: ChangeRecord): ItemChange {
  // Digits that grow from region to region, too, as those of AWS's streams do.
  const told = `${Math.floor(atMs)}${String(sequence).padStart(6, "0")}`;
  return {
    eventId: told,
    sequence: told,
    key: key as ItemChange["key"],
    ...(oldImage && { before: oldImage }),
    ...(newImage && { after: newImage }),
    atMs: epochMs(atMs),
    byTtl: false,
  };
}

/** Opens a region over some rows. */
export function openRegion(timer: Timer, account: Account, rows: Rows = new Map()) {
  const changes: ChangeRecord[] = [];
  const engine = new Engine({
    tables: simulatedTables,
    nowMs: () => timer.nowMs,
    onChange: (change) => void changes.push(change),
  });
  for (const { table: name, key, newImage } of rows.values()) {
    if (newImage) engine.commit(engine.table(name), key, undefined, newImage);
  }
  changes.length = 0;
  const clock = (): EpochMs => epochMs(timer.nowMs);
  const client = { send: async (command: Command) => engine.execute(command) };
  const database = createDatabase({
    client: client as unknown as DocumentClient,
    clock,
    tableName: (table) => table,
  });
  const parts: PayingShopParts = {
    database,
    clock,
    logger: silentLogger,
    settings: { ...defaultSettings, autoShards: 0, limits: noLimits },
    providers: { sandbox: account.provider(clock) },
    alarm: () => {},
  };
  const shop = createShop(parts);
  const send = async (events: readonly ShopEvent[]) => new Set(events.map(({ id }) => id));
  const publishing = publishingService({ ...parts, send });
  let followed = 0;
  return Object.assign(shop, {
    database,
    changes: changes as readonly ChangeRecord[],
    rowsOf: (table: string): Item[] => [...engine.table(table).items()],

    /** What the streams' followers do: they enter sales into the ledger and hand events on; those that had to wait. */
    async follow(): Promise<number> {
      const news = changes.slice(followed).filter(({ table }) => streamed.has(table));
      followed = changes.length;
      for (const change of news) {
        if (change.table === "Stock") await shop.orderMovements.record(asChange(change));
      }
      const { events } = await shop.events.record(news.map(asChange));
      return (await publishing.publish(events)).length;
    },

    /**
     * What another region has of it at an instant: of each row the latest state that has arrived. Rows are on their
     * way each for itself, so that a transaction arrives in parts.
     */
    replica(random: Random, atMs: number, mostLagMs: number): Rows {
      const arrived = new Map<string, ChangeRecord>();
      const lags = new Map<string, number>();
      for (const change of changes) {
        const name = nameOf(change);
        if (!lags.has(name)) lags.set(name, random.int(0, mostLagMs));
        if (change.atMs + lags.get(name)! <= atMs) arrived.set(name, change);
      }
      return arrived;
    },

    /** All of its rows as they are. */
    rows: (): Rows => new Map(changes.map((change) => [nameOf(change), change])),
  });
}

const noLimits = { maxOpenOrders: 0, maxUnitsPerLine: 0, maxUnpaidOrders: 0, unpaidPauseMs: 0 };

/** See `openRegion`. */
export type Region = ReturnType<typeof openRegion>;

/** Of each row the one that was written last: how global tables settle what two regions wrote. */
export function lastWriterWins(one: Rows, other: Rows): Rows {
  const merged = new Map(one);
  for (const [name, change] of other) {
    if ((merged.get(name)?.atMs ?? -1) < change.atMs) merged.set(name, change);
  }
  return merged;
}
