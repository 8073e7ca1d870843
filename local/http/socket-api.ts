/** Reads the WebSocket API of the template: its stage, its routes, and the function behind each of them. */
import { localArn } from "../assembly/local-account.ts";
import type { TemplateResolver } from "../assembly/template.ts";
import type { LocalFunction, LocalFunctions } from "../lambda/functions.ts";
import { createInvocationRights } from "./invocation-rights.ts";

/** Where a route leads. */
export interface SocketRoute {
  /** Absent when the function's policy does not let API Gateway call it. */
  readonly handler?: LocalFunction;
  /** Whether what the function returns is sent over the connection. */
  readonly answers: boolean;
}

/** The API as declared. */
export interface SocketApi {
  readonly id: string;
  readonly stage: string;
  /** By route key. */
  readonly routes: ReadonlyMap<string, SocketRoute>;
}

interface Owned {
  readonly ApiId: string;
}

/** Reads the API, or undefined where the template has none. @throws Error for an integration that cannot run here. */
export function readSocketApi(
  template: TemplateResolver,
  functions: LocalFunctions,
): SocketApi | undefined {
  const api = template
    .resources<{ ProtocolType?: string }>("AWS::ApiGatewayV2::Api")
    .find(({ properties }) => properties.ProtocolType === "WEBSOCKET");
  if (!api) return undefined;
  const id = template.resolve<string>({ Ref: api.logicalId });
  const own = <T>(type: string) =>
    template
      .resources<T & Owned>(`AWS::ApiGatewayV2::${type}`)
      .filter(({ properties }) => properties.ApiId === id);
  const stage = own<{ StageName: string }>("Stage")[0]?.properties.StageName ?? "$default";
  const mayBeInvoked = createInvocationRights(template);
  const integrations = new Map(
    own<{ IntegrationType: string; IntegrationUri: string }>("Integration").map(
      ({ logicalId, properties: { IntegrationType, IntegrationUri } }) => {
        if (IntegrationType !== "AWS_PROXY") {
          throw new Error(`${logicalId}: only AWS_PROXY runs on this machine`);
        }
        const arn = /\/functions\/(.*)\/invocations$/u.exec(IntegrationUri)?.[1] ?? "";
        return [`integrations/${template.resolve<string>({ Ref: logicalId })}`, arn];
      },
    ),
  );
  const answering = new Set(
    own<{ RouteId: string }>("RouteResponse").map(({ properties }) => properties.RouteId),
  );
  const routes = own<{ RouteKey: string; Target: string }>("Route").map(
    ({ logicalId, properties: { RouteKey, Target } }) => {
      const handler = functions.find(integrations.get(Target) ?? "");
      const sourceArn = localArn("execute-api", `${id}/${stage}/${RouteKey}`);
      const route: SocketRoute = {
        ...(handler && mayBeInvoked(handler, sourceArn) && { handler }),
        answers: answering.has(template.resolve<string>({ Ref: logicalId })),
      };
      return [RouteKey, route] as const;
    },
  );
  return { id, stage, routes: new Map(routes) };
}
