/** What a deployment asks for before it begins: one message each, and nothing is changed. */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { type Account, checkDeployment } from "../../scripts/deploy/checks.ts";
import { indexChanges } from "../../scripts/deploy/index-changes.ts";
import { everythingOn, ownDomain } from "../support/contexts.ts";
import { makePageFiles } from "../../scripts/deploy/page-files.ts";
import { uploadPages } from "../../scripts/deploy/upload-pages.ts";
import { synthesize } from "./synthesize.ts";

const refuse = () => Promise.reject(new Error("no"));
const ready: Account = {
  region: async () => "eu-central-1",
  identity: async () => "123456789012",
  bootstrapVersion: async () => 27,
  concurrency: async () => 1000,
  template: async () => undefined,
};
const missing = async (
  plan: { stage?: string; context?: Record<string, string> },
  account: Partial<Account> = {},
) => {
  const { stage, context = {} } = plan;
  return (await checkDeployment({ stage, context }, { ...ready, ...account })).missing;
};

test("with everything there nothing is missing", async () => {
  expect(await missing({ stage: "staging" })).toEqual([]);
  expect(await missing({ stage: "prod", context: { alarmEmail: "ops@example.com" } })).toEqual([]);
});

test("no stage, no deployment", async () => {
  expect(await missing({})).toEqual(["No stage was named: npm run deploy -- --stage NAME"]);
});

test("wrong settings are told each, and a production that nobody hears is refused", async () => {
  const wrong = await missing({ stage: "staging", context: { holdSecond: "5", sweep: "no" } });
  expect(wrong).toHaveLength(2);
  expect(await missing({ stage: "prod" })).toEqual([
    "Nobody would hear the alarms: -c alarmEmail=you@example.com",
  ]);
});

test("region, credentials and bootstrap are asked for one after the other", async () => {
  const stage = "staging";
  expect((await missing({ stage }, { region: refuse }))[0]).toContain("AWS_REGION");
  expect((await missing({ stage }, { identity: refuse }))[0]).toContain("aws sso login");
  expect(await missing({ stage }, { bootstrapVersion: async () => undefined })).toEqual([
    "The CDK is not at home here yet: npx cdk bootstrap aws://123456789012/eu-central-1",
  ]);
});

test("an edge needs the CDK in us-east-1 too, unless the firewall is given; a domain alone its certificate nearby", async () => {
  const { webAcl, ...edge } = everythingOn;
  const elsewhere = {
    bootstrapVersion: async (region?: string) => (region === "us-east-1" ? undefined : 27),
  };
  const stage = "staging";
  expect(await missing({ stage, context: edge }, elsewhere)).toEqual([
    "The CDK is not at home here yet: npx cdk bootstrap aws://123456789012/us-east-1",
  ]);
  expect(await missing({ stage, context: { ...edge, webAcl: webAcl! } }, elsewhere)).toEqual([]);
  expect(await missing({ stage, context: ownDomain })).toEqual([
    "certificate is of us-east-1: without edge=on it must be of eu-central-1",
  ]);
  expect(await missing({ stage, context: { routesPerSecond: "getItems=5" } })).toHaveLength(1);
});

test("a new account, which runs 10 at once, is told how to keep no runs", async () => {
  const small = { ...ready, concurrency: async () => 10 };
  const context = { alarmEmail: "ops@example.com" };
  const { missing: told } = await checkDeployment({ stage: "prod", context }, small);
  expect(told).toEqual([
    expect.stringContaining("-c reservedForWebhooks=0 -c reservedForOwners=0"),
  ]);
  const none = { ...context, reservedForWebhooks: "0", reservedForOwners: "0" };
  expect((await checkDeployment({ stage: "prod", context: none }, small)).missing).toEqual([]);
  expect((await checkDeployment({ stage: "staging", context: {} }, small)).missing).toEqual([]);
});

test("a reserve that the account cannot give is refused; a small account is worth a hint", async () => {
  const context = {
    reservedForWebhooks: "15",
    reservedForOwners: "5",
    alarmEmail: "ops@example.com",
  };
  const small = { concurrency: async () => 110 };
  const found = await checkDeployment({ stage: "prod", context }, { ...ready, ...small });
  expect(found.missing).toEqual([expect.stringContaining("reserve 10 at the most")]);
  expect(found.hints).toEqual([expect.stringContaining("L-B99A9384")]);
});

