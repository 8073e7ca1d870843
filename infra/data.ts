/** The tables: keys, indexes, streams, TTL and protection. The only place where they are declared. */
import { RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from "aws-cdk-lib/aws-dynamodb";
import type { Attribute } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import type { Settings } from "./settings.ts";

interface IndexShape {
  readonly partition: Attribute;
  readonly sort: Attribute;
  readonly projection: ProjectionType;
}

interface TableShape {
  readonly partition: Attribute;
  readonly sort?: Attribute;
  readonly indexes?: Readonly<Record<string, IndexShape>>;
  /** Rows leave by the stream when what happens to them belongs into the audit trail. */
  readonly stream: boolean;
  readonly ttl: boolean;
}

const text = (name: string): Attribute => ({ name, type: AttributeType.STRING });
const number = (name: string): Attribute => ({ name, type: AttributeType.NUMBER });

const shapes = {
  Locks: {
    partition: text("resource"),
    indexes: {
      byExpiry: {
        partition: text("kindShard"),
        sort: number("expiresAtMs"),
        projection: ProjectionType.KEYS_ONLY,
      },
    },
    stream: true,
    ttl: true,
  },
  Stock: {
    partition: text("itemId"),
    sort: number("shard"),
    indexes: {
      catalog: {
        partition: text("catalog"),
        sort: text("itemId"),
        projection: ProjectionType.KEYS_ONLY,
      },
    },
    stream: true,
    ttl: false,
  },
  Movements: {
    partition: text("itemId"),
    sort: text("movementId"),
    indexes: {
      byTime: {
        partition: text("itemId"),
        sort: number("atMs"),
        projection: ProjectionType.ALL,
      },
    },
    stream: false,
    ttl: false,
  },
  Carts: { partition: text("cartId"), stream: true, ttl: true },
  Orders: {
    partition: text("orderId"),
    indexes: {
      byUser: {
        partition: text("userId"),
        sort: number("createdAtMs"),
        projection: ProjectionType.KEYS_ONLY,
      },
      due: {
        partition: text("dueShard"),
        sort: number("dueAtMs"),
        projection: ProjectionType.KEYS_ONLY,
      },
    },
    stream: true,
    ttl: false,
  },
  Documents: { partition: text("documentId"), stream: true, ttl: false },
  Audit: { partition: text("subject"), sort: text("at"), stream: false, ttl: true },
  Events: { partition: text("eventKey"), stream: false, ttl: true },
} as const satisfies Record<string, TableShape>;

/** The name of a table, as code and permissions call it. */
export type TableName = keyof typeof shapes;

/** The indexes of a table, by name. */
export type IndexName<T extends TableName> = (typeof shapes)[T] extends {
  indexes: infer Indexes;
}
  ? keyof Indexes & string
  : never;

/** Every table of the stack. */
export type Tables = Readonly<Record<TableName, Table>>;

/** Every table name, in the order of declaration. */
export const tableNames = Object.keys(shapes) as readonly TableName[];

/**
 * Creates every table: on demand, encrypted, with point-in-time recovery. Production keeps its tables
 * when the stack goes and refuses their deletion; any other stage cleans up after itself.
 *
 * Encryption uses the AWS-managed key `aws/dynamodb`: every use shows in CloudTrail, no grants are
 * needed that could be forgotten, and nobody can lock the data away by deleting a key. A key of one's
 * own pays off only where another account must be able to revoke access; `docs/decisions` has more.
 */
export function createTables(scope: Construct, settings: Settings): Tables {
  const entries = tableNames.map((name) => [name, createTable(scope, name, settings)] as const);
  return Object.fromEntries(entries) as Record<TableName, Table>;
}

function createTable(scope: Construct, name: TableName, settings: Settings): Table {
  const shape: TableShape = shapes[name];
  const production = settings.stage === "prod";
  const table = new Table(scope, name, {
    partitionKey: shape.partition,
    ...(shape.sort && { sortKey: shape.sort }),
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.AWS_MANAGED,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: production,
    removalPolicy: production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    ...(shape.stream && { stream: StreamViewType.NEW_AND_OLD_IMAGES }),
    ...(shape.ttl && { timeToLiveAttribute: "ttlSeconds" }),
  });
  for (const [indexName, index] of Object.entries(shape.indexes ?? {})) {
    table.addGlobalSecondaryIndex({
      indexName,
      partitionKey: index.partition,
      sortKey: index.sort,
      projectionType: index.projection,
    });
  }
  return table;
}

/** The tables whose changes leave by a stream. */
export const streamedTables = tableNames.filter((name) => shapes[name].stream);
