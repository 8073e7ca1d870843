/**
 * What people read about an item, a description and a picture, stands in a row of its own beside its stock: so the
 * row that every order writes stays small however much there is to read.
 */
import type { ChangeNote } from "../base/actor.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  anyOf,
  AttributePath,
  condition,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import { type Row, update, type Write } from "../table/write.ts";
import type { About } from "./item-facts.ts";
import { ItemNotFound, type Stock } from "./stock.ts";

interface AboutRow {
  /** The item that it is about. */
  readonly item: string;
  readonly description?: string;
  readonly imageUrl?: string;
  readonly change: ChangeNote;
}

const at = pathsOf<AboutRow>();

/** Its number among the rows of an item: no row that counts units has one below 0. */
const aboutShard = -2;

/** Where it stands; in the partition of the item's own row, so that one request reads both. */
const aboutPlace = (itemId: string) =>
  ({ table: "Stock", key: { itemId, shard: aboutShard } }) as const;

/** Sets or takes away what is said about an item; belongs into the transaction that changes the item. */
export function aboutWrite(itemId: string, about: About, note: ChangeNote): Write {
  const said = Object.entries({ description: about.description, imageUrl: about.imageUrl });
  const set = said.filter(([, value]) => value !== undefined && value !== null);
  const gone = said.filter(([, value]) => value === null);
  return update({
    ...aboutPlace(itemId),
    change: {
      set: [
        action`${at("item")} = ${itemId}`,
        action`${at("change")} = ${note}`,
        ...set.map(([name, value]) => action`${new AttributePath([name])} = ${value}`),
      ],
      remove: gone.map(([name]) => new AttributePath([name])),
    },
    condition: anyOf(isMissing(at("item")), condition`${at("item")} = ${itemId}`),
    refused: () => new ItemNotFound(itemId),
  });
}

/** Whether a row of the stock table tells about an item, and counts nothing. */
export function isAboutRow(row: Row): boolean {
  return row["shard"] === aboutShard;
}

/** What a row says about its item. */
export function parseAbout(row: Row | undefined): About {
  const { description, imageUrl } = (row ?? {}) as unknown as AboutRow;
  return {
    ...(description === undefined ? {} : { description }),
    ...(imageUrl === undefined ? {} : { imageUrl }),
  };
}

/** An item with what people read about it. */
export type ToldStock = Stock & About;

/** The items with what is told about them. One request more, where any has something; none otherwise. */
export async function withAbout(
  items: readonly Stock[],
  read: Database["getMany"],
): Promise<ToldStock[]> {
  const told = items.filter(({ hasAbout }) => hasAbout);
  const rows =
    told.length > 0
      ? await read(
          "Stock",
          told.map(({ itemId }) => aboutPlace(itemId).key),
        )
      : [];
  const byItem = new Map(rows.map((row) => [row["itemId"], parseAbout(row)]));
  return items.map((item) => ({ ...item, ...byItem.get(item.itemId) }));
}

/**
 * An item and what is told about it, as they are or were a moment ago: half a read unit for both together. One
 * request.
 */
export async function lookAtTold(database: Database, itemId: string): Promise<readonly Row[]> {
  const key = pathsOf<{ readonly itemId: string; readonly shard: number }>();
  const where = condition`${key("itemId")} = ${itemId} AND ${key("shard")} BETWEEN ${aboutShard} AND ${0}`;
  return (await database.query({ table: "Stock", where, limit: 3 })).rows;
}
