/** Locks and items over HTTP that may have to be waited for: taking a lock, starting to edit, and the lines. */
import { editDocument } from "../shared/api/documents.ts";
import { acquireLock, askInLine, leaveLine } from "../shared/api/locks.ts";
import { acquireNames, askInNameLine, leaveNameLine } from "../shared/api/named-locks.ts";
import { secondsToMs } from "../shared/base/time.ts";
import { wantedLock } from "../shared/documents/document-service.ts";
import { documentLockName } from "../shared/documents/document.ts";
import { nameResource } from "../shared/locks/lock-group.ts";
import { lockView } from "../shared/locks/lock.ts";
import { documentService, itemLineService, lockService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { resolveEditor, resolveWish } from "./runtime/document-caller.ts";
import { etagHeader } from "./runtime/entity-tag.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { serveItemLines } from "./runtime/item-lines.ts";
import {
  done,
  namesView,
  nameStandingAnswer,
  placeView,
  standingAnswer,
} from "./runtime/lock-answers.ts";
import { serveAsking } from "./runtime/passing.ts";
import { shop } from "./runtime/wiring.ts";

const [documents, locks] = [documentService(shop), lockService(shop)];

export const handler = createHandler([
  serve(acquireLock, async ({ body, caller, actor }) => {
    const { docId, queue } = body;
    const asked = resolveWish(body, caller, actor);
    const wanted = { ...asked, ...wantedLock(docId, resolveEditor(caller)) };
    if (queue) return standingAnswer(await locks.acquireOrQueue(wanted));
    return standingAnswer({ lock: await locks.acquire(wanted) });
  }),
  serve(askInLine, async ({ query: { docId, ticket, placeTtl }, caller, actor }) => {
    const { resource, permit } = wantedLock(docId, resolveEditor(caller));
    const place = { resource, ticket, userId: caller.userId, actor, permit };
    return standingAnswer(await locks.line.ask({ ...place, placeMs: secondsToMs(placeTtl) }));
  }),
  serve(leaveLine, async ({ query: { docId, ticket }, caller: { userId }, actor }) => {
    await locks.line.leave({ resource: documentLockName(docId), ticket, userId, actor });
    return answer(200, done("Left the line"));
  }),
  serve(acquireNames, async ({ body, caller, actor }) => {
    const { names, scope, queue } = body;
    const { owner, leaseMs, placeMs } = resolveWish(body, caller, actor);
    const asked = { owner, leaseMs, placeMs, scope, actor };
    if (queue) return nameStandingAnswer(await locks.named.acquireOrQueue({ ...asked, names }));
    const taken = await locks.named.acquire({ ...asked, names });
    return answer(200, namesView("Lock acquired successfully", taken));
  }),
  serve(askInNameLine, async ({ query: { name, ticket, placeTtl }, caller: { userId }, actor }) => {
    const place = { resource: nameResource(name), ticket, userId, actor };
    return nameStandingAnswer(await locks.line.ask({ ...place, placeMs: secondsToMs(placeTtl) }));
  }),
  serve(leaveNameLine, async ({ query: { name, ticket }, caller: { userId }, actor }) => {
    await locks.line.leave({ resource: nameResource(name), ticket, userId, actor });
    return answer(200, done("Left the line"));
  }),
  ...serveAsking(locks),
  ...serveItemLines(itemLineService(shop)),
  serve(editDocument, async ({ params: { docId }, body, caller, actor }) => {
    const wanted = { ...resolveWish(body, caller, actor), editor: resolveEditor(caller) };
    const state = body.queue
      ? await documents.editOrQueue(docId, wanted)
      : await documents.edit(docId, wanted);
    if ("place" in state) return answer(202, placeView(state.place));
    const { document, lock } = state;
    const { content = null, version = 0 } = document ?? {};
    const locked = { ...done("Lock acquired successfully"), lockInfo: lockView(lock) };
    return answer(200, { ...locked, docId, content, version }, etagHeader(version));
  }),
]);
