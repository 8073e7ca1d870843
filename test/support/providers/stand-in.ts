/** A provider's API on this machine: plain HTTP, JSON, counted requests, and faults on demand. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface StandInRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface StandInAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * What goes wrong with a request: the connection breaks before it takes effect or after, an error comes
 * back, or nothing ever comes back, before it takes effect or after.
 */
export type Fault = "refuse" | "lose" | "error" | "hang" | "hangAfter" | undefined;

export interface StandIn {
  readonly url: string;
  readonly requests: StandInRequest[];
  /** Asked before every request; the default lets all of them through. */
  faultFor: (request: StandInRequest) => Fault;
  stop(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Serves `answer` on a free port. A lost answer is a connection that closes after the effect. */
export async function startStandIn(
  answer: (request: StandInRequest) => StandInAnswer,
): Promise<StandIn> {
  const requests: StandInRequest[] = [];
  const standIn = { faultFor: (): Fault => undefined } as Pick<StandIn, "faultFor">;
  const server = createServer(async (incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://stand-in");
    const request: StandInRequest = {
      method: incoming.method ?? "GET",
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
      body: await bodyOf(incoming),
    };
    requests.push(request);
    const fault = standIn.faultFor(request);
    if (fault === "refuse") return outgoing.destroy();
    if (fault === "hang") return undefined;
    const { status, body } =
      fault === "error"
        ? { status: 503, body: { error: { code: "SERVER_ERROR" } } }
        : answer(request);
    if (fault === "lose") return outgoing.destroy();
    if (fault === "hangAfter") return undefined;
    outgoing.writeHead(status, { "content-type": "application/json", connection: "close" });
    return outgoing.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(standIn, {
    url: `http://127.0.0.1:${port}`,
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  });
}
