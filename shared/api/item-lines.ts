/** The contract of lines for sold-out items: join, keep a place and tell it, leave; an order uses the turn. */
import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { instantField, itemParams, ticketField } from "./fields.ts";
import { done, queued } from "./lock-fields.ts";

/** A place in the line for an item. */
const itemPlace = queued.omit({ lockInfo: true, estimatedWaitMs: true }).extend({
  estimatedWaitMs: z
    .int()
    .min(0)
    .nullable()
    .describe("From how often units came free; null where none is held that might."),
});

/** A unit is held for the caller. */
const itemTurn = done.extend({
  ticket: z.string().describe("Goes into an order's `tickets`, once."),
  expiresAtMs: instantField.describe(
    "The unit is held until then; after that the next one's turn comes.",
  ),
});

const standing = { 200: itemTurn, 202: itemPlace };
const placeQuery = z.strictObject({ ticket: ticketField });

/** `POST /items/{itemId}/line` */
export const joinItemLine = endpoint("joinItemLine", "POST", "/items/{itemId}/line", {
  function: "locks",
  access: "caller",
  repeatable: true,
  summary:
    "Wait in line for a unit of a sold-out item: first come, first served; one place a shopper.",
  params: itemParams,
  answers: standing,
  errors: ["ITEM_NOT_FOUND", "LINE_CLOSED"],
});

/** `GET /items/{itemId}/line` */
export const askItemLine = endpoint("askItemLine", "GET", "/items/{itemId}/line", {
  function: "locks",
  access: "caller",
  summary:
    "Keep a place in the line for an item and tell it; when it is one's turn, a unit is held.",
  params: itemParams,
  query: placeQuery,
  answers: standing,
  errors: ["ITEM_NOT_FOUND", "LINE_CLOSED", "TICKET_NOT_FOUND"],
});

/** `DELETE /items/{itemId}/line` */
export const leaveItemLine = endpoint("leaveItemLine", "DELETE", "/items/{itemId}/line", {
  function: "locks",
  access: "caller",
  repeatable: true,
  summary: "Leave the line for an item; a turn that has come already is passed on.",
  params: itemParams,
  query: placeQuery,
  answers: { 200: done },
});

/** The endpoints of this domain. */
export const itemLineEndpoints = [joinItemLine, askItemLine, leaveItemLine] as const;
