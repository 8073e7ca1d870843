/** The HTTP server in front of everything: takes requests off the wire, within API Gateway's limits, and writes answers. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { gatewayMessage, type HttpAnswer, INTERNAL_SERVER_ERROR } from "./answer.ts";
import type { GatewayRequest } from "./event.ts";
import { MOST_BODY_BYTES, MOST_HEADER_BYTES, TOO_LARGE } from "./gateway.ts";

/** Answers one request. */
export type Answerer = (request: GatewayRequest) => Promise<HttpAnswer>;

/** Takes what shall become a WebSocket. */
export type Upgrader = (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** A listening server. */
export interface LocalServer {
  readonly port: number;
  /** Says what shall answer from now on; before that every request gets a 503. */
  answerWith(answerer: Answerer): void;
  /** Says who takes the beginnings of WebSockets; before that they are refused. */
  upgradeWith(upgrader: Upgrader): void;
  stop(): Promise<void>;
}

/** Somebody else listens on the port already. */
class PortTaken extends Error {
  constructor(port: number) {
    super(`port ${port} is taken: stop what listens there, or choose another one with PORT=…`);
    this.name = "PortTaken";
  }
}

/** Every shopper of a burst may open a connection of their own at the same moment. */
const BACKLOG = 4096;

/** How long an answer may take to be written once the server is asked to stop. */
const STOP_LIMIT_MS = 2000;

function headerBytes({ method, url, rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce(
    (total, part) => total + Buffer.byteLength(part),
    `${method} ${url}`.length,
  );
}

/**
 * The body, or undefined when it is larger than the limit. What is over is still taken off the wire, since
 * a client that is busy sending would see a broken connection in the place of the answer.
 */
function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((settle, fail) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    });
    incoming.on("end", () => settle(bytes > MOST_BODY_BYTES ? undefined : Buffer.concat(chunks)));
    incoming.on("error", fail);
  });
}

function parseRequest(incoming: IncomingMessage, body: Buffer): GatewayRequest {
  // Some clients send the whole address; only what follows the host matters.
  const target = (incoming.url ?? "/").replace(/^https?:\/\/[^/?]*/iu, "") || "/";
  const mark = target.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: mark < 0 ? target : target.slice(0, mark),
    rawQueryString: mark < 0 ? "" : target.slice(mark + 1),
    rawHeaders: incoming.rawHeaders,
    body,
    sourceIp: (incoming.socket.remoteAddress ?? "127.0.0.1").replace(/^::ffff:/u, ""),
  };
}

function send(outgoing: ServerResponse, { status, headers, body }: HttpAnswer): void {
  if (outgoing.destroyed) return;
  // What has no body says nothing of its length: after HEAD it would be that of what GET answers.
  const isBare = status === 204 || status === 304 || outgoing.req.method === "HEAD";
  outgoing.writeHead(status, {
    ...headers,
    ...(!isBare && { "content-length": Buffer.byteLength(body) }),
    "apigw-requestid": randomUUID(),
  });
  outgoing.end(body);
}

async function exchange(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answerer: Answerer,
): Promise<void> {
  if (headerBytes(incoming) > MOST_HEADER_BYTES) {
    return send(outgoing, gatewayMessage(431, "Request Header Fields Too Large"));
  }
  const body = await readBody(incoming);
  send(outgoing, body ? await answerer(parseRequest(incoming, body)) : TOO_LARGE);
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((settle, fail) => {
    server.once("error", fail);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off("error", fail);
      settle((server.address() as AddressInfo).port);
    });
  });
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

/**
 * Listens on both of this machine's own addresses, since `localhost` is the one or the other.
 * @param port 0 takes any free port.
 * @throws PortTaken when something listens there already.
 */
export async function startServer(port: number): Promise<LocalServer> {
  let answerer: Answerer = () => Promise.resolve(gatewayMessage(503, "still starting"));
  let upgrader: Upgrader = (_, socket) => socket.destroy();
  const create = () => {
    const server = createServer({ maxHeaderSize: 64 * 1024, requestTimeout: 0 });
    // Whoever keeps a connection for later ends it: ended here, it could be in use again by the time that they hear.
    server.keepAliveTimeout = 0;
    server.on("request", (incoming, outgoing) => {
      exchange(incoming, outgoing, answerer).catch((error: unknown) => {
        if (!incoming.errored) console.error(error);
        if (!outgoing.headersSent) send(outgoing, INTERNAL_SERVER_ERROR);
      });
    });
    server.on("upgrade", (incoming, socket, head) => upgrader(incoming, socket, head));
    return server;
  };

  const servers = [create(), create()] as const;
  const stop = async () => {
    await Promise.all(
      servers.map(
        (server) =>
          new Promise<void>((settle) => {
            server.close(() => settle());
            server.closeIdleConnections();
            setTimeout(() => server.closeAllConnections(), STOP_LIMIT_MS).unref();
          }),
      ),
    );
  };
  try {
    const actual = await listen(servers[0], port, "127.0.0.1");
    await listen(servers[1], actual, "::1").catch((error: unknown) => {
      // A machine without IPv6 has no such address, and nobody can call it there.
      if (isCode(error, "EADDRINUSE") && port !== 0) throw error;
    });
    return {
      port: actual,
      answerWith(next) {
        answerer = next;
      },
      upgradeWith(next) {
        upgrader = next;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw isCode(error, "EADDRINUSE") ? new PortTaken(port) : error;
  }
}
