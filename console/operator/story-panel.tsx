/** Whatever is opened: what it is and what can be done with it, and its story from its beginning. */
import { useSignal, useSignalEffect } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { formatTime } from "../parts/clock.ts";
import type { Desk } from "./desk.ts";
import { ItemCard } from "./item-card.tsx";
import { OrderCard } from "./order-card.tsx";
import { explainNothing, type Found, search } from "./search.ts";
import { createStoryReader, type Happening } from "./story.ts";
import { SubjectButton } from "./subject-button.tsx";
import { useAsked } from "./use-asked.ts";

function Line({ happening }: { readonly happening: Happening }) {
  const { atMs, source, what, text, small } = happening;
  return (
    <li>
      <time dateTime={new Date(atMs).toISOString()}>{formatTime(atMs)}</time>{" "}
      {source ? <span class="source">{source}</span> : null} <strong>{what}</strong> {text}
      <span class="small"> {small}</span>
    </li>
  );
}

/** The thing itself, where it is one that is looked after here. */
function Card({ desk, subject }: { readonly desk: Desk; readonly subject: string }) {
  const id = subject.slice(subject.indexOf("/") + 1);
  if (subject.startsWith("order/")) return <OrderCard key={id} desk={desk} orderId={id} />;
  if (subject.startsWith("item/")) return <ItemCard key={id} desk={desk} itemId={id} />;
  return null;
}

function Story({ desk, subject }: { readonly desk: Desk; readonly subject: string }) {
  const read = useMemo(() => createStoryReader(desk), [desk, subject]);
  const { value, problem } = useAsked(subject, 2_000, (round) => read(subject, round));
  return (
    <>
      <h3>{subject}</h3>
      <Card desk={desk} subject={subject} />
      {problem.value ? <p class="problem">{problem.value}</p> : null}
      {value.value?.length === 0 ? <p>Nothing is on record of it (yet).</p> : null}
      <ol class="story">
        {(value.value ?? []).map((happening) => (
          <Line key={happening.key} happening={happening} />
        ))}
      </ol>
    </>
  );
}

/** The last panel. */
export function StoryPanel({ desk }: { readonly desk: Desk }) {
  const typed = useSignal("");
  const found = useSignal<readonly Found[]>([]);
  const nothing = useSignal("");
  const subject = desk.subject.value;
  useSignalEffect(() => {
    if (desk.subject.value) typed.value = desk.subject.value;
  });
  const look = (event: Event): void => {
    event.preventDefault();
    const wanted = typed.value.trim();
    if (!wanted) return;
    void desk.notices.attempt(async () => {
      const all = await search(desk, wanted);
      found.value = all.length > 1 ? all : [];
      nothing.value = all.length === 0 ? explainNothing(wanted) : "";
      desk.subject.value = all.length === 1 ? all[0]!.subject : "";
    });
  };
  return (
    <section aria-label="History" id="story">
      <h2>History</h2>
      <form onSubmit={look} role="search">
        <label>
          Of an order, an item or a lock, a user, a document or a request{" "}
          <input
            type="search"
            placeholder="ord_…, alice, chair or lock/document/7"
            value={typed.value}
            onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
          />
        </label>{" "}
        <button type="submit">Open</button>
      </form>
      <p role="status">{nothing.value}</p>
      <ul>
        {found.value.map(({ subject: each, name }) => (
          <li key={each}>
            <SubjectButton desk={desk} subject={each} name={name} />
          </li>
        ))}
      </ul>
      {subject ? <Story key={subject} desk={desk} subject={subject} /> : null}
    </section>
  );
}
