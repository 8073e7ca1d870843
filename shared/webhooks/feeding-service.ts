/** Writes down which endpoints are to be told what happened, and says which of them have something to be told. */
import { groupBy } from "../base/group-by.ts";
import type { Clock } from "../base/time.ts";
import type { ShopEvent } from "../events/event.ts";
import type { Database } from "../table/database.ts";
import { type Listener, readAudience } from "./audience-store.ts";
import { feedWrite, listDueLines } from "./line-store.ts";
import { WebhookMoved } from "./webhook.ts";

/** What the service is made of. */
export interface FeedingOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** What became of a batch. */
export interface Fed {
  /** Endpoints that can be told something now. */
  readonly endpointIds: readonly string[];
  /** Resources of which not everything is written down: they have to be fed again. */
  readonly failed: readonly { readonly resource: string; readonly error: unknown }[];
}

/** So many lines are written side by side. */
const sideBySide = 25;

/** One line that has to be told of. */
interface Feed {
  readonly listener: Listener;
  readonly resource: string;
  readonly first: number;
  readonly upTo: number;
}

function listFeeds(audience: readonly Listener[], events: readonly ShopEvent[]): Feed[] {
  const byResource = [...groupBy(events, ({ resource }) => resource)];
  return audience.flatMap((listener) =>
    byResource.flatMap(([resource, all]) => {
      const numbers = all
        .filter(({ type }) => listener.types.includes(type))
        .map(({ sequence }) => sequence);
      if (numbers.length === 0) return [];
      return [{ listener, resource, first: Math.min(...numbers), upTo: Math.max(...numbers) }];
    }),
  );
}

/** Makes the service. */
export function createFeedingService({ database, clock }: FeedingOptions) {
  async function feedLine({ listener, resource, first, upTo }: Feed): Promise<void> {
    const write = feedWrite(listener.uid, resource, { first, upTo, nowMs: clock() });
    try {
      await database.apply(write);
    } catch (error) {
      if (!(error instanceof WebhookMoved)) throw error;
    }
  }

  return {
    /**
     * Writes down that these events are to be told to every endpoint that wants their types, once however often they
     * are fed. One request for all endpoints, and one for each endpoint and resource. An endpoint that is off or
     * paused finds them when it listens again.
     *
     * @example const { endpointIds } = await feeding.feed(events);
     */
    async feed(events: readonly ShopEvent[]): Promise<Fed> {
      const feeds = listFeeds(await readAudience(database), events);
      const failed = new Map<string, unknown>();
      const left = feeds.values();
      const worker = async (): Promise<void> => {
        for (const each of left) {
          await feedLine(each).catch((error: unknown) => failed.set(each.resource, error));
        }
      };
      await Promise.all(Array.from({ length: sideBySide }, worker));
      const told = feeds.filter(({ listener }) => listener.isListening);
      return {
        endpointIds: [...new Set(told.map(({ listener }) => listener.endpointId))],
        failed: [...failed].map(([resource, error]) => ({ resource, error })),
      };
    },

    /**
     * The endpoints that have something to be told by now: what a lost hint, a dead process or a pause between tries
     * has left. One request for all, and one for each that listens.
     */
    async listDue(): Promise<readonly string[]> {
      const audience = await readAudience(database);
      const listening = audience.filter(({ isListening }) => isListening);
      const due: string[] = [];
      const left = listening.values();
      const worker = async (): Promise<void> => {
        for (const { uid, endpointId, isReplaying } of left) {
          const lines = await listDueLines(database, uid, clock(), 1);
          if (lines.length > 0 || isReplaying) due.push(endpointId);
        }
      };
      await Promise.all(Array.from({ length: sideBySide }, worker));
      return due;
    },
  };
}
