/**
 * `holdfast/fetch`: a document's lock around anything that makes a Response of a Request: Hono, Next's route handlers,
 * workers, Bun, Deno.
 *
 * **Table and IAM**: those of `holdfast/locks`. Whose lock it is says `readOwner`, of which there is no default: only you know
 * what a request's token is worth.
 *
 * @example
 * import { createLocks } from "holdfast/locks";
 * import { withDocumentLock } from "holdfast/fetch";
 *
 * export const PUT = withDocumentLock(
 *   {
 *     locks: createLocks({ table: "my-locks" }),
 *     readOwner: async (request) => ({ userId: await verifiedUser(request) }),
 *     readDocument: (request) => new URL(request.url).pathname.split("/").at(-1),
 *   },
 *   async (request, lock) => {
 *     await save(await request.json(), lock);
 *     return new Response(null, { status: 204 });
 *   },
 * );
 */
import { silentLogger } from "../shared/base/logger.ts";
import type { Lock, LockOwner } from "../shared/locks/lock.ts";
import { problemView } from "../functions/runtime/problem.ts";
import { giveBackQuietly, type HandlerLockOptions, takeFor } from "./handler-lock.ts";

type MaybeLater<T> = T | Promise<T>;

/** How a request is understood. */
export interface FetchLockOptions extends Omit<HandlerLockOptions<Request>, "readOwner"> {
  /** Who the request is from; undefined where nobody is signed in, which is answered with 401. */
  readonly readOwner: (request: Request) => MaybeLater<LockOwner | undefined>;
  /** Which document it is about; undefined is answered with 400. */
  readonly readDocument: (request: Request) => MaybeLater<string | undefined>;
  /** The lock stays with its owner after a success: an editing session begins. */
  readonly keepLock?: boolean;
}

/** A handler in the form of the Fetch standard; what else its framework hands it is handed on. */
export type FetchHandler<More extends readonly unknown[]> = (
  request: Request,
  ...more: More
) => Promise<Response>;

function makeProblem(error: unknown): Response {
  const { status, headers = {}, body } = problemView(error, "");
  return new Response(JSON.stringify(body), { status, headers });
}

async function take(request: Request, options: FetchLockOptions) {
  const [owner, documentId] = [
    await options.readOwner(request),
    await options.readDocument(request),
  ];
  return takeFor(options, owner, documentId);
}

/**
 * The handler under the lock of the document that a request names. Answers 409 with `lockedBy` when somebody else has it. The
 * lock is given back before the answer is: after a success unless `keepLock` says otherwise, after a failure if this request has taken it.
 *
 * @throws what the handler throws; the lock was given back
 */
export function withDocumentLock<More extends readonly unknown[]>(
  options: FetchLockOptions,
  handler: (request: Request, lock: Lock, ...more: More) => MaybeLater<Response>,
): FetchHandler<More> {
  const { locks, keepLock = false, logger = silentLogger } = options;
  return async (request, ...more) => {
    let taken: Awaited<ReturnType<typeof take>>;
    try {
      taken = await take(request, options);
    } catch (error) {
      return makeProblem(error);
    }
    const { lock, isNew } = taken;
    // Who had it before keeps it through a failure.
    let isKept = !isNew;
    try {
      const response = await handler(request, lock, ...more);
      if (response.status < 400) isKept = keepLock;
      return response;
    } finally {
      if (!isKept) await giveBackQuietly(locks, lock, logger);
    }
  };
}
