/** The WebSocket API in the template: its routes, its function, who posts, and what a lost post costs. */
import { Match } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { resourcesOf, synthesize } from "./synthesize.ts";

const dev = synthesize();
const functionOf = (name: string) =>
  resourcesOf<{ Description: string; Environment: { Variables: Record<string, unknown> } }>(
    dev,
    "AWS::Lambda::Function",
  ).find(([, { Properties }]) => Properties.Description === `functions/${name}.ts`)!;

test("beginnings, messages and ends go to the live function, and only messages are answered", () => {
  const routes = resourcesOf<{ RouteKey: string }>(dev, "AWS::ApiGatewayV2::Route").filter(([id]) =>
    id.startsWith("LiveRoute"),
  );
  expect(routes.map(([, { Properties }]) => Properties.RouteKey).toSorted()).toEqual([
    "$connect",
    "$default",
    "$disconnect",
  ]);
  const answered = routes.find(([, { Properties }]) => Properties.RouteKey === "$default")![0];
  dev.resourceCountIs("AWS::ApiGatewayV2::RouteResponse", 1);
  dev.hasResourceProperties("AWS::ApiGatewayV2::RouteResponse", { RouteId: { Ref: answered } });
  const [id] = functionOf("live");
  const integrations = resourcesOf<{ IntegrationUri: unknown }>(
    dev,
    "AWS::ApiGatewayV2::Integration",
  ).filter(([name]) => name.startsWith("LiveRoute"));
  expect(integrations).toHaveLength(3);
  for (const [, { Properties }] of integrations) {
    expect(JSON.stringify(Properties.IntegrationUri)).toContain(`["${id}","Arn"]`);
  }
});

test("the stage is limited like the HTTP API's, and its address is told to who hands it out", () => {
  dev.hasResourceProperties("AWS::ApiGatewayV2::Stage", {
    StageName: "live",
    AutoDeploy: true,
    DefaultRouteSettings: { ThrottlingBurstLimit: 2000, ThrottlingRateLimit: 2000 },
  });
  const { LIVE_URL, LIVE_ENDPOINT } = functionOf("live")[1].Properties.Environment.Variables;
  expect(JSON.stringify(LIVE_URL)).toMatch(/wss:\/\/.*LiveApi.*\/live/);
  expect(JSON.stringify(LIVE_ENDPOINT)).toMatch(/https:\/\/.*LiveApi.*\/live/);
});

test("who follows the streams hands on and posts nothing; a post that fails is not tried again", () => {
  const [posts] = functionOf("live-posts");
  const { LIVE_POSTS_FUNCTION, LIVE_ENDPOINT } =
    functionOf("changes")[1].Properties.Environment.Variables;
  expect(LIVE_POSTS_FUNCTION).toEqual({ Ref: posts });
  expect(LIVE_ENDPOINT).toBeUndefined();
  dev.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
    FunctionName: { Ref: posts },
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  });
  const policies = resourcesOf(dev, "AWS::IAM::Policy").filter(([, { Properties }]) =>
    JSON.stringify(Properties).includes("lambda:InvokeFunction"),
  );
  const callers = policies.filter(([, { Properties }]) =>
    JSON.stringify(Properties).includes(`{"Fn::GetAtt":["${posts}","Arn"]}`),
  );
  expect(callers.map(([id]) => id.slice(0, -8))).toEqual(["ChangesFunctionRoleDefaultPolicy"]);
});

test("news of locks leave at once, others within a second", () => {
  dev.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
    EventSourceArn: { "Fn::GetAtt": [Match.stringLikeRegexp("^Locks"), "StreamArn"] },
    MaximumBatchingWindowInSeconds: Match.absent(),
  });
  dev.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
    EventSourceArn: { "Fn::GetAtt": [Match.stringLikeRegexp("^Orders"), "StreamArn"] },
    MaximumBatchingWindowInSeconds: 1,
  });
});
