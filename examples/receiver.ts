/** A server that is told events by a webhook: it checks who calls, and answers once the event is dealt with. */
import { createServer, type Server } from "node:http";
import { Webhook } from "standardwebhooks";
// In a project of yours this is "holdfast/client".
import type { AnyEvent } from "../client/index.ts";

/** Takes an event for good, or throws: then it comes again. What came before, it knows by the id. */
export type Take = (event: AnyEvent) => Promise<void>;

/** `secret` is what `PUT /admin/webhooks/{endpointId}` has shown. */
export function createReceiver(secret: string, take: Take): Server {
  const signature = new Webhook(secret);
  return createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    let event: AnyEvent;
    try {
      const headers = request.headers as Record<string, string>;
      event = signature.verify(Buffer.concat(parts).toString(), headers) as AnyEvent;
    } catch {
      response.writeHead(401).end("Not signed by this secret, or too long ago");
      return;
    }
    try {
      await take(event);
      response.writeHead(204).end();
    } catch {
      response.writeHead(500).end("Not now");
    }
  });
}
