/** What an operator has in sight: asked for again and again, and at once where something was told. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { AnswerOf } from "../../client/index.ts";
import { type Asked, keepAsking } from "../parts/asked.ts";
import type { Notices } from "../parts/notices.ts";
import type { Session } from "../parts/session.ts";
import { type Activity, followActivity } from "./activity.ts";
import type { ShopMinute } from "./hour.ts";
import { insightCalls } from "./insight-calls.ts";
import { countLocks, type LockCounts } from "./count-locks.ts";
import { type Glance, latestOrders, mergeGlances } from "./told.ts";
import { webhookCalls } from "./webhook-calls.ts";

/** An item with its levels. */
export type Item = AnswerOf<"getItem">;
/** A live lock or hold. */
export type Lock = AnswerOf<"listLocks">["locks"][number];
/** An order. */
export type Order = AnswerOf<"getOrder">;
/** One thing that happened. */
export type Entry = AnswerOf<"listAudit">["entries"][number];

/** An endpoint that is told events. */
export type Webhook = Awaited<ReturnType<typeof webhookCalls.getWebhook>>;

/** How often somebody had to give way, as it was told last. */
export type Contention = Readonly<Record<string, number>>;

/** Everything that the console shows and does. */
export interface Desk extends Session {
  readonly notices: Notices;
  readonly stats: Asked<LockCounts>;
  readonly items: Asked<readonly Item[]>;
  readonly locks: Asked<readonly Lock[]>;
  readonly found: Asked<readonly Order[]>;
  /** The orders that were told of last, and before them whichever are found. */
  readonly latest: ReadonlySignal<readonly Glance[]>;
  readonly activity: Activity;
  /** What was counted of the shop, minute by minute. */
  readonly shop: Asked<readonly ShopMinute[]>;
  readonly owed: Asked<readonly Order[]>;
  readonly webhooks: Asked<readonly Webhook[]>;
  readonly contention: Signal<Contention>;
  /** Whose history is open. */
  readonly subject: Signal<string>;
}

/** So many rows are in sight; more of them nobody reads. */
const shown = 50;

/** All endpoints, two pages at the most: the one that is paused must not be on a page that nobody sees. */
async function listAllWebhooks(session: Session): Promise<readonly Webhook[]> {
  const all: Webhook[] = [];
  let more = "";
  do {
    const page = await webhookCalls.listWebhooks(session, more);
    all.push(...page.webhooks);
    more = page.cursor === null ? "" : `&cursor=${encodeURIComponent(page.cursor)}`;
  } while (more !== "");
  return all;
}

/** What an operator looks at, asked for now and then and whenever something is heard that may have changed it. */
function askForLists(session: Session) {
  const { client } = session;
  const query = { limit: shown };
  const refundDue = { ...query, status: "refund_due" } as const;
  return {
    stats: keepAsking(() => countLocks(session), 60_000, 15_000),
    items: keepAsking(async () => (await client.listItems({ query })).items, 30_000, 2_000),
    locks: keepAsking(
      async () => (await client.listLocks({ query: { ...query, order: "end" } })).locks,
      30_000,
      10_000,
    ),
    owed: keepAsking(
      async () => (await client.listOrders({ query: refundDue })).orders,
      30_000,
      2_000,
    ),
    shop: keepAsking(() => insightCalls.listContention(session), 60_000, 15_000),
    webhooks: keepAsking(() => listAllWebhooks(session), 10_000),
  };
}

type Lists = ReturnType<typeof askForLists>;

/** Which lists show something else once this has happened. What many pages are counted for waits for its time. */
function hearAll({ stats, items, locks, owed, shop }: Lists, types: readonly string[]): void {
  const happened = (pattern: RegExp): boolean => types.some((type) => pattern.test(type));
  shop.hear();
  if (happened(/^(?:item|order)\./)) items.hear();
  if (happened(/^(?:lock|cart|order)\./)) locks.hear();
  if (happened(/^(?:lock|cart|order)\./) && (stats.value.value?.pages ?? 1) === 1) stats.hear();
  if (happened(/^order\.(?:refund|paid|failed)/)) owed.hear();
}

/** Everything may have changed while nobody told of it. */
function hearAllAnew(lists: Lists): void {
  for (const list of Object.values(lists)) list.hear();
}

/** Begins to look: follows what happens, and asks for what that changes. Nothing is asked while the page is hidden. */
export function createDesk(session: Session, notices: Notices): Desk {
  const { client, live } = session;
  const contention = signal<Contention>({});
  live.follow("admin/contention", (message) => {
    const counts = message?.data["counts"];
    if (counts) contention.value = counts as Contention;
  });
  const lists = askForLists(session);
  const found = keepAsking(
    async () => (await client.listOrders({ query: { limit: latestOrders } })).orders,
    60_000,
  );
  const activity = followActivity(session, (message) => {
    if (message) return hearAll(lists, Object.keys(message.data["counts"] ?? {}));
    hearAllAnew(lists);
    void activity.refresh().catch(() => undefined);
  });
  return {
    ...session,
    ...lists,
    notices,
    contention,
    activity,
    found,
    latest: computed(() => mergeGlances(activity.orders.value, found.value.value ?? [])),
    subject: signal(new URLSearchParams(location.search).get("subject") ?? ""),
  };
}
