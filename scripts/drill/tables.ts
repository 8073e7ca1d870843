/** Takes tables away and brings them back, below everything that protects them: only ever on this machine. */
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { BatchWriteCommand, DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import type { Holdfast } from "../../local/holdfast.ts";

/** The rows of a table as they were. */
export interface TableCopy {
  readonly table: string;
  readonly items: readonly Record<string, unknown>[];
}

function connect({ dynamoDbEndpoint }: Holdfast): DynamoDBDocumentClient {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const client = new DynamoDBClient({ endpoint: dynamoDbEndpoint, region: "local", credentials });
  return DynamoDBDocumentClient.from(client);
}

function findTableName({ tables }: Holdfast, table: string): string {
  return tables.find(({ logicalId }) => logicalId.replace(/[0-9A-F]{8}$/, "") === table)!.name;
}

/** Drops a table without a stream; the function that it gives makes it anew, empty. */
export async function withoutTable(
  holdfast: Holdfast,
  table: string,
): Promise<() => Promise<void>> {
  const client = connect(holdfast);
  const TableName = findTableName(holdfast, table);
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  await client.send(new DeleteTableCommand({ TableName }));
  const indexes = Table?.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
    IndexName,
    KeySchema,
    Projection,
  }));
  return async () => {
    const { KeySchema, AttributeDefinitions } = Table!;
    const shape = { TableName, KeySchema, AttributeDefinitions, BillingMode: "PAY_PER_REQUEST" };
    const input = { ...shape, ...(indexes && { GlobalSecondaryIndexes: indexes }) };
    await client.send(new CreateTableCommand(input as never));
    client.destroy();
  };
}

/** Every row of a table, as an export has it. */
export async function copyTable(holdfast: Holdfast, table: string): Promise<TableCopy> {
  const client = connect(holdfast);
  const items: Record<string, unknown>[] = [];
  for await (const page of paginateScan(
    { client },
    { TableName: findTableName(holdfast, table) },
  )) {
    items.push(...(page.Items ?? []));
  }
  client.destroy();
  return { table, items };
}

async function write(
  holdfast: Holdfast,
  table: string,
  requests: readonly object[],
): Promise<void> {
  const client = connect(holdfast);
  const TableName = findTableName(holdfast, table);
  for (let start = 0; start < requests.length; start += 25) {
    const RequestItems = { [TableName]: requests.slice(start, start + 25) };
    await client.send(new BatchWriteCommand({ RequestItems } as never));
  }
  client.destroy();
}

/** Loses every row of a table. */
export async function clearTable(holdfast: Holdfast, table: string): Promise<void> {
  const client = connect(holdfast);
  const { Table } = await client.send(
    new DescribeTableCommand({ TableName: findTableName(holdfast, table) }),
  );
  const keys = Table!.KeySchema!.map(({ AttributeName }) => AttributeName!);
  const { items } = await copyTable(holdfast, table);
  const requests = items.map((item) => ({
    DeleteRequest: { Key: Object.fromEntries(keys.map((key) => [key, item[key]])) },
  }));
  await write(holdfast, table, requests);
  client.destroy();
}

/** Brings the rows of a copy back. */
export async function restoreTable(holdfast: Holdfast, { table, items }: TableCopy): Promise<void> {
  await write(
    holdfast,
    table,
    items.map((Item) => ({ PutRequest: { Item } })),
  );
}
