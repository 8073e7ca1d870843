/** What `useLock` and `useEditingSession` share: a right is taken when a component comes, kept, told of, and given back when it goes. */
import { useEffect, useRef, useState } from "react";
import type { LockInfo } from "../../client/contract.ts";
import type { EditingEvents, EditingState, Place } from "../../client/editing.ts";
import type { Listen } from "../../client/emitter.ts";
import { isProblem } from "../../client/problem.ts";

/** What a right tells while it is kept. */
export type KeptEvents = Pick<EditingEvents, "lost" | "unsure" | "renewed">;

/** A right that is kept alive until it is closed or lost. */
export interface Kept {
  readonly fence: number;
  readonly state: EditingState;
  /** When its lease is over by this machine's clock; never too late. */
  readonly expiresAtMs: number;
  readonly on: Listen<KeptEvents>;
  close(): Promise<void>;
}

/**
 * - `idle`: nothing is asked for
 * - `asking`: on its way; nothing may be written yet
 * - `waiting`: in line; `place` tells where
 * - `refused`: `owner` has it
 * - `failed`: nobody knows, or the server said something else; `error` tells
 * - `held`, `unsure`, `lost`, `closed`: as of an editing session
 */
export type KeepingState = "idle" | "asking" | "waiting" | "refused" | "failed" | EditingState;

/** What a component may show of a right. */
export interface Shown {
  readonly state: KeepingState;
  /** Who has it instead, where it was refused or lost and somebody has. */
  readonly owner: LockInfo | null;
  readonly place: Place | null;
  /** Why it was refused or failed; a lost right says `reason`. */
  readonly error: unknown;
  readonly reason: string | null;
  readonly expiresAtMs: number | null;
}

/** Begins to keep it; `signal` ends the waiting in line, and nothing else. */
export type Start<Right extends Kept> = (waiting: {
  readonly signal: AbortSignal;
  readonly onPlace: (place: Place) => void;
}) => Promise<Right>;

const nothing: Shown = {
  state: "idle",
  owner: null,
  place: null,
  error: null,
  reason: null,
  expiresAtMs: null,
};

/** Rights that are being given back, by client and name: the next who wants one of them waits for that. */
const endings = new WeakMap<object, Map<string, Promise<unknown>>>();

function endingsOf(client: object): Map<string, Promise<unknown>> {
  const known = endings.get(client) ?? new Map<string, Promise<unknown>>();
  endings.set(client, known);
  return known;
}

/** What is shown of a right that could not be taken. */
function refusalIn(error: unknown): Shown {
  if (!isProblem(error, "LOCK_HELD") && !isProblem(error, "LOCK_TIMEOUT")) {
    return { ...nothing, state: "failed", error };
  }
  const { lockInfo = null } = error.problem as { readonly lockInfo?: LockInfo };
  return { ...nothing, state: "refused", error, owner: lockInfo };
}

/**
 * Takes a right, and gives it back when `end` is called, however far it has come by then. Not begun before what ends now has
 * ended; ended at once it asks for nothing, so that StrictMode, which mounts everything twice, takes it once.
 */
function keep<Right extends Kept>(
  { client, name, start }: { client: object; name: string; start: Start<Right> },
  show: (shown: Shown, right?: Right) => void,
): () => void {
  const [ending, line] = [endingsOf(client), new AbortController()];
  let isOver = false;
  let isInLine = false;
  const tell = (shown: Shown, right?: Right): void => {
    if (!isOver) show(shown, right);
  };
  const onPlace = (place: Place): void => {
    isInLine = true;
    if (isOver) line.abort();
    tell({ ...nothing, state: "waiting", place, owner: place.lockInfo });
  };
  const begin = async (): Promise<Right | undefined> => {
    await ending.get(name);
    if (isOver) return undefined;
    const right = await start({ signal: line.signal, onPlace });
    const now = (): void =>
      tell({ ...nothing, state: right.state, expiresAtMs: right.expiresAtMs }, right);
    right.on("renewed", now);
    right.on("unsure", now);
    right.on("lost", (lost) => tell({ ...nothing, ...lost, state: "lost" }, right));
    now();
    return right;
  };
  tell({ ...nothing, state: "asking" });
  const beginning = begin();
  beginning.catch((error: unknown) => tell(refusalIn(error)));
  return () => {
    isOver = true;
    if (isInLine) line.abort();
    // What could not be given back ends with its lease, which nothing renews any more.
    const ended = beginning.then((right) => right?.close()).catch(() => undefined);
    ending.set(name, ended);
    void ended.then(() => ending.get(name) === ended && ending.delete(name));
  };
}

/**
 * Keeps a right for as long as the component is there and `name` and `client` are the same; `null` asks for nothing.
 *
 * @returns what to show, the right itself once it was granted, and how to ask again or give it back before
 */
export function useKept<Right extends Kept>(
  client: object,
  name: string | null,
  start: Start<Right>,
) {
  const [now, setNow] = useState<{ readonly shown: Shown; readonly right?: Right | undefined }>({
    shown: nothing,
  });
  const [attempt, setAttempt] = useState(0);
  const latest = useRef(start);
  useEffect(() => {
    latest.current = start;
  });
  useEffect(() => {
    if (name === null) return setNow({ shown: nothing });
    const begin: Start<Right> = (waiting) => latest.current(waiting);
    return keep({ client, name, start: begin }, (shown, right) => setNow({ shown, right }));
  }, [client, name, attempt]);
  const { shown, right } = now;
  /** After the right did something that may have ended it. */
  const look = (): void => {
    if (!right || right.state === "lost") return;
    const { state, expiresAtMs } = right;
    setNow((before) =>
      before.right === right ? { shown: { ...nothing, state, expiresAtMs }, right } : before,
    );
  };
  return { shown, right, look, retake: () => setAttempt((before) => before + 1) };
}
