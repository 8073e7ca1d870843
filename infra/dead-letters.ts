/** Where goes what could not be processed: queues, and a bucket for records that would not fit into a queue's message. */
import { Duration, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IEventSourceDlq, IFunction } from "aws-cdk-lib/aws-lambda";
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket } from "aws-cdk-lib/aws-s3";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { Settings } from "./settings/settings.ts";

/** Creates a dead-letter queue whose messages stay 14 days, so that a long weekend loses none. */
export function createDeadLetters(scope: Construct, id: string): Queue {
  const queue = new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  Validations.of(queue).acknowledge({
    id: "AwsSolutions-SQS3",
    reason: "This queue is itself a dead-letter queue",
  });
  return queue;
}

/** A bucket of records that were given up, and the queue in which a message announces each. */
export interface DeadRecords {
  readonly bucket: Bucket;
  readonly announcements: Queue;
}

/**
 * Creates a bucket that keeps the records of a stream that could not be processed, whole, for 90 days: a
 * queue would only be told where in the stream they were, and the stream forgets them after one. Each
 * arrival leaves a message in the queue, which is what the alarm looks at; `npm run redrive` empties both.
 */
export function createDeadRecords(
  scope: Construct,
  announcements: Queue,
  { production }: Settings,
): DeadRecords {
  const bucket = new Bucket(scope, "DeadRecords", {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    lifecycleRules: [{ expiration: Duration.days(90) }],
    // Never emptied by the stack: whatever lies here was not done yet.
    removalPolicy: production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  announcements.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal("s3.amazonaws.com")],
      actions: ["sqs:SendMessage"],
      resources: [announcements.queueArn],
      // Not the bucket's name: it and the queue's policy would wait for each other.
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
  );
  const resource = bucket.node.defaultChild as CfnBucket;
  // The construct's own way takes a function that writes the bucket's settings, with rights on every bucket.
  resource.notificationConfiguration = {
    queueConfigurations: [{ event: "s3:ObjectCreated:*", queue: announcements.queueArn }],
  };
  bucket.node.addDependency(announcements);
  Validations.of(bucket).acknowledge({
    id: "AwsSolutions-S1",
    reason: "Only Lambda writes here and only an operator reads; CloudTrail knows of both",
  });
  return { bucket, announcements };
}

/** Sends records that a function gave up to the bucket, with the two rights that Lambda needs for that. */
export function toDeadRecords({ bucket }: DeadRecords): IEventSourceDlq {
  return {
    bind(_mapping, target: IFunction) {
      target.addToRolePolicy(
        new PolicyStatement({
          actions: ["s3:PutObject"],
          resources: [bucket.arnForObjects("aws/lambda/*")],
        }),
      );
      target.addToRolePolicy(
        new PolicyStatement({ actions: ["s3:ListBucket"], resources: [bucket.bucketArn] }),
      );
      const stack = Stack.of(bucket);
      const id = stack.getLogicalId(bucket.node.defaultChild as CfnBucket);
      Validations.of(target.role!).acknowledge({
        id: `AwsSolutions-IAM5[Resource::<${id}.Arn>/aws/lambda/*]`,
        reason: "Lambda makes up the keys of what it puts there, all under this prefix",
      });
      return { destination: bucket.bucketArn };
    },
  };
}
