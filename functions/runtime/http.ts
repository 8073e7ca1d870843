/** The chain around every HTTP handler: log, caller, body, schema, problem answer, timing. */
import middy from "@middy/core";
import type { APIGatewayProxyEventV2WithJWTAuthorizer, Context } from "aws-lambda";
import { type Endpoint, routeKeys } from "../../shared/api/endpoint.ts";
import type { Actor } from "../../shared/base/actor.ts";
import { HoldfastError } from "../../shared/base/errors.ts";
import { newMeter, type Operation, runOperation } from "../../shared/table/operation.ts";
import { type Answer, type AnswerTo, toResult } from "./answer.ts";
import { authorize, type Caller, namedUser, parseCaller, parseSubject } from "./auth.ts";
import { parseBody } from "./body.ts";
import { checkPreconditions, conditional, type Preconditions } from "./entity-tag.ts";
import { env } from "./env.ts";
import { observe } from "./observe.ts";
import { gatherConflicts, gatherRefusal, writeGathered } from "./gathering.ts";
import { checkOrigin } from "./origin.ts";
import { problemView } from "./problem.ts";
import { validate, type ValidRequest } from "./validate.ts";

type Event = APIGatewayProxyEventV2WithJWTAuthorizer;

/** Kept back from the function's own time, to answer in. */
const answeringTimeMs = 1_000;
/** API Gateway gives up after 30 s, whatever the function's own limit is. */
const longestRequestMs = 28_000;
/**
 * A shopper who met others for so long is told to come back (503 with `Retry-After`): in a crowd, requests that
 * wait hold the concurrency that webhooks and releases need. Administrators and providers wait as long as it takes.
 */
const shoppersPatienceMs = 3_000;

/** What a handler is given: the checked request and who sent it. */
export interface Call<E extends Endpoint> extends ValidRequest<E> {
  /** Present on every route that needs a token. */
  readonly caller: E["access"] extends "anyone" ? Caller | undefined : Caller;
  /** Who is recorded as the one who did it. */
  readonly actor: Actor;
  /** The request as it came, for signatures over raw bodies. */
  readonly event: Event;
}

/** An endpoint together with what answers it. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly run: (call: Call<Endpoint>) => Promise<Answer>;
}

/**
 * Answers an endpoint by a function of the checked request. A status that the contract does not name, or
 * a body that misses a field of its schema, does not compile.
 *
 * @example serve(getOrder, async ({ params, caller }) => answer(200, await orders().get(params.orderId, caller)))
 */
export function serve<E extends Endpoint>(
  endpoint: E,
  run: (call: Call<E>) => Promise<AnswerTo<E>>,
): Route {
  return { endpoint, run: run as unknown as Route["run"] };
}

/** A `userId` anywhere in a request is the caller's own, or an administrator asks. */
function withNamedUser<T>(part: T, caller: Caller | undefined): T {
  const named = (part as { userId?: unknown } | undefined)?.userId;
  if (typeof named !== "string" || !caller) return part;
  return { ...part, userId: namedUser(named, caller) };
}

async function runRoute({ endpoint, run }: Route, event: Event): Promise<Answer> {
  const caller = parseCaller(event);
  authorize(endpoint.access, caller);
  checkPreconditions(endpoint, event.headers);
  const valid = validate(endpoint, parseBody(endpoint, event) as never);
  const { requestId } = event.requestContext;
  const answered = await run({
    params: withNamedUser(valid.params, caller),
    query: withNamedUser(valid.query, caller),
    body: withNamedUser(valid.body, caller),
    headers: valid.headers,
    caller: caller as Caller,
    actor: { id: caller?.userId ?? "anyone", requestId },
    event,
  });
  return endpoint.method === "GET"
    ? conditional(answered, valid.headers as Preconditions)
    : answered;
}

/** What a request may spend: its time, and of that how much on meeting others. */
function newOperation(endpoint: Endpoint | undefined, context: Context): Operation {
  const nowMs = Date.now();
  const leftMs = context.getRemainingTimeInMillis?.() ?? longestRequestMs;
  const deadlineMs = nowMs + Math.min(longestRequestMs, leftMs - answeringTimeMs);
  const isShoppers = endpoint !== undefined && endpoint.access !== "admin" && !endpoint.rawBody;
  const patientUntilMs = isShoppers ? nowMs + shoppersPatienceMs : deadlineMs;
  return { meter: newMeter(), deadlineMs, patientUntilMs };
}

function serverTiming({ meter }: Operation): Record<string, string> {
  if (env.SERVER_TIMING === "off") return {};
  const { requests, writeUnits, readUnits, elapsedMs } = meter;
  const spent = `${requests} req, ${writeUnits} wcu, ${readUnits} rcu`;
  return { "server-timing": `ddb;dur=${elapsedMs.toFixed(1)};desc="${spent}"` };
}

/**
 * The Lambda handler of some routes, found by API Gateway's route key.
 *
 * Every error becomes a problem answer; only one that nobody meant is logged as an error.
 */
export function createHandler(
  routes: readonly Route[],
  otherwise?: (event: Event) => Promise<Answer>,
) {
  const byKey = new Map(
    routes.flatMap((route) => routeKeys(route.endpoint).map((key) => [key, route] as const)),
  );

  async function answerTo(event: Event): Promise<Answer> {
    checkOrigin(event.headers);
    const route = byKey.get(event.routeKey);
    if (route) return runRoute(route, event);
    if (otherwise) return otherwise(event);
    throw new HoldfastError("NOT_FOUND", "There is no such route");
  }

  async function handle(event: Event, context: Context) {
    const operation = newOperation(byKey.get(event.routeKey)?.endpoint, context);
    const { requestId } = event.requestContext;
    const sub = parseSubject(event);
    observe.began(event, sub);
    writeGathered();
    const result = await runOperation(operation, () =>
      answerTo(event).catch((error: unknown) => {
        observe.failure(event, error);
        gatherRefusal(event, sub, error);
        return problemView(error, requestId);
      }),
    );
    observe.answered(event, result.status, operation.meter, sub);
    gatherConflicts(event, sub, operation.meter);
    const headers = { ...serverTiming(operation), "x-request-id": requestId, ...result.headers };
    // Whoever asks by HEAD wants to know what GET would say, without its body.
    const isHead = event.requestContext.http?.method === "HEAD";
    return toResult({ ...result, headers, ...(isHead ? { body: undefined } : {}) });
  }

  return middy<Event, unknown>().use(observe.middleware()).handler(handle);
}
