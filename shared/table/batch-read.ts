/** Reads many items of several tables: as few requests as can be, until all have been answered. */
import { BatchGetCommand, type DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { knownRow } from "./layout.ts";
import type { TableName, TableResolver } from "./table-name.ts";
import type { Key, Row } from "./write.ts";

/** Where an item is. */
export interface Place {
  readonly table: TableName;
  readonly key: Key;
}

/** At most this many keys go into one batch read. */
export const maxBatchKeys = 100;

type BatchRequest = Record<string, { Keys: Key[]; ConsistentRead: boolean }>;

function makeBatch(
  places: readonly Place[],
  { tableName, isConsistent = true }: BatchReader,
): BatchRequest {
  const request: BatchRequest = {};
  for (const { table, key } of places) {
    const ofTable = { Keys: [], ConsistentRead: isConsistent };
    (request[tableName(table)] ??= ofTable).Keys.push(key);
  }
  return request;
}

/** A batch answers in any order: an item is told by its table and its key. */
function placeText(tableName: string, key: Key, row: Row = key): string {
  return JSON.stringify([
    tableName,
    ...Object.keys(key)
      .toSorted()
      .map((name) => row[name]),
  ]);
}

/** Sends one read, repeated where that helps. */
export type Reading = <T>(attempt: () => Promise<T>) => Promise<T>;

/** How a batch is read: by which client, with which patience, and where the tables are. */
export interface BatchReader {
  readonly client: Pick<DynamoDBDocumentClient, "send">;
  readonly read: Reading;
  readonly tableName: TableResolver;
  /** Whether items have to be as of now (default), or may be as they were a moment ago. */
  readonly isConsistent?: boolean;
}

/**
 * Each place once: DynamoDB refuses a batch that names an item twice, and whoever lists by an index can meet one twice, as it
 * moves from one place of the index to another between two pages.
 */
function distinct(places: readonly Place[], tableName: TableResolver): Place[] {
  const named = places.map(
    (place) => [placeText(tableName(place.table), place.key), place] as const,
  );
  return [...new Map(named).values()];
}

/**
 * The items in the order asked for, undefined for none; one that is asked for twice is told twice. One request per 100
 * different keys, and one more for whatever DynamoDB leaves unprocessed: it always does at least one of them.
 */
export async function readBatches(
  reader: BatchReader,
  places: readonly Place[],
): Promise<(Row | undefined)[]> {
  const { client, read, tableName } = reader;
  const found = new Map<string, Row>();
  const wanted = distinct(places, tableName);
  for (let start = 0; start < wanted.length; start += maxBatchKeys) {
    let left = makeBatch(wanted.slice(start, start + maxBatchKeys), reader);
    while (Object.keys(left).length > 0) {
      const command = new BatchGetCommand({ RequestItems: left });
      const { Responses = {}, UnprocessedKeys = {} } = await read(() => client.send(command));
      for (const [name, rows] of Object.entries(Responses)) {
        for (const row of rows) found.set(placeText(name, left[name]!.Keys[0]!, row), row);
      }
      left = UnprocessedKeys as BatchRequest;
    }
  }
  return places.map(({ table, key }) => knownRow(found.get(placeText(tableName(table), key))));
}
