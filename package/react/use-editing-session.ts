/** `useEditingSession`: a document that is edited for as long as a component is there. */
import type { EditingSession, EditOptions } from "../../client/editing.ts";
import type { Client } from "../../client/index.ts";
import { type Shown, useKept } from "./keeping.ts";

/** A document being edited, as far as a component may know. */
export interface Editing extends Shown {
  /** Once it was granted: its content, version and fence, and what else can be done. */
  readonly session: EditingSession | null;
  /**
   * Saves the whole content, and keeps the lock unless told otherwise.
   *
   * @throws ApiError as `EditingSession.save`; Error where nothing was granted yet
   */
  save(
    content: unknown,
    options?: { readonly keepLock?: boolean },
  ): Promise<{ readonly version: number }>;
  /** Saves what no server has confirmed yet and gives the lock back before the component goes. */
  close(): Promise<void>;
  /** Asks for the document again, after it was refused, lost or given back. */
  retake(): void;
}

/** How to edit: read when the document is asked for; changes later have no effect. */
export type UseEditingOptions = Omit<EditOptions, "signal" | "onPlace">;

/**
 * Takes a document's lock, keeps it alive, and gives it back when the component goes or the document changes; `null` asks for
 * nothing. A lock that was lost is told: `state` is `lost`, `owner` has it, and saves are refused.
 *
 * @example
 * const { state, owner, session, save } = useEditingSession(client, "report/7", { waitMs: 60_000 });
 * if (state === "lost" || state === "refused") return <ReadOnly by={owner?.username} />;
 */
export function useEditingSession(
  client: Pick<Client, "documents">,
  docId: string | null,
  options: UseEditingOptions = {},
): Editing {
  const kept = useKept<EditingSession>(
    client,
    docId === null ? null : `document ${docId}`,
    (waiting) => client.documents.edit(docId!, { ...options, ...waiting }),
  );
  const { right } = kept;
  return {
    ...kept.shown,
    session: right ?? null,
    async save(content, how) {
      if (!right) throw new Error("The document's lock was not granted yet");
      try {
        return await right.save(content, how);
      } finally {
        kept.look();
      }
    },
    async close() {
      await right?.close();
      kept.look();
    },
    retake: kept.retake,
  };
}
