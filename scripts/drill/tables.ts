/** Takes tables away and brings them back, below everything that protects them: only ever on this machine. */
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import {
  BatchWriteCommand,
  DynamoDBDocumentClient,
  paginateScan,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import type { Holdfast } from "../../local/holdfast.ts";

type Located = Pick<Holdfast, "dynamoDbEndpoint" | "tables">;

/** The rows of a table as they were, and what a table of that shape is made from. */
export interface TableCopy {
  readonly table: string;
  readonly shape: object;
  readonly items: readonly Record<string, unknown>[];
}

/** DynamoDB on this machine. */
export function connectDynamoDb(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  return new DynamoDBClient({ endpoint, region: "local", credentials });
}

function connect({ dynamoDbEndpoint }: Located): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(connectDynamoDb(dynamoDbEndpoint));
}

function findTableName({ tables }: Located, table: string): string {
  return tables.find(({ logicalId }) => logicalId.replace(/[0-9A-F]{8}$/, "") === table)!.name;
}

/** Keys and indexes, as a table is made from them; without its stream, as a restored one is. */
async function readShape(client: DynamoDBDocumentClient, TableName: string): Promise<object> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  const indexes = Table?.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
    IndexName,
    KeySchema,
    Projection,
  }));
  const { KeySchema, AttributeDefinitions } = Table!;
  const shape = { KeySchema, AttributeDefinitions, BillingMode: "PAY_PER_REQUEST" };
  return { ...shape, ...(indexes && { GlobalSecondaryIndexes: indexes }) };
}

/** Drops a table without a stream; the function that it gives makes it anew, empty. */
export async function withoutTable(
  holdfast: Holdfast,
  table: string,
): Promise<() => Promise<void>> {
  const client = connect(holdfast);
  const TableName = findTableName(holdfast, table);
  const shape = await readShape(client, TableName);
  await client.send(new DeleteTableCommand({ TableName }));
  return async () => {
    await client.send(new CreateTableCommand({ TableName, ...shape } as never));
    client.destroy();
  };
}

/** Every row of a table, as a recovery to this second would have it. */
export async function copyTable(holdfast: Located, table: string): Promise<TableCopy> {
  const client = connect(holdfast);
  const TableName = findTableName(holdfast, table);
  const items: Record<string, unknown>[] = [];
  for await (const page of paginateScan({ client }, { TableName })) {
    items.push(...(page.Items ?? []));
  }
  const shape = await readShape(client, TableName);
  client.destroy();
  return { table, shape, items };
}

/** Makes a table under a new name from a copy. */
export async function restoreTable(
  { dynamoDbEndpoint }: Pick<Holdfast, "dynamoDbEndpoint">,
  { shape, items }: TableCopy,
  TableName: string,
): Promise<void> {
  const client = DynamoDBDocumentClient.from(connectDynamoDb(dynamoDbEndpoint));
  await client.send(new CreateTableCommand({ TableName, ...shape } as never));
  const requests = items.map((Item) => ({ PutRequest: { Item } }));
  for (let start = 0; start < requests.length; start += 25) {
    const RequestItems = { [TableName]: requests.slice(start, start + 25) };
    await client.send(new BatchWriteCommand({ RequestItems } as never));
  }
  client.destroy();
}

/** Drops restored tables. */
export async function dropTables(
  { dynamoDbEndpoint }: Pick<Holdfast, "dynamoDbEndpoint">,
  names: readonly string[],
): Promise<void> {
  const client = connectDynamoDb(dynamoDbEndpoint);
  for (const TableName of names) {
    await client.send(new DeleteTableCommand({ TableName })).catch((error: Error) => {
      if (error.name !== "ResourceNotFoundException") throw error;
    });
  }
  client.destroy();
}

/** Changes attributes of one row, by their paths, past every condition: only to bring about what would take hours otherwise. */
export async function changeRow(
  holdfast: Holdfast,
  table: string,
  Key: Record<string, unknown>,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  const client = connect(holdfast);
  const paths = Object.keys(values).map((path) => path.split("."));
  const names = [...new Set(paths.flat())];
  const nameOf = (name: string): string => `#n${names.indexOf(name)}`;
  await client.send(
    new UpdateCommand({
      TableName: findTableName(holdfast, table),
      Key,
      UpdateExpression: `SET ${paths.map((path, index) => `${path.map(nameOf).join(".")} = :v${index}`).join(", ")}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [nameOf(name), name])),
      ExpressionAttributeValues: Object.fromEntries(
        Object.values(values).map((value, index) => [`:v${index}`, value]),
      ),
    }),
  );
  client.destroy();
}
