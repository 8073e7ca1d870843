/**
 * The one address that all AWS requests of all functions go to. It tells who asks by the credentials, checks
 * the permission that the template grants, and passes the request on: DynamoDB's to DynamoDB Local, the others
 * to the stand-ins of this folder.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ACCOUNT } from "../assembly/local-account.ts";
import type { DynamoDbConnection } from "../database/dynamodb-client.ts";
import type { Sockets } from "../http/sockets.ts";
import type { LocalFunction, LocalFunctions } from "../lambda/functions.ts";
import { answerBusRequest, type Buses } from "./buses.ts";
import type { CallRecord } from "./calls.ts";
import { type Access, neededAccess } from "./dynamodb-access.ts";
import type { Faults } from "./faults.ts";
import type { Permissions } from "./permissions.ts";
import type { Queues } from "./queues.ts";
import type { Secrets } from "./secrets.ts";
import { type AwsAnswer, awsError, type AwsRequest } from "./protocol.ts";
import { parseRestCall } from "./rest-requests.ts";
import { answerQueueRequest, answerSecretRequest } from "./service-requests.ts";

/** What the front needs; it is made before the functions, whose environment names its address. */
export interface AwsFrontParts {
  readonly functions: LocalFunctions;
  /** Absent where the template has no WebSocket API. */
  readonly sockets: Sockets | undefined;
  readonly permissions: Permissions;
  readonly dynamoDb: Pick<DynamoDbConnection, "forward">;
  readonly secrets: Secrets;
  readonly queues: Queues;
  readonly buses: Buses;
  readonly faults: Faults;
  readonly calls: CallRecord;
  /** Called after a successful write, so that the stream's poller need not wait for its turn. */
  onWrite(tableArn: string): void;
}

/** A listening front. */
export interface AwsFront {
  readonly url: string;
  /** Puts the parts in; requests before that are refused. */
  connect(parts: AwsFrontParts): void;
  stop(): Promise<void>;
}

