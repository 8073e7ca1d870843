/**
 * How a document is written: one update, under its own fence and version.
 *
 * @see docs/decisions/0010-document-versions.md
 */
import type { ChangeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import { LockNotOwned } from "../locks/lock.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  allOf,
  anyOf,
  assigned,
  condition,
  type Fragment,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import { type KeyedRequest, once } from "../table/request-memory.ts";
import { type ExpectedVersion, isExpected, versionIsExpected } from "../table/versions.ts";
import { type Row, update, type Write } from "../table/write.ts";
import {
  type DocumentAccess,
  type Editor,
  rightsRefusal,
  writeIsAllowed,
} from "./document-access.ts";
import { type Document, DocumentChanged, parseDocument, VersionBehind } from "./document.ts";

/** One save. */
export interface Save {
  readonly documentId: string;
  /** JSON */
  readonly text: string;
  /** Of the lock under which it is written. */
  readonly fence: number;
  /** The version that the document must have; any where nothing is said. */
  readonly expected: ExpectedVersion | undefined;
  /** The version that it makes; above the present one. */
  readonly version: number;
  /** Of a save that its sender may repeat. */
  readonly keyed?: KeyedRequest | undefined;
  readonly nowMs: EpochMs;
  readonly note: ChangeNote;
  /** Whoever makes the document is its creator. */
  readonly savedBy: string;
  /** Whose rights are asked for; nobody's when left out. */
  readonly editor?: Editor | undefined;
}

/** A document as it is stored. */
interface DocumentRow {
  readonly documentId: string;
  /** JSON */
  readonly content: string;
  readonly version: number;
  /** Of the lock under which it was written last. */
  readonly lastFence: number;
  readonly updatedAtMs: EpochMs;
  readonly updatedBy: string;
  readonly createdBy: string;
  readonly access?: DocumentAccess;
  readonly change: ChangeNote;
}

/** The attributes of a document's row. */
export const at = pathsOf<DocumentRow>();

/** No later owner has written yet: what a fence is for. */
const fenceIsNotOlder = (fence: number): Fragment =>
  anyOf(isMissing(at("lastFence")), condition`${at("lastFence")} <= ${fence}`);

const versionGrowsTo = (version: number): Fragment =>
  anyOf(isMissing(at("version")), condition`${at("version")} < ${version}`);

/** Why a save was refused, from the row that refused it. */
function explainRefusal({ fence, expected, editor }: Save, row: Row | undefined, nowMs: EpochMs) {
  const denied = rightsRefusal(row, editor);
  if (denied) return denied;
  const version = Number(row?.["version"] ?? 0);
  if (Number(row?.["lastFence"] ?? 0) > fence) return new LockNotOwned(undefined, nowMs);
  if (!isExpected(expected, version)) return new DocumentChanged(version);
  return new VersionBehind(version);
}

/** The document as of now, or undefined. One request. */
export async function findDocument(
  database: Database,
  documentId: string,
): Promise<Document | undefined> {
  return parseDocument(await database.get("Documents", { documentId }));
}

/**
 * Saves, and makes the document where there is none. Refused when a newer fence has written, or
 * the document is not as expected, or the editor lacks the right. Belongs into one transaction with the
 * check of the lock.
 */
export function saveWrite(save: Save): Write {
  const { documentId, text, fence, expected, version, keyed, nowMs, note, savedBy } = save;
  const { set } = assigned<DocumentRow>({
    content: text,
    version,
    lastFence: fence,
    updatedAtMs: nowMs,
    updatedBy: note.actor,
    change: note,
  });
  const write = update({
    table: "Documents",
    key: { documentId },
    change: {
      set: [...set, action`${at("createdBy")} = if_not_exists(${at("createdBy")}, ${savedBy})`],
    },
    condition: allOf(
      fenceIsNotOlder(fence),
      versionGrowsTo(version),
      ...versionIsExpected(expected),
      ...writeIsAllowed(save.editor),
    ),
    refused: (row) => explainRefusal(save, row, nowMs),
  });
  return once(write, keyed, nowMs, String(version));
}
