/** What a caller is to a document: the owner that its lock shall have, and an editor with rights. */
import { waitedLeaseMs } from "../../shared/api/lock-fields.ts";
import type { Actor } from "../../shared/base/actor.ts";
import { secondsToMs } from "../../shared/base/time.ts";
import type { Editor } from "../../shared/documents/document-access.ts";
import type { LockOwner } from "../../shared/locks/lock.ts";
import type { Caller } from "./auth.ts";
import { env } from "./env.ts";

/** Who the request is for: the caller, or whom an administrator names. */
export function resolveOwner(
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

/** Whose lock it shall be, for how long, and how somebody waits for it: inside the request, or in line. */
export function resolveWish(
  body: Parameters<typeof resolveOwner>[0] & {
    readonly ttl: number;
    readonly waitMs?: number | undefined;
    readonly placeTtl: number;
  },
  caller: Caller,
  actor: Actor,
) {
  const leaseMs = secondsToMs(body.ttl);
  const placeMs = secondsToMs(body.placeTtl);
  const owner = resolveOwner(body, caller);
  return { owner, leaseMs, waitMs: body.waitMs, waitedLeaseMs, placeMs, actor };
}

/** Whose rights count: the caller's own, also where an administrator acts for somebody. */
export function resolveEditor({ userId, isAdmin, groups }: Caller): Editor {
  const byDefault = env.DOCUMENT_ACCESS === "open" || groups.includes(env.EDITORS_GROUP);
  return { userId, isAdmin, byDefault };
}
