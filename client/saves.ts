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

/** Browsers let requests that outlive their page carry 64 KiB, all of them together. */
const keepaliveBytes = 60_000;
/** Whether a page that goes away can still send this much. */
export function fitsLeaving(input: unknown): boolean {
  return new TextEncoder().encode(JSON.stringify(input)).length <= keepaliveBytes;
}

/** As it is now, whatever its owner does to it before it is sent. */
function copyContent(content: unknown): unknown {
  return content === undefined ? content : JSON.parse(JSON.stringify(content));
}

/** The saves of one session. */
export class Saves {
  readonly #options: SavesOptions;
  #version: number;
  #turn: Promise<unknown> = Promise.resolve();
  /** The newest content that the server has not confirmed. */
  #unsaved: Work | undefined;
  #inDoubt: Attempt | undefined;
  #left: Promise<Saved> | undefined;
  #isReleased = false;

  constructor(options: SavesOptions) {
    this.#options = options;
    this.#version = options.version;
  }

  /** Of the last save that the server has confirmed. */
  get version(): number {
    return this.#version;
  }

  /** Whether a save that also releases is on its way, was sent without an answer, or has released. */
  get isReleasing(): boolean {
    const underWay = [this.#inDoubt?.input.body, this.#unsaved];
    return this.#isReleased || underWay.some((each) => each?.keepLock === false);
  }

  /** Whether there is content that the server has not confirmed. */
  get isPending(): boolean {
    return this.#unsaved !== undefined;
  }

  /** Saves after all saves before it. */
  save(content: unknown, keepLock: boolean): Promise<Saved> {
    const work = { content: copyContent(content), keepLock };
    this.#unsaved = work;
    return this.#inTurn(() => this.#put(work));
  }

  /**
   * Saves what is not confirmed yet, and releases with it, unless told otherwise, where that was not sent before.
   *
   * @returns undefined where there was nothing to save: then nothing was released either
   */
  finish(keepLock = false): Promise<Saved | undefined> {
    if (this.#unsaved) this.#unsaved.keepLock = keepLock;
    return this.#inTurn(async () => {
      try {
        return this.#unsaved && (await this.#put(this.#unsaved));
      } finally {
        // What could not be sent goes on as before; whether one that was sent has released is in doubt.
        if (this.#unsaved) this.#unsaved.keepLock = true;
      }
    });
  }

  /** Sends the newest content that is not confirmed with a request that outlives the page. */
  leave(): Promise<Saved> | undefined {
    const [work, attempt] = [this.#unsaved, this.#inDoubt];
    if (!work || this.#left) return this.#left;
    const isSent = attempt?.work === work && attempt.input.body.keepLock === false;
    // Whether an earlier save has arrived is not known here, so no version is asked for: the lock is
    // what keeps others out, and what is still on its way finds it released.
    const input = isSent ? attempt.input : this.#makeInput({ ...work, keepLock: false });
    const sending = { keepalive: fitsLeaving(input.body), retries: 0 };
    this.#left = this.#options
      .send("saveDocument", input, sending)
      .then(({ body: { version } }) => ({ version, isReleased: true }));
    this.#left.catch(() => undefined);
    return this.#left;
  }

  #makeInput({ content, keepLock }: Work, headers = {}): InputOf<"saveDocument"> {
    const { docId, fence, sessionId } = this.#options;
    return {
      params: { docId },
      headers: { "idempotency-key": crypto.randomUUID(), ...headers },
      body: { content, fence, sessionId, keepLock },
    };
  }

  async #deliver(attempt: Attempt): Promise<Saved> {
    const { work, input } = attempt;
    this.#inDoubt = attempt;
    try {
      this.#version = (await this.#options.send("saveDocument", input)).body.version;
      this.#isReleased ||= !input.body.keepLock;
    } catch (error) {
      if (this.#left) return this.#left;
      if (isFinal(error)) this.#settle(work);
      throw error;
    }
    this.#settle(work);
    return { version: this.#version, isReleased: this.#isReleased };
  }

  #settle(work: Work): void {
    this.#inDoubt = undefined;
    if (this.#unsaved === work) this.#unsaved = undefined;
  }

  /** What was in doubt comes first: until then nobody knows on top of which version to save. */
  async #put(work: Work): Promise<Saved> {
    if (this.#left) return this.#left;
    const earlier = this.#inDoubt;
    if (earlier) {
      const saved = await this.#deliver(earlier);
      if (earlier.work === work) return saved;
    }
    // On top of the version known: a late repetition of an older save can never undo a newer one.
    const input = this.#makeInput(work, { "if-match": `"${this.#version}"` });
    return this.#left ?? this.#deliver({ work, input });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(run);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
