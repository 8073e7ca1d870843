/** Feeds the streams of the tables to the changes function, which writes the audit trail from them. */
import { Duration } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { EventSourceMapping, StartingPosition } from "aws-cdk-lib/aws-lambda";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { streamedTables } from "./data.ts";
import type { Tables } from "./data.ts";
import { type DeadRecords, toDeadRecords } from "./dead-letters.ts";

/** What the mappings are made from. */
export interface StreamsProps {
  readonly tables: Tables;
  readonly changes: LambdaFunction;
  readonly deadRecords: DeadRecords;
}

/**
 * Maps every stream to the function. A record that cannot be processed is cut out of its batch
 * (partial answers, then bisection), tried again five times, and then leaves, whole, for the
 * bucket of dead records: it never holds up the records behind it.
 */
export function followStreams(scope: Construct, props: StreamsProps): void {
  const deadRecords = toDeadRecords(props.deadRecords);
  for (const name of streamedTables) {
    const streamArn = props.tables[name].tableStreamArn!;
    // Not the construct's own grant: that one lists the streams of every table (`*`).
    props.changes.addToRolePolicy(
      new PolicyStatement({
        actions: ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"].map(
          (action) => `dynamodb:${action}`,
        ),
        resources: [streamArn],
      }),
    );
    const mapping = new EventSourceMapping(scope, `${name}Changes`, {
      target: props.changes,
      eventSourceArn: streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(1),
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      retryAttempts: 5,
      onFailure: deadRecords,
    });
    // Lambda reads the stream as the role, and refuses the mapping while the role may not.
    mapping.node.addDependency(props.changes.role!);
  }
}
