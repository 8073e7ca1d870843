/** The flash sale: sends simulated shoppers into this machine's shop, and shows what they got and what the model says. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Notice } from "../parts/notice.tsx";
import { createNotices } from "../parts/notices.ts";

/** How a sale stands, as `/_local/flash-sale` tells it. */
interface Sale {
  readonly name: string;
  readonly buyers: number;
  readonly units: number;
  readonly isRunning: boolean;
  readonly answered: number;
  readonly ordered: number;
  readonly paid: number;
  readonly refused: number;
  readonly failed: number;
  readonly tookMs: number;
  readonly oversold?: number;
  readonly model?: {
    readonly perSecond: number;
    readonly sales: { readonly p50: number; readonly p99: number };
    readonly conflicts: number;
    readonly requestsPerSale: number;
    readonly broken: readonly string[];
  };
  readonly problem?: string;
}

const path = "/_local/flash-sale";
/** How often a sale that runs is asked how it stands. */
const askEveryMs = 400;

const size = { buyers: 200, units: 40 };
const notices = createNotices();
/** Undefined where there is none to be had: the page is not this machine's. */
const sale = signal<Sale | null | undefined>(undefined);

async function askSale(): Promise<void> {
  const answer = await fetch(path);
  const isTold = answer.headers.get("content-type")?.includes("json") ?? false;
  if (answer.ok && isTold) sale.value = ((await answer.json()) as { sale: Sale | null }).sale;
}

function begin(): Promise<boolean> {
  return notices.attempt(async () => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(size) });
    const told = (await answer.json()) as { sale?: Sale; message?: string };
    if (told.sale) sale.value = told.sale;
    if (!answer.ok) throw new Error(told.message ?? `Answered ${answer.status}`);
  });
}

const perSecond = (units: number, tookMs: number): string =>
  (units / Math.max(1, tookMs / 1_000)).toFixed(0);

function Figures({ facts }: { readonly facts: readonly (readonly [string, string | number])[] }) {
  return (
    <dl class="figures">
      {facts.map(([name, value]) => (
        <div class="figure" key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What DynamoDB would do with the same crowd, in virtual time. */
function Model({ model }: { readonly model: NonNullable<Sale["model"]> }) {
  const { sales, conflicts, requestsPerSale, broken } = model;
  return (
    <>
      <h3>The same crowd by the model of DynamoDB</h3>
      <Figures
        facts={[
          ["Units a second", model.perSecond.toFixed(0)],
          ["Half of the sales took", `${sales.p50.toFixed(0)} ms`],
          ["99 of 100", `${sales.p99.toFixed(0)} ms`],
          ["Requests a sale", requestsPerSale.toFixed(1)],
          ["Met another's transaction", conflicts],
          ["Broken promises", broken.length],
        ]}
      />
    </>
  );
}

function Standing({ shown }: { readonly shown: Sale }) {
  const { buyers, units, answered, ordered, refused, failed, tookMs, oversold, problem } = shown;
  return (
    <>
      <p>
        {buyers} shoppers, {units} units: <strong>{shown.name}</strong>
      </p>
      <progress value={answered} max={buyers} aria-label="Shoppers who have been answered" />
      <Figures
        facts={[
          ["Answered", `${answered} of ${buyers}`],
          ["Sold", ordered],
          ["Paid", shown.paid],
          ["Refused", refused],
          ["Without an answer", failed],
          ["Orders a second", perSecond(answered, tookMs)],
          ["Oversold", oversold ?? "…"],
        ]}
      />
      {shown.model ? <Model model={shown.model} /> : null}
      {shown.isRunning && answered === buyers ? <p>Asking the model of DynamoDB…</p> : null}
      {problem === undefined ? null : <p class="problem">{problem}</p>}
      {oversold === 0 && !shown.isRunning ? (
        <p>
          The sale is over: {ordered} of {units} units went to {buyers} shoppers, and none twice.
        </p>
      ) : null}
    </>
  );
}

/** The button, and how the sale stands that it began; nothing where the shop has no such crowd. */
export function FlashSale() {
  const shown = sale.value;
  useEffect(() => void askSale().catch(() => undefined), []);
  const isRunning = shown?.isRunning ?? false;
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => void askSale().catch(() => undefined), askEveryMs);
    return () => clearInterval(timer);
  }, [isRunning]);
  if (shown === undefined) return null;
  return (
    <section aria-label="Flash sale">
      <h2>Flash sale</h2>
      <p>
        Sends {size.buyers} simulated shoppers into this shop, who all want one of {size.units}{" "}
        units at once.
      </p>
      <button type="button" onClick={begin}>
        Send the crowd
      </button>
      <Notice notices={notices} />
      {shown === null ? null : <Standing shown={shown} />}
    </section>
  );
}
