/** What just happened, said where screen readers hear it. */
import type { Notices } from "./notices.ts";

/** Shows what was said last. */
export function Notice({ notices }: { readonly notices: Notices }) {
  const { text = "", isProblem = false } = notices.said.value ?? {};
  return (
    <p class={isProblem ? "notice problem" : "notice"} role="status">
      {text}
    </p>
  );
}
