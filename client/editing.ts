/** What editing a document is: its options, its states, what it tells, what it can do. */
import type { Live } from "./live.ts";
import type { AnswerOf, InputOf, LockInfo } from "./contract.ts";
import type { Listen } from "./emitter.ts";

/** A place in line; `estimatedWaitMs` comes from how long others had the lock. */
export interface Place {
  /** Names the place: who waits asks the owner to let go with it (`client.askForLock`). */
  readonly ticket: string;
  readonly position: number;
  readonly ahead: number;
  readonly estimatedWaitMs: number;
  /** Who has the lock now. */
  readonly lockInfo: LockInfo;
}

/** How to edit; all of it may be left out. */
export interface EditOptions {
  /** Length of the lease in seconds; 300 by default. Renewed at a third of it. */
  readonly ttl?: number;
  /** Makes two tabs of one user two owners; a new one for every session by default. */
  readonly sessionId?: string;
  /**
   * Lets go, after saving, when nobody has done anything for so long, in milliseconds; never by default. Keys, pointers and
   * input in the page count, and saves, and `touch()`.
   */
  readonly idleMs?: number;
  /** How others see the holder. */
  readonly username?: string;
  /** How long to wait in line for somebody else's lock, in milliseconds; not at all by default. */
  readonly waitMs?: number;
  /**
   * Tells at once (`connectLive`) of one's turn, of who asks for the lock, and of its end by force or otherwise; without
   * it the place is asked for every second or two, and the others are known with the next heartbeat.
   */
  readonly live?: Pick<Live, "hearTurn" | "hearLock"> | undefined;
  /** Told of the place in line, each time it was asked for. */
  readonly onPlace?: (place: Place) => void;
  /** Ends the waiting; a lock that is granted all the same is given back. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * - `held`: the server has confirmed the lock, and its lease still runs
 * - `unsure`: the last confirmation is too old, after sleep or without a connection; it is being asked
 * - `lost`: the server said so; nothing can be saved any more
 * - `closed`: released by this session
 */
export type EditingState = "held" | "unsure" | "lost" | "closed";

/** What a session tells. */
export interface EditingEvents {
  /** The lock is gone; `owner` has it now, or nobody. */
  lost: { readonly owner: LockInfo | null; readonly reason: string };
  /** Somebody in line asks for the lock; told with each heartbeat for as long as he waits. */
  asked: NonNullable<AnswerOf<"extendLock">["askedBy"]>;
  /** The lease starts again. */
  renewed: { readonly expiresAtMs: number };
  /** Whether the lock is still held is not known any more: at the end of the lease at the latest. */
  unsure: { readonly error: unknown };
  /**
   * It will let go then: nobody has done anything for long (`renewed` when somebody does), or a lock may not last longer.
   */
  ending: { readonly endsAtMs: number; readonly reason: "idle" | "limit" };
}

/** Whom to pass a lock on to: without a session, whichever of the user's waits first. */
export type HandOverTarget = NonNullable<InputOf<"handOverLock">["body"]["to"]>;

/** One document being edited by one owner. */
export interface EditingSession {
  readonly docId: string;
  /** As it was when the session began; null where the document was never saved. */
  readonly content: unknown;
  /** Of the last save, or of the content that the session began with. */
  readonly version: number;
  readonly fence: number;
  readonly sessionId: string;
  readonly state: EditingState;
  /** Whether the server has confirmed everything that was to be saved. */
  readonly isSaved: boolean;
  /** When the lease is over by this machine's clock, in milliseconds since the epoch; never too late. */
  readonly expiresAtMs: number;
  /** Listens; what it returns stops that. */
  readonly on: Listen<EditingEvents>;
  /**
   * Saves the whole content as it is now, after the saves before it, and keeps the lock unless told
   * otherwise. When the page goes away meanwhile, the newest content goes along with it, in a request
   * that outlives the page: up to 60 KB. With more on its way, the browser asks its user before leaving.
   *
   * @throws ApiError `LOCK_NOT_OWNED` when the lock was lost; nothing was changed
   * @throws ApiError `NO_ANSWER` when nobody knows whether it was saved: the next save or `close` finds out
   */
  save(content: unknown, options?: { readonly keepLock?: boolean }): Promise<{ version: number }>;
  /** Somebody is at work here, in a way that the page cannot see. */
  touch(): void;
  /** Asks the server now whether the lock is still held, and renews it if so. */
  check(): Promise<EditingState>;
  /**
   * Saves what no server has confirmed yet, and passes the lock on to the first who waits for it, or to the one who is
   * named; then this session is `closed`. Resolves to the lock of whoever has it now.
   *
   * @throws ApiError `NOBODY_WAITS` when nobody is there, or not the one who is named; the lock stays this session's
   */
  handOver(to?: HandOverTarget): Promise<LockInfo>;
  /**
   * Waits for the last save, saves what no server has confirmed yet, and gives the lock back. Fine to
   * call after the lock was lost, and again: after a lost answer that sends again.
   *
   * @throws ApiError when something could not be saved, or the lock could not be given back; without
   * heartbeats from now on, its lease ends by itself
   */
  close(): Promise<void>;
}
