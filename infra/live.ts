/**
 * Live updates: the WebSocket API, and who may post to its connections.
 *
 * @see docs/decisions/0020-live-updates.md
 */
import { type CfnElement, Duration, Stack, Validations } from "aws-cdk-lib";
import { WebSocketApi, WebSocketRoute, WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import { WebSocketLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { Functions } from "./functions.ts";
import { permitFirst } from "./permit-first.ts";
import { type FunctionName, permissions } from "./permissions.ts";
import type { Permissions } from "./rights.ts";
import type { Settings } from "./settings/settings.ts";

/** What live updates are made from. */
export interface LiveProps {
  readonly settings: Settings;
  readonly functions: Functions;
}

/** The stage; the only one, and a part of every address. */
const stageName = "live";
/** A hint that is older than this is worth nothing any more. */
const oldestPost = Duration.seconds(60);

/**
 * Creates the API with its stage, and tells the functions where it is. What a client sends goes to the `live`
 * function, whose answer goes back over the same connection. Posts that fail are not tried again.
 */
export function createLive(scope: Construct, { settings, functions }: LiveProps): WebSocketApi {
  const api = new WebSocketApi(scope, "LiveApi", { apiName: `holdfast-${settings.stage}-live` });
  for (const [id, routeKey] of Object.entries({
    Connect: "$connect",
    Disconnect: "$disconnect",
    Message: "$default",
  })) {
    const integration = new WebSocketLambdaIntegration(`Live${id}`, functions.get("live")!.target);
    // There is nobody to answer to before a connection is there, and after it is gone.
    const returnResponse = routeKey === "$default";
    const route = new WebSocketRoute(scope, `LiveRoute-${id}`, {
      webSocketApi: api,
      routeKey,
      integration,
      returnResponse,
    });
    permitFirst(route);
    Validations.of(route).acknowledge({
      id: "AwsSolutions-APIG4",
      reason: "The function asks for an address's one-time secret, which only a token can get",
    });
  }
  const { throttlePerSecond } = settings.capacity;
  const stage = new WebSocketStage(scope, "LiveStage", {
    webSocketApi: api,
    stageName,
    autoDeploy: true,
    throttle: { rateLimit: throttlePerSecond, burstLimit: throttlePerSecond },
  });
  Validations.of(stage).acknowledge({
    id: "AwsSolutions-APIG1",
    reason:
      "Access logs of WebSockets take a role of the whole account; the function logs each event",
  });
  const place = `${findLiveHost(api)}/${stageName}`;
  functions.get("live")!.addEnvironment("LIVE_URL", `wss://${place}`);
  grantAll(api, functions, `https://${place}`);
  functions.get("live-posts")!.forgetLateCalls("LivePostsCalls", oldestPost);
  return api;
}

/** The host that WebSockets are opened at. */
export function findLiveHost(api: WebSocketApi): string {
  const { region, urlSuffix } = Stack.of(api);
  return `${api.apiId}.execute-api.${region}.${urlSuffix}`;
}

/** What `permissions.ts` says of connections and calls. */
function grantAll(api: WebSocketApi, functions: Functions, endpoint: string): void {
  for (const [name, appFunction] of functions) {
    const { connections = [], calls }: Permissions = permissions[name];
    for (const method of connections) {
      appFunction.addEnvironment("LIVE_ENDPOINT", endpoint);
      const resourceName = `${stageName}/${method}/@connections/*`;
      const arn = { service: "execute-api", resource: api.apiId, resourceName };
      appFunction.addToRolePolicy(
        new PolicyStatement({
          actions: ["execute-api:ManageConnections"],
          resources: [Stack.of(api).formatArn(arn)],
        }),
      );
      const prefix = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>";
      const id = Stack.of(api).getLogicalId(api.node.defaultChild as CfnElement);
      Validations.of(appFunction.role!).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${prefix}:<${id}>/${resourceName}]`,
        reason: "API Gateway makes up the names of connections",
      });
    }
    if (calls === undefined) continue;
    const called = functions.get(calls as FunctionName)!;
    const variable = `${calls.toUpperCase().replaceAll("-", "_")}_FUNCTION`;
    appFunction.addEnvironment(variable, called.targetName);
    appFunction.addToRolePolicy(
      new PolicyStatement({
        actions: ["lambda:InvokeFunction"],
        resources: [called.targetArn],
      }),
    );
  }
}
