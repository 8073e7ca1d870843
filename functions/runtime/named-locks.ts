/** What the owner of names does with them over HTTP: keep them, give them back; and who has one. */
import { extendNames, getNameStatus, releaseNames } from "../../shared/api/named-locks.ts";
import { askView } from "../../shared/locks/line.ts";
import { secondsToMs } from "../../shared/base/time.ts";
import { nameResource } from "../../shared/locks/lock-group.ts";
import type { LockService } from "../../shared/locks/lock-service.ts";
import { answer, replayed } from "./answer.ts";
import { resolveOwner } from "./document-caller.ts";
import { type Route, serve } from "./http.ts";
import { done, lockViewOrNull, namesView } from "./lock-answers.ts";

/** The routes of names that somebody has. */
export const serveNames = (locks: LockService): Route[] => [
  serve(extendNames, async ({ body, headers, caller, actor }) => {
    const idempotencyKey = headers["idempotency-key"];
    const of = { names: body.names, owner: resolveOwner(body, caller), actor, idempotencyKey };
    const extended = await locks.named.extend({ ...of, leaseMs: secondsToMs(body.ttl) });
    const view = namesView("Lock extended successfully", extended.locks);
    return answer(200, { ...view, askedBy: askView(extended.ask) }, replayed(extended.replayed));
  }),
  serve(releaseNames, async ({ body, headers, caller, actor }) => {
    const idempotencyKey = headers["idempotency-key"];
    const of = { names: body.names, owner: resolveOwner(body, caller), actor, idempotencyKey };
    const released = await locks.named.release(of);
    return answer(200, done("Lock released successfully"), replayed(released.replayed));
  }),
  serve(getNameStatus, async ({ query: { name } }) => {
    const lockInfo = lockViewOrNull(await locks.find(nameResource(name)));
    return answer(200, { success: true, isLocked: lockInfo !== null, lockInfo });
  }),
];
