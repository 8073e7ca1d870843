/** What a page has asked the API for: the last answer stays in sight while the next one is on its way. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { explain } from "./problem.ts";

/** An answer that is asked for again and again. */
export interface Asked<T> {
  /** The last answer; undefined before the first. One that says the same as the last changes nothing. */
  readonly value: ReadonlySignal<T | undefined>;
  /** Why the last question had no answer. */
  readonly problem: ReadonlySignal<string | undefined>;
  /** Asks now, or once more behind what is under way: its answer may be older than what made one ask. */
  ask(): Promise<void>;
  /** Something was told that may have changed the answer: asks soon, if somebody looks, and not too often. */
  hear(): void;
}

/** Tells an answer that says the same as the last one, so that nothing is drawn anew for it. */
function keepLast<T>(): (answer: T) => boolean {
  let last: string | undefined;
  return (answer) => {
    const text = JSON.stringify(answer);
    const isNew = text !== last;
    last = text;
    return isNew;
  };
}

/**
 * Asks now and then every so often, as long as somebody looks at the page; what is heard of is asked for at once, but
 * never sooner than `apartMs` after the last answer.
 */
export function keepAsking<T>(question: () => Promise<T>, everyMs: number, apartMs = 0): Asked<T> {
  const value = signal<T | undefined>(undefined);
  const problem = signal<string | undefined>(undefined);
  const isNew = keepLast<T>();
  let underWay: Promise<void> | undefined;
  let [isWanted, isHeard] = [false, false];
  let answeredAtMs = -Infinity;
  let [timer, dueAtMs] = [undefined as ReturnType<typeof setTimeout> | undefined, Infinity];

  async function askOnce(): Promise<void> {
    isWanted = false;
    try {
      const answer = await question();
      if (isNew(answer)) value.value = answer;
      problem.value = undefined;
    } catch (error) {
      problem.value = explain(error);
    }
    answeredAtMs = performance.now();
  }

  function plan(atMs: number): void {
    if (atMs >= dueAtMs) return;
    clearTimeout(timer);
    dueAtMs = atMs;
    timer = setTimeout(askIfSeen, Math.max(0, atMs - performance.now()));
  }

  async function askWhileWanted(): Promise<void> {
    try {
      while (isWanted) await askOnce();
    } finally {
      underWay = undefined;
      plan(answeredAtMs + (isHeard ? apartMs : everyMs));
      isHeard = false;
    }
  }

  function ask(): Promise<void> {
    isWanted = true;
    clearTimeout(timer);
    dueAtMs = Infinity;
    return (underWay ??= askWhileWanted());
  }

  /** A hidden page asks when it is looked at again. */
  function askIfSeen(): void {
    dueAtMs = Infinity;
    if (!document.hidden && underWay === undefined) void ask();
  }

  function hear(): void {
    // What is under way may have looked before it happened.
    if (underWay) isHeard = true;
    else plan(answeredAtMs + apartMs);
  }

  document.addEventListener("visibilitychange", askIfSeen);
  void ask();
  return { value, problem, ask, hear };
}
