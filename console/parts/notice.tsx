/** What just happened, said where screen readers hear it. */
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
  /** Does something; when it fails the page says why, and false comes back. */
  attempt(work: () => Promise<string | undefined | void>): Promise<boolean>;
}

/** Makes a page's notices. */
export function createNotices(): Notices {
  const said = signal<Said | undefined>(undefined);
  return {
    said,
    async attempt(work) {
      try {
        const text = await work();
        said.value = text ? { text, isProblem: false } : undefined;
        return true;
      } catch (error) {
        said.value = { text: explain(error), isProblem: true };
        return false;
      }
    },
  };
}

/** Shows what was said last. */
export function Notice({ notices }: { readonly notices: Notices }) {
  const { text = "", isProblem = false } = notices.said.value ?? {};
  return (
    <p class={isProblem ? "notice problem" : "notice"} role="status">
      {text}
    </p>
  );
}
