/** Makes the tables of the stack in a DynamoDB Local, under names of their own for every test file. */
import { randomUUID } from "node:crypto";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  type KeyAttribute,
  type TableName,
  tableNames,
  type TableShape,
  tableShapes,
} from "../../infra/table-shapes.ts";

/** The real table name for each table of the stack. */
export type TableNames = Readonly<Record<TableName, string>>;

/** How a client reaches DynamoDB Local, which takes any credentials. */
export function localClientSettings(endpoint: string) {
  return {
    endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  };
}

function keySchema(partition: KeyAttribute, sort?: KeyAttribute) {
  return [
    { AttributeName: partition.name, KeyType: "HASH" as const },
    ...(sort ? [{ AttributeName: sort.name, KeyType: "RANGE" as const }] : []),
  ];
}

function creationOf(TableName: string, shape: TableShape): CreateTableCommandInput {
  const indexes = Object.entries(shape.indexes ?? {});
  const keys = [shape, ...indexes.map(([, index]) => index)].flatMap(({ partition, sort }) =>
    sort ? [partition, sort] : [partition],
  );
  const types = new Map(keys.map(({ name, type }) => [name, type]));
  return {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: keySchema(shape.partition, shape.sort),
    AttributeDefinitions: [...types].map(([AttributeName, AttributeType]) => {
      return { AttributeName, AttributeType };
    }),
    ...(indexes.length > 0 && {
      GlobalSecondaryIndexes: indexes.map(([IndexName, { partition, sort, projection }]) => {
        const Projection = { ProjectionType: projection };
        return { IndexName, KeySchema: keySchema(partition, sort), Projection };
      }),
    }),
    ...(shape.stream && {
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" as const },
    }),
  };
}

/** Creates every table of the stack, empty, under a prefix of its own. */
export async function createTables(endpoint: string): Promise<TableNames> {
  const client = new DynamoDBClient(localClientSettings(endpoint));
  const prefix = `t${randomUUID().slice(0, 8)}`;
  const created = await Promise.all(
    tableNames.map(async (name) => {
      const TableName = `${prefix}-${name}`;
      const shape: TableShape = tableShapes[name];
      await client.send(new CreateTableCommand(creationOf(TableName, shape)));
      if (shape.ttl) {
        const TimeToLiveSpecification = { AttributeName: "ttlSeconds", Enabled: true };
        await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
      }
      return [name, TableName] as const;
    }),
  );
  client.destroy();
  return Object.fromEntries(created) as Record<TableName, string>;
}
