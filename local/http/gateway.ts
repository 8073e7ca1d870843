/** Answers a request as API Gateway does: limits, CORS, route, token, function, and its own words when one of them fails. */
import { Throttled } from "../lambda/runs.ts";
import { QueueTimeout } from "../lambda/worker-pool.ts";
import { createAnswer, gatewayMessage, type HttpAnswer, INTERNAL_SERVER_ERROR } from "./answer.ts";
import type { Api, RouteTarget } from "./api.ts";
import type { Verdict } from "./authorizer.ts";
import { corsHeaders, preflightHeaders } from "./cors.ts";
import { createEvent, type GatewayFindings, type GatewayRequest, joinHeaders } from "./event.ts";

/** A request line and headers over this are refused. */
export const MOST_HEADER_BYTES = 10_240;

/** API Gateway takes no larger body. */
export const MOST_BODY_BYTES = 10 * 1024 * 1024;

/** Lambda takes no larger event, and returns no larger result. */
const MOST_EVENT_BYTES = 6_291_556;

/** API Gateway's refusal of a body, or of an event, that is too large. */
export const TOO_LARGE = gatewayMessage(413, "Request Entity Too Large");

const SERVICE_UNAVAILABLE = gatewayMessage(503, "Service Unavailable");

function makeRefusal(verdict: Exclude<Verdict, { kind: "passed" }>): HttpAnswer {
  if (verdict.kind === "forbidden") return gatewayMessage(403, "Forbidden");
  const problem = verdict.reason?.replaceAll(/["\\\r\n]/gu, "'");
  const challenge = problem
    ? `Bearer scope="" error="invalid_token" error_description="${problem}"`
    : "Bearer";
  return gatewayMessage(401, "Unauthorized", { "www-authenticate": challenge });
}

/**
 * AWS has a worker for every request of a burst; here some have to wait for theirs. That time is this
 * machine's fault and does not count against the integration's limit, but it does not go on for ever.
 */
const MOST_WAITING_MS = 120_000;

/** A limit that begins to run when it is told to. */
function createLimit(ms: number) {
  let timer: NodeJS.Timeout | undefined;
  let expire: (nothing: undefined) => void;
  const expired = new Promise<undefined>((settle) => (expire = settle));
  return {
    expired,
    begin() {
      timer = setTimeout(() => expire(undefined), ms);
    },
    cancel: () => clearTimeout(timer),
  };
}

async function callFunction(target: RouteTarget, event: string): Promise<HttpAnswer> {
  const { handler, timeoutMs } = target;
  if (!handler) return INTERNAL_SERVER_ERROR;
  if (Buffer.byteLength(event) > MOST_EVENT_BYTES) return TOO_LARGE;
  const limit = createLimit(timeoutMs);
  try {
    const asked = { waitMs: MOST_WAITING_MS, onStart: limit.begin, isSynchronous: true };
    const invocation = handler.invoke(event, asked);
    const outcome = await Promise.race([invocation, limit.expired]);
    if (!outcome) return SERVICE_UNAVAILABLE;
    if (outcome.error) return INTERNAL_SERVER_ERROR;
    if (Buffer.byteLength(outcome.result ?? "") > MOST_EVENT_BYTES) return INTERNAL_SERVER_ERROR;
    return createAnswer(outcome.result);
  } catch (error) {
    const isBusy = error instanceof QueueTimeout || error instanceof Throttled;
    return isBusy ? SERVICE_UNAVAILABLE : INTERNAL_SERVER_ERROR;
  } finally {
    limit.cancel();
  }
}

/** The path within the stage; undefined when the request names another stage. */
function pathInStage(path: string, stage: string): string | undefined {
  if (stage === "$default") return path;
  return path === `/${stage}` || path.startsWith(`/${stage}/`)
    ? path.slice(stage.length + 1) || "/"
    : undefined;
}

function matchRoute(api: Api, request: GatewayRequest): ReturnType<Api["match"]> | HttpAnswer {
  const path = pathInStage(request.path, api.stage);
  if (path === undefined) return undefined;
  try {
    decodeURIComponent(request.path);
    return api.match(request.method, path);
  } catch (error) {
    if (error instanceof URIError) return gatewayMessage(400, "Bad Request");
    throw error;
  }
}

/** Which route a request took, if it took one. */
interface RouteTaken {
  routeKey?: string;
}

/** Makes the function that answers the requests of an API. @param onAnswer is told of each answer. */
export function createGateway(
  api: Api,
  onAnswer: (answered: {
    routeKey?: string;
    status: number;
    durationMs: number;
  }) => void = () => {},
): (request: GatewayRequest) => Promise<HttpAnswer> {
  async function answer(
    request: GatewayRequest,
    headers: Record<string, string>,
    taken: RouteTaken,
  ): Promise<HttpAnswer> {
    const match = matchRoute(api, request);
    if (!match) return gatewayMessage(404, "Not Found");
    if (!("route" in match)) return match;
    const { routeKey, target } = match.route;
    taken.routeKey = routeKey;
    const findings: GatewayFindings = {
      routeKey,
      apiId: api.id,
      stage: api.stage,
      ...(api.stageVariables && { stageVariables: api.stageVariables }),
      pathParameters: match.pathParameters,
    };
    if (target.authorizer) {
      const verdict = await target.authorizer(headers["authorization"], target.scopes);
      if (verdict.kind !== "passed") return makeRefusal(verdict);
      findings.jwt = { claims: verdict.claims, scopes: verdict.scopes };
    }
    return callFunction(target, JSON.stringify(createEvent(request, findings)));
  }

  return async (request) => {
    const headers = joinHeaders(request.rawHeaders);
    const { origin } = headers;
    const isPreflight = request.method === "OPTIONS" && "access-control-request-method" in headers;
    if (api.cors && isPreflight) {
      return { status: 204, headers: preflightHeaders(api.cors, origin), body: "" };
    }
    const startedMs = performance.now();
    const taken: RouteTaken = {};
    const given = await answer(request, headers, taken);
    onAnswer({ ...taken, status: given.status, durationMs: performance.now() - startedMs });
    return api.cors
      ? { ...given, headers: { ...given.headers, ...corsHeaders(api.cors, origin) } }
      : given;
  };
}
