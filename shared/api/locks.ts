/** The contract of document locks and of the line for them. */
import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { sessionIdField, text, ticketField, userIdField } from "./fields.ts";
import {
  docIdField,
  placeTtlQuery,
  fenceField,
  lockInfo,
  askedBy,
  done,
  locked,
  docParams,
  queued,
  lockRequest,
  passRequest,
  asked,
} from "./lock-fields.ts";
import { keyHeaders } from "./preconditions.ts";

/** `POST /api/lock/acquire` */
export const acquireLock = endpoint("acquireLock", "POST", "/api/lock/acquire", {
  function: "locks",
  access: "caller",
  repeatable: true,
  summary:
    "Take the lock on a document, or renew it if it is the caller's own. After waiting, its first lease is 15 s at most.",
  body: lockRequest.extend({ docId: docIdField }),
  example: { docId: "report/7", ttl: 300, username: "Alice" },
  answers: { 200: locked, 202: queued },
  errors: ["LOCK_HELD", "LOCK_TIMEOUT", "LIMIT_EXCEEDED"],
});

/** `POST /api/lock/extend` */
export const extendLock = endpoint("extendLock", "POST", "/api/lock/extend", {
  function: "documents",
  access: "caller",
  repeatable: true,
  summary: "Heartbeat: start the lease again from now.",
  body: lockRequest
    .omit({ waitMs: true, queue: true, placeTtl: true, username: true })
    .extend({ docId: docIdField, fence: fenceField.optional() }),
  example: { docId: "report/7", ttl: 300 },
  headers: keyHeaders,
  answers: { 200: locked.extend({ askedBy }) },
  errors: ["LOCK_NOT_OWNED", "LIMIT_EXCEEDED", "IDEMPOTENCY_KEY_REUSED"],
});

/** `POST /api/lock/release` */
export const releaseLock = endpoint("releaseLock", "POST", "/api/lock/release", {
  function: "documents",
  access: "caller",
  summary: "Give the lock back.",
  body: z.strictObject({
    docId: docIdField,
    userId: userIdField.optional(),
    sessionId: sessionIdField.optional(),
    fence: fenceField.optional(),
  }),
  example: { docId: "report/7" },
  headers: keyHeaders,
  answers: { 200: done },
  errors: ["LOCK_NOT_OWNED", "IDEMPOTENCY_KEY_REUSED"],
});

/** `GET /api/lock/queue` */
export const askInLine = endpoint("askInLine", "GET", "/api/lock/queue", {
  function: "locks",
  access: "caller",
  summary: "Keep a place in line and tell it; when it is one's turn, take the lock.",
  query: z.strictObject({ docId: docIdField, ticket: ticketField, placeTtl: placeTtlQuery }),
  answers: { 200: locked, 202: queued },
  errors: ["TICKET_NOT_FOUND", "LIMIT_EXCEEDED"],
});

/** `DELETE /api/lock/queue` */
export const leaveLine = endpoint("leaveLine", "DELETE", "/api/lock/queue", {
  function: "locks",
  access: "caller",
  repeatable: true,
  summary: "Leave the line; a turn that has come already is passed on.",
  query: z.strictObject({ docId: docIdField, ticket: ticketField }),
  answers: { 200: done },
});

/** `POST /api/lock/hand-over` */
export const handOverLock = endpoint("handOverLock", "POST", "/api/lock/hand-over", {
  function: "documents",
  access: "caller",
  repeatable: true,
  summary: "Pass the lock on to the first in line, or to the one of them who is named.",
  body: passRequest.extend({ docId: docIdField }),
  example: { docId: "report/7", fence: 1_800_000_000_001, to: { userId: "bob" } },
  answers: { 200: locked },
  errors: ["LOCK_NOT_OWNED", "NOBODY_WAITS"],
});

/** `POST /api/lock/ask` */
export const askForLock = endpoint("askForLock", "POST", "/api/lock/ask", {
  function: "locks",
  access: "caller",
  repeatable: true,
  summary: "Ask the lock's owner to let go; who asks stands in line.",
  body: z.strictObject({ docId: docIdField, ticket: ticketField }),
  example: { docId: "report/7", ticket: "tkt_0123456789" },
  answers: { 200: asked },
  errors: ["TICKET_NOT_FOUND"],
});

/** `GET /api/lock/status/{docId}` */
export const getLockStatus = endpoint("getLockStatus", "GET", "/api/lock/status/{docId}", {
  queryPath: "/api/lock/status",
  function: "documents",
  access: "caller",
  summary: "Who has the lock now, if anybody.",
  params: docParams,
  answers: {
    200: z.object({
      success: z.literal(true),
      isLocked: z.boolean(),
      lockInfo: lockInfo.nullable(),
    }),
  },
  errors: ["DOCUMENT_NOT_FOUND"],
});

/** `POST /api/lock/force-release` */
export const forceReleaseLock = endpoint("forceReleaseLock", "POST", "/api/lock/force-release", {
  function: "documents",
  access: "admin",
  summary: "End whoever's lock it is; the former owner's next save is refused.",
  body: z.strictObject({
    docId: docIdField,
    adminUserId: userIdField.optional(),
    reason: text(500).optional(),
    /** Which hold is meant: no later one is ended. */
    fence: fenceField.optional(),
  }),
  example: { docId: "report/7", reason: "On leave" },
  headers: keyHeaders,
  answers: { 200: done.extend({ released: lockInfo.nullable() }) },
  errors: ["IDEMPOTENCY_KEY_REUSED"],
});

/** The endpoints of this domain. */
export const lockEndpoints = [
  acquireLock,
  extendLock,
  releaseLock,
  askInLine,
  leaveLine,
  handOverLock,
  askForLock,
  getLockStatus,
  forceReleaseLock,
] as const;
