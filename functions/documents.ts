/** Document locks and documents over HTTP. */
import {
  acquireLock,
  editDocument,
  extendLock,
  forceReleaseLock,
  getDocument,
  getLockStatus,
  releaseLock,
  saveDocument,
} from "../shared/api/documents.ts";
import { secondsToMs } from "../shared/base/time.ts";
import { lockNameOf } from "../shared/documents/document.ts";
import { type Lock, lockInfoOf, type LockOwner } from "../shared/locks/lock.ts";
import { documentService, lockService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { type Caller, namedUser } from "./runtime/auth.ts";
import { etagOf, expectedVersion } from "./runtime/entity-tag.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { shop } from "./runtime/wiring.ts";

/** Who the request is for: the caller, or whom an administrator names. */
function ownerOf(
  body: Partial<Record<"userId" | "sessionId" | "username", string | undefined>>,
  caller: Caller,
): LockOwner {
  return {
    userId: body.userId ?? caller.userId,
    sessionId: body.sessionId,
    // Whose name a lock shows is the issuer's word, where it has one.
    username: caller.name ?? body.username,
  };
}

const infoOf = (lock: Lock | undefined) => (lock ? lockInfoOf(lock) : null);
const done = (message: string) => ({ success: true as const, message });

const [documents, locks] = [documentService(shop), lockService(shop)];

export const handler = createHandler([
  serve(acquireLock, async ({ body, caller, actor }) => {
    const { docId, ttl, waitMs } = body;
    const [resource, owner, leaseMs] = [lockNameOf(docId), ownerOf(body, caller), secondsToMs(ttl)];
    const wanted = { resource, owner, leaseMs, waitMs, actor, purpose: "document" } as const;
    const lock = await locks.acquire(wanted);
    return answer(200, { ...done("Lock acquired successfully"), lockInfo: lockInfoOf(lock) });
  }),
  serve(extendLock, async ({ body, caller, actor }) => {
    const [resource, owner] = [lockNameOf(body.docId), ownerOf(body, caller)];
    const hold = { resource, owner, fence: body.fence, actor };
    const lock = await locks.renew({ ...hold, leaseMs: secondsToMs(body.ttl) });
    return answer(200, { ...done("Lock extended successfully"), lockInfo: lockInfoOf(lock) });
  }),
  serve(releaseLock, async ({ body, caller, actor }) => {
    const [resource, owner] = [lockNameOf(body.docId), ownerOf(body, caller)];
    await locks.release({ resource, owner, fence: body.fence, actor });
    return answer(200, done("Lock released successfully"));
  }),
  serve(getLockStatus, async ({ params }) => {
    const lockInfo = infoOf(await locks.find(lockNameOf(params.docId)));
    return answer(200, { success: true, isLocked: lockInfo !== null, lockInfo });
  }),
  serve(forceReleaseLock, async ({ body: { docId, adminUserId, reason }, caller, actor }) => {
    // Older clients name the administrator; it can only be the one who asks.
    if (adminUserId !== undefined) namedUser(adminUserId, { ...caller, isAdmin: false });
    const ended = await locks.forceRelease({ resource: lockNameOf(docId), actor, reason });
    const message = ended ? "Lock released by force" : "There was no lock";
    return answer(200, { ...done(message), released: infoOf(ended) });
  }),
  serve(getDocument, async ({ params: { docId } }) => {
    const { document, lock } = await documents.get(docId);
    const { content, version, updatedAtMs, updatedBy } = document;
    const state = { isLocked: lock !== undefined, lockInfo: infoOf(lock) };
    const view = { docId, content, version, updatedAtMs, updatedBy, ...state };
    return answer(200, view, etagOf(version));
  }),
  serve(editDocument, async ({ params: { docId }, body, caller, actor }) => {
    const { ttl, waitMs } = body;
    const wanted = { owner: ownerOf(body, caller), leaseMs: secondsToMs(ttl), waitMs, actor };
    const { document, lock } = await documents.edit(docId, wanted);
    const { content = null, version = 0 } = document ?? {};
    const locked = { ...done("Lock acquired successfully"), lockInfo: lockInfoOf(lock) };
    return answer(200, { ...locked, docId, content, version }, etagOf(version));
  }),
  serve(saveDocument, async ({ params: { docId }, headers, body, caller, actor }) => {
    const { content, fence, keepLock } = body;
    const owner = ownerOf(body, caller);
    const expected = expectedVersion(headers);
    const idempotencyKey = headers["idempotency-key"];
    const save = { documentId: docId, content, fence, keepLock, owner, expected, idempotencyKey };
    const saved = await documents.save({ ...save, actor });
    const view = { ...done("Document saved"), docId, version: saved.version, isLocked: keepLock };
    const replayed = saved.replayed ? { "idempotent-replayed": "true" } : {};
    return answer(200, view, { ...etagOf(saved.version), ...replayed });
  }),
]);
