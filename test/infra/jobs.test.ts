/** What runs without a request: the sweep, the streams, and where their failures end up. */
import { Match } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { streamedTables } from "../../infra/data.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

const dev = synthesize();

function idOf(type: string, start: string): string {
  return resourcesOf(dev, type).find(([id]) => id.startsWith(start))![0];
}

const sweepDeadLetters = idOf("AWS::SQS::Queue", "SweepDeadLetters");
const deadRecords = idOf("AWS::S3::Bucket", "DeadRecords");
const changesDeadLetters = idOf("AWS::SQS::Queue", "ChangesDeadLetters");

test("the sweep runs once a minute, and a run that fails ends in its dead-letter queue", () => {
  const cleanup = idOf("AWS::Lambda::Function", "CleanupFunction");
  dev.hasResourceProperties("AWS::Scheduler::Schedule", {
    State: "ENABLED",
    ScheduleExpression: "rate(1 minute)",
    Target: {
      Arn: { "Fn::GetAtt": [cleanup, "Arn"] },
      DeadLetterConfig: { Arn: { "Fn::GetAtt": [sweepDeadLetters, "Arn"] } },
      RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 300 },
    },
  });
});

test("the reconciler runs once an hour, by the same function", () => {
  dev.hasResourceProperties("AWS::Scheduler::Schedule", {
    State: "ENABLED",
    ScheduleExpression: "rate(1 hour)",
    Target: {
      Arn: { "Fn::GetAtt": [idOf("AWS::Lambda::Function", "CleanupFunction"), "Arn"] },
      Input: JSON.stringify({ job: "reconcile" }),
    },
  });
});

test("webhooks are looked at once a minute", () => {
  const feed = idOf("AWS::Lambda::Function", "WebhookFeedFunction");
  dev.hasResourceProperties("AWS::Scheduler::Schedule", {
    ScheduleExpression: "rate(1 minute)",
    Target: {
      Arn: { "Fn::GetAtt": [feed, "Arn"] },
      Input: JSON.stringify({ job: "due" }),
      DeadLetterConfig: { Arn: { "Fn::GetAtt": [sweepDeadLetters, "Arn"] } },
    },
  });
});

test("with sweep=off the schedules are there and never fire", () => {
  const off = synthesize({ sweep: "off" });
  off.resourceCountIs("AWS::Scheduler::Schedule", 4);
  off.allResourcesProperties("AWS::Scheduler::Schedule", { State: "DISABLED" });
});

test("every stream feeds the changes function, that of events the bus and the webhooks; a bad record never holds up the rest", () => {
  const followers = resourcesOf<{ FunctionName: unknown }>(
    dev,
    "AWS::Lambda::EventSourceMapping",
  ).map(([, { Properties }]) => JSON.stringify(Properties.FunctionName));
  const [changes, ...ofEvents] = ["ChangesFunction", "EventBusFunction", "WebhookFeedFunction"].map(
    (start) => JSON.stringify({ Ref: idOf("AWS::Lambda::Function", start) }),
  );
  expect(followers.filter((each) => each === changes)).toHaveLength(streamedTables.length);
  const others = followers.filter((each) => each !== changes);
  expect(others.toSorted()).toEqual(ofEvents.toSorted());
  dev.allResourcesProperties("AWS::Lambda::EventSourceMapping", {
    StartingPosition: "TRIM_HORIZON",
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    BisectBatchOnFunctionError: true,
    MaximumRetryAttempts: 5,
    DestinationConfig: {
      OnFailure: { Destination: { "Fn::GetAtt": [deadRecords, "Arn"] } },
    },
  });
  for (const table of streamedTables) {
    const streamArn = { "Fn::GetAtt": [idOf("AWS::DynamoDB::Table", table), "StreamArn"] };
    dev.hasResourceProperties("AWS::Lambda::EventSourceMapping", { EventSourceArn: streamArn });
  }
});

test("given-up records are kept whole for 90 days, and each is announced in a queue", () => {
  dev.hasResourceProperties("AWS::S3::Bucket", {
    LifecycleConfiguration: { Rules: [{ ExpirationInDays: 90, Status: "Enabled" }] },
    NotificationConfiguration: {
      QueueConfigurations: [
        { Event: "s3:ObjectCreated:*", Queue: { "Fn::GetAtt": [changesDeadLetters, "Arn"] } },
      ],
    },
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
  });
  dev.hasResourceProperties("AWS::SQS::QueuePolicy", {
    Queues: [{ Ref: changesDeadLetters }],
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Effect: "Allow", Principal: { Service: "s3.amazonaws.com" } }),
      ]),
    },
  });
});

test("dead letters are encrypted, kept for 14 days and reached by TLS only", () => {
  dev.allResourcesProperties("AWS::SQS::Queue", {
    SqsManagedSseEnabled: true,
    MessageRetentionPeriod: 14 * 24 * 60 * 60,
  });
  dev.allResourcesProperties("AWS::SQS::QueuePolicy", {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Effect: "Deny",
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        }),
      ]),
    },
  });
});
