/** What a page has asked the API for: the last answer stays in sight while the next one is on its way. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { explain } from "./problem.ts";

/** An answer that is asked for again and again. */
export interface Asked<T> {
  /** The last answer; undefined before the first. */
  readonly value: ReadonlySignal<T | undefined>;
  /** Why the last question had no answer. */
  readonly problem: ReadonlySignal<string | undefined>;
  /** Asks now, or once more behind what is under way: its answer may be older than what made one ask. */
  ask(): Promise<void>;
}

/** Asks now and then every so often, as long as somebody looks at the page. */
export function keepAsking<T>(question: () => Promise<T>, everyMs: number): Asked<T> {
  const value = signal<T | undefined>(undefined);
  const problem = signal<string | undefined>(undefined);
  let underWay: Promise<void> | undefined;
  let isWanted = false;

  async function askOnce(): Promise<void> {
    isWanted = false;
    try {
      value.value = await question();
      problem.value = undefined;
    } catch (error) {
      problem.value = explain(error);
    }
  }

  async function askWhileWanted(): Promise<void> {
    try {
      while (isWanted) await askOnce();
    } finally {
      underWay = undefined;
    }
  }

  const ask = (): Promise<void> => {
    isWanted = true;
    return (underWay ??= askWhileWanted());
  };
  const askIfSeen = (): void => {
    if (!document.hidden && underWay === undefined) void ask();
  };
  setInterval(askIfSeen, everyMs);
  document.addEventListener("visibilitychange", askIfSeen);
  void ask();
  return { value, problem, ask };
}
