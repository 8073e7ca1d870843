/** The first page: what runs here, the ways in, and what to try. */
import { signal } from "@preact/signals";
import { render } from "preact";
import { keepAsking } from "../parts/asked.ts";
import { Header } from "../parts/header.tsx";
import { Notice } from "../parts/notice.tsx";
import { createNotices } from "../parts/notices.ts";
import { openSession } from "../parts/session.ts";
import { addSamples } from "./samples.ts";

const notices = createNotices();
const isBusy = signal(false);

/** How many there are of what a page of this machine lists. */
async function count(name: "functions" | "tables"): Promise<number> {
  const answer = await fetch(`/_local/${name}`);
  return ((await answer.json()) as Record<string, readonly unknown[]>)[name]!.length;
}

const running = keepAsking(async () => {
  const [functions, tables] = await Promise.all([count("functions"), count("tables")]);
  return { functions, tables };
}, 10_000);

const doors = [
  [
    "/console",
    "Console",
    "What happens now: stock, locks, money at risk, and everything's history.",
  ],
  [
    "/shop",
    "Shop",
    "A catalogue, a cart and a till. Open it twice and race yourself for the last unit.",
  ],
  ["/_local/editor", "Editor", "A document that one edits at a time, in two windows side by side."],
  ["/_local/docs", "Docs", "The HTTP API, to read and to try out."],
] as const;

async function fillIn(): Promise<void> {
  isBusy.value = true;
  await notices.attempt(async () => {
    const { client, live } = openSession("root", ["admin"]);
    live.close();
    const made = await addSamples(client);
    return made === 0
      ? "The samples are there already."
      : `${made} items are in the shop. Tickets are cheaper by themselves, and SPRING10 takes 10 % off.`;
  });
  isBusy.value = false;
}

function Running() {
  const { functions, tables } = running.value.value ?? {};
  if (functions === undefined) return <p>Asking what runs…</p>;
  return (
    <p>
      {functions} functions and {tables} tables run on this machine, from the very template that
      deploys.
    </p>
  );
}

function Start() {
  return (
    <>
      <Header />
      <main>
        <h1>Nothing is sold twice</h1>
        <Running />
        <ul class="doors">
          {doors.map(([href, name, text]) => (
            <li key={href}>
              <a href={href}>{name}</a>
              <p>{text}</p>
            </li>
          ))}
        </ul>
        <h2>What to try</h2>
        <ol>
          <li>
            <button type="button" onClick={fillIn} disabled={isBusy.value}>
              Add sample items
            </button>{" "}
            so that there is something to sell.
          </li>
          <li>
            <a href="/shop?two">Two shoppers side by side</a>: put the only lamp into both carts,
            and order it in both.
          </li>
          <li>
            Order something, let its hold run out, and look how it is free for the other one at that
            very second.
          </li>
          <li>
            Play the payment providers by hand:{" "}
            <a href="/_local/providers">what happens at the provider</a>.
          </li>
        </ol>
        <Notice notices={notices} />
      </main>
    </>
  );
}

render(<Start />, document.body);
