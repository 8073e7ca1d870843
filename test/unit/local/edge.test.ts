/** CloudFront's part on this machine: what it says itself replaces what callers say, and its domain leads here. */
import { expect, test } from "vitest";
import type { Resource } from "../../../local/assembly/assembly.ts";
import {
  createResourceValues,
  listDomains,
  rewriteApiUrl,
} from "../../../local/assembly/resource-values.ts";
import { createTemplateResolver } from "../../../local/assembly/template.ts";
import type { GatewayRequest } from "../../../local/http/event.ts";
import { behindEdge } from "../../../local/http/edge.ts";

const apiUrl = "http://127.0.0.1:3000";

function resolverOf(Resources: Record<string, Resource>) {
  return createTemplateResolver({
    stackName: "Holdfast-dev",
    values: createResourceValues({ tablePrefix: "", apiUrl, awsUrl: "http://127.0.0.1:9" }),
    rewrite: rewriteApiUrl(apiUrl, { domains: listDomains({ Resources }) }),
    template: { Resources },
  });
}

const edge: Resource = {
  Type: "AWS::CloudFront::Distribution",
  Properties: {
    DistributionConfig: {
      Aliases: ["api.example.com"],
      Origins: [
        { OriginCustomHeaders: [{ HeaderName: "x-origin-secret", HeaderValue: "s3cret" }] },
      ],
    },
  },
};

const request: GatewayRequest = {
  method: "GET",
  path: "/health",
  rawQueryString: "",
  rawHeaders: ["Accept", "x-origin-secret", "X-Origin-Secret", "guess", "Host", "here"],
  body: Buffer.alloc(0),
  sourceIp: "127.0.0.1",
};

/** The headers that a gateway behind this template gets. */
async function heardBy(template: ReturnType<typeof resolverOf>): Promise<readonly string[]> {
  let heard: readonly string[] = [];
  await behindEdge(template, async ({ rawHeaders }) => {
    heard = rawHeaders;
    return { status: 200, headers: {}, body: "" };
  })(request);
  return heard;
}

test("a distribution's own headers take the place of the caller's", async () => {
  const heard = await heardBy(resolverOf({ Edge: edge }));
  expect(heard).toEqual(["Accept", "x-origin-secret", "Host", "here", "x-origin-secret", "s3cret"]);
  expect(await heardBy(resolverOf({}))).toBe(request.rawHeaders);
});

test("the API's own domain is here, and a longer address at that host is left alone", () => {
  const domain: Resource = {
    Type: "AWS::ApiGatewayV2::DomainName",
    Properties: { DomainName: "api.example.com" },
  };
  for (const resource of [edge, domain]) {
    const { resolve } = resolverOf({ Front: resource });
    expect(resolve("https://api.example.com")).toBe(apiUrl);
    expect(resolve("https://api.example.com/signed-in")).toBe("https://api.example.com/signed-in");
  }
  expect(resolverOf({}).resolve("https://api.example.com")).toBe("https://api.example.com");
});
