/** Reaches behind a test server's back, into one of its tables. */
import { DynamoDBClient, paginateListTables } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { inject } from "vitest";
import type { TableName } from "../../infra/table-shapes.ts";
import { localClientSettings } from "./tables.ts";

/** Runs `work` with a client and the real name of a table of the server with this prefix. */
export async function inServerTable<T>(
  { tablePrefix, table }: { tablePrefix: string; table: TableName },
  work: (client: DynamoDBDocumentClient, tableName: string) => Promise<T>,
): Promise<T> {
  const client = new DynamoDBClient(localClientSettings(inject("dynamoDbEndpoint")));
  const names: string[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client }, {})) {
    names.push(...TableNames);
  }
  const name = names.find((each) => each.startsWith(tablePrefix) && each.includes(table));
  if (name === undefined) throw new Error(`There is no table ${tablePrefix}…${table}`);
  try {
    return await work(DynamoDBDocumentClient.from(client), name);
  } finally {
    client.destroy();
  }
}

/** Many items that can go into carts, at once, straight into the table of the server with this prefix. */
export async function plantItems(tablePrefix: string, itemIds: readonly string[]): Promise<void> {
  const facts = { shard: 0, kind: "Menu", vendorId: null, amountMinor: 100, currency: "EUR" };
  await inServerTable({ tablePrefix, table: "Stock" }, (client, TableName) =>
    Promise.all(
      itemIds.map((itemId) =>
        client.send(new PutCommand({ TableName, Item: { ...facts, itemId, name: itemId } })),
      ),
    ),
  );
}
