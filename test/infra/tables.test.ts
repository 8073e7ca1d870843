/** What the template promises about data: keys, streams, TTL, recovery, encryption, protection. */
import { Match } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { tableNames } from "../../infra/table-shapes.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

const dev = synthesize();
const prod = synthesize({ stage: "prod" });
const tables = resourcesOf(dev, "AWS::DynamoDB::Table");

function idsWith(property: string): string[] {
  const having = tables.filter(([, { Properties }]) => property in Properties);
  return having.map(([id]) => id.slice(0, -8)).toSorted();
}

test("every table of the design is there, and no other", () => {
  expect(tables.map(([id]) => id.slice(0, -8)).toSorted()).toEqual([...tableNames].toSorted());
});

test("every table is on demand, encrypted and can be restored to any second", () => {
  for (const template of [dev, prod]) {
    template.allResourcesProperties("AWS::DynamoDB::Table", {
      BillingMode: "PAY_PER_REQUEST",
      SSESpecification: { SSEEnabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  }
});

test("rows that end by themselves do so by ttlSeconds: of stock only what settled hot items; orders and documents never", () => {
  expect(idsWith("TimeToLiveSpecification")).toEqual([
    "Audit",
    "Carts",
    "Events",
    "Insight",
    "Live",
    "Locks",
    "Outbox",
    "Owners",
    "Requests",
    "Shoppers",
    "Stock",
    "Webhooks",
  ]);
  for (const [, { Properties }] of tables) {
    if (!("TimeToLiveSpecification" in Properties)) continue;
    const expected = { AttributeName: "ttlSeconds", Enabled: true };
    expect(Properties["TimeToLiveSpecification"]).toEqual(expected);
  }
});

test("what people act on, and what is told of it, leaves by a stream with both images", () => {
  const streamed = [
    "Carts",
    "Documents",
    "Locks",
    "Orders",
    "Outbox",
    "People",
    "Promotions",
    "Stock",
  ];
  expect(idsWith("StreamSpecification")).toEqual(streamed);
  for (const [, { Properties }] of tables) {
    if (!("StreamSpecification" in Properties)) continue;
    expect(Properties["StreamSpecification"]).toEqual({ StreamViewType: "NEW_AND_OLD_IMAGES" });
  }
});

test("production keeps its tables when the stack goes, other stages do not", () => {
  prod.allResources("AWS::DynamoDB::Table", {
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: Match.objectLike({ DeletionProtectionEnabled: true }),
  });
  dev.allResources("AWS::DynamoDB::Table", {
    DeletionPolicy: "Delete",
    Properties: Match.objectLike({ DeletionProtectionEnabled: false }),
  });
});

test("orders are found by their owner, by the instant at which something is due, and by money that is to go back", () => {
  const keys = (partition: string, sort: string): object[] => [
    { AttributeName: partition, KeyType: "HASH" },
    { AttributeName: sort, KeyType: "RANGE" },
  ];
  dev.hasResourceProperties("AWS::DynamoDB::Table", {
    KeySchema: [{ AttributeName: "orderId", KeyType: "HASH" }],
    GlobalSecondaryIndexes: [
      { IndexName: "byUser", KeySchema: keys("userId", "createdAtMs") },
      { IndexName: "due", KeySchema: keys("dueShard", "dueAtMs") },
      { IndexName: "owed", KeySchema: keys("owedShard", "owedAtMs") },
    ],
  });
});
