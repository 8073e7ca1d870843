/** The contract of locks by names that callers choose: one or several, all or none. */
import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { name, ticketField } from "./fields.ts";
import {
  asked,
  askedBy,
  done,
  locked,
  lockInfo,
  lockRequest,
  passRequest,
  placeTtlQuery,
  queued,
} from "./lock-fields.ts";
import { keyHeaders } from "./preconditions.ts";

const nameField = name(512);
/** Several names are taken, kept and given back together. */
const namesField = z.array(nameField).min(1).max(20);
/** Each lock by its name; `lockInfo` beside them is that of the first. */
const lockedNames = locked.extend({ locks: z.array(lockInfo.extend({ name: z.string() })) });
const whose = lockRequest.pick({ userId: true, sessionId: true });
const placeQuery = z.strictObject({ name: nameField, ticket: ticketField });

/** `POST /locks/acquire` */
export const acquireNames = endpoint("acquireNames", "POST", "/locks/acquire", {
  function: "locks",
  access: "caller",
  repeatable: true,
  summary: "Take all of these names or none, or renew those that are the caller's own.",
  body: lockRequest.omit({ waitMs: true }).extend({
    names: namesField,
    /** `tree` excludes every name above and below, too: `product/9` and `product/9/size`. */
    scope: z.enum(["exact", "tree"]).default("exact"),
  }),
  example: { names: ["till/1", "till/2"], ttl: 60 },
  answers: { 200: lockedNames, 202: queued },
  errors: ["LOCK_HELD", "LIMIT_EXCEEDED"],
});

/** `POST /locks/extend` */
export const extendNames = endpoint("extendNames", "POST", "/locks/extend", {
  function: "documents",
  access: "caller",
  repeatable: true,
  summary: "Heartbeat: start the leases of all of these names again from now.",
  body: whose.extend({ names: namesField, ttl: lockRequest.shape.ttl }),
  example: { names: ["till/1", "till/2"], ttl: 60 },
  headers: keyHeaders,
  answers: { 200: lockedNames.extend({ askedBy }) },
  errors: ["LOCK_NOT_OWNED", "LIMIT_EXCEEDED", "IDEMPOTENCY_KEY_REUSED"],
});

/** `POST /locks/release` */
export const releaseNames = endpoint("releaseNames", "POST", "/locks/release", {
  function: "documents",
  access: "caller",
  summary: "Give all of these names back.",
  body: whose.extend({ names: namesField }),
  example: { names: ["till/1", "till/2"] },
  headers: keyHeaders,
  answers: { 200: done },
  errors: ["LOCK_NOT_OWNED", "IDEMPOTENCY_KEY_REUSED"],
});

/** `GET /locks/status` */
export const getNameStatus = endpoint("getNameStatus", "GET", "/locks/status", {
  function: "documents",
  access: "caller",
  summary: "Who has this name now, if anybody.",
  query: z.strictObject({ name: nameField }),
  answers: {
    200: z.object({
      success: z.literal(true),
      isLocked: z.boolean(),
      lockInfo: lockInfo.nullable(),
    }),
  },
});

/** `GET /locks/queue` */
export const askInNameLine = endpoint("askInNameLine", "GET", "/locks/queue", {
  function: "locks",
  access: "caller",
  summary: "Keep a place in the line for a name and tell it; when it is one's turn, take the lock.",
  query: placeQuery.extend({ placeTtl: placeTtlQuery }),
  answers: { 200: lockedNames, 202: queued },
  errors: ["TICKET_NOT_FOUND", "LIMIT_EXCEEDED"],
});

/** `DELETE /locks/queue` */
export const leaveNameLine = endpoint("leaveNameLine", "DELETE", "/locks/queue", {
  function: "locks",
  access: "caller",
  repeatable: true,
  summary: "Leave the line for a name; a turn that has come already is passed on.",
  query: placeQuery,
  answers: { 200: done },
});

/** `POST /locks/hand-over` */
export const handOverName = endpoint("handOverName", "POST", "/locks/hand-over", {
  function: "documents",
  access: "caller",
  repeatable: true,
  summary: "Pass a name on to the first in its line, or to the one of them who is named.",
  body: passRequest.extend({ name: nameField }),
  example: { name: "till/1", fence: 1_800_000_000_001 },
  answers: { 200: lockedNames },
  errors: ["LOCK_NOT_OWNED", "NOBODY_WAITS"],
});

/** `POST /locks/ask` */
export const askForName = endpoint("askForName", "POST", "/locks/ask", {
  function: "locks",
  access: "caller",
  repeatable: true,
  summary: "Ask the owner of a name to let go; who asks stands in its line.",
  body: placeQuery,
  example: { name: "till/1", ticket: "tkt_0123456789" },
  answers: { 200: asked },
  errors: ["TICKET_NOT_FOUND"],
});

/** The endpoints of this domain. */
export const namedLockEndpoints = [
  acquireNames,
  extendNames,
  releaseNames,
  getNameStatus,
  askInNameLine,
  leaveNameLine,
  handOverName,
  askForName,
] as const;
