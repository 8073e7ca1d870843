/** AWS's own checklist for solutions, over the real stack: what we don't follow has a written reason. */
import { AwsSolutionsChecks } from "cdk-nag";
import { expect, test, vi } from "vitest";
import { buildStack } from "./synthesize.ts";

// Six hundred rules over two hundred resources, on a machine that others use too.
vi.setConfig({ testTimeout: 120_000 });

test.each(["dev", "prod"])("the %s stack passes cdk-nag's AwsSolutions rules", (stage) => {
  const { app, stack } = buildStack({ stage });
  app.synth();
  const { violations } = new AwsSolutionsChecks(app).validateScope(stack);
  const found = violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
  );
  expect(found).toEqual([]);
});

test("the checklist would find a queue without TLS", async () => {
  const { Queue } = await import("aws-cdk-lib/aws-sqs");
  const { app, stack } = buildStack();
  const planted = new Queue(stack, "Planted");
  app.synth();
  const { violations } = new AwsSolutionsChecks(app).validateScope(planted);
  expect(violations.map(({ ruleName }) => ruleName)).toContain("AwsSolutions-SQS4");
});
