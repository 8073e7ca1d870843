/** WebSockets as API Gateway keeps them: an event for each beginning, message and end, and posts from behind. */
import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { localArn } from "../assembly/local-account.ts";
import type { CorsConfiguration } from "./cors.ts";
import { joinHeaders } from "./event.ts";
import { isOwnHost, isOwnOrigin } from "./origin-guard.ts";
import type { SocketApi } from "./socket-api.ts";

/** API Gateway's own limits: of a message, of silence, and of a connection. */
const [mostBytes, longestIdleMs, longestMs] = [128 * 1024, 600_000, 7_200_000];

/** The connections of a running API. */
export interface Sockets {
  /** Takes a request to begin one, or refuses it as an HTTP answer. */
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Sends a text; false when the connection is gone. */
  post(connectionId: string, text: string): boolean;
  /** Ends one; false when it is gone already. */
  close(connectionId: string): boolean;
  /** The ARN that posting or closing is allowed by. */
  arn(method: string): string;
  /** The connections that are open. */
  list(): string[];
  stop(): void;
}

interface Context {
  readonly routeKey: string;
  readonly eventType: "CONNECT" | "MESSAGE" | "DISCONNECT";
}

const reasons: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  410: "Gone",
  421: "Misdirected Request",
  429: "Too Many Requests",
};

function refuse(socket: Duplex, status: number): void {
  const reason = reasons[status] ?? "Internal Server Error";
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

/** A page of another site reaches loopback addresses too: only whom the HTTP API lets in begins a connection. */
function findRefusal(
  incoming: IncomingMessage,
  stage: string,
  cors: CorsConfiguration | undefined,
): number | undefined {
  const { host, origin } = joinHeaders(incoming.rawHeaders);
  if (!isOwnHost(host)) return 421;
  const isLetIn = cors?.AllowOrigins?.some((allowed) => allowed === "*" || allowed === origin);
  if (!isOwnOrigin(origin, host) && !isLetIn) return 403;
  const [path] = (incoming.url ?? "").split("?");
  return path === `/${stage}` ? undefined : 403;
}

/** Invokes the function of an event; what it answers is undefined where the route sends nothing. */
async function tell(
  api: SocketApi,
  connectionId: string,
  context: Context,
  more: object,
): Promise<{ status: number; body: string | undefined }> {
  const route = api.routes.get(context.routeKey);
  if (!route?.handler) return { status: 500, body: undefined };
  const requestContext = {
    ...context,
    connectionId,
    apiId: api.id,
    stage: api.stage,
    requestId: randomUUID(),
    extendedRequestId: randomUUID(),
    messageDirection: "IN",
    requestTimeEpoch: Date.now(),
  };
  const event = JSON.stringify({ requestContext, isBase64Encoded: false, ...more });
  const { result, error } = await route.handler.invoke(event);
  if (error) return { status: 500, body: undefined };
  const given = JSON.parse(result ?? "null") as { statusCode?: number; body?: string } | null;
  return { status: given?.statusCode ?? 500, body: route.answers ? given?.body : undefined };
}

/** Hands a message on, and what the function says to it back. */
async function answer(
  api: SocketApi,
  connectionId: string,
  socket: WebSocket,
  data: Buffer,
  isBinary: boolean,
) {
  const message = {
    body: data.toString(isBinary ? "base64" : "utf8"),
    isBase64Encoded: isBinary,
  };
  const context = { routeKey: "$default", eventType: "MESSAGE" } as const;
  const { body } = await tell(api, connectionId, context, message);
  if (body !== undefined && socket.readyState === WebSocket.OPEN) socket.send(body);
}

/** Makes the connections of an API, none at first. */
export function createSockets(api: SocketApi, cors: CorsConfiguration | undefined): Sockets {
  const server = new WebSocketServer({ noServer: true, maxPayload: mostBytes });
  const open = new Map<string, WebSocket>();

  /** Messages of one connection are worked on side by side, as on AWS: order is the client's business. */
  function serve(connectionId: string, socket: WebSocket): void {
    open.set(connectionId, socket);
    const idle = setTimeout(() => socket.close(1001, "Going away"), longestIdleMs).unref();
    const over = setTimeout(() => socket.close(1001, "Going away"), longestMs).unref();
    socket.on("error", () => undefined);
    socket.on("message", (data: RawData, isBinary: boolean) => {
      idle.refresh();
      void answer(api, connectionId, socket, data as Buffer, isBinary).catch(console.error);
    });
    socket.on("close", () => {
      clearTimeout(idle);
      clearTimeout(over);
      // Stopping ends the functions too: nobody is told then.
      if (!open.delete(connectionId)) return;
      const context = { routeKey: "$disconnect", eventType: "DISCONNECT" } as const;
      void tell(api, connectionId, context, {}).catch(console.error);
    });
  }

  async function begin(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const refused = findRefusal(incoming, api.stage, cors);
    if (refused !== undefined) return refuse(socket, refused);
    const connectionId = `${randomBytes(11).toString("base64url")}=`;
    const [, query] = (incoming.url ?? "").split("?");
    const queryStringParameters = Object.fromEntries(new URLSearchParams(query));
    const headers = joinHeaders(incoming.rawHeaders);
    const context = { routeKey: "$connect", eventType: "CONNECT" } as const;
    const { status } = await tell(api, connectionId, context, { headers, queryStringParameters });
    if (status < 200 || status > 299) return refuse(socket, status);
    server.handleUpgrade(incoming, socket, head, (begun) => serve(connectionId, begun));
  }

  return {
    upgrade(incoming, socket, head) {
      socket.on("error", () => undefined);
      begin(incoming, socket, head).catch((error: unknown) => {
        console.error(error);
        refuse(socket, 500);
      });
    },
    post(connectionId, text) {
      const socket = open.get(connectionId);
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(text);
      return true;
    },
    close(connectionId) {
      open.get(connectionId)?.close(1000);
      return open.has(connectionId);
    },
    // Which connection it is makes no difference to what is allowed.
    arn: (method) => localArn("execute-api", `${api.id}/${api.stage}/${method}/@connections/*`),
    list: () => [...open.keys()],
    stop() {
      const all = [...open.values()];
      open.clear();
      for (const socket of all) socket.terminate();
      server.close();
    },
  };
}
