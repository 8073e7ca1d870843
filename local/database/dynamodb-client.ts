/**
 * Talks to DynamoDB Local in its wire format. Lambda's stream records use that same format, and forwarding
 * needs the raw bytes, so an SDK client in between would only cost time.
 */
import { Agent, request } from "node:http";

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** A connection to a DynamoDB endpoint. */
export interface DynamoDbConnection {
  readonly endpoint: string;
  /** Sends a body as it is, with whatever target it names, and gives back whatever comes. */
  forward(target: string, body: Buffer | string): Promise<WireAnswer>;
  /** Calls an operation of DynamoDB or (`GetRecords` and the like) of DynamoDB Streams. */
  call<T = Record<string, unknown>>(operation: string, input: object): Promise<T>;
  close(): void;
}

/** What an operation was refused with. */
export class DynamoDbFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "DynamoDbFailure";
    this.code = code;
  }
}

const STREAM_OPERATIONS = new Set([
  "ListStreams",
  "DescribeStream",
  "GetShardIterator",
  "GetRecords",
]);

/**
 * DynamoDB Local checks no signature but wants one that looks right, and outside shared mode it keeps
 * separate tables per key and region: so every request goes out under one name.
 */
const AUTHORIZATION =
  "AWS4-HMAC-SHA256 Credential=holdfast/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

/** More than DynamoDB Local can work on at once only makes it slower; what is over waits for a free socket. */
const MOST_SOCKETS = 48;

function parseFailure({ status, body }: WireAnswer): DynamoDbFailure {
  const text = body.toString();
  try {
    const { __type = "", message, Message } = JSON.parse(text) as Record<string, string>;
    return new DynamoDbFailure(__type.split("#").at(-1) ?? "", message ?? Message ?? text);
  } catch {
    return new DynamoDbFailure(`Http${status}`, text);
  }
}

/** Opens a connection; nothing is sent before the first call. */
export function connectDynamoDb(endpoint: string): DynamoDbConnection {
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_SOCKETS });

  function send(target: string, body: Buffer | string): Promise<WireAnswer> {
    return new Promise((settle, fail) => {
      const outgoing = request(
        endpoint,
        {
          method: "POST",
          agent,
          headers: {
            "content-type": "application/x-amz-json-1.0",
            "content-length": Buffer.byteLength(body),
            "x-amz-target": target,
            authorization: AUTHORIZATION,
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", fail);
          incoming.on("end", () =>
            settle({
              status: incoming.statusCode ?? 500,
              headers: incoming.headers,
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      outgoing.on("error", fail);
      outgoing.end(body);
    });
  }

  return {
    endpoint,
    forward: send,
    async call<T>(operation: string, input: object) {
      const service = STREAM_OPERATIONS.has(operation) ? "DynamoDBStreams" : "DynamoDB";
      const answer = await send(`${service}_20120810.${operation}`, JSON.stringify(input));
      if (answer.status !== 200) throw parseFailure(answer);
      return JSON.parse(answer.body.toString()) as T;
    },
    close: () => agent.destroy(),
  };
}
