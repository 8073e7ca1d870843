/** The history of whatever is opened: who did what, when and why. */
import { useSignal, useSignalEffect } from "@preact/signals";
import { formatTime } from "../parts/clock.ts";
import { explain } from "../parts/problem.ts";
import type { Desk, Entry } from "./desk.ts";

function Happening({ entry }: { readonly entry: Entry }) {
  const { atMs, action, actor, reason, requestId, steps } = entry;
  const paths = steps.map(({ path }) => path.join(".")).join(", ");
  return (
    <li>
      <time dateTime={new Date(atMs).toISOString()}>{formatTime(atMs)}</time>{" "}
      <strong>{action}</strong> by {actor}
      {reason ? `: ${reason}` : ""}
      <span class="small">
        {paths ? ` changed ${paths}` : ""}
        {requestId ? `, request ${requestId}` : ""}
      </span>
    </li>
  );
}

/** What people type, as the audit trail calls it: an order's id is enough. */
function parseSubject(typed: string): string {
  return typed.startsWith("ord_") ? `order/${typed}` : typed;
}

/** The last panel. */
export function StoryPanel({ desk }: { readonly desk: Desk }) {
  const typed = useSignal("");
  const entries = useSignal<readonly Entry[] | undefined>(undefined);
  const problem = useSignal("");
  const ask = async (subject: string): Promise<void> => {
    try {
      const page = await desk.client.listAudit({ query: { subject, limit: 50 } });
      if (desk.subject.value === subject) entries.value = page.entries;
    } catch (error) {
      problem.value = explain(error);
    }
  };
  useSignalEffect(() => {
    const subject = desk.subject.value;
    typed.value = subject;
    entries.value = undefined;
    problem.value = "";
    if (!subject) return undefined;
    void ask(subject);
    // What happens meanwhile, and what the trail is told a moment later, comes to it.
    const timer = setInterval(() => {
      if (!document.hidden) void ask(subject);
    }, 2_000);
    return () => clearInterval(timer);
  });
  const open = (event: Event): void => {
    event.preventDefault();
    desk.subject.value = parseSubject(typed.value.trim());
  };
  return (
    <section aria-label="History" id="story">
      <h2>History</h2>
      <form onSubmit={open}>
        <label>
          Of an order, an item or a lock{" "}
          <input
            type="search"
            placeholder="ord_…, item/chair or lock/document/7"
            value={typed.value}
            onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
          />
        </label>{" "}
        <button type="submit">Open</button>
      </form>
      {problem.value ? <p class="problem">{problem.value}</p> : null}
      {entries.value?.length === 0 ? <p>Nothing is on record of it (yet).</p> : null}
      <ol class="story">
        {(entries.value ?? []).map((entry) => (
          <Happening key={entry.at} entry={entry} />
        ))}
      </ol>
    </section>
  );
}
