/** A whole Holdfast for a test file, over the run's DynamoDB Local, with tables of its own. */
import { randomUUID } from "node:crypto";
import { inject } from "vitest";
import { type Holdfast, type HoldfastOptions, startHoldfast } from "../../local/holdfast.ts";
import { checkAnswer } from "./answer-check.ts";
import { keepCalls } from "./recorded-calls.ts";

/** What a test sends. */
export interface CallOptions {
  /** Signs in as this user; without it no token is sent. */
  as?: string;
  /** The user's groups, for instance `["admin"]`. */
  groups?: string[];
  headers?: Record<string, string>;
  /** Sent as JSON; a string or bytes go out as they are. */
  body?: unknown;
}

/** What came back. The body is parsed when it is JSON, else it is the text. */
export interface CallResult<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** A Holdfast with the means to talk to it. */
export interface TestServer extends Holdfast {
  /** Writes down for the tests of rights what its functions have asked AWS for. @throws Error when a log line held a token. */
  account(): void;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
  call<Body = any>(route: string, options?: CallOptions): Promise<CallResult<Body>>;
}

function payloadOf(body: unknown): { body?: string | Uint8Array<ArrayBuffer>; type?: string } {
  if (body === undefined) return {};
  const type = "application/json";
  if (typeof body === "string") return { body, type };
  if (body instanceof Uint8Array) return { body: new Uint8Array(body), type };
  return { body: JSON.stringify(body), type };
}

function parse(text: string, contentType: string | null): unknown {
  return contentType?.includes("json") && text !== "" ? JSON.parse(text) : text;
}

/** A JWT, or what is sent in front of one. */
const tokenInText = /eyJ[\w-]{10,}\.[\w-]{10,}|Bearer \S{8}/;

/** Shoppers of tests order more than those of a shop; what a limit does is for the tests of limits. */
const generous = { maxOpenOrders: "50", maxUnitsPerLine: "0", maxUnpaidOrders: "0" };

/**
 * Starts a server for one test file. Stop it in `afterAll`.
 *
 * @example
 * const server = await startServer({ context: { sweep: "off", holdSeconds: "2" } });
 * const { status, body } = await server.call("POST /order/alice", { as: "alice", body: { … } });
 */
export async function startServer(options: HoldfastOptions = {}): Promise<TestServer> {
  const tablePrefix = `t${randomUUID().slice(0, 8)}-`;
  const context = { ...generous, ...options.context };
  const leaks: string[] = [];
  const holdfast = await startHoldfast({
    port: 0,
    dynamoDbEndpoint: inject("dynamoDbEndpoint"),
    // Two processors: more workers would be cold starts and nothing else.
    maxWorkers: 2,
    tablePrefix,
    ...options,
    context,
    onLog: (line) => {
      if (tokenInText.test(line.text)) leaks.push(`${line.function}: ${line.text}`);
      options.onLog?.(line);
    },
  });
  const tokens = new Map<string, Promise<string>>();

  function tokenOf(subject: string, groups: string[] = []): Promise<string> {
    const key = JSON.stringify([subject, groups]);
    const token = tokens.get(key) ?? holdfast.token(subject, groups);
    tokens.set(key, token);
    return token;
  }

  function account() {
    keepCalls(context, holdfast.calls.list(), options.tablePrefix ?? tablePrefix);
    // Of every line that any test of the whole run made a function write.
    if (leaks.length > 0) throw new Error(`a log line holds a token: ${leaks[0]}`);
  }

  return {
    ...holdfast,
    account,
    async stop() {
      await holdfast.stop();
      account();
    },
    async call<Body>(route: string, { as, groups, headers, body }: CallOptions = {}) {
      const [method = "GET", path = "/"] = route.split(" ");
      const payload = payloadOf(body);
      const response = await fetch(`${holdfast.url}${path}`, {
        method,
        headers: {
          ...(payload.type && { "content-type": payload.type }),
          ...(as !== undefined && { authorization: `Bearer ${await tokenOf(as, groups)}` }),
          ...headers,
        },
        ...(payload.body !== undefined && { body: payload.body }),
      });
      const text = await response.text();
      const { status, headers: answered } = response;
      const contentType = answered.get("content-type");
      const result = parse(text, contentType);
      checkAnswer(method, path, { status, contentType, body: result });
      return { status, headers: answered, body: result as Body };
    },
  };
}
