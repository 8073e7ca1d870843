/** Feeds the streams of the tables to the functions that follow them. */
import { Duration } from "aws-cdk-lib";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { EventSourceMapping, StartingPosition } from "aws-cdk-lib/aws-lambda";
import type { EventSourceMappingOptions } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import type { AppFunction } from "./app-function.ts";
import { streamedTables } from "./data.ts";
import type { Tables } from "./data.ts";
import { type DeadRecords, toDeadRecords } from "./dead-letters.ts";

/** What the mappings are made from. */
export interface StreamsProps {
  readonly tables: Tables;
  readonly changes: AppFunction;
  readonly deadRecords: DeadRecords;
}

/** Maps every stream of the domain's tables to the function that makes the audit trail and events of them. */
export function followStreams(scope: Construct, props: StreamsProps): void {
  const { deadRecords, changes: follower } = props;
  for (const name of streamedTables) {
    // Somebody waits for the news of a lock; of others a second makes fewer and fuller batches.
    const mapping = name === "Locks" ? {} : { maxBatchingWindow: Duration.seconds(1) };
    const table = props.tables[name];
    followStream(scope, { id: `${name}Changes`, table, follower, deadRecords, mapping });
  }
}

/** One stream, and what follows it. */
export interface StreamProps {
  readonly id: string;
  readonly table: ITable;
  readonly follower: AppFunction;
  readonly deadRecords: DeadRecords;
  readonly mapping: Pick<EventSourceMappingOptions, "maxBatchingWindow" | "filters">;
}

/**
 * Maps a stream to a function. A record that cannot be processed is cut out of its batch
 * (partial answers, then bisection), tried again five times, and then leaves, whole, for the
 * bucket of dead records: it never holds up the records behind it.
 */
export function followStream(scope: Construct, props: StreamProps): void {
  const { id, table, follower, deadRecords, mapping } = props;
  const streamArn = table.tableStreamArn!;
  // Not the construct's own grant: that one lists the streams of every table (`*`).
  follower.addToRolePolicy(
    new PolicyStatement({
      actions: ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"].map(
        (action) => `dynamodb:${action}`,
      ),
      resources: [streamArn],
    }),
  );
  const source = new EventSourceMapping(scope, id, {
    target: follower.target,
    eventSourceArn: streamArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: 100,
    reportBatchItemFailures: true,
    bisectBatchOnError: true,
    retryAttempts: 5,
    onFailure: toDeadRecords(deadRecords),
    ...mapping,
  });
  // Lambda reads the stream as the role, and refuses the mapping while the role may not.
  source.node.addDependency(follower.role!);
}
