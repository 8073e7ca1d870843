/** An editing session: keeps a document's lock alive, tells when it is lost, saves with its fence. */
import type { EditingEvents, EditingSession, EditingState, EditOptions } from "./editing.ts";
import { createEmitter, type Listen } from "./emitter.ts";
import { isProblem } from "./problem.ts";
import type { Send } from "./request.ts";
import { onPageEvents, type PageTarget } from "./page-events.ts";

/** Clock, timers and page of the session; tests bring their own. */
export interface SessionHost {
  readonly now: () => number;
  readonly setTimer: (run: () => void, delayMs: number) => unknown;
  readonly clearTimer: (timer: unknown) => void;
  readonly page: PageTarget | undefined;
}

/** While unsure, the server is asked again after this share of the lease, but at least so often. */
const unsureShare = 1 / 20;
const longestUnsureMs = 5_000;

/** What the server granted, and by when at the latest it will take it back. */
interface Granted {
  readonly docId: string;
  readonly sessionId: string;
  readonly fence: number;
  readonly content: unknown;
  readonly version: number;
  readonly leaseMs: number;
  /** When the request was sent: the server cannot have counted from an earlier instant. */
  readonly askedMs: number;
}

class Session implements EditingSession {
  readonly docId: string;
  readonly content: unknown;
  readonly fence: number;
  readonly sessionId: string;
  readonly #send: Send;
  readonly #host: SessionHost;
  readonly #leaseMs: number;
  readonly #events = createEmitter<EditingEvents>();
  readonly #stopListening: () => void;
  #version: number;
  #state: EditingState = "held";
  #confirmedMs: number;
  #timer: unknown;
  #saving: Promise<unknown> = Promise.resolve();
  #asking: Promise<void> | undefined;
  /** A save that also releases is on its way: its answer says what became of the lock. */
  #isReleasing = false;

  constructor(send: Send, host: SessionHost, granted: Granted) {
    this.docId = granted.docId;
    this.content = granted.content;
    this.fence = granted.fence;
    this.sessionId = granted.sessionId;
    this.#send = send;
    this.#host = host;
    this.#version = granted.version;
    this.#leaseMs = granted.leaseMs;
    this.#confirmedMs = granted.askedMs;
    this.#stopListening = onPageEvents(host.page, {
      // Asleep or in the background for longer than a heartbeat: ask before anybody relies on it.
      awake: () => {
        const silentMs = host.now() - this.#confirmedMs;
        if (this.#state === "unsure" || silentMs > this.#leaseMs / 3) void this.#ask();
      },
      leaving: () => {
        void this.#release(true);
        // Should the browser bring the page back, it must not go on as if it still had the lock.
        this.#events.emit("lost", { owner: null, reason: "The page was left" });
      },
    });
    this.#schedule();
  }

  get on(): Listen<EditingEvents> {
    return this.#events.on;
  }

  get version(): number {
    return this.#version;
  }

  get expiresAtMs(): number {
    return this.#confirmedMs + this.#leaseMs;
  }

  get state(): EditingState {
    const isOverdue = this.#state === "held" && this.#host.now() >= this.expiresAtMs;
    return isOverdue ? "unsure" : this.#state;
  }

  save(content: unknown, { keepLock = true } = {}): Promise<{ version: number }> {
    // One after the other: each save waits for the version that the one before it made.
    const saved = this.#saving.then(() => this.#put(content, keepLock));
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  async check(): Promise<EditingState> {
    if (!this.#isOver) await this.#ask();
    return this.state;
  }

  close(): Promise<void> {
    return this.#release(false);
  }

  get #isOver(): boolean {
    return this.#state === "lost" || this.#state === "closed";
  }

  get #hold() {
    return { docId: this.docId, sessionId: this.sessionId, fence: this.fence };
  }

  #end(as: "lost" | "closed"): void {
    this.#state = as;
    this.#host.clearTimer(this.#timer);
    this.#stopListening();
  }

  /** Tells the loss once; any other error is left alone. */
  #loseBy(error: unknown): boolean {
    if (!isProblem(error, "LOCK_NOT_OWNED")) return false;
    if (this.#isOver || this.#isReleasing) return true;
    this.#end("lost");
    this.#events.emit("lost", { owner: error.problem.lockInfo, reason: error.message });
    return true;
  }

  #doubt(error: unknown): void {
    this.#state = "unsure";
    this.#events.emit("unsure", { error });
  }

  #schedule(): void {
    this.#host.clearTimer(this.#timer);
    if (this.#isOver) return;
    const unsureMs = Math.min(this.#leaseMs * unsureShare, longestUnsureMs);
    const delayMs = this.#state === "held" ? this.#leaseMs / 3 : unsureMs;
    this.#timer = this.#host.setTimer(() => void this.#ask(), delayMs);
  }

  /** One question at a time; whoever asks meanwhile gets the same answer. */
  #ask(): Promise<void> {
    this.#asking ??= this.#renew().finally(() => {
      this.#asking = undefined;
      this.#schedule();
    });
    return this.#asking;
  }

  /** The heartbeat is also the question: it renews only what is still ours. */
  async #renew(): Promise<void> {
    const sentMs = this.#host.now();
    if (sentMs >= this.expiresAtMs && this.#state === "held") this.#doubt(undefined);
    try {
      await this.#send("extendLock", { body: { ...this.#hold, ttl: this.#leaseMs / 1_000 } });
      if (this.#isOver) return;
      this.#state = "held";
      this.#confirmedMs = sentMs;
      this.#events.emit("renewed", { expiresAtMs: this.expiresAtMs });
    } catch (error) {
      if (!this.#isOver && !this.#loseBy(error)) this.#doubt(error);
    }
  }

  async #put(content: unknown, keepLock: boolean): Promise<{ version: number }> {
    const { docId, fence, sessionId } = this;
    this.#isReleasing = !keepLock;
    try {
      const saved = await this.#send("saveDocument", {
        params: { docId },
        headers: { "if-match": `"${this.#version}"` },
        body: { content, fence, sessionId, keepLock },
      });
      this.#version = saved.body.version;
    } catch (error) {
      this.#isReleasing = false;
      this.#loseBy(error);
      throw error;
    }
    if (!keepLock && !this.#isOver) this.#end("closed");
    return { version: this.#version };
  }

  async #release(keepalive: boolean): Promise<void> {
    if (this.#isOver) return;
    this.#end("closed");
    try {
      await this.#send("releaseLock", { body: this.#hold }, { keepalive });
    } catch (error) {
      // Lost in the meantime: then there is nothing left to give back.
      if (!isProblem(error, "LOCK_NOT_OWNED") && !keepalive) throw error;
    }
  }
}

/** Takes the lock and starts the session; refused with `LOCK_HELD` when somebody else has it. */
export async function startEditing(
  send: Send,
  host: SessionHost,
  docId: string,
  options: EditOptions = {},
): Promise<EditingSession> {
  const { ttl = 300, sessionId = crypto.randomUUID(), ...others } = options;
  const askedMs = host.now();
  const body = { ttl, sessionId, ...others };
  const { content, version, lockInfo } = (await send("editDocument", { params: { docId }, body }))
    .body;
  const { fence } = lockInfo;
  const leaseMs = ttl * 1_000;
  return new Session(send, host, { docId, sessionId, fence, content, version, leaseMs, askedMs });
}
