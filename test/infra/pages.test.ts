/** Pages in the stack: a bucket that only CloudFront reads, headers that let nothing else in, and a client of their own. */
import { readFileSync } from "node:fs";
import { App } from "aws-cdk-lib";
import { Match } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { readSettings, SettingsError } from "../../infra/settings/settings.ts";
import { everythingOn, pagesOn } from "../support/contexts.ts";
import { type Context, resourcesOf, synthesize } from "./synthesize.ts";

const plain = synthesize();
const withPages = synthesize(pagesOn);
const behindEdge = synthesize(everythingOn);

interface Behavior {
  readonly PathPattern: string;
  readonly TargetOriginId: string;
  readonly ViewerProtocolPolicy: string;
  readonly ResponseHeadersPolicyId: object;
}

interface Distribution {
  readonly DistributionConfig: {
    readonly Aliases?: string[];
    readonly DefaultRootObject?: string;
    readonly CacheBehaviors?: readonly Behavior[];
    readonly DefaultCacheBehavior: Omit<Behavior, "PathPattern">;
    readonly Origins: readonly { readonly Id: string; readonly OriginAccessControlId?: object }[];
  };
}

const distributionOf = (template: typeof plain) =>
  resourcesOf<Distribution>(template, "AWS::CloudFront::Distribution").map(
    ([, { Properties }]) => Properties.DistributionConfig,
  );

const policyOf = (template: typeof plain): string => {
  const [[, found] = []] = resourcesOf<{
    ResponseHeadersPolicyConfig: {
      SecurityHeadersConfig: { ContentSecurityPolicy: { ContentSecurityPolicy: unknown } };
    };
  }>(template, "AWS::CloudFront::ResponseHeadersPolicy");
  const { SecurityHeadersConfig } = found!.Properties.ResponseHeadersPolicyConfig;
  return JSON.stringify(SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy);
};

function problemsOf(context: Context): readonly string[] {
  try {
    readSettings(new App({ context }).node);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

test("by default there are none, and with them everything else keeps its logical id", () => {
  plain.resourceCountIs("AWS::CloudFront::Distribution", 0);
  const idsOf = (template: typeof plain) => Object.keys(template.toJSON().Resources);
  expect(idsOf(withPages)).toEqual(expect.arrayContaining(idsOf(plain)));
  const more = idsOf(withPages).length - idsOf(plain).length;
  expect(more).toBeLessThanOrEqual(12);
});

test("nobody but CloudFront reads the bucket, and it brings in no function of anybody else's", () => {
  for (const template of [withPages, behindEdge]) {
    const [id, bucket] = resourcesOf(template, "AWS::S3::Bucket").find(([name]) =>
      name.startsWith("PagesFiles"),
    )!;
    expect(bucket.Properties).toMatchObject({
      BucketEncryption: expect.anything(),
      VersioningConfiguration: { Status: "Enabled" },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    template.hasResourceProperties("AWS::S3::BucketPolicy", {
      Bucket: { Ref: id },
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Effect: "Deny",
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          }),
          Match.objectLike({
            Action: "s3:GetObject",
            Effect: "Allow",
            Principal: { Service: "cloudfront.amazonaws.com" },
            Condition: { StringEquals: { "AWS:SourceArn": Match.anyValue() } },
          }),
        ],
      },
    });
  }
  const foreign = resourcesOf<{ Runtime: string }>(withPages, "AWS::Lambda::Function");
  expect(foreign.length).toBe(resourcesOf(plain, "AWS::Lambda::Function").length);
});

test("pages stand at the edge that is there, else at one of their own; all other paths are the API's", () => {
  for (const [template, aliases] of [
    [withPages, undefined],
    [behindEdge, ["api.example.com"]],
  ] as const) {
    const [config, ...others] = distributionOf(template);
    expect(others).toEqual([]);
    const { Aliases, DefaultRootObject, CacheBehaviors, DefaultCacheBehavior, Origins } = config!;
    expect(Aliases).toEqual(aliases);
    expect(DefaultRootObject).toBe("index.html");
    const patterns = CacheBehaviors!.map(({ PathPattern }) => PathPattern);
    expect(patterns).toEqual(["/", "/index.html", "/console", "/_site/*"]);
    const files = Origins.find(({ OriginAccessControlId }) => OriginAccessControlId)!.Id;
    for (const behavior of CacheBehaviors!) {
      expect(behavior).toMatchObject({
        TargetOriginId: files,
        ViewerProtocolPolicy: "redirect-to-https",
        ResponseHeadersPolicyId: expect.anything(),
      });
    }
    expect(DefaultCacheBehavior.TargetOriginId).not.toBe(files);
  }
  const paths = Object.keys(plain.findResources("AWS::ApiGatewayV2::Route"));
  expect(paths.length).toBeGreaterThan(10);
  for (const { Properties } of Object.values(plain.findResources("AWS::ApiGatewayV2::Route"))) {
    expect(Properties.RouteKey).not.toMatch(/^\w+ \/(?:console|index\.html|_site|$)/);
  }
});

