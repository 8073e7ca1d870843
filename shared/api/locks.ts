/** The contract of document locks and of the line for them. */
import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { instantField, name, sessionIdField, text, userIdField } from "./fields.ts";
import { keyHeaders } from "./preconditions.ts";

/** A document's name: any text, slashes too. */
const docIdField = name(512);
/** Length of a lease in seconds. */
const ttlField = z.int().min(1).max(86_400).default(300);
/** How long to wait for somebody else's lock, in milliseconds; who wants to wait longer stands in line. */
const waitField = z.int().min(0).max(3_000).default(0);
/**
 * How long a lease lasts at first that its request had to wait for: nobody can tell whether its caller is still
 * there. Whoever is there extends it, as any lease.
 */
export const waitedLeaseMs = 15_000;
/**
 * How long a place in line is kept without being asked for again, in seconds. Who asks more often says so: should he be
 * gone when his turn comes, the others wait for no longer than that.
 */
const placeTtlField = z.int().min(3).max(15).default(15);
/** The same in a query, which is text. */
export const placeTtlQuery = z.coerce.number().int().min(3).max(15).default(15);
/** Names one place in line. */
export const ticketField = text(128);
/** The fence of a hold. */
export const fenceField = z.int().min(0);

/** Who has a lock, since when, until when; `fence` goes into every save. */
export const lockInfo = z
  .object({
    userId: z.string(),
    username: z.string().nullable(),
    sessionId: z.string().nullable(),
    timestamp: instantField,
    expiresAtMs: instantField,
    fence: fenceField,
  })
  .meta({ id: "LockInfo" });

/** Somebody in line asks the owner to let go. */
export const askedBy = z
  .object({
    userId: z.string(),
    username: z.string().nullable(),
    sessionId: z.string().nullable(),
    askedAtMs: instantField,
  })
  .meta({ id: "AskedBy" })
  .nullable();

/** An answer that says only that it was done. */
export const done = z.object({ success: z.literal(true), message: z.string() });
/** A lock that the caller has. */
export const locked = done.extend({ lockInfo });
/** Names a document in the path. */
export const docParams = z.object({ docId: docIdField });
/** A place in line: its ticket, and when its turn may come, from what was observed. */
export const queued = z.object({
  success: z.literal(false),
  queued: z.literal(true),
  ticket: z.string(),
  /** From 1. */
  position: z.int().min(1),
  ahead: z.int().min(0),
  estimatedWaitMs: z.int().min(0),
  /** To be asked for again before this instant: by then the place is lost. */
  claimBeforeMs: instantField.optional(),
  lockInfo,
});

/** Who asks for a lock, and for how long. */
export const lockRequest = z.strictObject({
  userId: userIdField.optional(),
  sessionId: sessionIdField.optional(),
  username: text(128).optional(),
  ttl: ttlField,
  waitMs: waitField,
  /** Stand in line where another has it: answered with 202 and a ticket. */
  queue: z.boolean().default(false),
  placeTtl: placeTtlField,
});

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

/** Who passes a lock on, and to whom of those who wait. */
export const passRequest = z.strictObject({
  userId: userIdField.optional(),
  sessionId: sessionIdField.optional(),
  fence: fenceField,
  /** To the first in line without it; without a session, to whichever of his is first. */
  to: z.strictObject({ userId: userIdField, sessionId: sessionIdField.optional() }).optional(),
});
/** The lock that was asked for; null when nobody has it any more. */
export const asked = done.extend({ lockInfo: lockInfo.nullable() });

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
