/** Answers the requests that AWS takes by method and path: calls of functions, and posts to WebSockets. */
import type { Sockets } from "../http/sockets.ts";
import type { LocalFunctions } from "../lambda/functions.ts";
import type { Access } from "./dynamodb-access.ts";
import { type AwsAnswer, awsError, type AwsRequest } from "./protocol.ts";

/** What they reach. */
export interface RestParts {
  readonly functions: LocalFunctions;
  readonly sockets: Sockets | undefined;
}

/** What a request asks to be allowed, and its answer once it is. */
export interface RestCall {
  readonly needed: Access;
  answer(): AwsAnswer;
}

const empty = (status: number): AwsAnswer => ({ status, body: "" });

/** A function that is called without being waited for; what becomes of it is in its log. */
function parseInvocation(
  { method, path, headers, body }: AwsRequest,
  { functions }: RestParts,
): RestCall | undefined {
  const name = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/u.exec(path)?.[1];
  const called = functions.find(decodeURIComponent(name ?? ""));
  if (method !== "POST" || headers["x-amz-invocation-type"] !== "Event" || !called)
    return undefined;
  return {
    needed: { action: "lambda:InvokeFunction", resource: called.arn },
    answer() {
      void called.invoke(body.toString()).catch(() => undefined);
      return empty(202);
    },
  };
}

function parseConnection(
  { method, path, body }: AwsRequest,
  { sockets }: RestParts,
): RestCall | undefined {
  const connectionId = /\/(?:@|%40)connections\/([^/]+)$/u.exec(path)?.[1];
  if (!sockets || connectionId === undefined) return undefined;
  const id = decodeURIComponent(connectionId);
  const gone = awsError("GoneException", "the connection is gone", 410);
  const answers: Readonly<Record<string, () => AwsAnswer>> = {
    POST: () => (sockets.post(id, body.toString()) ? empty(200) : gone),
    DELETE: () => (sockets.close(id) ? empty(204) : gone),
  };
  const answer = answers[method];
  if (!answer) return undefined;
  return {
    needed: { action: "execute-api:ManageConnections", resource: sockets.arn(method) },
    answer,
  };
}

/** The call that a request is, or undefined where nobody here answers it. */
export function parseRestCall(request: AwsRequest, parts: RestParts): RestCall | undefined {
  if (request.service === "lambda") return parseInvocation(request, parts);
  return request.service === "execute-api" ? parseConnection(request, parts) : undefined;
}
