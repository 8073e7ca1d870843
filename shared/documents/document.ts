/** What a document is: its shape, its limits, and the errors that speak of it. */
import { HoldfastError, InvalidRequest, TooLarge } from "../base/errors.ts";
import { type EpochMs, epochMs } from "../base/time.ts";
import type { Lock } from "../locks/lock.ts";
import type { Row } from "../table/write.ts";
import { accessIn, type DocumentAccess } from "./document-access.ts";

/** A document as it was saved last. */
export interface Document {
  readonly documentId: string;
  /** Any JSON. */
  readonly content: unknown;
  /** Grows with every save. Starts from the clock, so that it is known without reading the old one. */
  readonly version: number;
  readonly updatedAtMs: EpochMs;
  readonly updatedBy: string;
  /** Who saved it first; may say who else reads and edits it. */
  readonly createdBy: string | undefined;
  readonly access: DocumentAccess | undefined;
}

/** A document, if it was ever saved, and the lock on it, if somebody has it. */
export interface DocumentState {
  readonly document: Document | undefined;
  readonly lock: Lock | undefined;
}

/** Longest content in bytes of its JSON; with its other attributes it stays below DynamoDB's 400 KB. */
const maxContentBytes = 256 * 1024;
/** Deepest nesting of content. */
const maxContentDepth = 100;

/** The name of the lock on a document. */
export function documentLockName(documentId: string): string {
  return `document/${documentId}`;
}

/** The document in a row, or undefined where there is none. */
export function parseDocument(row: Row | undefined): Document | undefined {
  if (row?.["version"] === undefined) return undefined;
  return {
    documentId: String(row["documentId"]),
    content: JSON.parse(String(row["content"])) as unknown,
    version: Number(row["version"]),
    updatedAtMs: epochMs(Number(row["updatedAtMs"])),
    updatedBy: String(row["updatedBy"]),
    createdBy: row["createdBy"] as string | undefined,
    access: accessIn(row),
  };
}

/** Whether lists and objects nest deeper than `limit`; looks no further, and never recurses. */
function isDeeperThan(limit: number, value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= limit; depth += 1) {
    const nested = level.filter((each) => typeof each === "object" && each !== null);
    if (nested.length === 0) return false;
    level = nested.flatMap((each) => Object.values(each as object));
  }
  return true;
}

/**
 * The JSON text under which content is stored: exactly what was sent, whatever its keys are called.
 *
 * @throws TooLarge beyond `maxContentBytes`
 * @throws InvalidRequest when it nests too deep
 */
export function contentText(content: unknown): string {
  if (isDeeperThan(maxContentDepth, content)) {
    const message = `must not nest deeper than ${maxContentDepth} levels`;
    throw new InvalidRequest([{ path: "content", message }]);
  }
  const text = JSON.stringify(content);
  if (Buffer.byteLength(text) > maxContentBytes) {
    throw new TooLarge(`A document holds at most ${maxContentBytes} bytes`, maxContentBytes);
  }
  return text;
}

/** Nothing was ever saved under this name; nothing was changed. */
export class DocumentNotFound extends HoldfastError {
  constructor(docId: string) {
    super("DOCUMENT_NOT_FOUND", "There is no such document", { docId });
  }
}

/** The document is not the one the caller has seen; nothing was changed. 0 means there is none. */
export class DocumentChanged extends HoldfastError {
  constructor(currentVersion: number) {
    super("VERSION_MISMATCH", "The document was changed in the meantime: read it again", {
      currentVersion,
    });
  }
}

/** The clock lags behind the stored version; nothing was changed, and a save above it will do. */
export class VersionBehind extends DocumentChanged {
  readonly version: number;

  constructor(version: number) {
    super(version);
    this.version = version;
  }
}
