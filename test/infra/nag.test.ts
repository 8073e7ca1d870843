/** AWS's own checklist for solutions, over the real stack: what we don't follow has a written reason. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "aws-cdk-lib";
import { CfnQueue, Queue } from "aws-cdk-lib/aws-sqs";
import { AwsSolutionsChecks } from "cdk-nag";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { buildStack } from "./synthesize.ts";

// Six hundred rules over two hundred resources, on a machine that others use too.
vi.setConfig({ testTimeout: 120_000 });

const restored = {
  stage: "live",
  production: "on",
  backups: "on",
  backupCopyTo: "arn:aws:backup:eu-west-1:111122223333:backup-vault:shop",
  restoredTables: "Orders=orders-restored@2026-11-27T07:31:51.123",
};

test.each([{ stage: "dev" }, { stage: "prod" }, restored])(
  "the stack of %j passes cdk-nag's AwsSolutions rules",
  (context) => {
    const { app, stack } = buildStack(context);
    app.synth();
    const { violations } = new AwsSolutionsChecks(app).validateScope(stack);
    const found = violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    );
    expect(found).toEqual([]);
  },
);

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

  test.each(["dev", "prod"])("finds nothing in the %s stack", (stage) => {
    expect(findings(buildStack({ stage }).app)).toEqual([]);
  });

  test("would find a property that does not exist", () => {
    const { app, stack } = buildStack();
    const planted = new CfnQueue(stack, "Planted");
    planted.addPropertyOverride("DelaySecond", 5);
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    expect(JSON.stringify(findings(app))).toContain("DelaySecond");
  });
});
