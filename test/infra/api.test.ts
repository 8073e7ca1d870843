/** The API in the template is the contract: every endpoint, its function, and who may call it. */
import { Match } from "aws-cdk-lib/assertions";
import type { Template } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { routeKeys } from "../../shared/api/endpoint.ts";
import { endpoints } from "../../shared/api/index.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

const dev = synthesize();
const prod = synthesize({ stage: "prod" });

interface RouteProperties {
  readonly RouteKey: string;
  readonly AuthorizationType: string;
  readonly AuthorizerId?: unknown;
  readonly Target: { readonly "Fn::Join": readonly [string, readonly [string, { Ref: string }]] };
}

/** Of the HTTP API; a WebSocket's begin with a dollar, and so does only one of these. */
function routesIn(template: Template): Map<string, RouteProperties> {
  const routes = resourcesOf<RouteProperties>(template, "AWS::ApiGatewayV2::Route").filter(
    ([id]) => !id.startsWith("LiveRoute"),
  );
  return new Map(routes.map(([, { Properties }]) => [Properties.RouteKey, Properties]));
}

/** The file that a route ends at. */
function fileBehind(template: Template, route: RouteProperties): string {
  const { Resources } = template.toJSON();
  const integration = Resources[route.Target["Fn::Join"][1][1].Ref];
  return Resources[integration.Properties.IntegrationUri["Fn::GetAtt"][0]].Properties.Description;
}

test("every endpoint of the contract is a route to its own function, and there is no other route", () => {
  const routes = routesIn(dev);
  const asked = endpoints.flatMap((endpoint) =>
    routeKeys(endpoint).map((key) => [key, endpoint.function] as const),
  );
  for (const [key, name] of asked) {
    const route = routes.get(key);
    expect(route, key).toBeDefined();
    expect(fileBehind(dev, route!)).toBe(`functions/${name}.ts`);
  }
  expect(routes.size).toBe(asked.length + 1);
});

test("whatever can be got can be asked for by HEAD", () => {
  const routes = routesIn(dev);
  const got = [...routes].filter(([key]) => key.startsWith("GET "));
  expect(got.length).toBeGreaterThan(10);
  for (const [key, { AuthorizationType, Target }] of got) {
    const head = routes.get(key.replace("GET", "HEAD"));
    expect(head).toMatchObject({ AuthorizationType, Target });
  }
});

test("a stage stays far below the 300 routes of an API and the 500 resources of a stack", () => {
  expect(routesIn(dev).size).toBeLessThan(200);
  expect(Object.keys(dev.toJSON().Resources).length).toBeLessThan(400);
});

test("a token is asked for on every route that is not for anyone", () => {
  for (const [template, routes] of [dev, prod].map((each) => [each, routesIn(each)] as const)) {
    const [[authorizerId] = []] = resourcesOf(template, "AWS::ApiGatewayV2::Authorizer");
    for (const endpoint of endpoints) {
      for (const key of routeKeys(endpoint)) {
        const route = routes.get(key);
        if (!route) continue;
        const open = { AuthorizationType: "NONE" };
        const closed = { AuthorizationType: "JWT", AuthorizerId: { Ref: authorizerId } };
        const wanted = endpoint.access === "anyone" ? open : closed;
        expect({ key, ...route }).toMatchObject({ key, ...wanted });
      }
    }
  }
});

test("what no route matches goes to the platform function without a token", () => {
  const fallback = routesIn(dev).get("$default")!;
  expect(fallback.AuthorizationType).toBe("NONE");
  expect(fileBehind(dev, fallback)).toBe("functions/platform.ts");
});

test("production lacks the sandbox and the test routes, their function and their secret", () => {
  const outside = endpoints.filter(({ outsideProduction }) => outsideProduction === true);
  const routes = routesIn(prod);
  expect(outside.flatMap(routeKeys).filter((key) => routes.has(key))).toEqual([]);
  expect(routes.size).toBe(
    endpoints.flatMap(routeKeys).length - outside.flatMap(routeKeys).length + 1,
  );
  expect(JSON.stringify(prod.toJSON())).not.toMatch(/sandbox|functions\/trials/i);
});

test("API Gateway may call every function that a route ends at", () => {
  const reached = new Set([...routesIn(dev).values()].map((route) => fileBehind(dev, route)));
  const { Resources } = dev.toJSON();
  const permitted = new Set(
    resourcesOf<{ FunctionName: { "Fn::GetAtt": [string] } }>(dev, "AWS::Lambda::Permission").map(
      ([, { Properties }]) =>
        Resources[Properties.FunctionName["Fn::GetAtt"][0]].Properties.Description,
    ),
  );
  expect(permitted).toEqual(reached);
});

test("the stage limits requests and logs each one without token, query or body", () => {
  dev.hasResourceProperties("AWS::ApiGatewayV2::Stage", {
    StageName: "$default",
    AutoDeploy: true,
    DefaultRouteSettings: { ThrottlingBurstLimit: 2000, ThrottlingRateLimit: 2000 },
    AccessLogSettings: { Format: Match.stringLikeRegexp("routeKey") },
  });
  const [[, stage] = []] = resourcesOf(dev, "AWS::ApiGatewayV2::Stage");
  expect(JSON.stringify(stage)).not.toMatch(/authorization|querystring|claims/i);
});

test("the stack believes its own user pool, with a group for administrators", () => {
  dev.hasResourceProperties("AWS::Cognito::UserPoolGroup", { GroupName: "admin" });
  dev.hasResourceProperties("AWS::ApiGatewayV2::Authorizer", {
    AuthorizerType: "JWT",
    IdentitySource: ["$request.header.Authorization"],
    JwtConfiguration: { Audience: [{ Ref: Match.stringLikeRegexp("^UsersClient") }] },
  });
});

test("with an issuer of one's own there is no user pool", () => {
  const own = synthesize({ issuer: "https://login.example.com/", audience: "shop, back-office" });
  own.resourceCountIs("AWS::Cognito::UserPool", 0);
  own.hasResourceProperties("AWS::ApiGatewayV2::Authorizer", {
    JwtConfiguration: { Audience: ["shop", "back-office"], Issuer: "https://login.example.com/" },
  });
});

test("pages of other origins are let in by name only", () => {
  dev.allResourcesProperties("AWS::ApiGatewayV2::Api", { CorsConfiguration: Match.absent() });
  synthesize({ allowOrigins: "https://shop.example.com" }).hasResourceProperties(
    "AWS::ApiGatewayV2::Api",
    {
      CorsConfiguration: {
        AllowOrigins: ["https://shop.example.com"],
        AllowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        AllowHeaders: [
          "authorization",
          "content-type",
          "idempotency-key",
          "if-match",
          "if-none-match",
          "x-lock-session",
        ],
        ExposeHeaders: [
          "allow",
          "etag",
          "idempotent-replayed",
          "location",
          "retry-after",
          "server-timing",
          "x-request-id",
        ],
        AllowCredentials: Match.absent(),
      },
    },
  );
});

test("every function runs on Node 24 and ARM64, is traced, and logs to a group that ends", () => {
  for (const template of [dev, prod]) {
    template.allResourcesProperties("AWS::Lambda::Function", {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: "index.handler",
      TracingConfig: { Mode: "Active" },
      LoggingConfig: { LogFormat: "JSON", LogGroup: Match.anyValue() },
    });
    template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: Match.anyValue() });
  }
});