test("what pages may do is what they may do on this machine, and they talk to API, WebSocket and issuer only", () => {
  const local = readFileSync("local/pages/site.ts", "utf8");
  const [, list = ""] = /const policy = \[(.*?)\];/s.exec(local)!;
  const shared = [...list.matchAll(/"(.*)",/g)].map(([, directive]) => directive!);
  expect(shared.length).toBeGreaterThan(6);
  const policy = policyOf(withPages);
  for (const directive of shared.filter((each) => !each.startsWith("frame-ancestors"))) {
    expect(policy).toContain(directive);
  }
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(policy).toMatch(/connect-src 'self' wss:\/\/.*LiveApi.*execute-api/);
  expect(policy).toMatch(/https:\/\/cognito-idp\..*https:\/\/my-shop\.auth\..*amazoncognito\.com/);
  withPages.hasResourceProperties("AWS::CloudFront::ResponseHeadersPolicy", {
    ResponseHeadersPolicyConfig: {
      SecurityHeadersConfig: {
        ContentTypeOptions: { Override: true },
        FrameOptions: { FrameOption: "DENY" },
        ReferrerPolicy: { ReferrerPolicy: "no-referrer" },
        StrictTransportSecurity: { AccessControlMaxAgeSec: 31_536_000 },
      },
    },
  });
});

test("the pool knows the console as a client that takes codes only, and the API believes its tokens", () => {
  const clients = resourcesOf<{ CallbackURLs?: unknown[] }>(
    withPages,
    "AWS::Cognito::UserPoolClient",
  );
  const [id, client] = clients.find(([name]) => name.includes("PagesClient"))!;
  expect(client.Properties).toMatchObject({
    AllowedOAuthFlows: ["code"],
    GenerateSecret: false,
    AccessTokenValidity: 15,
    CallbackURLs: [{ "Fn::Join": ["", ["https://", expect.anything(), "/console"]] }],
    LogoutURLs: [{ "Fn::Join": ["", ["https://", expect.anything(), "/"]] }],
  });
  withPages.hasResourceProperties("AWS::ApiGatewayV2::Authorizer", {
    JwtConfiguration: { Audience: Match.arrayWith([{ Ref: id }]) },
  });
  behindEdge.hasResourceProperties("AWS::Cognito::UserPoolClient", {
    CallbackURLs: ["https://api.example.com/console"],
  });
});

test("with an issuer of one's own the console is the client that it knows", () => {
  const template = synthesize({
    pages: "on",
    issuer: "https://login.example.com/realms/shop",
    audience: "shop-api",
    pagesClient: "console",
  });
  expect(policyOf(template)).toContain(" https://login.example.com");
  template.hasOutput("PagesClientId", { Value: "console" });
  template.hasResourceProperties("AWS::ApiGatewayV2::Authorizer", {
    JwtConfiguration: { Audience: ["shop-api", "console"] },
  });
});

const own = { issuer: "https://login.example.com", audience: "shop-api" };

test.each<[string, Context]>([
  ["pages=on needs signInPrefix", { pages: "on" }],
  ["pages=on needs pagesClient", { pages: "on", ...own }],
  ["pagesClient is for pages=on", { ...own, pagesClient: "console" }],
  ["pagesClient is for pages=on", { pages: "on", signInPrefix: "shop", pagesClient: "console" }],
  ["signInPrefix and callbackUrls must be given together", { signInPrefix: "shop" }],
])("%s", (problem, context) => {
  expect(problemsOf(context)).toEqual([expect.stringContaining(problem)]);
});
