/** The contract of document locks and documents. */
import { z } from "zod";
import { maxAccessNames } from "../documents/document-access.ts";
import { endpoint, largeBodyBytes } from "./endpoint.ts";
import { instantField, name, sessionIdField, text, userIdField } from "./fields.ts";
import { readPreconditions, writePreconditions } from "./preconditions.ts";

/** A document's name: any text, slashes too. */
export const docIdField = name(512);
/** Length of a lease in seconds. */
export const ttlField = z.int().min(1).max(86_400).default(300);
/** How long to wait for somebody else's lock, in milliseconds: no request may hold others up for longer. */
export const waitField = z.int().min(0).max(3_000).default(0);
const fenceField = z.int().min(0);

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

const done = z.object({ success: z.literal(true), message: z.string() });
const locked = done.extend({ lockInfo });
const docParams = z.object({ docId: docIdField });

/** Who asks for a lock, and for how long. */
const lockRequest = z.strictObject({
  userId: userIdField.optional(),
  sessionId: sessionIdField.optional(),
  username: text(128).optional(),
  ttl: ttlField,
  waitMs: waitField,
});

/** `POST /api/lock/acquire` */
export const acquireLock = endpoint({
  name: "acquireLock",
  method: "POST",
  path: "/api/lock/acquire",
  function: "documents",
  access: "caller",
  repeatable: true,
  summary: "Take the lock on a document, or renew it if it is the caller's own.",
  body: lockRequest.extend({ docId: docIdField }),
  example: { docId: "report/7", ttl: 300, username: "Alice" },
  answers: { 200: locked },
  errors: ["LOCK_HELD", "LOCK_TIMEOUT"],
});

/** `POST /api/lock/extend` */
export const extendLock = endpoint({
  name: "extendLock",
  method: "POST",
  path: "/api/lock/extend",
  function: "documents",
  access: "caller",
  repeatable: true,
  summary: "Heartbeat: start the lease again from now.",
  body: lockRequest
    .omit({ waitMs: true, username: true })
    .extend({ docId: docIdField, fence: fenceField.optional() }),
  example: { docId: "report/7", ttl: 300 },
  answers: { 200: locked },
  errors: ["LOCK_NOT_OWNED"],
});

/** `POST /api/lock/release` */
export const releaseLock = endpoint({
  name: "releaseLock",
  method: "POST",
  path: "/api/lock/release",
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
  answers: { 200: done },
  errors: ["LOCK_NOT_OWNED"],
});

/** `GET /api/lock/status/{docId}` */
export const getLockStatus = endpoint({
  name: "getLockStatus",
  method: "GET",
  path: "/api/lock/status/{docId}",
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
export const forceReleaseLock = endpoint({
  name: "forceReleaseLock",
  method: "POST",
  path: "/api/lock/force-release",
  function: "documents",
  access: "admin",
  repeatable: true,
  summary: "End whoever's lock it is; the former owner's next save is refused.",
  body: z.strictObject({
    docId: docIdField,
    adminUserId: userIdField.optional(),
    reason: text(500).optional(),
  }),
  example: { docId: "report/7", reason: "On leave" },
  answers: { 200: done.extend({ released: lockInfo.nullable() }) },
});

/** A document as it was saved last, and who has its lock. */
export const documentView = z
  .object({
    docId: z.string(),
    content: z.unknown(),
    version: z.int(),
    updatedAtMs: instantField,
    updatedBy: z.string(),
    isLocked: z.boolean(),
    lockInfo: lockInfo.nullable(),
  })
  .meta({ id: "Document" });

/** `GET /api/documents/{docId}` */
export const getDocument = endpoint({
  name: "getDocument",
  method: "GET",
  path: "/api/documents/{docId}",
  queryPath: "/api/documents",
  function: "documents",
  access: "caller",
  summary: "Read a document and the state of its lock.",
  params: docParams,
  headers: readPreconditions,
  answers: { 200: documentView },
  errors: ["DOCUMENT_NOT_FOUND", "VERSION_MISMATCH"],
});

/** `POST /api/documents/{docId}/edit` */
export const editDocument = endpoint({
  name: "editDocument",
  method: "POST",
  path: "/api/documents/{docId}/edit",
  queryPath: "/api/documents/edit",
  function: "documents",
  access: "caller",
  repeatable: true,
  summary: "Take the lock and read the document; version 0 means that it was never saved.",
  params: docParams,
  body: lockRequest,
  example: { ttl: 300, username: "Alice" },
  answers: {
    200: locked.extend({ docId: z.string(), content: z.unknown(), version: z.int() }),
  },
  errors: ["LOCK_HELD", "LOCK_TIMEOUT"],
});

/** `PUT /api/documents/{docId}` */
export const saveDocument = endpoint({
  name: "saveDocument",
  method: "PUT",
  path: "/api/documents/{docId}",
  queryPath: "/api/documents",
  function: "documents",
  access: "caller",
  summary: "Save under the lock and release it, or keep it for further saves.",
  params: docParams,
  maxBodyBytes: largeBodyBytes,
  headers: writePreconditions.extend({ "idempotency-key": text(255).optional() }),
  body: z.strictObject({
    content: z.unknown().refine((content) => content !== undefined, "is missing"),
    fence: fenceField,
    userId: userIdField.optional(),
    sessionId: sessionIdField.optional(),
    keepLock: z.boolean().default(false),
  }),
  example: { content: { title: "Plan" }, fence: 1_790_000_000_001, keepLock: true },
  answers: {
    200: done.extend({ docId: z.string(), version: z.int(), isLocked: z.boolean() }),
  },
  errors: ["LOCK_NOT_OWNED", "VERSION_MISMATCH", "TOO_LARGE"],
});

const accessList = z.array(userIdField).max(maxAccessNames);

/** `PUT /api/documents/{docId}/access` */
export const setDocumentAccess = endpoint({
  name: "setDocumentAccess",
  method: "PUT",
  path: "/api/documents/{docId}/access",
  function: "documents",
  access: "caller",
  repeatable: true,
  summary: "Say who may read and who may edit a document; its creator or an administrator.",
  params: docParams,
  body: z.strictObject({ readers: accessList, editors: accessList }),
  example: { readers: ["bob"], editors: ["alice"] },
  answers: {
    200: done.extend({
      docId: z.string(),
      readers: z.array(z.string()),
      editors: z.array(z.string()),
    }),
  },
  errors: ["FORBIDDEN", "DOCUMENT_NOT_FOUND"],
});

/** The endpoints of this domain. */
export const documentEndpoints = [
  acquireLock,
  extendLock,
  releaseLock,
  getLockStatus,
  forceReleaseLock,
  getDocument,
  editDocument,
  saveDocument,
  setDocumentAccess,
] as const;
