/** Live updates: an address over HTTP, and what happens on the WebSocket behind it. */
import { openLive } from "../shared/api/live.ts";
import { liveService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { parseTokenEnd } from "./runtime/auth.ts";
import { closeConnection } from "./runtime/connections.ts";
import { resolveEditor } from "./runtime/document-caller.ts";
import { env } from "./runtime/env.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { createSocketHandler, forBoth } from "./runtime/socket.ts";
import { shop } from "./runtime/wiring.ts";

const live = liveService(shop);

const http = createHandler([
  serve(openLive, async ({ caller, event }) => {
    const listener = { ...resolveEditor(caller), untilMs: parseTokenEnd(event) };
    const { ticket, expiresAtMs } = await live.open(listener);
    return answer(200, { url: `${env.LIVE_URL}?ticket=${ticket}`, expiresAtMs });
  }),
]);

const socket = createSocketHandler({
  async connect(connectionId, ticket) {
    const ended = await live.connect(connectionId, ticket);
    if (ended !== undefined) await closeConnection(ended);
  },
  async receive(connectionId, { type, ...asked }) {
    if (!("topics" in asked)) return { type: "pong" };
    const { topics } = asked;
    if (type === "subscribe") {
      return { type: "subscribed", ...(await live.subscribe(connectionId, topics)) };
    }
    await live.unsubscribe(connectionId, topics);
    return { type: "unsubscribed", topics };
  },
  disconnect: live.disconnect,
});

export const handler = forBoth(http, socket);
