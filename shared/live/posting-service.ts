/** Posts facts to those who listen, page by page, many at once, for so long; what fails is left out. */
import type { Clock } from "../base/time.ts";
import type { InventoryService } from "../inventory/inventory-service.ts";
import { ItemNotFound } from "../inventory/stock.ts";
import type { Database } from "../table/database.ts";
import { type Fact, type LiveMessage, mayHear } from "./live.ts";
import type { LiveService } from "./live-service.ts";
import { listSubscribers, type Subscriber } from "./subscription-store.ts";

/** What became of a message to a connection. */
export type Posted = "posted" | "gone" | "failed";

/** What posting is made of. */
export interface PostingOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly live: Pick<LiveService, "disconnect">;
  readonly inventory: Pick<InventoryService, "look">;
  /** Sends a text to a connection; never throws. */
  readonly post: (connectionId: string, text: string) => Promise<Posted>;
}

/** How many were reached; `late` counts pages that nobody had the time for any more. */
export type PostCounts = Record<Posted | "late", number>;

/** So many who listen are read at once, and so many are posted to side by side. */
const [pageSize, sideBySide] = [500, 50];

async function workOnAll<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const waiting = all.values();
  const worker = async (): Promise<void> => {
    for (const one of waiting) await work(one);
  };
  await Promise.all(Array.from({ length: Math.min(sideBySide, all.length) }, worker));
}

/** Makes the service. */
export function createPostingService({ database, clock, live, inventory, post }: PostingOptions) {
  /** An item's level is the sum of its rows, looked up once for all who listen. */
  async function complete({ delta, ...fact }: Fact): Promise<Fact | undefined> {
    if (delta === undefined) return fact;
    try {
      const { itemId, available } = await inventory.look(fact.topic.slice("item/".length));
      const back = available - delta <= 0 ? "item.back_in_stock" : "item.level";
      const type = available <= 0 ? "item.sold_out" : back;
      return { ...fact, type, data: { itemId, available } };
    } catch (error) {
      if (error instanceof ItemNotFound) return undefined;
      throw error;
    }
  }

  /** In order for each who listens; what was posted after something that failed tells the newer state. */
  async function tell(
    { connectionId, listener, asked }: Subscriber,
    facts: readonly Fact[],
    counts: PostCounts,
  ): Promise<Posted | undefined> {
    let outcome: Posted | undefined;
    for (const { audience, ...fact } of facts) {
      if (!mayHear(audience, listener)) continue;
      const message: LiveMessage = { ...fact, topic: asked };
      outcome = await post(connectionId, JSON.stringify(message));
      counts[outcome] += 1;
      if (outcome === "gone") return outcome;
    }
    return outcome;
  }

  async function tellTopic(topic: string, facts: Fact[], untilMs: number, counts: PostCounts) {
    const told = (await Promise.all(facts.map(complete))).filter((fact) => fact !== undefined);
    const gone = new Set<string>();
    let cursor: string | undefined;
    do {
      if (clock() >= untilMs) {
        counts.late += 1;
        break;
      }
      const page = await listSubscribers(database, topic, { limit: pageSize, cursor });
      const nowMs = clock();
      await workOnAll(page.rows, async (subscriber) => {
        const isOver = subscriber.listener.untilMs <= nowMs;
        const outcome =
          isOver || clock() >= untilMs ? undefined : await tell(subscriber, told, counts);
        if (isOver || outcome === "gone") gone.add(subscriber.connectionId);
      });
      ({ cursor } = page);
    } while (cursor !== undefined);
    await workOnAll([...gone], (connectionId) => live.disconnect(connectionId, [topic]));
  }

  return {
    /**
     * Posts facts to everybody who listens to their topics and may still hear of them, until `untilMs`. One
     * request for each 500 who listen to a topic, one or two for an item's level, and three for each connection
     * that turns out to be gone, whose rows are removed. Repeating it posts again: messages carry ids.
     *
     * @example const { posted } = await posting.tell(facts, later(clock(), 20_000));
     */
    async tell(facts: readonly Fact[], untilMs: number): Promise<PostCounts> {
      const counts: PostCounts = { posted: 0, gone: 0, failed: 0, late: 0 };
      for (const [topic, own] of Map.groupBy(facts, (fact) => fact.topic)) {
        await tellTopic(topic, own, untilMs, counts);
      }
      return counts;
    },
  };
}
