/** What a restored table lacks besides its rows: a stream, TTL, recovery to any second, protection. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  DescribeTableCommand,
  type DynamoDBClient,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  type TableName,
  type TableShape,
  tableNames,
  tableShapes,
} from "../../infra/table-shapes.ts";

/** What a table is called, with its stream's label where it has one. */
export interface NamedTable {
  readonly table: TableName;
  readonly tableName: string;
  readonly streamLabel?: string;
}

/** Something about the restored tables is not as it has to be; nothing was changed. */
export class NotRestored extends Error {}

const pauseMs = 2_000;
/** A stream is there within a minute. */
const mostPauses = 150;

async function describe(client: DynamoDBClient, TableName: string): Promise<TableDescription> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    return Table!;
  } catch (error) {
    if ((error as Error).name !== "ResourceNotFoundException") throw error;
    throw new NotRestored(`There is no table ${TableName}`);
  }
}

function listProblems(table: TableName, found: TableDescription): string[] {
  const shape: TableShape = tableShapes[table];
  const name = found.TableName!;
  const keys = [shape.partition.name, ...(shape.sort ? [shape.sort.name] : [])];
  const foundKeys = (found.KeySchema ?? []).map(({ AttributeName }) => AttributeName);
  const indexes = new Set((found.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName));
  const missing = Object.keys(shape.indexes ?? {}).filter((index) => !indexes.has(index));
  return [
    ...(found.TableStatus === "ACTIVE" ? [] : [`${name} is ${found.TableStatus}: wait for it`]),
    ...(keys.join() === foundKeys.join() ? [] : [`${name} has other keys than ${table}`]),
    ...missing.map((index) => `${name} lacks the index ${index}`),
  ];
}

/** Every table by its restored name. */
export function nameTables(pattern: string): NamedTable[] {
  return tableNames.map((table) => ({ table, tableName: pattern.replace("{table}", table) }));
}

/**
 * Whether any of them has a stream by now: then their rows were mended before, and somebody may be at work on them.
 *
 * @throws NotRestored when one is missing, not ready yet or of another shape
 */
export async function inspectTables(
  client: DynamoDBClient,
  tables: readonly NamedTable[],
): Promise<{ readonly isPrepared: boolean }> {
  const found = await Promise.all(tables.map(({ tableName }) => describe(client, tableName)));
  const problems = tables.flatMap(({ table }, index) => listProblems(table, found[index]!));
  if (problems.length > 0) throw new NotRestored(problems.join("\n"));
  return {
    isPrepared: found.some(({ StreamSpecification }) => StreamSpecification?.StreamEnabled),
  };
}

async function untilActive(client: DynamoDBClient, tableName: string): Promise<TableDescription> {
  for (let pauses = 0; pauses < mostPauses; pauses += 1) {
    const found = await describe(client, tableName);
    if (found.TableStatus === "ACTIVE") return found;
    await sleep(pauseMs);
  }
  throw new NotRestored(`${tableName} does not become ready`);
}

async function prepareTable(
  client: DynamoDBClient,
  { table, tableName }: NamedTable,
  isLocal: boolean,
): Promise<NamedTable> {
  const TableName = tableName;
  const shape: TableShape = tableShapes[table];
  if (shape.ttl) {
    const TimeToLiveSpecification = { AttributeName: "ttlSeconds", Enabled: true };
    const switchOn = new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification });
    // Once more is an error there.
    await client.send(switchOn).catch((error: Error) => {
      if (error.name !== "ValidationException") throw error;
    });
  }
  // DynamoDB Local knows neither.
  if (!isLocal) {
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
    await client.send(
      new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }),
    );
    await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
  }
  let found = await untilActive(client, tableName);
  if (!shape.stream) return { table, tableName };
  if (!found.StreamSpecification?.StreamEnabled) {
    const StreamSpecification = {
      StreamEnabled: true,
      StreamViewType: "NEW_AND_OLD_IMAGES",
    } as const;
    await client.send(new UpdateTableCommand({ TableName, StreamSpecification }));
    found = await untilActive(client, tableName);
  }
  // DynamoDB Local's own labels mean nothing to the runner, which has one stream a table.
  return { table, tableName, streamLabel: isLocal ? "local" : found.LatestStreamLabel! };
}

/** Gives each of them what it lacks. Safe to repeat. */
export async function prepareTables(
  client: DynamoDBClient,
  tables: readonly NamedTable[],
  { isLocal }: { readonly isLocal: boolean },
): Promise<NamedTable[]> {
  const prepared: NamedTable[] = [];
  // One after the other: an account may change only some tables at a time.
  for (const named of tables) prepared.push(await prepareTable(client, named, isLocal));
  return prepared;
}

/** The setting by which a stage uses them. */
export function restoredSetting(tables: readonly NamedTable[]): string {
  return tables
    .map(({ table, tableName, streamLabel }) => {
      const stream = streamLabel === undefined ? "" : `@${streamLabel}`;
      return `${table}=${tableName}${stream}`;
    })
    .join(",");
}
