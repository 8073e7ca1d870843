/** Speaks HTTP for tests: signed-in clients whose answers know what they cost, and requests that `fetch` would mend. */
import { request } from "node:http";
import type { TestServer } from "./server.ts";

/** What an operation cost in DynamoDB, as its `Server-Timing` header says. */
export interface Cost {
  readonly requests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
}

/** What came back. */
// oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
export interface Answer<Body = any> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  /** Absent where no function answered: API Gateway refused by itself. */
  readonly cost: Cost | undefined;
}

/** What goes out besides method, path and token. */
export interface Sending {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Somebody who sends requests. */
export interface Client {
  // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
  send<Body = any>(route: string, sending?: Sending): Promise<Answer<Body>>;
}

/** The cost that a `Server-Timing` header tells, or undefined where there is none. */
function costIn(headers: Headers): Cost | undefined {
  const timing = headers.get("server-timing") ?? "";
  const [, requests, writeUnits, readUnits] =
    /^ddb;dur=[\d.]+;desc="(\d+) req, ([\d.]+) wcu, ([\d.]+) rcu"$/.exec(timing) ?? [];
  if (requests === undefined) return undefined;
  return {
    requests: Number(requests),
    writeUnits: Number(writeUnits),
    readUnits: Number(readUnits),
  };
}

/** A client of the server: of nobody, or of a user in some groups. */
export function clientOf(server: TestServer, as?: string, groups: string[] = []): Client {
  return {
    async send<Body>(route: string, { body, headers }: Sending = {}) {
      const answer = await server.call<Body>(route, {
        ...(as === undefined ? {} : { as, groups }),
        ...(headers ? { headers } : {}),
        ...(body === undefined ? {} : { body }),
      });
      return { ...answer, cost: costIn(answer.headers) };
    },
  };
}

/** A request written out by hand: the path goes over the wire as it stands, and so do the bytes of the body. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** Sends a request without mending anything: `fetch` would resolve dots and escape what it does not like. */
export function sendRaw(url: string, { method, path, headers, body }: RawRequest): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((settle, fail) => {
    const outgoing = request({ hostname, port, method, path, headers: { ...headers } });
    outgoing.on("error", fail);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", fail);
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const received = new Headers(incoming.headers as Record<string, string>);
        const isJson = received.get("content-type")?.includes("json") && text !== "";
        const answer = { status: incoming.statusCode ?? 0, headers: received };
        settle({ ...answer, body: isJson ? JSON.parse(text) : text, cost: costIn(received) });
      });
    });
    outgoing.end(body);
  });
}

/** Does the work for all, at most so many at a time, and hands the results back in their order. */
export async function inParallel<T, R>(
  all: readonly T[],
  most: number,
  work: (one: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    while (next < all.length) {
      const index = next;
      next += 1;
      results[index] = await work(all[index]!, index);
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, all.length) }, worker));
  return results;
}

/** How many answers there were of each status. */
export function byStatus(answers: readonly Pick<Answer, "status">[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
