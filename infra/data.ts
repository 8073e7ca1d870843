/**
 * Makes the tables of `table-shapes.ts`: on demand, encrypted, recoverable, protected in production.
 *
 * @see docs/decisions/0002-data-protection.md
 */
import { RemovalPolicy, Stack } from "aws-cdk-lib";
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from "aws-cdk-lib/aws-dynamodb";
import type { Attribute, ITable } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import type { RestoredTable } from "./settings/keeping.ts";
import type { Settings } from "./settings/settings.ts";
import {
  type KeyAttribute,
  type TableName,
  type TableShape,
  tableNames,
  tableShapes,
} from "./table-shapes.ts";

/** The key and index attributes of a table, in the CDK's form. */
function attribute({ name, type }: KeyAttribute): Attribute {
  return { name, type: type === "S" ? AttributeType.STRING : AttributeType.NUMBER };
}

/** Every table of the stage: the stack's own, or a restored one that takes its place. */
export type Tables = Readonly<Record<TableName, ITable>>;

/**
 * Creates every table: on demand, encrypted, with point-in-time recovery. Production keeps its tables
 * when the stack goes and refuses their deletion; any other stage cleans up after itself.
 *
 * Encryption uses the AWS-managed key `aws/dynamodb`: every use shows in CloudTrail, no grants are
 * needed that could be forgotten, and nobody can lock the data away by deleting a key. A key of one's
 * own pays off only where another account must be able to revoke access; `docs/decisions` has more.
 */
export function createTables(scope: Construct, settings: Settings): Tables {
  const entries = tableNames.map((name) => {
    const own = createTable(scope, name, settings);
    const restored = settings.restoredTables[name];
    return [name, restored ? referToRestored(scope, name, restored) : own] as const;
  });
  return Object.fromEntries(entries) as Record<TableName, ITable>;
}

/**
 * A restored table, by its name. The stack's own stays declared: taken out of the template, it would be deleted
 * outside production, and leaving the setting out again would make an empty one anew.
 */
function referToRestored(
  scope: Construct,
  name: TableName,
  { tableName, streamLabel }: RestoredTable,
): ITable {
  const resourceName = `${tableName}/stream/${streamLabel}`;
  const tableStreamArn = Stack.of(scope).formatArn({
    service: "dynamodb",
    resource: "table",
    resourceName,
  });
  return Table.fromTableAttributes(scope, `Restored${name}`, {
    tableName,
    ...(streamLabel !== undefined && { tableStreamArn }),
  });
}

/** What of the settings decides how a table is kept. */
interface Keeping extends Pick<Settings, "production"> {
  readonly capacity: Pick<Settings["capacity"], "warmReadUnits" | "warmWriteUnits">;
}

/** One of the tables, by its logical name. */
export function createTable(scope: Construct, name: TableName, settings: Keeping): Table {
  const shape: TableShape = tableShapes[name];
  const { production } = settings;
  const table = new Table(scope, name, {
    partitionKey: attribute(shape.partition),
    ...(shape.sort && { sortKey: attribute(shape.sort) }),
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.AWS_MANAGED,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: production,
    ...warmth(name, settings),
    removalPolicy: production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    ...(shape.stream && { stream: StreamViewType.NEW_AND_OLD_IMAGES }),
    ...(shape.ttl && { timeToLiveAttribute: "ttlSeconds" }),
  });
  for (const [indexName, index] of Object.entries(shape.indexes ?? {})) {
    table.addGlobalSecondaryIndex({
      indexName,
      partitionKey: attribute(index.partition),
      sortKey: attribute(index.sort),
      projectionType: ProjectionType[index.projection],
      ...indexWarmth(name, settings),
    });
  }
  return table;
}

const crowded: ReadonlySet<TableName> = new Set(["Stock", "Orders", "Carts", "Shoppers"]);

/** What a crowd hits first is kept ready for it; a table grows by itself otherwise, but not within seconds. */
function warmth(name: TableName, { capacity }: Keeping) {
  const { warmReadUnits = 12_000, warmWriteUnits = 4_000 } = capacity;
  const isAsked = (capacity.warmReadUnits ?? capacity.warmWriteUnits) !== undefined;
  if (!isAsked || !crowded.has(name)) return {};
  const warmThroughput = {
    readUnitsPerSecond: warmReadUnits,
    writeUnitsPerSecond: warmWriteUnits,
  };
  return { warmThroughput };
}

/** A new order writes an entry into each index of its table: one that is late would hold the table up. */
function indexWarmth(name: TableName, { capacity: { warmWriteUnits } }: Keeping) {
  if (name !== "Orders" || warmWriteUnits === undefined) return {};
  return { warmThroughput: { writeUnitsPerSecond: warmWriteUnits } };
}

/** The table whose rows are events: what follows its stream hands them on. */
export const outbox = "Outbox" satisfies TableName;

/** The tables whose changes leave by a stream, and are told by what follows it. */
export const streamedTables = tableNames.filter(
  (name) => tableShapes[name].stream && name !== outbox,
);
