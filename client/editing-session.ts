/** An editing session: keeps a document's lock alive, tells when it is lost, saves with its fence. */
import type { EditingEvents, EditingSession, EditingState, EditOptions } from "./editing.ts";
import { createEmitter } from "./emitter.ts";
import { createHeartbeat, type HeartbeatHost } from "./heartbeat.ts";
import { type Moment, momentOf } from "./lease.ts";
import { askBeforeLeaving, onPageEvents, type PageTarget } from "./page-events.ts";
import { isFinal, isProblem } from "./problem.ts";
import type { Send } from "./request.ts";
import { createSaves, fitsLeaving, type Saved } from "./saves.ts";
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
  readonly leaseMs: number;
  /** When the request was sent: the server cannot have counted from an earlier instant. */
  readonly granted: Moment;
}

/** Keeps what was granted until it is closed, lost, or the page goes away. */
function createSession(send: Send, host: SessionHost, given: Granted): EditingSession {
  const { docId, sessionId, fence, leaseMs } = given;
  const hold = { docId, sessionId, fence };
  const events = createEmitter<EditingEvents>();
  const saves = createSaves({ send, ...given });
  /** How it ended, if it has. */
  let end: "lost" | "closed" | undefined;
  /** A release is on its way, or was sent without an answer. */
  let isReleasing = false;

  const heartbeat = createHeartbeat({
    host,
    leaseMs,
    granted: given.granted,
    async renew(signal) {
      const body = { ...hold, ttl: leaseMs / 1_000 };
      const failed = await send("extendLock", { body }, { signal, retries: 0 }).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failed && !loseBy(failed)) throw failed;
      return !failed;
    },
    onSure: () => events.emit("renewed", { expiresAtMs: heartbeat.expiresAtMs }),
    onUnsure: (error) => events.emit("unsure", { error }),
  });
  const stopListening = onPageEvents(host.page, {
    // Asleep or in the background for longer than a heartbeat: ask before anybody relies on it.
    awake: heartbeat.wake,
    leaving() {
      const isSaving = saves.leave();
      finish("closed");
      if (!isSaving) release(true).catch(() => undefined);
      // Should the browser bring the page back, it must not go on as if it still had the lock.
      events.emit("lost", { owner: null, reason: "The page was left" });
    },
  });

  function finish(as: "lost" | "closed"): void {
    end ??= as;
    heartbeat.stop();
    stopListening();
  }

  /** Tells the loss once; any other error is left alone. */
  function loseBy(error: unknown): boolean {
    if (!isProblem(error, "LOCK_NOT_OWNED")) return false;
    // A heartbeat that crosses a release meets its effect: what became of it, its own answer says.
    if (end || isReleasing || saves.isReleasing) return true;
    finish("lost");
    events.emit("lost", { owner: error.problem.lockInfo, reason: error.message });
    return true;
  }

  /** Follows a save: a lock that it released needs no heartbeat any more. */
  async function follow<S extends Saved | undefined>(saving: Promise<S>): Promise<S> {
    try {
      const saved = await saving;
      if (saved?.isReleased) finish("closed");
      return saved;
    } catch (error) {
      loseBy(error);
      throw error;
    }
  }

  async function release(isLeaving: boolean): Promise<void> {
    isReleasing = true;
    try {
      await send("releaseLock", { body: hold }, isLeaving ? { keepalive: true, retries: 0 } : {});
    } catch (error) {
      // Lost in the meantime: then there is nothing left to give back.
      if (!isProblem(error, "LOCK_NOT_OWNED")) {
        if (isFinal(error)) isReleasing = false;
        throw error;
      }
    }
    finish("closed");
  }

  const stateNow = (): EditingState => end ?? (heartbeat.isSure ? "held" : "unsure");

  return {
    docId,
    sessionId,
    fence,
    content: given.content,
    on: events.on,
    get version() {
      return saves.version;
    },
    get expiresAtMs() {
      return heartbeat.expiresAtMs;
    },
    get state() {
      return stateNow();
    },
    get isSaved() {
      return !saves.isPending;
    },
    async save(content, { keepLock = true } = {}) {
      const saving = follow(saves.save(content, keepLock));
      if (!fitsLeaving(content)) askBeforeLeaving(host.page, saving);
      return { version: (await saving).version };
    },
    async check() {
      if (!end) await heartbeat.ask();
      return stateNow();
    },
    async close() {
      if (end) return;
      const saved = await follow(saves.finish());
      // Whoever closes wants no heartbeats, whatever becomes of the release: then the lease ends by itself.
      heartbeat.stop();
      if (!end && !saved?.isReleased) await release(false);
    },
  };
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
  const { ttl = 300, sessionId = crypto.randomUUID(), signal, ...others } = options;
  const granted = momentOf(host);
  const input = { params: { docId }, body: { ttl, sessionId, ...others } };
  const { body } = await orLetGo(send("editDocument", input), { signal, page: host.page }, () =>
    send("releaseLock", { body: { docId, sessionId } }, { keepalive: true }),
  );
  const { content, version, lockInfo } = body;
  const { fence } = lockInfo;
  const leaseMs = ttl * 1_000;
  return createSession(send, host, {
    ...{ docId, sessionId, fence, content, version, leaseMs, granted },
  });
}
