/** Documents over HTTP, and what the owner of a lock does with it: keep it, save under it, give it back. */
import { getDocument, saveDocument, setDocumentAccess } from "../shared/api/documents.ts";
import { extendLock, forceReleaseLock, getLockStatus, releaseLock } from "../shared/api/locks.ts";
import { askView } from "../shared/locks/line.ts";
import { secondsToMs } from "../shared/base/time.ts";
import { wantedLock } from "../shared/documents/document-service.ts";
import { documentLockName } from "../shared/documents/document.ts";
import { lockView } from "../shared/locks/lock.ts";
import { documentService, lockService } from "../shared/shop.ts";
import { answer, replayed } from "./runtime/answer.ts";
import { namedUser } from "./runtime/auth.ts";
import { resolveEditor, resolveOwner } from "./runtime/document-caller.ts";
import { etagHeader, expectedVersion } from "./runtime/entity-tag.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { done, lockViewOrNull } from "./runtime/lock-answers.ts";
import { serveNames } from "./runtime/named-locks.ts";
import { servePassing } from "./runtime/passing.ts";
import { shop } from "./runtime/wiring.ts";

const [documents, locks] = [documentService(shop), lockService(shop)];

export const handler = createHandler([
  serve(extendLock, async ({ body, headers, caller, actor }) => {
    const { resource, permit } = wantedLock(body.docId, resolveEditor(caller));
    const idempotencyKey = headers["idempotency-key"];
    const { fence } = body;
    const held = {
      resource,
      owner: resolveOwner(body, caller),
      fence,
      actor,
      permit,
      idempotencyKey,
    };
    const extended = await locks.extend({ ...held, leaseMs: secondsToMs(body.ttl) });
    const told = { lockInfo: lockView(extended.lock), askedBy: askView(extended.ask) };
    const view = { ...done("Lock extended successfully"), ...told };
    return answer(200, view, replayed(extended.replayed));
  }),
  serve(releaseLock, async ({ body, headers, caller, actor }) => {
    const [resource, owner] = [documentLockName(body.docId), resolveOwner(body, caller)];
    const idempotencyKey = headers["idempotency-key"];
    const hold = { resource, owner, fence: body.fence, actor, idempotencyKey };
    const released = await locks.release(hold);
    return answer(200, done("Lock released successfully"), replayed(released.replayed));
  }),
  serve(getLockStatus, async ({ params, caller }) => {
    const lockInfo = lockViewOrNull(await documents.findLock(params.docId, resolveEditor(caller)));
    return answer(200, { success: true, isLocked: lockInfo !== null, lockInfo });
  }),
  serve(forceReleaseLock, async ({ body, headers, caller, actor }) => {
    const { docId, adminUserId, reason, fence } = body;
    // Older clients name the administrator; it can only be the one who asks.
    if (adminUserId !== undefined) namedUser(adminUserId, { ...caller, isAdmin: false });
    const idempotencyKey = headers["idempotency-key"];
    const which = { resource: documentLockName(docId), fence, actor, reason, idempotencyKey };
    const forced = await locks.endByForce(which);
    const isDone = forced.ended !== undefined || forced.replayed;
    const message = isDone ? "Lock released by force" : "There was no lock";
    const view = { ...done(message), released: lockViewOrNull(forced.ended) };
    return answer(200, view, replayed(forced.replayed));
  }),
  ...serveNames(locks),
  ...servePassing(locks),
  serve(getDocument, async ({ params: { docId }, caller }) => {
    const { document, lock } = await documents.get(docId, resolveEditor(caller));
    const { content, version, updatedAtMs, updatedBy } = document;
    const state = { isLocked: lock !== undefined, lockInfo: lockViewOrNull(lock) };
    const view = { docId, content, version, updatedAtMs, updatedBy, ...state };
    return answer(200, view, etagHeader(version));
  }),
  serve(saveDocument, async ({ params: { docId }, headers, body, caller, actor }) => {
    const { content, fence, keepLock } = body;
    const owner = resolveOwner(body, caller);
    const expected = expectedVersion(headers);
    const idempotencyKey = headers["idempotency-key"];
    const save = { documentId: docId, content, fence, keepLock, owner, expected, idempotencyKey };
    const saved = await documents.save({ ...save, actor, editor: resolveEditor(caller) });
    const view = { ...done("Document saved"), docId, version: saved.version, isLocked: keepLock };
    return answer(200, view, { ...etagHeader(saved.version), ...replayed(saved.replayed) });
  }),
  serve(setDocumentAccess, async ({ params: { docId: documentId }, body, caller, actor }) => {
    const wanted = { documentId, ...body, editor: resolveEditor(caller), actor };
    const access = await documents.setAccess(wanted);
    return answer(200, { ...done("Access set"), docId: documentId, ...access });
  }),
]);
