/** Makes the tables of the stack in a DynamoDB Local, under names of their own for every test file. */
import { randomUUID } from "node:crypto";
import {
  CreateTableCommand,
  DynamoDBClient,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  type TableName,
  tableNames,
  type TableShape,
  tableShapes,
} from "../../infra/table-shapes.ts";
import { tableInput } from "../../package/table-input.ts";

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

/** Creates every table of the stack, empty, under a prefix of its own. */
export async function createTables(endpoint: string): Promise<TableNames> {
  const client = new DynamoDBClient(localClientSettings(endpoint));
  const prefix = `t${randomUUID().slice(0, 8)}`;
  const created = await Promise.all(
    tableNames.map(async (name) => {
      const TableName = `${prefix}-${name}`;
      const shape: TableShape = tableShapes[name];
      const StreamSpecification = shape.stream
        ? { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" as const }
        : undefined;
      const input = { ...tableInput(shape, TableName), StreamSpecification };
      await client.send(new CreateTableCommand(input));
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
