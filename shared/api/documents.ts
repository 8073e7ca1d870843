/** The contract of documents. */
import { z } from "zod";
import { maxAccessNames } from "../documents/document-access.ts";
import { documentBodyParts, endpoint, largeBodyBytes } from "./endpoint.ts";
import { instantField, sessionIdField, userIdField } from "./fields.ts";
import {
  docParams,
  done,
  fenceField,
  locked,
  lockInfo,
  lockRequest,
  queued,
} from "./lock-fields.ts";
import { editHeaders, readPreconditions } from "./preconditions.ts";

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
export const getDocument = endpoint("getDocument", "GET", "/api/documents/{docId}", {
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
export const editDocument = endpoint("editDocument", "POST", "/api/documents/{docId}/edit", {
  queryPath: "/api/documents/edit",
  function: "locks",
  access: "caller",
  repeatable: true,
  summary: "Take the lock and read the document; version 0 means that it was never saved.",
  params: docParams,
  body: lockRequest,
  example: { ttl: 300, username: "Alice" },
  answers: {
    200: locked.extend({ docId: z.string(), content: z.unknown(), version: z.int() }),
    202: queued,
  },
  errors: ["LOCK_HELD", "LOCK_TIMEOUT", "LIMIT_EXCEEDED"],
});

/** `PUT /api/documents/{docId}` */
export const saveDocument = endpoint("saveDocument", "PUT", "/api/documents/{docId}", {
  queryPath: "/api/documents",
  function: "documents",
  access: "caller",
  summary: "Save under the lock and release it, or keep it for further saves.",
  params: docParams,
  maxBodyBytes: largeBodyBytes,
  maxBodyParts: documentBodyParts,
  headers: editHeaders,
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
  errors: ["LOCK_NOT_OWNED", "VERSION_MISMATCH", "TOO_LARGE", "IDEMPOTENCY_KEY_REUSED"],
});

const accessList = z.array(userIdField).max(maxAccessNames);

/** `PUT /api/documents/{docId}/access` */
export const setDocumentAccess = endpoint(
  "setDocumentAccess",
  "PUT",
  "/api/documents/{docId}/access",
  {
    function: "documents",
    access: "caller",
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
  },
);

/** The endpoints of this domain. */
export const documentEndpoints = [
  getDocument,
  editDocument,
  saveDocument,
  setDocumentAccess,
] as const;
