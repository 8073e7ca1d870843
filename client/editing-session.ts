/** An editing session: keeps a document's lock alive, tells when it is lost, saves with its fence. */
import type { LockInfo } from "./contract.ts";
import type {
  EditingEvents,
  EditingSession,
  EditingState,
  EditOptions,
  HandOverTarget,
} from "./editing.ts";
import { createEmitter, type Listen } from "./emitter.ts";
import { Heartbeat, type HeartbeatHost } from "./heartbeat.ts";
import type { Moment } from "./lease.ts";
import { askBeforeLeaving, onPageEvents, type PageTarget } from "./page-events.ts";
import { isFinal, isProblem } from "./problem.ts";
import type { Send } from "./request.ts";
import { fitsLeaving, type Saved, Saves } from "./saves.ts";
import { Line } from "./line.ts";
import { orLetGo } from "./waiting.ts";

/** Clocks, timers and page of the session; tests bring their own. */
export interface SessionHost extends HeartbeatHost {
  readonly page: PageTarget | undefined;
}

/** What the server granted. */
interface Granted {
  readonly docId: string;
  readonly sessionId: string;
  readonly fence: number;
  readonly content: unknown;
  readonly version: number;
  /** What was asked for, in seconds; the server may give less. */
  readonly ttl: number;
  readonly endsAfterMs: number;
  /** When the request was sent: the server cannot have counted from an earlier instant. */
  readonly granted: Moment;
}

/** When a lease ends, counted from when the lock was granted: both by the server's clock, whatever this one says. */
const measureEnd = ({ timestamp, expiresAtMs }: LockInfo): number => expiresAtMs - timestamp;

class Session implements EditingSession {
  readonly docId: string;
  readonly content: unknown;
  readonly fence: number;
  readonly sessionId: string;
  readonly #send: Send;
  readonly #host: SessionHost;
  touch: () => void = () => undefined;
  readonly #events = createEmitter<EditingEvents>();
  readonly #heartbeat: Heartbeat;
  readonly #saves: Saves;
  readonly #stopListening: () => void;
  /** How it ended, if it has. */
  #end: "lost" | "closed" | undefined;
  /** A release is on its way, or was sent without an answer. */
  #isReleasing = false;

