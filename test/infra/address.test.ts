/** The API at a domain of one's own, and behind CloudFront: what leads there, what is counted, and that nobody comes around it. */
import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { FirewallStack } from "../../infra/firewall.ts";
import { limitRoutes } from "../../infra/route-limits.ts";
import { readSettings, SettingsError } from "../../infra/settings/settings.ts";
import type { Template as Declared } from "../../local/assembly/assembly.ts";
import {
  createResourceValues,
  listDomains,
  rewriteApiUrl,
} from "../../local/assembly/resource-values.ts";
import { createTemplateResolver } from "../../local/assembly/template.ts";
import { everythingOn, ownDomain } from "../support/contexts.ts";
import { type Context, resourcesOf, synthesize } from "./synthesize.ts";

const plain = synthesize();
const atDomain = synthesize(ownDomain);
const behindEdge = synthesize(everythingOn);

const variablesOf = (template: Template) =>
  resourcesOf<{ Environment: { Variables: Record<string, unknown> } }>(
    template,
    "AWS::Lambda::Function",
  ).map(([, { Properties }]) => Properties.Environment.Variables);

function problemsOf(context: Context): readonly string[] {
  try {
    readSettings(new App({ context }).node);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

test("by default the address is AWS's own, and nothing stands before it", () => {
  for (const type of [
    "AWS::ApiGatewayV2::DomainName",
    "AWS::CloudFront::Distribution",
    "AWS::Route53::RecordSet",
  ])
    plain.resourceCountIs(type, 0);
  for (const variables of variablesOf(plain)) expect(variables).not.toHaveProperty("ORIGIN_SECRET");
});

test("a domain leads to the API, and functions, outputs and webhooks' addresses say it", () => {
  atDomain.hasResourceProperties("AWS::ApiGatewayV2::DomainName", {
    DomainName: ownDomain["domain"],
    DomainNameConfigurations: [
      Match.objectLike({ CertificateArn: ownDomain["certificate"], EndpointType: "REGIONAL" }),
    ],
  });
  atDomain.resourceCountIs("AWS::ApiGatewayV2::ApiMapping", 1);
  atDomain.hasResourceProperties("AWS::Route53::RecordSet", {
    Name: "api.example.com.",
    HostedZoneId: "Z0123456789ABC",
    Type: "A",
  });
  const url = "https://api.example.com";
  for (const variables of variablesOf(atDomain)) expect(variables["API_URL"]).toBe(url);
  atDomain.hasOutput("ApiUrl", { Value: url });
  atDomain.hasOutput("stripeWebhookUrl", { Value: `${url}/webhooks/stripe` });
  expect(Object.keys(atDomain.findOutputs("*"))).toContain("DomainTarget");
});

test("CloudFront hands everything on, caches nothing, and has the firewall look", () => {
  const [[, distribution] = []] = resourcesOf<{ DistributionConfig: Record<string, unknown> }>(
    behindEdge,
    "AWS::CloudFront::Distribution",
  );
  expect(distribution!.Properties.DistributionConfig).toMatchObject({
    Aliases: ["api.example.com"],
    WebACLId: everythingOn["webAcl"],
    DefaultCacheBehavior: {
      AllowedMethods: ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
      // CachingDisabled and AllViewerExceptHostHeader, by the ids that AWS gave them.
      CachePolicyId: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
      OriginRequestPolicyId: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
      ViewerProtocolPolicy: "https-only",
    },
  });
  const records = resourcesOf<{ Type: string }>(behindEdge, "AWS::Route53::RecordSet");
  expect(records.map(([, { Properties }]) => Properties.Type).toSorted()).toEqual(["A", "AAAA"]);
  behindEdge.resourceCountIs("AWS::ApiGatewayV2::DomainName", 0);
});

test("what CloudFront says is what every function checks, and the template does not have it", () => {
  const [[, distribution] = []] = resourcesOf<{
    DistributionConfig: { Origins: { OriginCustomHeaders: Record<string, unknown>[] }[] };
  }>(behindEdge, "AWS::CloudFront::Distribution");
  const [header] = distribution!.Properties.DistributionConfig.Origins[0]!.OriginCustomHeaders;
  expect(header!["HeaderName"]).toBe("x-origin-secret");
  expect(JSON.stringify(header!["HeaderValue"])).toContain("{{resolve:secretsmanager:");
  const all = variablesOf(behindEdge);
  expect(all.length).toBeGreaterThan(10);
  for (const variables of all) expect(variables["ORIGIN_SECRET"]).toEqual(header!["HeaderValue"]);
});

test("npm start understands what stands at the domain and before it", () => {
  const apiUrl = "http://127.0.0.1:3000";
  for (const template of [atDomain, behindEdge]) {
    const declared = template.toJSON() as Declared;
    const { resources, resolve } = createTemplateResolver({
      template: declared,
      stackName: "Holdfast-dev",
      values: createResourceValues({ tablePrefix: "", apiUrl, awsUrl: "http://127.0.0.1:9" }),
      rewrite: rewriteApiUrl(apiUrl, { domains: listDomains(declared) }),
    });
    for (const { Type } of Object.values(declared.Resources)) resources(Type);
    for (const { Value } of Object.values(declared.Outputs ?? {})) resolve(Value);
    const functions = resources<{ Environment: { Variables: Record<string, string> } }>(
      "AWS::Lambda::Function",
    );
    for (const { properties } of functions) {
      expect(properties.Environment.Variables["API_URL"]).toBe(apiUrl);
    }
  }
});

test("the firewall counts each address by the minute, webhooks apart, and logs whom it refuses", () => {
  const stack = new FirewallStack(new App(), {
    stage: "live",
    production: true,
    account: undefined,
    addressPerMinute: 1200,
    webhookAddressPerMinute: 30_000,
  });
  expect(stack.region).toBe("us-east-1");
  const template = Template.fromStack(stack);
  const [[, acl] = []] = resourcesOf<{
    Scope: string;
    Rules: { Statement: { RateBasedStatement: object } }[];
  }>(template, "AWS::WAFv2::WebACL");
  const { Scope, Rules } = acl!.Properties;
  expect(Scope).toBe("CLOUDFRONT");
  const rates = Rules.map(({ Statement }) => Statement.RateBasedStatement);
  expect(rates).toMatchObject([
    { Limit: 30_000, EvaluationWindowSec: 60, AggregateKeyType: "IP" },
    { Limit: 1200, EvaluationWindowSec: 60, AggregateKeyType: "IP" },
  ]);
  const [webhooks, others] = rates.map((rate) => Reflect.get(rate, "ScopeDownStatement"));
  expect(webhooks.ByteMatchStatement.SearchString).toBe("/webhooks/");
  expect(others).toEqual({ NotStatement: { Statement: webhooks } });
  template.hasResourceProperties("AWS::Logs::LogGroup", {
    LogGroupName: "aws-waf-logs-holdfast-live",
  });
  const log = JSON.stringify(template.findResources("AWS::WAFv2::LoggingConfiguration"));
  expect(log).toContain('"DefaultBehavior":"DROP"');
  expect(log).toContain('"Action":"BLOCK"');
  expect(log).not.toContain(":*");
});

test.each<[string, Context]>([
  ["domain and certificate must be given together", { domain: "api.example.com" }],
  ["edge=on needs a domain", { edge: "on", webAcl: everythingOn["webAcl"]! }],
  ["edge=on needs webAcl", { ...ownDomain, edge: "on" }],
  [
    "certificate must be of us-east-1",
    { ...everythingOn, certificate: "arn:aws:acm:eu-central-1:123456789012:certificate/0b" },
  ],
])("%s", (problem, context) => {
  expect(problemsOf(context)).toEqual([expect.stringContaining(problem)]);
});

test("a limit of a route that is none is refused with what was meant", () => {
  const settings = (routesPerSecond: string) =>
    readSettings(new App({ context: { routesPerSecond } }).node);
  const limit = (routes: string) => limitRoutes(settings(routes), [{ name: "getItem" }]);
  expect(limit("getItem=5").get("getItem")).toEqual({ perSecond: 5, isMeasured: false });
  expect(() => limit("getItems=5")).toThrow("did you mean getItem?");
  expect(() => limit("placeOrder=5")).toThrow("say ordersPerSecond");
});
