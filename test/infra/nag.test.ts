/** AWS's own checklist for solutions, over the real stack: what we don't follow has a written reason. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { CfnQueue, Queue } from "aws-cdk-lib/aws-sqs";
import { AwsSolutionsChecks } from "cdk-nag";
import type { IConstruct } from "constructs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FirewallStack } from "../../infra/firewall.ts";
import { everythingOn, ownDomain, pagesOn } from "../support/contexts.ts";
import { buildStack, type Context } from "./synthesize.ts";

// Six hundred rules over two hundred resources, on a machine that others use too.
vi.setConfig({ testTimeout: 120_000 });

const restored: Context = {
  backups: "on",
  backupCopyTo: "arn:aws:backup:eu-west-1:111122223333:backup-vault:shop",
  restoredTables: "Orders=orders-restored@2026-11-27T07:31:51.123",
};

/** What is off by default is on: whoever finds nothing in these finds nothing in those that have less. */
const contexts: [string, Context][] = [
  ["dev at a domain, with pages", { stage: "dev", ...ownDomain, ...pagesOn }],
  ["prod with everything on", { stage: "prod", ...everythingOn, ...restored }],
];

function findingsOf(app: App, scope: IConstruct): string[] {
  const { violations } = new AwsSolutionsChecks(app).validateScope(scope);
  return violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
  );
}

test.each(contexts)("the %s stack passes cdk-nag's AwsSolutions rules", (_, context) => {
  const { app, stack } = buildStack(context);
  app.synth();
  expect(findingsOf(app, stack)).toEqual([]);
});

test("so does the stack of a firewall", () => {
  const app = new App();
  const limits = { addressPerMinute: 1200, webhookAddressPerMinute: 30_000 };
  const stack = new FirewallStack(app, {
    ...limits,
    stage: "prod",
    production: true,
    account: undefined,
  });
  app.synth();
  expect(findingsOf(app, stack)).toEqual([]);
});

test("the checklist would find a queue without TLS", () => {
  const { app, stack } = buildStack();
  const planted = new Queue(stack, "Planted");
  app.synth();
  const { violations } = new AwsSolutionsChecks(app).validateScope(planted);
  expect(violations.map(({ ruleName }) => ruleName)).toContain("AwsSolutions-SQS4");
});

describe("CloudFormation's own validation, which every deployment does", () => {
  beforeEach(() => void vi.stubEnv("CDK_VALIDATION", "true"));
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  /** What the CDK found, as it reports it beside the template. */
  function findings(app: App): unknown[] {
    const { directory } = app.synth({ force: true });
    const report = JSON.parse(readFileSync(join(directory, "validation-report.json"), "utf8"));
    return report.pluginReports;
  }

  test.each(contexts)("finds nothing in the %s stack", (_, context) => {
    expect(findings(buildStack(context).app)).toEqual([]);
  });

  test("would find a property that does not exist", () => {
    const { app, stack } = buildStack();
    const planted = new CfnQueue(stack, "Planted");
    planted.addPropertyOverride("DelaySecond", 5);
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    expect(JSON.stringify(findings(app))).toContain("DelaySecond");
  });
});
