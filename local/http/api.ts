/** Reads the HTTP API of the template: its routes, what each leads to, who may use it, its stage and CORS rules. */
import { localArn } from "../assembly/local-account.ts";
import { httpResources } from "../assembly/http-resources.ts";
import type { TemplateResolver } from "../assembly/template.ts";
import type { LocalFunction, LocalFunctions } from "../lambda/functions.ts";
import { type Authorizer, type AuthorizerProperties, createAuthorizer } from "./authorizer.ts";
import type { CorsConfiguration } from "./cors.ts";
import type { Issuer } from "./issuer.ts";
import { createInvocationRights } from "./invocation-rights.ts";
import { createRouter, type Route } from "./routes.ts";

/** Where a route leads. */
export interface RouteTarget {
  /** Absent when the function's policy does not let API Gateway call it: a 500, as on AWS. */
  readonly handler?: LocalFunction;
  readonly timeoutMs: number;
  readonly authorizer?: Authorizer;
  readonly scopes?: string[];
}

/** The API as declared. */
export interface Api {
  readonly id: string;
  readonly stage: string;
  readonly stageVariables?: Record<string, string>;
  readonly cors?: CorsConfiguration;
  readonly match: ReturnType<typeof createRouter<RouteTarget>>;
}

interface RouteProperties {
  readonly RouteKey: string;
  readonly Target: string;
  readonly AuthorizationType?: string;
  readonly AuthorizerId?: string;
  readonly AuthorizationScopes?: string[];
}

interface IntegrationProperties {
  readonly IntegrationType: string;
  readonly IntegrationUri: string;
  readonly PayloadFormatVersion?: string;
  readonly TimeoutInMillis?: number;
}

/** API Gateway never waits longer than this. */
const MOST_TIMEOUT_MS = 30_000;

/** What the template says of tokens. */
export interface DeclaredSignIn {
  readonly issuer: string;
  /** The first one that the authorizer lets pass. */
  readonly audience: string;
  readonly isOwnPool: boolean;
  /** Where the functions look for groups. */
  readonly groupsClaim: string | undefined;
}

/** The sign-in that the template declares, or undefined where it has no authorizer. */
export function declaredSignIn(template: TemplateResolver): DeclaredSignIn | undefined {
  const [authorizer] = template.resources<AuthorizerProperties>("AWS::ApiGatewayV2::Authorizer");
  if (!authorizer) return undefined;
  const { Issuer: issuer, Audience } = authorizer.properties.JwtConfiguration;
  const pools = template
    .resources("AWS::Cognito::UserPool")
    .map(({ logicalId }) => template.resolve({ "Fn::GetAtt": [logicalId, "ProviderURL"] }));
  const [first] = template.resources<{ Environment?: { Variables: Record<string, string> } }>(
    "AWS::Lambda::Function",
  );
  const groupsClaim = first?.properties.Environment?.Variables["GROUPS_CLAIM"];
  return { issuer, audience: Audience[0] ?? "", isOwnPool: pools.includes(issuer), groupsClaim };
}

function readIntegrations(template: TemplateResolver): Map<string, IntegrationProperties> {
  const integrations = new Map<string, IntegrationProperties>();
  const declared = httpResources<IntegrationProperties>(template, "AWS::ApiGatewayV2::Integration");
  for (const { logicalId, properties } of declared) {
    const { IntegrationType, PayloadFormatVersion } = properties;
    if (IntegrationType !== "AWS_PROXY" || PayloadFormatVersion !== "2.0") {
      throw new Error(`${logicalId}: only AWS_PROXY with payload format 2.0 runs on this machine`);
    }
    integrations.set(`integrations/${template.resolve<string>({ Ref: logicalId })}`, properties);
  }
  return integrations;
}

/**
 * Reads the API.
 * @param standIn the local issuer, used where the authorizer names the template's own user pool.
 * @throws Error when the template has no HTTP API or an integration that cannot run here.
 */
export function readApi(
  template: TemplateResolver,
  functions: LocalFunctions,
  standIn: Issuer | undefined,
): Api {
  const [api] = httpResources<{ CorsConfiguration?: CorsConfiguration }>(
    template,
    "AWS::ApiGatewayV2::Api",
  );
  if (!api) throw new Error("the template has no HTTP API");
  const id = template.resolve<string>({ Ref: api.logicalId });
  const [stage] = httpResources<{
    StageName: string;
    StageVariables?: Record<string, string>;
  }>(template, "AWS::ApiGatewayV2::Stage");
  const stageName = stage?.properties.StageName ?? "$default";
  const integrations = readIntegrations(template);
  const mayBeInvoked = createInvocationRights(template);
  const authorizers = new Map(
    template
      .resources<AuthorizerProperties>("AWS::ApiGatewayV2::Authorizer")
      .map(({ logicalId, properties }) => [
        template.resolve<string>({ Ref: logicalId }),
        createAuthorizer(properties, standIn),
      ]),
  );

  function parseRoute(properties: RouteProperties): Route<RouteTarget> {
    const { RouteKey, Target, AuthorizationType, AuthorizerId, AuthorizationScopes } = properties;
    const integration = integrations.get(Target);
    const handler = functions.find(integration?.IntegrationUri ?? "");
    const [method, path = ""] = RouteKey.split(" ");
    const source = RouteKey === "$default" ? "$default" : `${method}${path}`;
    const sourceArn = localArn("execute-api", `${id}/${stageName}/${source}`);
    const authorizer = AuthorizationType === "JWT" && authorizers.get(AuthorizerId ?? "");
    return {
      routeKey: RouteKey,
      target: {
        ...(handler && mayBeInvoked(handler, sourceArn) && { handler }),
        timeoutMs: Math.min(integration?.TimeoutInMillis ?? MOST_TIMEOUT_MS, MOST_TIMEOUT_MS),
        ...(authorizer && { authorizer }),
        ...(AuthorizationScopes && { scopes: AuthorizationScopes }),
      },
    };
  }

  const routes = httpResources<RouteProperties>(template, "AWS::ApiGatewayV2::Route").map(
    ({ properties }) => parseRoute(properties),
  );
  return {
    id,
    stage: stageName,
    ...(stage?.properties.StageVariables && { stageVariables: stage.properties.StageVariables }),
    ...(api.properties.CorsConfiguration && { cors: api.properties.CorsConfiguration }),
    match: createRouter(routes),
  };
}
