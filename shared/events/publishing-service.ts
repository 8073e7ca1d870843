/** Hands events on as they were kept: in order for each resource, each once unless a process dies in between. */
import type { Clock } from "../base/time.ts";
import { groupBy } from "../base/group-by.ts";
import type { Database } from "../table/database.ts";
import type { ShopEvent } from "./event.ts";
import { findLeft, listEvents, setLeft } from "./event-store.ts";

/** What publishing is made of. */
export interface PublishingOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Hands on events of different resources at once; the ids of those that were taken. Never throws. */
  readonly send: (events: readonly ShopEvent[]) => Promise<ReadonlySet<string>>;
}

/** Events of one resource that have to leave, in order. */
interface Queue {
  readonly resource: string;
  readonly events: readonly ShopEvent[];
  /** How many of them, from the first one on, follow each other without a gap. */
  readonly open: number;
  /** How many of them have left. */
  taken: number;
}

/** A resource of which something is still to leave: refused, or not even tried where there is an error. */
export interface Held {
  readonly resource: string;
  readonly error: unknown;
}

const pageSize = 100;

/** Makes the service. */
export function createPublishingService({ database, clock, send }: PublishingOptions) {
  /** What stands between what has left and these was told before and held up: it goes first. */
  async function listBefore(resource: string, left: number, first: number): Promise<ShopEvent[]> {
    const between: ShopEvent[] = [];
    let cursor: string | undefined;
    while (left + between.length + 1 < first) {
      const page = await listEvents(database, resource, { limit: pageSize, cursor }, left);
      between.push(...page.rows.filter(({ sequence }) => sequence < first));
      ({ cursor } = page);
      if (cursor === undefined) break;
    }
    return between;
  }

  async function makeQueue(resource: string, given: readonly ShopEvent[]): Promise<Queue> {
    const left = await findLeft(database, resource);
    const unsent = given
      .filter(({ sequence }) => sequence > left)
      .toSorted((one, other) => one.sequence - other.sequence);
    const [first] = unsent;
    const before = first ? await listBefore(resource, left, first.sequence) : [];
    const events = [...before, ...unsent];
    // What cannot be seen yet must not be passed over.
    const gap = events.findIndex(({ sequence }, index) => sequence !== left + index + 1);
    return { resource, events, open: gap < 0 ? events.length : gap, taken: 0 };
  }

  /** One of each resource at a time: the next one leaves when this one has. */
  async function sendInWaves(queues: readonly Queue[]): Promise<void> {
    let open = queues.filter((queue) => queue.open > 0);
    while (open.length > 0) {
      const sent = await send(open.map(({ events, taken }) => events[taken]!));
      const moved = open.filter(({ events, taken }) => sent.has(events[taken]!.id));
      for (const queue of moved) queue.taken += 1;
      open = moved.filter((queue) => queue.taken < queue.open);
    }
  }

  return {
    /**
     * Hands events on that were kept: those that have left already are passed over, and those that were held up
     * before them go first. One request to read and one to write for each resource, besides those of `send`.
     * Safe to repeat: who dies after sending sends again, under the same ids. Never throws: a resource that fails
     * holds up no other.
     *
     * @returns the resources of which something is still to leave, or to be written down as gone
     * @example const held = await publishing.publish(events);
     */
    async publish(events: readonly ShopEvent[]): Promise<readonly Held[]> {
      const grouped = [...groupBy(events, ({ resource }) => resource)];
      const failed = new Map<string, unknown>();
      const trying = async <T>(resource: string, work: Promise<T>): Promise<T | undefined> => {
        try {
          return await work;
        } catch (error) {
          failed.set(resource, error);
          return undefined;
        }
      };
      const made = await Promise.all(
        grouped.map(([resource, given]) => trying(resource, makeQueue(resource, given))),
      );
      const queues = made.filter((queue) => queue !== undefined);
      await sendInWaves(queues);
      const moved = queues.filter(({ taken }) => taken > 0);
      await Promise.all(
        moved.map(({ resource, events: all, taken }) =>
          trying(resource, setLeft(database, resource, all[taken - 1]!.sequence, clock())),
        ),
      );
      const held = queues.filter(({ events: all, taken }) => taken < all.length);
      const resources = new Set([...held.map(({ resource }) => resource), ...failed.keys()]);
      return [...resources].map((resource) => ({ resource, error: failed.get(resource) }));
    },
  };
}
