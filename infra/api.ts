/**
 * The HTTP API: one route per endpoint of the contract, and nothing that is not in it.
 *
 * @see docs/decisions/0006-unauthenticated.md
 */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import {
  CfnStage,
  CorsHttpMethod,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from "aws-cdk-lib/aws-apigatewayv2";
import type { CorsPreflightOptions, IHttpRouteAuthorizer } from "aws-cdk-lib/aws-apigatewayv2";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { listMethods, listPaths } from "../shared/api/endpoint.ts";
import type { Functions } from "./functions.ts";
import { permitFirst } from "./permit-first.ts";
import type { FunctionName } from "./permissions.ts";
import type { RouteLimit } from "./route-limits.ts";
import type { Settings } from "./settings/settings.ts";

/** What the API needs to know of an endpoint; the contract says more. */
export interface Route {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** A second address of the same. */
  readonly queryPath?: string;
  /** The file in `functions/` that serves it. */
  readonly function: string;
  readonly access: "anyone" | "caller" | "admin";
  readonly outsideProduction?: boolean;
}

const accessLogLine = {
  time: "$context.requestTime",
  requestId: "$context.requestId",
  route: "$context.routeKey",
  status: "$context.status",
  latencyMs: "$context.responseLatency",
  bytes: "$context.responseLength",
  sourceIp: "$context.identity.sourceIp",
  authorizerError: "$context.authorizer.error",
  integrationError: "$context.integrationErrorMessage",
};

/**
 * Creates the API and its stage. Requests beyond `throttlePerSecond` get 429 from API Gateway before they
 * cost anything; the access log has one line a request and no token, query or body in it.
 */
export function createApi(
  scope: Construct,
  settings: Settings,
): { readonly api: HttpApi; readonly stage: HttpStage } {
  const { production } = settings;
  const api = new HttpApi(scope, "Api", {
    apiName: `holdfast-${settings.stage}`,
    createDefaultStage: false,
    ...(settings.allowOrigins.length > 0 && { corsPreflight: corsFor(settings.allowOrigins) }),
  });
  const accessLog = new LogGroup(scope, "ApiAccessLogs", {
    // API Gateway adds each log group to one policy of the account, which is soon full: but for these names.
    logGroupName: `/aws/vendedlogs/holdfast-${settings.stage}/api`,
    retention: production ? RetentionDays.THREE_MONTHS : RetentionDays.ONE_WEEK,
    removalPolicy: production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  const stage = new HttpStage(scope, "ApiStage", {
    httpApi: api,
    stageName: "$default",
    autoDeploy: true,
    throttle: {
      rateLimit: settings.capacity.throttlePerSecond,
      burstLimit: settings.capacity.throttlePerSecond,
    },
    accessLogSettings: {
      destination: new LogGroupLogDestination(accessLog),
      format: AccessLogFormat.custom(JSON.stringify(accessLogLine)),
    },
  });
  return { api, stage };
}

/** The headers that requests may carry: those of the contract, and the one of document locks in own handlers. */
const requestHeaders = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "x-lock-session",
];
/** The headers of answers that say more than the body does. */
const answerHeaders = [
  "allow",
  "etag",
  "idempotent-replayed",
  "location",
  "retry-after",
  "server-timing",
  "x-request-id",
];

/** What a page of another origin may send and read, and no cookies. */
function corsFor(origins: readonly string[]): CorsPreflightOptions {
  const { GET, HEAD, POST, PUT, PATCH, DELETE } = CorsHttpMethod;
  return {
    allowOrigins: [...origins],
    allowMethods: [GET, HEAD, POST, PUT, PATCH, DELETE],
    allowHeaders: requestHeaders,
    exposeHeaders: answerHeaders,
    maxAge: Duration.hours(1),
  };
}

/** The contract's endpoints that exist in a production stage, or in any other. */
export function selectRoutes(endpoints: readonly Route[], production: boolean): Route[] {
  return endpoints.filter((endpoint) => !production || endpoint.outsideProduction !== true);
}

/** What the routes are made from. */
export interface RoutesProps {
  readonly api: HttpApi;
  readonly stage: HttpStage;
  readonly endpoints: readonly Route[];
  readonly functions: Functions;
  readonly authorizer: IHttpRouteAuthorizer;
  /** What single routes let in, by the names of their endpoints. */
  readonly limits: ReadonlyMap<string, RouteLimit>;
}

/**
 * Creates every route. A token is asked for on each one that is not for anyone; what no route matches
 * goes to the platform function, which answers 404 or 405 and does nothing else.
 *
 * @throws Error when an endpoint names a function that the stage does not have.
 */
export function createRoutes(scope: Construct, props: RoutesProps): void {
  const { api, authorizer } = props;
  const open = new HttpNoneAuthorizer();
  const integrations = new Map<string, HttpLambdaIntegration>();
  const getIntegration = (functionName: string): HttpLambdaIntegration => {
    const known = integrations.get(functionName);
    if (known) return known;
    const handler = props.functions.get(functionName as FunctionName);
    if (!handler) throw new Error(`infra/permissions.ts has no function ${functionName}`);
    // One permission per function: one per route would outgrow Lambda's 20 KB for a policy.
    const made = new HttpLambdaIntegration(`${handler.node.id}Integration`, handler.target, {
      scopePermissionToRoute: false,
    });
    integrations.set(functionName, made);
    return made;
  };
  const limited = new Map<string, { route: HttpRoute; limit: RouteLimit }>();
  // An HTTP API answers HEAD only where there is a route for it, and only such a route asks for a token.
  const asked = props.endpoints.flatMap((endpoint) =>
    listPaths(endpoint).flatMap((path) =>
      listMethods(endpoint).map((method) => ({ ...endpoint, path, method })),
    ),
  );
  for (const { name, method, path, queryPath, function: functionName, access } of asked) {
    const kind = `${path === queryPath ? "-query" : ""}${method === "HEAD" ? "-head" : ""}`;
    const route = new HttpRoute(scope, `Route-${name}${kind}`, {
      httpApi: api,
      routeKey: HttpRouteKey.with(path, httpMethod(method)),
      integration: getIntegration(functionName),
      authorizer: access === "anyone" ? open : authorizer,
    });
    permitFirst(route);
    if (access === "anyone") acknowledgeOpenRoute(route);
    // What is promised of a route is judged by those who read the answer.
    const limit = kind === "" ? props.limits.get(name) : undefined;
    if (limit) limited.set(`${method} ${path}`, { route, limit });
  }
  limitEach(props.stage, limited);
  const fallback = new HttpRoute(scope, "Route-default", {
    httpApi: api,
    routeKey: HttpRouteKey.DEFAULT,
    // Not the integration of the other routes: their permission (api/stage/method/path) leaves out
    // this route, which Lambda sees as api/stage/$default.
    integration: new HttpLambdaIntegration("Fallback", props.functions.get("platform")!.target),
    authorizer: open,
  });
  permitFirst(fallback);
  acknowledgeOpenRoute(fallback);
}

/** Hands on the limits of single routes; the default of the stage is in force for all others. */
function limitEach(
  stage: HttpStage,
  routes: ReadonlyMap<string, { readonly route: HttpRoute; readonly limit: RouteLimit }>,
): void {
  const resource = stage.node.defaultChild as CfnStage;
  resource.routeSettings = Object.fromEntries(
    [...routes].map(
      ([
        key,
        {
          limit: { perSecond, isMeasured },
        },
      ]) => [
        key,
        {
          DetailedMetricsEnabled: isMeasured,
          ThrottlingRateLimit: perSecond,
          ThrottlingBurstLimit: perSecond,
        },
      ],
    ),
  );
  // API Gateway takes settings only for routes that exist.
  for (const { route } of routes.values()) stage.node.addDependency(route);
}

function httpMethod(method: string): HttpMethod {
  const known = Object.values(HttpMethod).find((value) => value === method.toUpperCase());
  if (!known) throw new Error(`API Gateway has no method ${method}`);
  return known;
}

function acknowledgeOpenRoute(route: HttpRoute): void {
  Validations.of(route).acknowledge({
    id: "AwsSolutions-APIG4",
    reason:
      "The contract opens this route to anyone: a catalogue, a health check, or a signed webhook",
  });
}
