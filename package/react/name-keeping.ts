/** A named lock that is kept alive over HTTP, as an editing session keeps a document's. */
import type { LockInfo } from "../../client/contract.ts";
import type { EditingState } from "../../client/editing.ts";
import { createEmitter } from "../../client/emitter.ts";
import { Heartbeat, type HeartbeatHost } from "../../client/heartbeat.ts";
import type { Client } from "../../client/index.ts";
import { type Moment, readMoment } from "../../client/lease.ts";
import { onPageEvents, type PageTarget } from "../../client/page-events.ts";
import { isFinal, isProblem } from "../../client/problem.ts";
import { orLetGo } from "../../client/waiting.ts";
import type { Kept, KeptEvents } from "./keeping.ts";

/** How a lock is taken. */
export interface NameOptions {
  /** Length of the lease in seconds; 60 by default. Renewed at a third of it. */
  readonly ttl?: number;
  /** How others see the holder. */
  readonly username?: string;
}

/** Sends what becomes of one name, for one session. */
interface Door {
  acquire(): Promise<LockInfo>;
  /** Starts the lease again, and tells it. */
  extend(signal: AbortSignal): Promise<LockInfo>;
  release(isLeaving: boolean): Promise<unknown>;
}

const host: HeartbeatHost = {
  now: () => Date.now(),
  steadyMs: () => performance.now(),
  setTimer: (run, delayMs) => setTimeout(run, delayMs),
  clearTimer: (timer) => clearTimeout(timer as undefined),
};
const page = "addEventListener" in globalThis ? (globalThis as unknown as PageTarget) : undefined;

const measureEnd = ({ timestamp, expiresAtMs }: LockInfo): number => expiresAtMs - timestamp;

function createDoor(
  { send }: Pick<Client, "send">,
  name: string,
  { ttl, username }: NameOptions & { readonly ttl: number },
): Door {
  const whose = { names: [name], sessionId: crypto.randomUUID() };
  return {
    acquire: async () =>
      (await send("acquireNames", { body: { ...whose, ttl, username } })).body.lockInfo,
    extend: async (signal) =>
      (await send("extendNames", { body: { ...whose, ttl } }, { signal, retries: 0 })).body
        .lockInfo,
    release: (isLeaving) =>
      send("releaseNames", { body: whose }, isLeaving ? { keepalive: true, retries: 0 } : {}),
  };
}

class KeptName implements Kept {
  readonly fence: number;
  readonly #door: Door;
  readonly #events = createEmitter<KeptEvents>();
  readonly #heartbeat: Heartbeat;
  readonly #stopListening: () => void;
  #end: "lost" | "closed" | undefined;

  constructor(door: Door, leaseMs: number, lock: LockInfo, granted: Moment) {
    const { emit } = this.#events;
    this.#door = door;
    this.fence = lock.fence;
    this.#heartbeat = new Heartbeat({
      host,
      leaseMs,
      granted,
      endsAfterMs: measureEnd(lock),
      renew: (signal) => this.#renew(signal),
      onSure: () => emit("renewed", { expiresAtMs: this.expiresAtMs }),
      onUnsure: (error) => emit("unsure", { error }),
      onEnding: () => undefined,
    });
    this.#stopListening = onPageEvents(
      page,
      () => this.#heartbeat.wake(),
      () => {
        void door.release(true).catch(() => undefined);
        // Should the browser bring the page back, it must not go on as if it still had the lock.
        this.#lose(null, "The page was left");
      },
    );
  }

  get on() {
    return this.#events.on;
  }

  get state(): EditingState {
    return this.#end ?? (this.#heartbeat.isSure ? "held" : "unsure");
  }

  get expiresAtMs(): number {
    return this.#heartbeat.expiresAtMs;
  }

  async close(): Promise<void> {
    if (this.#end) return;
    this.#finish("closed");
    await this.#door.release(false).catch((error: unknown) => {
      // Lost in the meantime: then there is nothing left to give back.
      if (!isProblem(error, "LOCK_NOT_OWNED")) throw error;
    });
  }

  #finish(as: "lost" | "closed"): void {
    this.#end = as;
    this.#heartbeat.stop();
    this.#stopListening();
  }

  #lose(owner: LockInfo | null, reason: string): void {
    if (this.#end) return;
    this.#finish("lost");
    this.#events.emit("lost", { owner, reason });
  }

  async #renew(signal: AbortSignal): Promise<number | undefined> {
    try {
      return measureEnd(await this.#door.extend(signal));
    } catch (error) {
      if (!isProblem(error, "LOCK_NOT_OWNED")) throw error;
      this.#lose(error.problem.lockInfo, error.message);
      return undefined;
    }
  }
}

/**
 * Takes the lock and keeps it until it is closed, lost, or the page goes away.
 *
 * @throws ApiError `LOCK_HELD` when somebody else has it
 */
export async function keepName(
  client: Pick<Client, "send">,
  name: string,
  { ttl = 60, ...options }: NameOptions,
): Promise<Kept> {
  const door = createDoor(client, name, { ttl, ...options });
  const granted = readMoment(host);
  const letGo = (): Promise<unknown> => door.release(true);
  try {
    const lock = await orLetGo(door.acquire(), { signal: undefined, page }, letGo);
    return new KeptName(door, ttl * 1_000, lock, granted);
  } catch (error) {
    // It may have been granted without anybody's knowledge, to a session that nobody else is.
    if (!isFinal(error)) void letGo().catch(() => undefined);
    throw error;
  }
}
