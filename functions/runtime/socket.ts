/** The chain around a WebSocket's beginning, messages and end: log, shape, problem answer. */
import type { APIGatewayProxyWebsocketEventV2, Context } from "aws-lambda";
import type { z } from "zod";
import { liveRequest, maxLiveMessage } from "../../shared/api/live.ts";
import { InvalidRequest, TooLarge } from "../../shared/base/errors.ts";
import { newMeter, runOperation } from "../../shared/table/operation.ts";
import { observe } from "./observe.ts";
import { problemView } from "./problem.ts";
import { parse } from "./validate.ts";

/** The first event of a connection has what its address said; the types of the events know only the messages. */
type Event = APIGatewayProxyWebsocketEventV2 & {
  readonly queryStringParameters?: Readonly<Record<string, string>>;
};

/** What is done at each step of a connection. */
export interface SocketSteps {
  connect(connectionId: string, ticket: string): Promise<unknown>;
  /** What it answers is sent over the same connection. */
  receive(connectionId: string, request: z.output<typeof liveRequest>): Promise<object>;
  disconnect(connectionId: string): Promise<unknown>;
}

/** API Gateway waits for 29 s. */
const longestStepMs = 25_000;

function parseRequest({ body = "", isBase64Encoded }: Event): z.output<typeof liveRequest> {
  if (isBase64Encoded) throw new InvalidRequest([{ path: "message", message: "must be text" }]);
  if (body.length > maxLiveMessage) {
    throw new TooLarge(`A message has at most ${maxLiveMessage} characters`, maxLiveMessage);
  }
  return parse(liveRequest, parseJson(body), []);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidRequest([{ path: "message", message: "is not valid JSON" }]);
  }
}

/** A problem as it is told over a connection. */
function errorView(error: unknown, requestId: string) {
  const { status, body } = problemView(error, requestId);
  const { code, detail, issues, limit } = body as Record<string, unknown>;
  const view = { type: "error", code, error: detail, issues, limit, requestId };
  return { status, view };
}

/** The Lambda handler of a WebSocket API. Every error becomes an answer; only one that nobody meant is logged as such. */
export function createSocketHandler(steps: SocketSteps) {
  async function run(event: Event): Promise<object | undefined> {
    const { connectionId, eventType } = event.requestContext;
    if (eventType === "MESSAGE") return steps.receive(connectionId, parseRequest(event));
    if (eventType === "DISCONNECT") await steps.disconnect(connectionId);
    else await steps.connect(connectionId, event.queryStringParameters?.["ticket"] ?? "");
    return undefined;
  }

  return async (event: Event) => {
    const { requestContext } = event;
    const request = { routeKey: requestContext.routeKey, requestContext };
    const operation = { meter: newMeter(), deadlineMs: Date.now() + longestStepMs };
    observe.began(request, undefined);
    const { status, view } = await runOperation(operation, () =>
      run(event).then(
        (answered) => ({ status: 200, view: answered }),
        (error: unknown) => {
          observe.failure(request, error);
          return errorView(error, requestContext.requestId);
        },
      ),
    );
    observe.answered(request, status, operation.meter);
    // A message that was refused was received all the same; a connection that is refused does not begin.
    const statusCode = requestContext.eventType === "MESSAGE" ? 200 : status;
    return { statusCode, ...(view === undefined ? {} : { body: JSON.stringify(view) }) };
  };
}

/** One handler for the requests of an HTTP API and for the events of a WebSocket API. */
export function forBoth<HttpEvent>(
  http: (event: HttpEvent, context: Context) => unknown,
  socket: (event: Event, context: Context) => unknown,
) {
  return (event: HttpEvent | Event, context: Context): unknown =>
    isSocketEvent(event) ? socket(event, context) : http(event, context);
}

function isSocketEvent(event: unknown): event is Event {
  const { requestContext } = event as { requestContext?: object };
  return requestContext !== undefined && "connectionId" in requestContext;
}
