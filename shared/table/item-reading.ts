/** Reads one item, as of now or as it was a moment ago. */
import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import type { Reading } from "./batch-read.ts";
import { knownRow } from "./layout.ts";
import type { Persisting } from "./repeating.ts";
import type { TableName, TableResolver } from "./table-name.ts";
import type { Key, Row } from "./write.ts";

/** A failed condition in a read: there is none, so this cannot happen. */
function unexpected(): never {
  throw new Error("A read was refused by a condition");
}

/** What reading needs: where from, and how patiently. */
export interface ReadingParts {
  readonly client: Pick<DynamoDBDocumentClient, "send">;
  readonly tableName: TableResolver;
  readonly persist: Persisting;
}

/** Makes what reads single items, and what repeats any read where that helps. */
export function createItemReading({ client, tableName, persist }: ReadingParts) {
  const read: Reading = (attempt) => persist({ attempt, refused: unexpected, hasEffect: false });

  async function getItem(
    table: TableName,
    Key: Key,
    ConsistentRead: boolean,
  ): Promise<Row | undefined> {
    const command = new GetCommand({ TableName: tableName(table), Key, ConsistentRead });
    return knownRow((await read(() => client.send(command))).Item);
  }

  return { read, getItem };
}
