/** What a caller can ask of a document's access list: to set it, and what its lock may tell whom. */
import { type Actor, changeNote } from "../base/actor.ts";
import { Forbidden } from "../base/errors.ts";
import type { Clock, EpochMs } from "../base/time.ts";
import { at as ofLock, lockRow } from "../locks/lock-conditions.ts";
import { findLockRow } from "../locks/lock-store.ts";
import { parseLiveLock, type Lock } from "../locks/lock.ts";
import type { Database } from "../table/database.ts";
import { action, allOf, anyOf, condition, exists, isMissing } from "../table/expression.ts";
import { update, type Write } from "../table/write.ts";
import { accessIn, type DocumentAccess, type Editor, mayRead } from "./document-access.ts";
import { at } from "./document-store.ts";
import { DocumentNotFound, documentLockName } from "./document.ts";

/** What the list is made of. */
export interface AccessOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** A new list for a document. */
export interface AccessRequest extends DocumentAccess {
  readonly documentId: string;
  readonly editor: Editor;
  readonly actor: Actor;
}

/** TTL never comes to a row that is kept until then (the year 9999): a list outlives every lease. */
const forEverSeconds = 253_402_300_799;

/**
 * The list on the document; only its creator, who never changes, or an administrator may set it.
 */
function documentWrite(request: AccessRequest, access: DocumentAccess, nowMs: EpochMs): Write {
  const { documentId, editor, actor } = request;
  const isCreator = condition`${at("createdBy")} = ${editor.userId}`;
  return update({
    table: "Documents",
    key: { documentId },
    change: {
      set: [
        action`${at("access")} = ${access}`,
        action`${at("change")} = ${changeNote("document.access_set", actor, nowMs)}`,
      ],
    },
    condition: allOf(exists(at("version")), ...(editor.isAdmin ? [] : [isCreator])),
    refused: (row) => {
      const isKnown = row?.["version"] !== undefined && mayRead(accessIn(row), editor);
      return isKnown
        ? new Forbidden("Only its creator or an administrator says who may edit a document")
        : new DocumentNotFound(documentId);
    },
  });
}

/** The same list on the document's lock, where taking the lock checks it. */
function lockWrite({ documentId, actor }: AccessRequest, access: DocumentAccess, nowMs: EpochMs) {
  return update({
    ...lockRow(documentLockName(documentId)),
    change: {
      set: [
        action`${ofLock("access")} = ${access}`,
        action`${ofLock("keptUntilSeconds")} = ${forEverSeconds}`,
        action`${ofLock("change")} = ${changeNote("lock.access_set", actor, nowMs)}`,
      ],
      remove: [ofLock("ttlSeconds")],
    },
    // Whatever the lock's state: the list is set by whom the document's own condition lets in.
    condition: anyOf(isMissing(ofLock("resource")), exists(ofLock("resource"))),
    refused: () => new DocumentNotFound(documentId),
  });
}

/** Makes the questions about rights; they are part of the document service. */
export function createDocumentAccess({ database, clock }: AccessOptions) {
  return {
    /**
     * Says who may read and who may edit a document, in the place of what was said before. From that
     * instant a save, and the taking or renewing of the lock, is refused to everybody else, whatever
     * they hold. Two requests: a read of the creator, then document and lock in one transaction.
     *
     * Repeating it sets the same list.
     *
     * @throws DocumentNotFound when it was never saved, or the caller may not know of it
     * @throws Forbidden when the caller is neither its creator nor an administrator
     * @example await documents.setAccess({ documentId: "plan", readers: ["bob"], editors: [], editor, actor });
     */
    async setAccess(request: AccessRequest): Promise<DocumentAccess> {
      const { documentId, readers } = request;
      const row = await database.get("Documents", { documentId });
      const creator = row?.["createdBy"] as string | undefined;
      const nowMs = clock();
      const editors = [...new Set([...request.editors, ...(creator ? [creator] : [])])];
      const access = { readers: [...new Set(readers)], editors };
      await database.transact([
        documentWrite(request, access, nowMs),
        lockWrite(request, access, nowMs),
      ]);
      return access;
    },

    /**
     * Who has the document's lock, for somebody who may know of the document. One request.
     *
     * @throws DocumentNotFound when the reader may not
     * @example const lock = await documents.findLock("plan", { userId: "bob", isAdmin: false, byDefault: true });
     */
    async findLock(documentId: string, reader: Editor): Promise<Lock | undefined> {
      const row = await findLockRow(database, documentLockName(documentId));
      if (!mayRead(accessIn(row), reader)) throw new DocumentNotFound(documentId);
      return parseLiveLock(row, clock());
    },
  };
}
