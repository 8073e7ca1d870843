/** The tables of a part as the input of CreateTable, for tests and for whoever has no CDK. */
import type { CreateTableCommandInput } from "@aws-sdk/client-dynamodb";
import type { TableShape } from "../infra/table-shape.ts";

/** What CreateTable is told of a table. TTL cannot be told with it: the attribute is `ttlSeconds`. */
export type TableInput = CreateTableCommandInput;

/**
 * One table, on demand, under the name that its owner gives it. No stream: who wants to hear of changes adds one.
 *
 * @example await dynamodb.send(new CreateTableCommand(tableInput(lockShape, "my-locks")));
 */
export function tableInput(
  { partition, sort, indexes = {} }: TableShape,
  name: string,
): TableInput {
  const keys = [
    partition,
    sort,
    ...Object.values(indexes).flatMap((each) => [each.partition, each.sort]),
  ];
  const attributes = new Map(keys.flatMap((key) => (key ? [[key.name, key.type] as const] : [])));
  const schema = (hash: string, range: string | undefined) => [
    { AttributeName: hash, KeyType: "HASH" as const },
    ...(range === undefined ? [] : [{ AttributeName: range, KeyType: "RANGE" as const }]),
  ];
  const all = Object.entries(indexes).map(([IndexName, index]) => ({
    IndexName,
    KeySchema: schema(index.partition.name, index.sort.name),
    Projection: { ProjectionType: index.projection },
  }));
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [...attributes].map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: schema(partition.name, sort?.name),
    ...(all.length > 0 ? { GlobalSecondaryIndexes: all } : {}),
  };
}
