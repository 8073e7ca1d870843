/** Creates the template's tables in DynamoDB Local as they are declared: keys, indexes, streams and TTL. */
import type { TemplateResolver } from "../assembly/template.ts";
import { type DynamoDbConnection, DynamoDbFailure } from "./dynamodb-client.ts";

/** The parts of AWS::DynamoDB::Table and AWS::DynamoDB::GlobalTable that mean something on this machine. */
interface TableProperties {
  readonly KeySchema: object[];
  readonly AttributeDefinitions: object[];
  readonly GlobalSecondaryIndexes?: {
    IndexName: string;
    KeySchema: object[];
    Projection: object;
  }[];
  readonly LocalSecondaryIndexes?: { IndexName: string; KeySchema: object[]; Projection: object }[];
  readonly StreamSpecification?: { StreamViewType: string };
  readonly TimeToLiveSpecification?: { AttributeName?: string; Enabled: boolean };
}

/** A table that exists now. */
export interface LocalTable {
  readonly name: string;
  readonly logicalId: string;
  /** DynamoDB Local's own ARN of the stream: it changes with each new table. */
  readonly streamArn?: string;
}

interface Description {
  readonly Table: { TableStatus: string; LatestStreamArn?: string };
}

const TABLE_TYPES = ["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"];

function convertIndexes(indexes: TableProperties["GlobalSecondaryIndexes"]) {
  return indexes?.map(({ IndexName, KeySchema, Projection }) => ({
    IndexName,
    KeySchema,
    Projection,
  }));
}

function creation(name: string, properties: TableProperties) {
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: properties.KeySchema,
    AttributeDefinitions: properties.AttributeDefinitions,
    GlobalSecondaryIndexes: convertIndexes(properties.GlobalSecondaryIndexes),
    LocalSecondaryIndexes: convertIndexes(properties.LocalSecondaryIndexes),
    ...(properties.StreamSpecification && {
      StreamSpecification: {
        StreamEnabled: true,
        StreamViewType: properties.StreamSpecification.StreamViewType,
      },
    }),
  };
}

function ignore(code: string) {
  return (error: unknown) => {
    if (!(error instanceof DynamoDbFailure) || error.code !== code) throw error;
  };
}

async function createTable(
  dynamoDb: DynamoDbConnection,
  name: string,
  properties: TableProperties,
): Promise<string | undefined> {
  // A table kept from an earlier start (`--data`) stays as it is.
  await dynamoDb
    .call("CreateTable", creation(name, properties))
    .catch(ignore("ResourceInUseException"));
  const ttl = properties.TimeToLiveSpecification;
  if (ttl?.Enabled && ttl.AttributeName) {
    const { AttributeName } = ttl;
    await dynamoDb
      .call("UpdateTimeToLive", {
        TableName: name,
        TimeToLiveSpecification: { Enabled: true, AttributeName },
      })
      .catch(ignore("ValidationException"));
  }
  const { Table } = await dynamoDb.call<Description>("DescribeTable", { TableName: name });
  return Table.LatestStreamArn;
}

/** Creates every table that the template declares and does not exist yet. Safe to repeat. */
export async function createTables(
  dynamoDb: DynamoDbConnection,
  template: TemplateResolver,
): Promise<LocalTable[]> {
  const declared = TABLE_TYPES.flatMap((type) => template.resources<TableProperties>(type));
  return Promise.all(
    declared.map(async ({ logicalId, properties }) => {
      const name = template.resolve<string>({ Ref: logicalId });
      const streamArn = await createTable(dynamoDb, name, properties);
      return { name, logicalId, ...(streamArn && { streamArn }) };
    }),
  );
}

/**
 * Tables that functions are told of by name and the template does not declare: restored ones, which are there already.
 *
 * @throws DynamoDbFailure when one is not
 */
export async function findNamedTables(
  dynamoDb: DynamoDbConnection,
  template: TemplateResolver,
  declared: readonly LocalTable[],
): Promise<LocalTable[]> {
  const functions = template.resources<{
    readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
  }>("AWS::Lambda::Function");
  const variables = functions.flatMap(({ properties }) =>
    Object.entries(properties.Environment?.Variables ?? {}),
  );
  const told = variables.filter(([key]) => key.endsWith("_TABLE")).map(([, name]) => name);
  const own = new Set(declared.map(({ name }) => name));
  const names = [...new Set(told)].filter((name) => !own.has(name));
  return Promise.all(
    names.map(async (name) => {
      const { Table } = await dynamoDb.call<Description>("DescribeTable", { TableName: name });
      const streamArn = Table.LatestStreamArn;
      return { name, logicalId: name, ...(streamArn && { streamArn }) };
    }),
  );
}

/** Drops tables, for a run that shares its DynamoDB Local with others. */
export async function dropTables(
  dynamoDb: DynamoDbConnection,
  tables: LocalTable[],
): Promise<void> {
  for (const { name } of tables) {
    await dynamoDb
      .call("DeleteTable", { TableName: name })
      .catch(ignore("ResourceNotFoundException"));
  }
}