const WRITES = /:(Put|Update|Delete|BatchWrite)Item$/u;

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function accessDenied(owner: LocalFunction, { action, resource }: Access): AwsAnswer {
  const role = owner.roleArn.split("/").at(-1);
  const user = `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${owner.name}`;
  return awsError(
    "com.amazon.coral.service#AccessDeniedException",
    `User: ${user} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  );
}

function parse(incoming: IncomingMessage, body: Buffer, functions: LocalFunctions) {
  const scope = /Credential=([^/]+)\/[^/]*\/[^/]*\/([^/]+)\//u.exec(
    incoming.headers.authorization ?? "",
  );
  const caller = functions.byAccessKey(scope?.[1] ?? "");
  if (!scope || !caller) return undefined;
  const target = String(incoming.headers["x-amz-target"] ?? "");
  const request: AwsRequest = {
    service: scope[2] ?? "",
    method: incoming.method ?? "",
    path: (incoming.url ?? "").split("?")[0]!,
    headers: incoming.headers,
    target,
    operation: target.split(".").at(-1) ?? "",
    body,
    // Without a target it is a request by method and path, whose body is anything.
    input:
      target && body.length > 0 ? (JSON.parse(body.toString()) as Record<string, unknown>) : {},
    ...caller,
  };
  return request;
}

/** The bus that a request puts something on: ours put all of it on one. */
function busIn(input: Record<string, unknown>): string {
  const [first] = (input["Entries"] ?? []) as { EventBusName?: string }[];
  return first?.EventBusName ?? "default";
}

function createRequestHandler(parts: AwsFrontParts) {
  const { permissions, dynamoDb, secrets, queues, buses, calls } = parts;

  /** The first thing that the caller may not do, if any; all of it goes on record. */
  async function refusal(
    { owner }: AwsRequest,
    needed: readonly Access[],
  ): Promise<AwsAnswer | undefined> {
    let refused: Access | undefined;
    for (const access of needed) {
      const allowed = await permissions.allows(owner.roleArn, access.action, access.resource);
      calls.add({ function: owner.name, ...access, allowed });
      if (!allowed) refused ??= access;
    }
    return refused && accessDenied(owner, refused);
  }

  async function askDynamoDb(request: AwsRequest): Promise<AwsAnswer> {
    const needed = neededAccess(request.operation, request.input);
    const refused = await refusal(request, needed);
    if (refused) return refused;
    const answer = await dynamoDb.forward(request.target, request.body);
    if (answer.status === 200) {
      for (const { action, resource } of needed) if (WRITES.test(action)) parts.onWrite(resource);
    }
    return answer;
  }

  async function askOther(
    request: AwsRequest,
    prefix: string,
    resource: string | undefined,
    answer: () => AwsAnswer,
  ): Promise<AwsAnswer> {
    const action = `${prefix}:${request.operation}`;
    return (await refusal(request, [{ action, resource: resource ?? "*" }])) ?? answer();
  }

  async function askByPath(request: AwsRequest): Promise<AwsAnswer> {
    const call = parseRestCall(request, parts);
    if (call) return (await refusal(request, [call.needed])) ?? call.answer();
    return awsError(
      "UnknownOperationException",
      `the local runner has no ${request.service} for this: it stands in for DynamoDB, Secrets Manager, SQS, EventBridge, calls of functions and posts to WebSockets`,
    );
  }

  return (request: AwsRequest): AwsAnswer | Promise<AwsAnswer> => {
    const { input } = request;
    switch (request.service) {
      case "dynamodb":
        return askDynamoDb(request);
      case "secretsmanager":
        return askOther(request, "secretsmanager", secrets.findArn(String(input["SecretId"])), () =>
          answerSecretRequest(request, secrets),
        );
      case "sqs":
        return askOther(request, "sqs", queues.findArn(String(input["QueueUrl"])), () =>
          answerQueueRequest(request, queues),
        );
      case "events":
        return askOther(request, "events", buses.findArn(busIn(input)), () =>
          answerBusRequest(request, buses),
        );
      default:
        return askByPath(request);
    }
  };
}

function send(outgoing: ServerResponse, { status, body }: AwsAnswer): void {
  outgoing.writeHead(status, {
    "content-type": "application/x-amz-json-1.0",
    "content-length": Buffer.byteLength(body),
    "x-amzn-requestid": randomUUID(),
  });
  outgoing.end(body);
}

function createExchange(parts: AwsFrontParts) {
  const handle = createRequestHandler(parts);
  return async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = parse(incoming, await readBody(incoming), parts.functions);
    if (!request) {
      return send(
        outgoing,
        awsError("UnrecognizedClientException", "no function has this key", 403),
      );
    }
    const { owner, execution } = request;
    // A dying thread may still get a word out; leaving it unanswered is what a dead machine looks like.
    if (execution.dying) return;
    execution.awsRequests += 1;
    const requests = execution.awsRequests;
    const fault = parts.faults.strike(owner.name, requests, request.operation);
    const kill = () =>
      execution.kill({ errorType: "Fault", errorMessage: `killed at AWS request ${requests}` });
    if (fault?.mode === "before") return kill();
    if (fault?.mode === "delay") await sleep(fault.delayMs);
    const answer = await handle(request);
    if (fault?.mode === "after") return kill();
    send(outgoing, answer);
  };
}

/** Starts to listen on a free port of this machine only. */
export async function startAwsFront(): Promise<AwsFront> {
  let exchange: ReturnType<typeof createExchange> | undefined;
  const server = createServer((incoming, outgoing) => {
    if (!exchange) return send(outgoing, awsError("ServiceUnavailable", "still starting", 503));
    exchange(incoming, outgoing).catch((error: unknown) => {
      send(outgoing, awsError("InternalServerError", String(error), 500));
    });
  });
  // A client that reuses a connection just as it closes would see a failure that AWS rarely shows.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((settle, fail) => {
    server.once("error", fail).listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, settle);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connect(parts) {
      exchange = createExchange(parts);
    },
    stop: () =>
      new Promise((settle) => {
        server.close(() => settle());
        server.closeAllConnections();
      }),
  };
}
