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
  setDocumentAccess,
} from "../shared/api/documents.ts";
import { secondsToMs } from "../shared/base/time.ts";
import { wantedLock } from "../shared/documents/document-service.ts";
import { lockNameOf } from "../shared/documents/document.ts";
import { type Lock, lockInfoOf } from "../shared/locks/lock.ts";
import { documentService, lockService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { namedUser } from "./runtime/auth.ts";
import { editorOf, ownerOf } from "./runtime/document-caller.ts";
import { etagOf, expectedVersion } from "./runtime/entity-tag.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { shop } from "./runtime/wiring.ts";

const infoOf = (lock: Lock | undefined) => (lock ? lockInfoOf(lock) : null);
const done = (message: string) => ({ success: true as const, message });

const [documents, locks] = [documentService(shop), lockService(shop)];

export const handler = createHandler([
  serve(acquireLock, async ({ body, caller, actor }) => {
    const { docId, ttl, waitMs } = body;
    const wanted = { owner: ownerOf(body, caller), leaseMs: secondsToMs(ttl), waitMs, actor };
    const lock = await locks.acquire({ ...wanted, ...wantedLock(docId, editorOf(caller)) });
    return answer(200, { ...done("Lock acquired successfully"), lockInfo: lockInfoOf(lock) });
  }),
  serve(extendLock, async ({ body, caller, actor }) => {
    const { resource, permit } = wantedLock(body.docId, editorOf(caller));
    const hold = { resource, owner: ownerOf(body, caller), fence: body.fence, actor, permit };
    const lock = await locks.renew({ ...hold, leaseMs: secondsToMs(body.ttl) });
    return answer(200, { ...done("Lock extended successfully"), lockInfo: lockInfoOf(lock) });
  }),
  serve(releaseLock, async ({ body, caller, actor }) => {
    const [resource, owner] = [lockNameOf(body.docId), ownerOf(body, caller)];
    await locks.release({ resource, owner, fence: body.fence, actor });
    return answer(200, done("Lock released successfully"));
  }),
  serve(getLockStatus, async ({ params, caller }) => {
    const lockInfo = infoOf(await documents.lockOf(params.docId, editorOf(caller)));
    return answer(200, { success: true, isLocked: lockInfo !== null, lockInfo });
  }),
  serve(forceReleaseLock, async ({ body: { docId, adminUserId, reason }, caller, actor }) => {
    // Older clients name the administrator; it can only be the one who asks.
    if (adminUserId !== undefined) namedUser(adminUserId, { ...caller, isAdmin: false });
    const ended = await locks.forceRelease({ resource: lockNameOf(docId), actor, reason });
    const message = ended ? "Lock released by force" : "There was no lock";
    return answer(200, { ...done(message), released: infoOf(ended) });
  }),
  serve(getDocument, async ({ params: { docId }, caller }) => {
    const { document, lock } = await documents.get(docId, editorOf(caller));
    const { content, version, updatedAtMs, updatedBy } = document;
    const state = { isLocked: lock !== undefined, lockInfo: infoOf(lock) };
    const view = { docId, content, version, updatedAtMs, updatedBy, ...state };
    return answer(200, view, etagOf(version));
  }),
  serve(editDocument, async ({ params: { docId }, body, caller, actor }) => {
    const { ttl, waitMs } = body;
    const wanted = { owner: ownerOf(body, caller), leaseMs: secondsToMs(ttl), waitMs, actor };
    const editor = editorOf(caller);
    const { document, lock } = await documents.edit(docId, { ...wanted, editor });
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
    const saved = await documents.save({ ...save, actor, editor: editorOf(caller) });
    const view = { ...done("Document saved"), docId, version: saved.version, isLocked: keepLock };
    const replayed = saved.replayed ? { "idempotent-replayed": "true" } : {};
    return answer(200, view, { ...etagOf(saved.version), ...replayed });
  }),
  serve(setDocumentAccess, async ({ params: { docId: documentId }, body, caller, actor }) => {
    const wanted = { documentId, ...body, editor: editorOf(caller), actor };
    const access = await documents.setAccess(wanted);
    return answer(200, { ...done("Access set"), docId: documentId, ...access });
  }),
]);