  constructor(send: Send, host: SessionHost, granted: Granted) {
    const { ttl, endsAfterMs, granted: since } = granted;
    this.docId = granted.docId;
    this.content = granted.content;
    this.fence = granted.fence;
    this.sessionId = granted.sessionId;
    this.#send = send;
    this.#host = host;
    this.#saves = new Saves({ send, ...granted });
    this.#heartbeat = new Heartbeat({
      host,
      leaseMs: ttl * 1_000,
      endsAfterMs,
      granted: since,
      renew: (signal) => this.#renew(ttl, signal),
      onSure: () => this.#events.emit("renewed", { expiresAtMs: this.expiresAtMs }),
      onUnsure: (error) => this.#events.emit("unsure", { error }),
      onEnding: (endsAtMs) => this.#events.emit("ending", { endsAtMs, reason: "limit" }),
    });
    this.#stopListening = onPageEvents(
      host.page,
      // Asleep or in the background for longer than a heartbeat: ask before anybody relies on it.
      () => this.#heartbeat.wake(),
      () => this.#leave(),
    );
  }

  get on(): Listen<EditingEvents> {
    return this.#events.on;
  }

  get version(): number {
    return this.#saves.version;
  }

  get expiresAtMs(): number {
    return this.#heartbeat.expiresAtMs;
  }

  get state(): EditingState {
    return this.#end ?? (this.#heartbeat.isSure ? "held" : "unsure");
  }

  get isSaved(): boolean {
    return !this.#saves.isPending;
  }

  /** Lets go when nobody touches it for so long. */
  watch(letGoWhenIdle: typeof import("./idle.ts").letGoWhenIdle, idleMs: number): void {
    const tell = this.#events.emit;
    this.touch = letGoWhenIdle({ session: this, idleMs, host: this.#host, tell });
  }

  async save(content: unknown, { keepLock = true } = {}): Promise<{ version: number }> {
    this.touch();
    const saving = this.#follow(this.#saves.save(content, keepLock));
    if (!fitsLeaving(content)) askBeforeLeaving(this.#host.page, saving);
    return { version: (await saving).version };
  }

  async check(): Promise<EditingState> {
    if (!this.#end) await this.#heartbeat.ask();
    return this.state;
  }

  async close(): Promise<void> {
    if (this.#end) return;
    const saved = await this.#follow(this.#saves.finish());
    // Whoever closes wants no heartbeats, whatever becomes of the release: then the lease ends by itself.
    this.#heartbeat.stop();
    if (!this.#end && !saved?.isReleased) await this.#release(false);
  }

  async handOver(to?: HandOverTarget): Promise<LockInfo> {
    await this.#follow(this.#saves.finish(true));
    const asked = { body: { ...this.#hold, to } };
    return (await this.#follow(this.#giveUp(this.#send("handOverLock", asked)))).body.lockInfo;
  }

  get #hold() {
    return { docId: this.docId, sessionId: this.sessionId, fence: this.fence };
  }

  #finish(as: "lost" | "closed"): void {
    this.#end ??= as;
    this.#heartbeat.stop();
    this.#stopListening();
  }

  #leave(): void {
    const isSaving = this.#saves.leave();
    this.#finish("closed");
    if (!isSaving) this.#release(true).catch(() => undefined);
    // Should the browser bring the page back, it must not go on as if it still had the lock.
    this.#events.emit("lost", { owner: null, reason: "The page was left" });
  }

  /** Tells the loss once; any other error is left alone. */
  #loseBy(error: unknown): boolean {
    if (!isProblem(error, "LOCK_NOT_OWNED")) return false;
    // A heartbeat that crosses a release meets its effect: what became of it, its own answer says.
    if (this.#end || this.#isReleasing || this.#saves.isReleasing) return true;
    this.#finish("lost");
    this.#events.emit("lost", { owner: error.problem.lockInfo, reason: error.message });
    return true;
  }

  /** The heartbeat is also the question: it renews only what is still ours. */
  async #renew(ttl: number, signal: AbortSignal): Promise<number | undefined> {
    try {
      const asked = { body: { ...this.#hold, ttl } };
      const { body } = await this.#send("extendLock", asked, { signal, retries: 0 });
      if (body.askedBy) this.#events.emit("asked", body.askedBy);
      return measureEnd(body.lockInfo);
    } catch (error) {
      if (!this.#loseBy(error)) throw error;
      return undefined;
    }
  }

  /** Follows a save or a hand-over: a lock that it released needs no heartbeat any more. */
  async #follow<T>(saving: Promise<T>): Promise<T> {
    try {
      const saved = await saving;
      if ((saved as Partial<Saved> | undefined)?.isReleased) this.#finish("closed");
      return saved;
    } catch (error) {
      this.#loseBy(error);
      throw error;
    }
  }

  /** Whoever gives the lock up has lost nothing, unless the last word on it is a refusal. */
  async #giveUp<T>(giving: Promise<T>): Promise<T> {
    this.#isReleasing = true;
    try {
      const given = await giving;
      this.#finish("closed");
      return given;
    } catch (error) {
      this.#isReleasing = !isFinal(error);
      throw error;
    }
  }

  async #release(isLeaving: boolean): Promise<void> {
    const sending = isLeaving ? { keepalive: true, retries: 0 } : {};
    try {
      await this.#giveUp(this.#send("releaseLock", { body: this.#hold }, sending));
    } catch (error) {
      // Lost in the meantime: then there is nothing left to give back.
      if (!isProblem(error, "LOCK_NOT_OWNED")) throw error;
      this.#finish("closed");
    }
  }
}

/**
 * Takes the lock and starts the session; refused with `LOCK_HELD` when somebody else has it. Cancelled,
 * it gives back at once whatever it gets.
 */
export async function startEditing(
  send: Send,
  host: SessionHost,
  docId: string,
  options: EditOptions = {},
): Promise<EditingSession> {
  const { ttl = 300, sessionId = crypto.randomUUID(), username, signal, idleMs, live } = options;
  // Before anything is taken that it would have to let go of.
  const idle = idleMs ? await import("./idle.ts") : undefined;
  const line = new Line(send, host, { params: { docId }, body: { ttl, sessionId, username } });
  const waiting = line.wait(options);
  const begun = await orLetGo(waiting, { signal, page: host.page }, () => line.letGo());
  const { content, version, lockInfo } = begun.body;
  const session = { docId, sessionId, fence: lockInfo.fence, content, version };
  const lease = { ttl, endsAfterMs: measureEnd(lockInfo), granted: begun.asked };
  const started = new Session(send, host, { ...session, ...lease });
  live?.hearLock(started);
  if (idle && idleMs) started.watch(idle.letGoWhenIdle, idleMs);
  return started;
}
