/** How the ledger is written: the movement, put once, and the stock levels that it changes. */
import type { ChangeNote } from "../base/actor.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  allOf,
  anyOf,
  condition,
  exists,
  type Fragment,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { put, type Row, update, type Write } from "../table/write.ts";
import {
  computeEffect,
  InsufficientStock,
  type Levels,
  type Movement,
  type MovementKind,
  ReferenceReused,
} from "./movement.ts";
import { ItemNotFound, type StockRow } from "./stock.ts";
import { rowIsReadable, parseStock, stockRow } from "./stock-store.ts";

/** A change of stock levels, with the note that tells the stream about it. */
export interface StockMove {
  readonly itemId: string;
  readonly kind: MovementKind;
  readonly quantity: number;
  readonly note: ChangeNote;
  /** The levels to start from; without them any levels that cover the movement will do. */
  readonly seen?: Levels;
  /** What the first row counts as sold, where its further rows are known to have sold enough for a return. */
  readonly soldHere?: number | undefined;
}

const at = pathsOf<StockRow>();
const entryAt = pathsOf<Movement>();

const movementRow = (itemId: string, movementId: string) =>
  ({ table: "Movements", key: { itemId, movementId } }) as const;

/** A stored row as a movement. */
export function parseMovement(row: Row): Movement {
  return row as unknown as Movement;
}

function stockCoversMove({ kind, quantity, soldHere }: StockMove): Fragment[] {
  const { available, sold } = computeEffect(kind, quantity);
  // What is sold elsewhere only grows, or comes here: then it counts here, too.
  const wasSold =
    soldHere === undefined
      ? condition`${at("sold")} >= ${-sold}`
      : condition`${at("sold")} = ${soldHere}`;
  return [
    ...(available < 0 ? [condition`${at("available")} >= ${-available}`] : []),
    ...(sold < 0 ? [wasSold] : []),
  ];
}

/** Four levels are enough: the conservation law gives the fifth, unless units are in other rows, too. */
function levelsAreAsSeen(seen: Levels | undefined): Fragment[] {
  if (!seen) return [];
  const names = ["available", "sold", "received", "adjusted"] as const;
  const isInOneRow = anyOf(isMissing(at("away")), condition`${at("away")} = ${0}`);
  return [
    ...names.map((name) => condition`${at(name)} = ${seen[name]}`),
    isMissing(at("shards")),
    isInOneRow,
  ];
}

/** Changes the stock levels by a movement, if they cover it. Not safe to repeat by itself. */
export function moveStockWrite(move: StockMove): Write {
  const { itemId, kind, quantity, note, seen } = move;
  const effect = computeEffect(kind, quantity);
  const changed = (["available", "sold", "received", "adjusted"] as const).filter(
    (name) => effect[name] !== 0,
  );
  return update({
    ...stockRow(itemId),
    change: {
      set: [
        ...changed.map((name) => action`${at(name)} = ${at(name)} + ${effect[name]}`),
        action`${at("change")} = ${note}`,
      ],
    },
    condition: allOf(rowIsReadable, ...stockCoversMove(move), ...levelsAreAsSeen(seen)),
    refused: (found) =>
      found ? new InsufficientStock(parseStock(found), kind, quantity) : new ItemNotFound(itemId),
  });
}

/** Puts a movement under "no such movement": what makes a change of stock happen once. */
export function movementWrite(movement: Movement): Write {
  const { itemId, movementId } = movement;
  return put({
    ...movementRow(itemId, movementId),
    item: { ...movement },
    condition: isMissing(entryAt("movementId")),
    refused: () => new ReferenceReused(movement.reference),
    applied: (found) => found?.["fingerprint"] === movement.fingerprint,
  });
}

/** Notes what the caller is told of the levels; whoever comes first decides. One request. */
export async function settleLevels(
  database: Database,
  { itemId, movementId }: Movement,
  levels: Levels,
): Promise<Levels> {
  const row = await database.apply(
    update({
      ...movementRow(itemId, movementId),
      change: {
        set: [action`${entryAt("levels")} = if_not_exists(${entryAt("levels")}, ${levels})`],
      },
      condition: exists(entryAt("movementId")),
      refused: () => new ItemNotFound(itemId),
    }),
  );
  return parseMovement(row).levels ?? levels;
}

/** A page of an item's movements, newest first. One request. */
export async function listMovements(
  database: Database,
  itemId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<Page<Movement>> {
  const where = condition`${entryAt("itemId")} = ${itemId}`;
  const list = { table: "Movements", index: "byTime", where, ascending: false } as const;
  const { rows, cursor } = await database.query({ ...list, ...page });
  return { rows: rows.map(parseMovement), ...(cursor === undefined ? {} : { cursor }) };
}
