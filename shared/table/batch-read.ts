/** Reads many items of several tables: as few requests as can be, until all have been answered. */
import { BatchGetCommand, type DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { Key, Row } from "./write.ts";

/** Where an item is. */
export interface Place {
  readonly table: string;
  readonly key: Key;
}

/** At most this many keys go into one batch read. */
const maxBatchKeys = 100;

type BatchRequest = Record<string, { Keys: Key[]; ConsistentRead: boolean }>;

function batchOf(places: readonly Place[]): BatchRequest {
  const request: BatchRequest = {};
  for (const { table, key } of places) {
    (request[table] ??= { Keys: [], ConsistentRead: true }).Keys.push(key);
  }
  return request;
}

/** A row, and the table it stands in. */
export interface Found {
  readonly table: string;
  readonly row: Row;
}

/** A batch answers in any order: an item is told by its key. */
export function isAt({ table, row }: Found, place: Place): boolean {
  return (
    table === place.table && Object.entries(place.key).every(([name, part]) => row[name] === part)
  );
}

/** Sends one read, repeated where that helps. */
export type Reading = <T>(attempt: () => Promise<T>) => Promise<T>;

/**
 * Those of the items that exist, strongly consistent, in no particular order. One request per 100 keys,
 * and one more for whatever DynamoDB leaves unprocessed: it always does at least one of them.
 */
export async function readBatches(
  client: Pick<DynamoDBDocumentClient, "send">,
  read: Reading,
  places: readonly Place[],
): Promise<Found[]> {
  const found: Found[] = [];
  for (let start = 0; start < places.length; start += maxBatchKeys) {
    let left = batchOf(places.slice(start, start + maxBatchKeys));
    while (Object.keys(left).length > 0) {
      const command = new BatchGetCommand({ RequestItems: left });
      const { Responses = {}, UnprocessedKeys = {} } = await read(() => client.send(command));
      for (const [table, rows] of Object.entries(Responses)) {
        found.push(...rows.map((row) => ({ table, row })));
      }
      left = UnprocessedKeys as BatchRequest;
    }
  }
  return found;
}
