/**
 * `holdfast/express`: a document's lock around any handler of Express 4 or 5.
 *
 * **Table and IAM**: those of `holdfast/locks`. Whose lock it is says `readOwner`, by default `request.user.id` and the header
 * `x-lock-session`, which makes two tabs of one user two owners.
 *
 * @example
 * import express from "express";
 * import { createLocks } from "holdfast/locks";
 * import { createDocumentLocks } from "holdfast/express";
 *
 * const { acquireDocumentLock, releaseDocumentLock } = createDocumentLocks({ locks: createLocks({ table: "my-locks" }) });
 *
 * const app = express();
 * app.use(signIn); // sets request.user
 * app.post("/documents/:id/edit", acquireDocumentLock("id"), (request, response) => {
 *   response.json({ fence: request.documentLock.fence }); // kept: the editor has it until it is given back
 * });
 * app.put("/documents/:id", acquireDocumentLock("id"), releaseDocumentLock("id"), async (request, response) => {
 *   await save(request.params.id, request.body, request.documentLock);
 *   response.status(204).end();
 * });
 */
import { silentLogger } from "../shared/base/logger.ts";
import type { Lock } from "../shared/locks/lock.ts";
import { problemView } from "../functions/runtime/problem.ts";
import {
  giveBackQuietly,
  type HandlerLockOptions,
  missingOwner,
  takeFor,
  wantDocument,
} from "./handler-lock.ts";

/**
 * What the middleware needs of Express's request, besides the route's parameters: were they named here, Express would take
 * those of the whole route to be like this.
 */
export interface RequestLike {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Whoever signed in: set by middleware in front of this. */
  user?: unknown;
  /** The lock under which the handler runs. */
  documentLock?: Lock;
}

/** What the middleware needs of Express's response; nothing that says what bodies the route answers with. */
export interface ResponseLike {
  readonly statusCode: number;
  status(code: number): this;
  set(headers: Record<string, string>): this;
  end(body: string): unknown;
  on(event: "finish", listener: () => void): this;
}

/** Goes on to the next handler, or to the one for errors. */
type Next = (error?: unknown) => void;

/** One middleware. */
export type DocumentMiddleware = (
  request: RequestLike,
  response: ResponseLike,
  next: Next,
) => Promise<void>;

/** What the route's path says of this. */
function readParam(request: RequestLike, param: string): unknown {
  return (request as { readonly params?: Readonly<Record<string, unknown>> }).params?.[param];
}

function isSignedIn(user: unknown): user is { id: string; name?: unknown } {
  return typeof user === "object" && user !== null && "id" in user && typeof user.id === "string";
}

function parseUser({ user, headers }: RequestLike) {
  if (!isSignedIn(user)) return undefined;
  const session = headers["x-lock-session"];
  return {
    userId: user.id,
    ...(typeof session === "string" ? { sessionId: session } : {}),
    ...(typeof user.name === "string" ? { username: user.name } : {}),
  };
}

/** What both middlewares work with. */
interface Parts extends Required<
  Pick<HandlerLockOptions<RequestLike>, "locks" | "readOwner" | "logger">
> {
  readonly leaseMs?: number | undefined;
}

function refuse(response: ResponseLike, error: unknown): void {
  const { status, headers = {}, body } = problemView(error, "");
  response.status(status).set(headers).end(JSON.stringify(body));
}

function createAcquiring({ locks, readOwner, leaseMs, logger }: Parts) {
  return (param: string): DocumentMiddleware =>
    async (request, response, next) => {
      let taken: Awaited<ReturnType<typeof takeFor>>;
      try {
        taken = await takeFor({ locks, leaseMs }, readOwner(request), readParam(request, param));
      } catch (error) {
        return refuse(response, error);
      }
      const { lock, isNew } = taken;
      request.documentLock = lock;
      response.on("finish", () => {
        if (isNew && response.statusCode >= 400) void giveBackQuietly(locks, lock, logger);
      });
      next();
    };
}

function createReleasing({ locks, readOwner, logger }: Parts) {
  return (param: string): DocumentMiddleware =>
    async (request, response, next) => {
      const owner = readOwner(request);
      if (!owner) return refuse(response, missingOwner());
      response.on("finish", () => {
        if (response.statusCode >= 400) return;
        const { documentLock = { ...wantDocument(readParam(request, param)), owner } } = request;
        void giveBackQuietly(locks, documentLock, logger);
      });
      next();
    };
}

/**
 * Makes the middlewares over locks.
 *
 * @example const { acquireDocumentLock } = createDocumentLocks({ locks });
 */
export function createDocumentLocks(options: HandlerLockOptions<RequestLike>) {
  const { locks, readOwner = parseUser, leaseMs, logger = silentLogger } = options;
  const parts: Parts = { locks, readOwner, leaseMs, logger };
  return {
    /**
     * Takes the lock of the document that this route parameter names, or renews the caller's own, before the handler
     * runs; the handler finds it as `request.documentLock`. Answers 409 with `lockedBy` when somebody else has it, and
     * 401 when nobody is signed in. What this request took goes back when
     * the answer is an error; what its owner had before stays.
     */
    acquireDocumentLock: createAcquiring(parts),

    /** Gives the lock back once the answer is a success, whoever took it before. */
    releaseDocumentLock: createReleasing(parts),
  };
}
