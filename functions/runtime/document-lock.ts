/**
 * Document locks for handlers of one's own, as middy middleware: take one, ask for one, give one back.
 * `docs/own-handlers.md` has a whole function.
 */
import type { MiddlewareObj, Request } from "@middy/core";
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import { HoldfastError } from "../../shared/base/errors.ts";
import { systemClock } from "../../shared/base/time.ts";
import { wantedLock } from "../../shared/documents/document-service.ts";
import type { LockService } from "../../shared/locks/lock-service.ts";
import {
  isSameOwner,
  type Lock,
  LockNotOwned,
  type LockOwner,
  type Permit,
} from "../../shared/locks/lock.ts";
import { toResult } from "./answer.ts";
import { parseCaller } from "./auth.ts";
import { resolveEditor, resolveOwner } from "./document-caller.ts";
import { problemView } from "./problem.ts";

type Event = APIGatewayProxyEventV2WithJWTAuthorizer;

/** The lock under which a handler runs, and the right to the document that `checkWrites` asks for again. */
type DocumentLock = Lock & { readonly permit: Permit | undefined };

/** What the middleware adds to the event. */
export interface WithDocumentLock {
  readonly documentLock: DocumentLock;
}

/** How locks are found and whose they are. */
export interface DocumentLockOptions {
  readonly locks: Pick<LockService, "acquire" | "find" | "release">;
  /** Names the session of the caller, if there is one; the header `x-lock-session` by default. */
  readonly readSession?: (event: Event) => string | undefined;
  /** Length of the lease; 300 s by default. */
  readonly leaseMs?: number;
}

interface Attached extends Event {
  documentLock?: DocumentLock;
}

/** Locks that a middleware took in this very request; only those are given back after an error. */
const takenHere = new WeakSet<Lock>();

const headerSession = (event: Event): string | undefined => event.headers["x-lock-session"];

/** The lock that the caller wants or has, and by which right: the same as on every route of documents. */
function parseWanted(
  event: Event,
  param: string,
  { readSession = headerSession }: DocumentLockOptions,
) {
  const caller = parseCaller(event);
  if (!caller) throw new HoldfastError("UNAUTHENTICATED", "This needs a valid token");
  const owner: LockOwner = resolveOwner({ sessionId: readSession(event) }, caller);
  return { owner, ...wantedLock(event.pathParameters?.[param] ?? "", resolveEditor(caller)) };
}

/**
 * Takes the lock on the document that the path parameter names, before the handler runs, or renews
 * it if it is the caller's own. The handler finds it as `event.documentLock`. What this took is given back if the
 * handler throws; otherwise it is kept until `releaseDocumentLock` or the end of its lease.
 *
 * @throws LockHeld when somebody else has it; the handler does not run
 * @throws Forbidden when the caller may not change the document; no lock was taken
 * @throws HoldfastError `LIMIT_EXCEEDED` when the caller has as many locks as anybody may
 */
export function acquireDocumentLock(
  param: string,
  options: DocumentLockOptions,
): MiddlewareObj<Event & WithDocumentLock, unknown> {
  return {
    before: async ({ event }: Request<Attached>) => {
      const { locks, leaseMs } = options;
      const wanted = parseWanted(event, param, options);
      const startedMs = systemClock();
      const lock = await locks.acquire({ ...wanted, leaseMs });
      event.documentLock = { ...lock, permit: wanted.permit };
      // Who had it before, an editing session, keeps it through a failure of this request.
      if (lock.acquiredAtMs >= startedMs) takenHere.add(event.documentLock);
    },
    onError: ({ event }: Request<Attached>) => giveBack(event, options, { always: false }),
  };
}

/**
 * Lets the handler run only if the caller has the document's lock; costs one read. The handler still
 * puts `locks.checkWrites(event.documentLock)` into its transaction: between this look and that
 * write the lock can be lost.
 *
 * @throws LockNotOwned when the caller does not have it; the handler does not run
 * @throws Forbidden when the caller may not change the document (any more); the handler does not run
 */
export function requireDocumentLock(
  param: string,
  options: DocumentLockOptions,
): MiddlewareObj<Event & WithDocumentLock, unknown> {
  return {
    before: async ({ event }: Request<Attached>) => {
      const { resource, owner, permit } = parseWanted(event, param, options);
      const lock = await options.locks.find(resource, permit);
      if (!lock || !isSameOwner(lock.owner, owner)) {
        throw new LockNotOwned(undefined, systemClock(), lock);
      }
      event.documentLock = { ...lock, permit };
    },
  };
}

/**
 * Gives the document's lock back after the handler has succeeded. After an error it stays with its
 * owner, who may want to try again, unless `acquireDocumentLock` took it for this request.
 */
export function releaseDocumentLock(
  param: string,
  options: DocumentLockOptions,
): MiddlewareObj<Event, unknown> {
  return {
    after: async ({ event }: Request<Attached>) => {
      const { resource, owner } = parseWanted(event, param, options);
      event.documentLock ??= { resource, owner } as DocumentLock;
      await giveBack(event, options, { always: true });
    },
  };
}

/** A lock that is gone by now needs no giving back, and must not hide what the handler came to. */
async function giveBack(
  event: Attached,
  { locks }: DocumentLockOptions,
  { always }: { always: boolean },
): Promise<void> {
  const lock = event.documentLock;
  if (!lock || !(always || takenHere.has(lock))) return;
  takenHere.delete(lock);
  await locks.release(lock).catch((error: unknown) => {
    if (!(error instanceof LockNotOwned)) throw error;
  });
}

/** Turns errors of a handler and of the middleware above into problem answers; put it first. */
export function problemAnswers(): MiddlewareObj<Event, unknown> {
  return {
    onError: (request) => {
      const { requestId } = request.event.requestContext;
      request.response = toResult(problemView(request.error, requestId));
    },
  };
}
