/** What a caller can ask of documents: read, start to edit, save under the lock. */
import { type Actor, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { Forbidden } from "../base/errors.ts";
import { randomId } from "../base/ids.ts";
import type { Clock } from "../base/time.ts";
import type { AcquireRequest } from "../locks/lock-requests.ts";
import type { LockService } from "../locks/lock-service.ts";
import { LineWaits, type Place } from "../locks/line.ts";
import { releaseToLineWrite } from "../locks/line-store.ts";
import { releaseLockWrite } from "../locks/lock-ending-store.ts";
import { keyedRequest, Replayed } from "../table/request-memory.ts";
import type { Row } from "../table/write.ts";
import { checkLockWrite } from "../locks/lock-store.ts";
import { type Lock, LockNotOwned, type LockOwner } from "../locks/lock.ts";
import type { Database } from "../table/database.ts";
import { TransactionRefused } from "../table/transaction.ts";
import { type ExpectedVersion, onlyExpected } from "../table/versions.ts";
import { findDocument, saveWrite } from "./document-store.ts";
import { createDocumentAccess } from "./document-access-service.ts";
import { type Editor, mayRead, makePermit } from "./document-access.ts";
import { contentText, type Document, DocumentNotFound } from "./document.ts";
import { type DocumentState, documentLockName, VersionBehind } from "./document.ts";

/** What documents are made of. */
export interface DocumentServiceOptions {
  readonly database: Database;
  readonly locks: LockService;
  readonly clock: Clock;
}

/** A save of the whole content, under a lock that the caller has. */
export interface SaveRequest {
  readonly documentId: string;
  readonly content: unknown;
  readonly owner: LockOwner;
  /** As it came with the lock. */
  readonly fence: number;
  /** Keep the lock for further saves; released in the same transaction otherwise. */
  readonly keepLock?: boolean | undefined;
  readonly expected?: ExpectedVersion | undefined;
  /** Makes a repetition answer like the first, instead of being refused because the lock is gone. */
  readonly idempotencyKey?: string | undefined;
  readonly actor?: Actor | undefined;
  /** Whose rights are asked for, in the write itself; nobody's when left out. */
  readonly editor?: Editor | undefined;
}

/** What came of a save. */
export interface Saved {
  readonly version: number;
  readonly replayed: boolean;
}

/** The start of an editing session. */
export interface EditRequest extends Omit<AcquireRequest, "resource" | "kind" | "permit"> {
  readonly editor?: Editor | undefined;
}

/** What a lock on a document asks for, beyond whose it shall be. */
export function wantedLock(documentId: string, editor: Editor | undefined) {
  return {
    resource: documentLockName(documentId),
    kind: "document",
    permit: makePermit(editor),
  } as const;
}

/** How often a save corrects its version (once), or what it knows of those who join the line for its lock. */
const mostCorrections = 10;

/**
 * A right that was taken away counts before the lock, which may be gone for that very reason, and the lock's refusal
 * before the document's: who has lost the lock need not know more.
 */
function pickRefusal({ refusals }: TransactionRefused): Error {
  const errors = refusals.map(({ error }) => error);
  return (
    errors.find((error) => error instanceof Forbidden) ??
    errors.find((error) => error instanceof LockNotOwned) ??
    errors.at(-1)!
  );
}

/** Makes what saves: one transaction with the lock that it is written under. */
function createSaving({ database, clock }: DocumentServiceOptions) {
  return async function attempt(request: SaveRequest, text: string): Promise<number> {
    const { documentId, owner, fence, keepLock = false, expected, editor } = request;
    const proof = { resource: documentLockName(documentId), owner, fence };
    const actor = request.actor ?? { id: owner.userId };
    let above = Math.max(0, onlyExpected(expected) ?? 0);
    let line: Row | undefined;
    const content = [documentId, fence, owner.sessionId, keepLock, expected, text];
    const keyed = keyedRequest(owner.userId, request.idempotencyKey, content);
    return again(mostCorrections, async () => {
      const nowMs = clock();
      const version = Math.max(nowMs, above + 1);
      const note = changeNote("document.saved", actor, nowMs);
      const release = { proof, nowMs, actor, releaseId: randomId("rel") };
      const lockWrite = keepLock
        ? checkLockWrite(proof, nowMs)
        : line
          ? releaseToLineWrite({ ...release, row: line })
          : releaseLockWrite(release);
      const by = { savedBy: owner.userId, editor };
      const save = { documentId, text, fence, expected, version, keyed, nowMs, note, ...by };
      try {
        await database.transact([lockWrite, saveWrite(save)]);
        return version;
      } catch (error) {
        if (!(error instanceof TransactionRefused)) throw error;
        const meant = pickRefusal(error);
        if (meant instanceof LineWaits) line = meant.row;
        else if (meant instanceof VersionBehind) above = meant.version;
        else throw meant;
        return new OnceMore(meant);
      }
    });
  };
}

/** Documents that only the owner of their lock can change. */
export function createDocumentService(options: DocumentServiceOptions) {
  const { database, locks } = options;

  const attempt = createSaving(options);

  return {
    ...createDocumentAccess(options),

    /**
     * A document and who has its lock. Two reads, side by side.
     *
     * @throws DocumentNotFound when it was never saved, or this reader may not know of it
     * @example const { document, lock } = await documents.get("report/7");
     */
    async get(
      documentId: string,
      reader?: Editor,
    ): Promise<DocumentState & { readonly document: Document }> {
      const [document, lock] = await Promise.all([
        findDocument(database, documentId),
        locks.find(documentLockName(documentId)),
      ]);
      const isHidden = reader && !mayRead(document?.access, reader);
      if (!document || isHidden) throw new DocumentNotFound(documentId);
      return { document, lock };
    },

    /**
     * Starts an editing session: takes the lock, then reads the document, which nobody else can change
     * from then on. A document that was never saved is made by its first save.
     *
     * @throws LockHeld or LockTimeout, as acquiring does
     * @throws Forbidden when the editor may not change it; no lock was taken
     * @example const { document, lock } = await documents.edit("report/7", { owner });
     */
    async edit(
      documentId: string,
      { editor, ...request }: EditRequest,
    ): Promise<DocumentState & { readonly lock: Lock }> {
      const lock = await locks.acquire({ ...request, ...wantedLock(documentId, editor) });
      return { lock, document: await findDocument(database, documentId) };
    },

    /**
     * Starts an editing session like `edit`, or takes a place in line where another has the lock.
     *
     * @throws LineFull when as many wait as may
     * @throws Forbidden when the editor may not change it; no lock and no place was taken
     * @example const begun = await documents.editOrQueue("report/7", { owner });
     */
    async editOrQueue(
      documentId: string,
      { editor, ...request }: Omit<EditRequest, "waitMs">,
    ): Promise<(DocumentState & { readonly lock: Lock }) | { readonly place: Place }> {
      const wanted = { ...request, ...wantedLock(documentId, editor) };
      const standing = await locks.acquireOrQueue(wanted);
      if ("place" in standing) return standing;
      return { lock: standing.lock, document: await findDocument(database, documentId) };
    },

    /**
     * Saves under the lock, and releases it unless `keepLock`: one transaction, so nothing is written
     * by somebody who has lost the lock, and no lock is left behind by a save. One request.
     *
     * Safe to repeat with an `idempotencyKey`: for a day it answers as it did before, whatever was saved since.
     *
     * @throws Forbidden when the editor has not, or no longer, the right; nothing was changed
     * @throws LockNotOwned when the lock was lost, also if nobody else has it; nothing was changed
     * @throws KeyReused when the key was used for another save; nothing was changed
     * @throws DocumentChanged when the document is not as `expected`; nothing was changed
     * @example await documents.save({ documentId: "report/7", content, owner, fence: lock.fence });
     */
    async save(request: SaveRequest): Promise<Saved> {
      const text = contentText(request.content);
      try {
        return { version: await attempt(request, text), replayed: false };
      } catch (error) {
        if (!(error instanceof Replayed)) throw error;
        return { version: Number(error.result), replayed: true };
      }
    },
  };
}
