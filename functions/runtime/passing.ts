/** Owners of locks who pass them on, and those in line who ask them to, over HTTP: documents and names alike. */
import { askForLock, handOverLock } from "../../shared/api/locks.ts";
import { askForName, handOverName } from "../../shared/api/named-locks.ts";
import { wantedLock } from "../../shared/documents/document-service.ts";
import { documentLockName } from "../../shared/documents/document.ts";
import { nameResource } from "../../shared/locks/lock-group.ts";
import type { LockService } from "../../shared/locks/lock-service.ts";
import { type Lock, lockView } from "../../shared/locks/lock.ts";
import { answer, replayed } from "./answer.ts";
import { resolveEditor, resolveOwner } from "./document-caller.ts";
import { type Route, serve } from "./http.ts";
import { done, lockViewOrNull, namesView } from "./lock-answers.ts";

/** The lock whose owner was asked to let go. */
const askedAnswer = (lock: Lock | undefined) =>
  answer(200, {
    ...done(lock ? "The owner was asked to let go" : "Nobody has it any more"),
    lockInfo: lockViewOrNull(lock),
  });

/** The routes of owners. */
export const servePassing = ({ line }: LockService): Route[] => [
  serve(handOverLock, async ({ body, caller, actor }) => {
    const { docId, fence, to } = body;
    const whose = { resource: documentLockName(docId), owner: resolveOwner(body, caller) };
    const passed = await line.passOnTo({ ...whose, fence, to, actor });
    const view = { ...done("Lock handed over"), lockInfo: lockView(passed.lock) };
    return answer(200, view, replayed(passed.replayed));
  }),
  serve(handOverName, async ({ body, caller, actor }) => {
    const { name, fence, to } = body;
    const whose = { resource: nameResource(name), owner: resolveOwner(body, caller) };
    const passed = await line.passOnTo({ ...whose, fence, to, actor });
    return answer(200, namesView("Lock handed over", [passed.lock]), replayed(passed.replayed));
  }),
];

/** The routes of those who wait. */
export const serveAsking = ({ line }: LockService): Route[] => [
  serve(askForLock, async ({ body: { docId, ticket }, caller, actor }) => {
    const { resource, permit } = wantedLock(docId, resolveEditor(caller));
    const { userId } = caller;
    return askedAnswer(await line.askOwner({ resource, ticket, userId, actor, permit }));
  }),
  serve(askForName, async ({ body: { name, ticket }, caller: { userId }, actor }) => {
    const resource = nameResource(name);
    return askedAnswer(await line.askOwner({ resource, ticket, userId, actor }));
  }),
];
