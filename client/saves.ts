/** The saves of an editing session: one after the other, none lost, the last one carried along on leaving. */
import type { InputOf } from "./contract.ts";
import { isFinal } from "./problem.ts";
import type { Send } from "./request.ts";

/** Under which lock is saved, and on top of which version. */
export interface SavesOptions {
  readonly send: Send;
  readonly docId: string;
  readonly sessionId: string;
  readonly fence: number;
  readonly version: number;
}

/** One content on its way. */
interface Work {
  readonly content: unknown;
  keepLock: boolean;
}

/** A request that was sent, and is sent again as it was until the server has said what became of it. */
interface Attempt {
  readonly work: Work;
  readonly input: InputOf<"saveDocument">;
}

/** What a save that succeeded has done. */
export interface Saved {
  readonly version: number;
  readonly isReleased: boolean;
}

/** The saves of one session. */
export interface Saves {
  /** Of the last save that the server has confirmed. */
  readonly version: number;
  /** Whether a save that also releases is on its way, was sent without an answer, or has released. */
  readonly isReleasing: boolean;
  /** Whether there is content that the server has not confirmed. */
  readonly isPending: boolean;
  save(content: unknown, keepLock: boolean): Promise<Saved>;
  /**
   * Saves what is not confirmed yet, releasing with it, after all saves that were asked for before.
   *
   * @returns undefined where there was nothing to save: then nothing was released either
   */
  finish(): Promise<Saved | undefined>;
  /** Sends the newest content that is not confirmed with a request that outlives the page. */
  leave(): Promise<Saved> | undefined;
}

/** Browsers let requests that outlive their page carry 64 KiB, all of them together. */
const keepaliveBytes = 60_000;
const headersOf = (): { "idempotency-key": string } => ({
  "idempotency-key": crypto.randomUUID(),
});

/** Whether a page that goes away can still send this much. */
export function fitsLeaving(input: unknown): boolean {
  return new TextEncoder().encode(JSON.stringify(input)).length <= keepaliveBytes;
}

/** As it is now, whatever its owner does to it before it is sent. */
function copyOf(content: unknown): unknown {
  return content === undefined ? content : JSON.parse(JSON.stringify(content));
}

/** Makes the saves of a session. */
export function createSaves({ send, docId, sessionId, fence, ...given }: SavesOptions): Saves {
  let { version } = given;
  let turn: Promise<unknown> = Promise.resolve();
  /** The newest content that the server has not confirmed. */
  let unsaved: Work | undefined;
  let inDoubt: Attempt | undefined;
  let left: Promise<Saved> | undefined;
  let isReleased = false;

  function bodyOf({ content, keepLock }: Work) {
    return { content, fence, sessionId, keepLock };
  }

  /** On top of the version known: a late repetition of an older save can never undo a newer one. */
  function attemptOf(work: Work): Attempt {
    const headers = { ...headersOf(), "if-match": `"${version}"` };
    return { work, input: { params: { docId }, headers, body: bodyOf(work) } };
  }

  async function deliver(attempt: Attempt): Promise<Saved> {
    const { work, input } = attempt;
    inDoubt = attempt;
    try {
      version = (await send("saveDocument", input)).body.version;
    } catch (error) {
      if (left) return left;
      if (!isFinal(error)) throw error;
      inDoubt = undefined;
      if (unsaved === work) unsaved = undefined;
      throw error;
    }
    inDoubt = undefined;
    if (unsaved === work) unsaved = undefined;
    isReleased ||= !input.body.keepLock;
    return { version, isReleased };
  }

  /** What was in doubt comes first: until then nobody knows on top of which version to save. */
  async function put(work: Work): Promise<Saved> {
    if (left) return left;
    if (inDoubt) {
      const { work: earlier } = inDoubt;
      const saved = await deliver(inDoubt);
      if (earlier === work) return saved;
    }
    return left ?? deliver(attemptOf(work));
  }

  function inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = turn.then(run);
    turn = done.catch(() => undefined);
    return done;
  }

  return {
    get version() {
      return version;
    },
    get isReleasing() {
      return isReleased || [inDoubt?.input.body, unsaved].some((each) => each?.keepLock === false);
    },
    get isPending() {
      return unsaved !== undefined;
    },
    save(content, keepLock) {
      const work = { content: copyOf(content), keepLock };
      unsaved = work;
      return inTurn(() => put(work));
    },
    finish() {
      // One that has not been sent yet releases at once; one that has been is waited for.
      if (unsaved) unsaved.keepLock = false;
      return inTurn(async () => {
        try {
          return unsaved && (await put(unsaved));
        } finally {
          // What could not be sent goes on as before; whether one that was sent has released is in doubt.
          if (unsaved) unsaved.keepLock = true;
        }
      });
    },
    leave() {
      if (!unsaved || left) return left;
      const sent = inDoubt?.work === unsaved && inDoubt.input.body.keepLock === false;
      // Whether an earlier save has arrived is not known here, so no version is asked for: the lock
      // is what keeps others out, and what is still on its way finds it released.
      const body = bodyOf({ ...unsaved, keepLock: false });
      const input = sent ? inDoubt!.input : { params: { docId }, headers: headersOf(), body };
      left = send("saveDocument", input, { keepalive: fitsLeaving(body), retries: 0 }).then(
        ({ body: saved }) => ({ version: saved.version, isReleased: true }),
      );
      left.catch(() => undefined);
      return left;
    },
  };
}
