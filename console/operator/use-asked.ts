/** What a part of the page asks for again and again, as long as it is there and somebody looks. */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { explain } from "../parts/problem.ts";

/** The last answer, and why the last question had none. */
export interface Answered<T> {
  readonly value: ReadonlySignal<T | undefined>;
  readonly problem: ReadonlySignal<string>;
}

/** Asks now and then every so often about what `key` names; of another key nothing stays in sight. */
export function useAsked<T>(
  key: string,
  everyMs: number,
  question: (count: number) => Promise<T>,
): Answered<T> {
  const value = useSignal<T | undefined>(undefined);
  const problem = useSignal("");
  useEffect(() => {
    let isOver = false;
    let isBusy = false;
    let asked = 0;
    value.value = undefined;
    problem.value = "";
    const ask = async (): Promise<void> => {
      if (isBusy || document.hidden) return;
      isBusy = true;
      const [told, why] = await question(asked++).then(
        (answer) => [answer, ""] as const,
        (error: unknown) => [undefined, explain(error)] as const,
      );
      isBusy = false;
      if (isOver) return;
      if (told !== undefined) value.value = told;
      problem.value = why;
    };
    void ask();
    const timer = setInterval(ask, everyMs);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [key]);
  return { value, problem };
}
