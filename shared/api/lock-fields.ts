/** What the contracts of locks on documents, names and items share: their fields and answers. */
import * as z from "zod";
import { instantField, name, sessionIdField, text, userIdField } from "./fields.ts";

/** A document's name: any text, slashes too. */
export const docIdField = name(512);
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