const table = (...names: string[]) => ({
  Type: "AWS::DynamoDB::Table",
  Properties: { GlobalSecondaryIndexes: names.map((IndexName) => ({ IndexName })) },
});
const index = {
  partition: { name: "a", type: "S" },
  sort: { name: "b", type: "N" },
  projection: "KEYS_ONLY",
} as const;

test("a table changes one index per update", () => {
  const shape = { partition: index.partition, stream: false, ttl: false };
  const deployed = { Resources: { Orders1A2B3C4D: table("byUser") } };
  const after = (...names: string[]) =>
    indexChanges(
      deployed,
      { Orders: { ...shape, indexes: Object.fromEntries(names.map((name) => [name, index])) } },
      ["Orders"],
    );
  expect(after("byUser", "due")).toEqual([]);
  expect(after()).toEqual([]);
  expect(after("byUser", "due", "byVendor")).toEqual([expect.stringContaining("(due, byVendor)")]);
  expect(after("due")).toEqual([expect.stringContaining("Orders would change 2 indexes")]);
  expect(indexChanges({}, { Orders: shape }, ["Orders"])).toEqual([]);
});

test("an index that would be altered under its name is refused", () => {
  const deployed = (parts: string[], ProjectionType: string) => ({
    Resources: {
      Orders1A2B3C4D: {
        Type: "AWS::DynamoDB::Table",
        Properties: {
          GlobalSecondaryIndexes: [
            {
              IndexName: "due",
              KeySchema: parts.map((AttributeName) => ({ AttributeName })),
              Projection: { ProjectionType },
            },
          ],
        },
      },
    },
  });
  const shape = { partition: index.partition, stream: false, ttl: false, indexes: { due: index } };
  const told = (parts: string[], projection: string) =>
    indexChanges(deployed(parts, projection), { Orders: shape }, ["Orders"]);
  expect(told(["a", "b"], "KEYS_ONLY")).toEqual([]);
  expect(told(["a", "c"], "KEYS_ONLY")).toEqual([expect.stringContaining("alter its index due")]);
  expect(told(["a", "b"], "ALL")).toEqual([expect.stringContaining("alter its index due")]);
});

test("the stack as it is changes no index of itself", () => {
  expect(indexChanges(synthesize({ stage: "prod" }).toJSON())).toEqual([]);
});

const outputs = {
  Issuer: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc",
  UserPoolId: "eu-central-1_abc",
  PagesClientId: "console",
  Audience: "shop",
  AdminGroup: "admin",
};

test("pages are uploaded behind what they load, each with its type, to be asked for anew", async () => {
  const files = await makePageFiles(outputs);
  const put: { Key?: string; ContentType?: string; CacheControl?: string; Bucket?: string }[] = [];
  const client = { send: async (command: { input: object }) => put.push(command.input) };
  await uploadPages(files, "bucket", client as unknown as Parameters<typeof uploadPages>[2]);
  expect(put.map(({ Key, ContentType }) => [Key, ContentType?.split(";")[0]])).toEqual([
    ["_site/front.js", "text/javascript"],
    ["_site/operator.js", "text/javascript"],
    ["_site/style.css", "text/css"],
    ["_site/config.json", "application/json"],
    ["index.html", "text/html"],
    ["console", "text/html"],
  ]);
  for (const { Bucket, CacheControl } of put)
    expect([Bucket, CacheControl]).toEqual(["bucket", "no-cache"]);
  for (const { body } of files.filter(({ contentType }) => contentType.startsWith("text/html"))) {
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|style=| on\w+=/);
  }
});

test("the console is told who signs in, and for which API where an issuer has several", async () => {
  const configOf = async (told: Record<string, string>) => {
    const files = await makePageFiles(told);
    return JSON.parse(files.find(({ key }) => key === "_site/config.json")!.body);
  };
  const { Issuer: issuer } = outputs;
  expect(await configOf(outputs)).toEqual({ issuer, clientId: "console", adminGroup: "admin" });
  const { UserPoolId: _, ...ofOwn } = outputs;
  expect(await configOf(ofOwn)).toMatchObject({ clientId: "console", audience: "shop" });
});

test("the whole console is at most 69 KB compressed", async () => {
  const files = await makePageFiles(outputs);
  const ofConsole = files.filter(({ key }) => /^(?:console|_site\/(?:operator|style)\b)/.test(key));
  expect(ofConsole).toHaveLength(3);
  const bytes = ofConsole.reduce((sum, { body }) => sum + gzipSync(body, { level: 9 }).length, 0);
  expect(bytes).toBeLessThanOrEqual(69 * 1_024);
});
