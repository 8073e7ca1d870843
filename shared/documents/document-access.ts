/**
 * Who may read and write a document: those on its access list, or whom the shop lets in where it has none. The
 * list stands on the document and on its lock, so that the very write that saves or locks can check it.
 *
 * @see docs/decisions/0014-document-access.md
 */
import { Forbidden, type HoldfastError } from "../base/errors.ts";
import type { Permit } from "../locks/lock.ts";
import { anyOf, condition, type Fragment, isMissing, pathsOf } from "../table/expression.ts";
import type { Row } from "../table/write.ts";

/** Whose rights are asked for. */
export interface Editor {
  readonly userId: string;
  /** Administrators may do everything. */
  readonly isAdmin: boolean;
  /** Whether the shop lets this caller in where a document has no list (`documentAccess`). */
  readonly byDefault: boolean;
}

/** A document's list; its creator is always among the editors. Whoever edits also reads. */
export interface DocumentAccess {
  readonly readers: readonly string[];
  readonly editors: readonly string[];
}

/** A document's row and its lock's have the list in common. */
const at = pathsOf<{ readonly access?: DocumentAccess }>();

/** So many names a list may have of each kind. */
export const maxAccessNames = 100;

/** The list in a row of a document or of its lock, if there is one. */
export function accessIn(row: Row | undefined): DocumentAccess | undefined {
  return row?.["access"] as DocumentAccess | undefined;
}

/** Whether this caller may change the document. */
function mayWrite(access: DocumentAccess | undefined, editor: Editor): boolean {
  const { userId, isAdmin, byDefault } = editor;
  return isAdmin || (access ? access.editors.includes(userId) : byDefault);
}

/** Whether this caller may see the document. */
export function mayRead(access: DocumentAccess | undefined, editor: Editor): boolean {
  return mayWrite(access, editor) || (access?.readers.includes(editor.userId) ?? false);
}

/** The row's list names the caller, or there is none and the shop lets the caller in. */
function callerMayWrite({ userId, byDefault }: Editor): Fragment {
  const isNamed = condition`contains(${at("access", "editors")}, ${userId})`;
  return byDefault ? anyOf(isMissing(at("access")), isNamed) : isNamed;
}

/** The same as a condition of a write; none for administrators. */
export function writeIsAllowed(editor: Editor | undefined): Fragment[] {
  return editor && !editor.isAdmin ? [callerMayWrite(editor)] : [];
}

/** Why a write was refused, if rights are the reason. */
export function rightsRefusal(
  row: Row | undefined,
  editor: Editor | undefined,
): HoldfastError | undefined {
  const isRefused = editor && !mayWrite(accessIn(row), editor);
  return isRefused ? new Forbidden("You may not change this document") : undefined;
}

/** The right to take and keep the lock of a document; undefined where nobody's rights are asked for. */
export function makePermit(editor: Editor | undefined): Permit | undefined {
  if (!editor || editor.isAdmin) return undefined;
  const refusal = (row: Row | undefined) => rightsRefusal(row, editor);
  return { condition: callerMayWrite(editor), refusal };
}
