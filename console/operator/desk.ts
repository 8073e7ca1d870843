/** What an operator has in sight: asked for again and again, and at once where something was told. */
import { type Signal, signal } from "@preact/signals";
import type { AnswerOf } from "../../client/index.ts";
import { type Asked, keepAsking } from "../parts/asked.ts";
import type { Notices } from "../parts/notice.tsx";
import type { Session } from "../parts/session.ts";

/** An item with its levels. */
export type Item = AnswerOf<"getItem">;
/** A live lock or hold. */
export type Lock = AnswerOf<"listLocks">["locks"][number];
/** An order. */
export type Order = AnswerOf<"getOrder">;
/** One thing that happened. */
export type Entry = AnswerOf<"listAudit">["entries"][number];

/** An endpoint that is told events. */
export interface Webhook {
  readonly endpointId: string;
  readonly url: string;
  readonly types: readonly string[];
  readonly include: readonly string[];
  readonly active: boolean;
  readonly pausedAtMs: number | null;
  readonly pausedBecause: string | null;
}

interface WebhookPage {
  readonly webhooks: readonly Webhook[];
  readonly cursor: string | null;
}

/** How often somebody had to give way, as it was told last. */
export type Contention = Readonly<Record<string, number>>;

/** Everything that the console shows and does. */
export interface Desk extends Session {
  readonly notices: Notices;
  readonly stats: Asked<AnswerOf<"lockStats">>;
  readonly items: Asked<readonly Item[]>;
  readonly locks: Asked<readonly Lock[]>;
  readonly orders: Asked<readonly Order[]>;
  readonly owed: Asked<readonly Order[]>;
  readonly webhooks: Asked<readonly Webhook[]>;
  readonly contention: Signal<Contention>;
  /** Whose history is open. */
  readonly subject: Signal<string>;
}

/** So many rows are in sight; more of them nobody reads. */
const shown = 50;

/** All endpoints, two pages at the most: the one that is paused must not be on a page that nobody sees. */
async function listWebhooks({ ask }: Session): Promise<readonly Webhook[]> {
  const all: Webhook[] = [];
  let more = "";
  do {
    const page = (await ask("GET", `/admin/webhooks?limit=100${more}`)) as WebhookPage;
    all.push(...page.webhooks);
    more = page.cursor === null ? "" : `&cursor=${encodeURIComponent(page.cursor)}`;
  } while (more !== "");
  return all;
}

/** Begins to look. One page of each list every few seconds, and nothing while the page is hidden. */
export function createDesk(session: Session, notices: Notices): Desk {
  const { client, live } = session;
  const query = { limit: shown };
  const contention = signal<Contention>({});
  live.follow("admin/contention", (message) => {
    const counts = message?.data["counts"];
    if (counts) contention.value = counts as Contention;
  });
  return {
    ...session,
    notices,
    contention,
    subject: signal(new URLSearchParams(location.search).get("subject") ?? ""),
    stats: keepAsking(() => client.lockStats({}), 2_000),
    items: keepAsking(async () => (await client.listItems({ query })).items, 2_000),
    locks: keepAsking(async () => (await client.listLocks({ query })).locks, 2_000),
    orders: keepAsking(
      async () => (await client.listOrders({ query: { limit: 10 } })).orders,
      2_000,
    ),
    owed: keepAsking(async () => {
      return (await client.listOrders({ query: { ...query, status: "refund_due" } })).orders;
    }, 5_000),
    webhooks: keepAsking(() => listWebhooks(session), 5_000),
  };
}
