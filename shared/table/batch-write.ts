/** Puts and removes rows that nothing relies on, many in one request: hints, which may be lost and may be written twice. */
import { BatchWriteCommand, type DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { Reading } from "./batch-read.ts";
import type { TableName, TableResolver } from "./table-name.ts";
import type { Key, Row } from "./write.ts";

/** At most so many rows go into one request. */
const maxBatchWrites = 25;

/** What is put and removed. */
export interface LooseRows {
  readonly put?: readonly Row[];
  readonly remove?: readonly Key[];
}

/** How a batch is written: by which client, with which patience, and where the tables are. */
export interface BatchWriter {
  readonly client: Pick<DynamoDBDocumentClient, "send">;
  /** Repeats an attempt where that helps; a repeated batch ends in the same rows. */
  readonly read: Reading;
  readonly tableName: TableResolver;
}

/** One request per 25 rows, and one more for whatever DynamoDB leaves unprocessed: it always does at least one of them. */
export async function writeBatches(
  { client, read, tableName }: BatchWriter,
  table: TableName,
  { put = [], remove = [] }: LooseRows,
): Promise<void> {
  const requests = [
    ...put.map((Item) => ({ PutRequest: { Item } })),
    ...remove.map((Key) => ({ DeleteRequest: { Key } })),
  ];
  for (let start = 0; start < requests.length; start += maxBatchWrites) {
    let left: BatchWriteCommand["input"]["RequestItems"] = {
      [tableName(table)]: requests.slice(start, start + maxBatchWrites),
    };
    while (left && Object.keys(left).length > 0) {
      const command: BatchWriteCommand = new BatchWriteCommand({ RequestItems: left });
      left = (await read(() => client.send(command))).UnprocessedItems;
    }
  }
}
