/**
 * `holdfast/compat/locking-service`: a `LockingService` for documents as there was on Redis, and its Express middleware, over
 * `holdfast/locks`. What is other than there: `docs/migrate/document-locks.md`.
 *
 * **Table and IAM**: those of `holdfast/locks`.
 *
 * @example
 * import express from "express";
 * import { createLockingService } from "holdfast/compat/locking-service";
 *
 * const lockingService = createLockingService({ table: "my-locks" });
 * const { acquireDocumentLock, releaseDocumentLock } = lockingService.middleware;
 *
 * const { success, lockedBy } = await lockingService.acquireLock("7", "ann", { username: "Ann", ttl: 300 });
 * if (!success) console.log(`locked by ${lockedBy}`);
 * await lockingService.extendLock("7", "ann", 600);
 * await lockingService.releaseLock("7", "ann");
 *
 * const app = express();
 * app.use(signIn); // sets request.user
 * app.put("/documents/:id", acquireDocumentLock("id"), releaseDocumentLock("id"), save);
 */
import { documentLockName } from "../../shared/documents/document.ts";
import {
  type Lock,
  LockHeld,
  type LockInfo,
  LockNotOwned,
  lockView,
} from "../../shared/locks/lock.ts";
import { createDocumentLocks } from "../express.ts";
import { createLockList, createLocks, type LocksOptions } from "../locks.ts";
import { listLiveLocks } from "./list-locks.ts";

/** Who wants a document's lock besides the user, and for how many seconds. */
export interface DocumentLockWish {
  readonly username?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Seconds; 300 by default. */
  readonly ttl?: number | undefined;
}

/** What came of it. */
export interface DocumentLockResult {
  readonly success: boolean;
  /** Who has it instead. */
  readonly lockedBy?: string;
  /** The lock that the caller has, or that is in the way. */
  readonly lockInfo?: LockInfo | null;
}

const seconds = 1_000;

/** A refusal as an answer; whatever else went wrong is thrown. */
async function answered(work: Promise<Lock | undefined>): Promise<DocumentLockResult> {
  try {
    const lock = await work;
    return { success: true, ...(lock ? { lockInfo: lockView(lock) } : {}) };
  } catch (error) {
    const isRefusal = error instanceof LockHeld || error instanceof LockNotOwned;
    if (!isRefusal) throw error;
    const holder = error instanceof LockHeld ? error.lock : error.holder;
    if (!holder) return { success: false, lockInfo: null };
    const { username, userId } = holder.owner;
    return { success: false, lockedBy: username ?? userId, lockInfo: lockView(holder) };
  }
}

/** A document's lock of this user and, where there is one, this session. */
function proofOf(docId: string, userId: string, sessionId?: string, username?: string) {
  return { resource: documentLockName(docId), owner: { userId, sessionId, username } };
}

/**
 * Makes the service. Opens nothing yet: the first request does.
 *
 * @example const lockingService = createLockingService({ table: "my-locks" });
 */
export function createLockingService(options: LocksOptions) {
  const locks = createLocks(options);
  const list = createLockList(options);
  const find = (docId: string) => locks.find(documentLockName(docId));

  async function getAllLocks() {
    const prefix = documentLockName("");
    const found = await listLiveLocks(list, "document");
    return found.map((lock) => {
      return { docId: lock.resource.slice(prefix.length), ...lockView(lock) };
    });
  }

  return {
    /** The middlewares `acquireDocumentLock("id")` and `releaseDocumentLock("id")` over the same locks. */
    middleware: createDocumentLocks({
      locks,
      ...(options.logger ? { logger: options.logger } : {}),
    }),

    /** Takes a document's lock, or renews the same user's own. */
    acquireLock(docId: string, userId: string, wish: DocumentLockWish = {}) {
      const { username, sessionId, ttl = 300 } = wish;
      const proof = proofOf(docId, userId, sessionId, username);
      return answered(locks.acquire({ ...proof, kind: "document", leaseMs: ttl * seconds }));
    },

    /** Gives it back; only its owner can. */
    releaseLock: (docId: string, userId: string, sessionId?: string): Promise<DocumentLockResult> =>
      answered(locks.release(proofOf(docId, userId, sessionId)).then(() => undefined)),

    /** Lets the lease start again from now; only its owner can. */
    extendLock: (docId: string, userId: string, ttl = 300, sessionId?: string) =>
      answered(locks.renew({ ...proofOf(docId, userId, sessionId), leaseMs: ttl * seconds })),

    /** Ends whoever's lock it is; who did it stays on record. False when nobody had it. */
    async forceReleaseLock(docId: string, adminUserId: string, reason?: string) {
      const resource = documentLockName(docId);
      const forced = { resource, actor: { id: adminUserId }, reason };
      return { success: (await locks.forceRelease(forced)) !== undefined };
    },

    /** Who has it and until when, or null. */
    async getLockInfo(docId: string): Promise<LockInfo | null> {
      const lock = await find(docId);
      return lock ? lockView(lock) : null;
    },

    /** Whether anybody has it now. */
    isLocked: async (docId: string): Promise<boolean> => (await find(docId)) !== undefined,

    getAllLocks,

    /** Ends every document's lock, one by one; returns how many it ended. */
    async clearAllLocks(adminUserId = "admin"): Promise<number> {
      let ended = 0;
      for (const { docId, fence } of await getAllLocks()) {
        const resource = documentLockName(docId);
        const forced = { resource, fence, actor: { id: adminUserId }, reason: "clear all" };
        if (await locks.forceRelease(forced)) ended += 1;
      }
      return ended;
    },
  };
}
