/** What a deployment can choose shows in its template: throttles, reserves, warm tables, pages, backups, tags. */
import { Match } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { fitDueShards } from "../../infra/settings/capacity.ts";
import { tableNames } from "../../infra/table-shapes.ts";
import { providerNames } from "../../shared/api/payment-providers.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

const plain = synthesize();
const chosen = synthesize({
  stage: "live",
  throttlePerSecond: "300",
  ordersPerSecond: "100",
  webhooksPerSecond: "50",
  reservedForWebhooks: "20",
  reservedForOwners: "5",
  reservedForChanges: "10",
  reservedForCleanup: "1",
  warmWriteUnits: "8000",
  cognitoPlan: "plus",
  mailFrom: "shop@example.com",
  signInPrefix: "my-shop",
  callbackUrls: "https://shop.example.com/in",
  mfa: "required",
  routesPerSecond: "listItems=50,getItem=70",
  tags: "team=shop,cost=42",
  backups: "on",
});

test("requests are throttled as a whole, and single routes each by themselves", () => {
  const [[, stage] = []] = resourcesOf<{
    DefaultRouteSettings: object;
    RouteSettings: Record<string, object>;
  }>(chosen, "AWS::ApiGatewayV2::Stage");
  const most = { ThrottlingBurstLimit: 300, ThrottlingRateLimit: 300 };
  expect(stage!.Properties.DefaultRouteSettings).toEqual(most);
  const limit = (perSecond: number, isMeasured: boolean) => ({
    DetailedMetricsEnabled: isMeasured,
    ThrottlingRateLimit: perSecond,
    ThrottlingBurstLimit: perSecond,
  });
  expect(stage!.Properties.RouteSettings).toEqual({
    "POST /order/{userId}": limit(100, true),
    "POST /webhooks/{provider}": limit(50, true),
    "GET /items": limit(50, false),
    "GET /items/{itemId}": limit(70, false),
  });
});

test("webhooks and owners of locks keep runs for themselves in production, streams and the sweep where asked", () => {
  const reserved = (template: typeof plain) =>
    resourcesOf<{ ReservedConcurrentExecutions?: number; Description: string }>(
      template,
      "AWS::Lambda::Function",
    ).flatMap(([, { Properties }]) => {
      const { ReservedConcurrentExecutions: runs, Description } = Properties;
      return runs === undefined ? [] : [`${Description} ${runs}`];
    });
  expect(reserved(plain)).toEqual([]);
  expect(reserved(synthesize({ stage: "prod" })).toSorted()).toEqual([
    "functions/documents.ts 20",
    "functions/payment-webhooks.ts 50",
  ]);
  expect(reserved(chosen).toSorted()).toEqual([
    "functions/changes.ts 10",
    "functions/cleanup.ts 1",
    "functions/documents.ts 5",
    "functions/payment-webhooks.ts 20",
  ]);
});

test("the tables that a crowd hits are warm only where asked", () => {
  const warm = (template: typeof plain) =>
    resourcesOf(template, "AWS::DynamoDB::Table")
      .filter(([, { Properties }]) => "WarmThroughput" in Properties)
      .map(([id]) => id.slice(0, -8));
  expect(warm(plain)).toEqual([]);
  expect(warm(chosen).toSorted()).toEqual(["Carts", "Orders", "Shoppers", "Stock"]);
  // Every order counts in a row of its shopper by default: that table may be no narrower than the others.
  chosen.hasResourceProperties("AWS::DynamoDB::Table", {
    WarmThroughput: { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 8_000 },
  });
});

test("with the tables the indexes of orders are warm, and have as many partitions as that needs", () => {
  const inIndexes = (template: typeof plain) =>
    resourcesOf<{ GlobalSecondaryIndexes?: { IndexName: string; WarmThroughput?: object }[] }>(
      template,
      "AWS::DynamoDB::Table",
    ).flatMap(([, { Properties }]) => Properties.GlobalSecondaryIndexes ?? []);
  const warm = inIndexes(chosen).filter(({ WarmThroughput }) => WarmThroughput);
  expect(warm.map(({ IndexName }) => IndexName)).toEqual(["byUser", "due", "owed"]);
  for (const { WarmThroughput } of warm) {
    expect(WarmThroughput).toEqual({ WriteUnitsPerSecond: 8_000 });
  }
  expect(inIndexes(plain).filter(({ WarmThroughput }) => WarmThroughput)).toEqual([]);
  for (const [template, dueShards] of [
    [plain, "4"],
    [chosen, "8"],
  ] as const) {
    template.hasResourceProperties("AWS::Lambda::Function", {
      Description: "functions/orders.ts",
      Environment: { Variables: Match.objectLike({ DUE_SHARDS: dueShards }) },
    });
  }
  expect([0, 4_000, 4_001, 63_999, 1_000_000].map((units) => fitDueShards(units))).toEqual([
    4, 4, 5, 64, 64,
  ]);
});

test("hosted pages hand over codes only; mail comes from one's own address", () => {
  plain.resourceCountIs("AWS::Cognito::UserPoolDomain", 0);
  chosen.hasResourceProperties("AWS::Cognito::UserPoolDomain", { Domain: "my-shop" });
  chosen.hasResourceProperties("AWS::Cognito::UserPoolClient", {
    AllowedOAuthFlows: ["code"],
    CallbackURLs: ["https://shop.example.com/in"],
  });
  chosen.hasResourceProperties("AWS::Cognito::UserPool", {
    UserPoolTier: "PLUS",
    MfaConfiguration: "ON",
    EmailConfiguration: Match.objectLike({ From: "shop@example.com" }),
  });
});

test("every table is in the backup plan where asked", () => {
  plain.resourceCountIs("AWS::Backup::BackupPlan", 0);
  const [[, selection] = []] = resourcesOf<{ BackupSelection: { Resources: unknown[] } }>(
    chosen,
    "AWS::Backup::BackupSelection",
  );
  expect(selection!.Properties.BackupSelection.Resources).toHaveLength(tableNames.length);
});

test("tags are on the tables", () => {
  chosen.allResourcesProperties("AWS::DynamoDB::Table", {
    Tags: Match.arrayWith([{ Key: "team", Value: "shop" }]),
  });
});

test("the access log is named so that it needs no room in the account's log policy", () => {
  chosen.hasResourceProperties("AWS::Logs::LogGroup", {
    LogGroupName: "/aws/vendedlogs/holdfast-live/api",
  });
});

test("a stage's outputs tell where providers send their webhooks and where their keys go", () => {
  const outputs = Object.keys(chosen.findOutputs("*"));
  for (const provider of providerNames) {
    expect(outputs).toContain(`${provider}WebhookUrl`);
    expect(outputs).toContain(`${provider}SecretName`);
  }
  const production = Object.keys(synthesize({ stage: "prod" }).findOutputs("*"));
  expect(production.filter((name) => name.startsWith("sandbox"))).toEqual([]);
});
