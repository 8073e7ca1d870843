/** The contract of live updates: where to connect to, and what is said over the connection. */
import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { instantField, text } from "./fields.ts";

/** `GET /live` */
export const openLive = endpoint("openLive", "GET", "/live", {
  function: "live",
  access: "caller",
  summary: "An address for one WebSocket, with the caller's rights; good for half a minute.",
  answers: { 200: z.object({ url: z.string(), expiresAtMs: instantField }) },
});

/** Most topics of one message. */
const maxTopicsAtOnce = 20;
/** Longest message to the server, in characters: 20 topics with the longest names. */
export const maxLiveMessage = 16_384;

const topicsField = z.array(text(600)).min(1).max(maxTopicsAtOnce);

/** What a client may send: which topics it wants to hear of, or no more; and that it is still there. */
export const liveRequest = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("subscribe"), topics: topicsField }),
  z.strictObject({ type: z.literal("unsubscribe"), topics: topicsField }),
  z.strictObject({ type: z.literal("ping") }),
]);

/** The endpoints of this domain. */
export const liveEndpoints = [openLive] as const;
