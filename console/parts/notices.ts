/** What a page has to say of what just happened. */
import { type Signal, signal } from "@preact/signals";
import { explain } from "./problem.ts";

/** A sentence for the page, and whether it is bad news. */
export interface Said {
  readonly text: string;
  readonly isProblem: boolean;
}

/** What a page has to say, and the way of trying something that says how it went. */
export interface Notices {
  readonly said: Signal<Said | undefined>;
  /**
   * Does something; when it fails the page says why, and false comes back. What was begun earlier and went well says
   * nothing over what was begun later: it may have been refused.
   */
  attempt(work: () => Promise<string | undefined | void>): Promise<boolean>;
}

/** Makes a page's notices. */
export function createNotices(): Notices {
  const said = signal<Said | undefined>(undefined);
  let [begun, heard] = [0, 0];
  return {
    said,
    async attempt(work) {
      const number = (begun += 1);
      try {
        const text = await work();
        if (number < heard) return true;
        heard = number;
        said.value = text ? { text, isProblem: false } : undefined;
        return true;
      } catch (error) {
        heard = Math.max(heard, number);
        said.value = { text: explain(error), isProblem: true };
        return false;
      }
    },
  };
}
