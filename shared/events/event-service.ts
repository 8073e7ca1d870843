/** Makes events of what the tables' streams tell, each once and in order for its resource. */
import { groupBy } from "../base/group-by.ts";
import type { Clock } from "../base/time.ts";
import type { InventoryService } from "../inventory/inventory-service.ts";
import { ItemNotFound } from "../inventory/stock.ts";
import type { Database } from "../table/database.ts";
import type { ItemChange } from "../table/stream.ts";
import {
  type LevelTurn,
  makeFacts,
  mayTurn,
  type ShopEvent,
  tellChange,
  tellLevel,
  type Told,
} from "./event.ts";
import { appendFacts, findTail } from "./event-store.ts";

/** What the service is made of. */
export interface EventServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly inventory: Pick<InventoryService, "get">;
  /** An item with so many units or fewer is low. */
  readonly lowStock: number;
}

/** What became of a batch. */
export interface Recorded {
  readonly events: readonly ShopEvent[];
  /** The changes of which nothing, or not everything, is kept: they have to be told again. */
  readonly failed: readonly { readonly change: ItemChange; readonly error: unknown }[];
}

/** So many resources are worked on side by side. */
const sideBySide = 25;

/** The rows of one item are told by several shards: what was told last may be some events back. */
const rowsLookedAt = 25;

/** Makes what keeps the facts of one change. */
function createKeeping({ database, clock, inventory, lowStock: lowAt }: EventServiceOptions) {
  /** Behind whatever is there by then, unless this change is. */
  async function recordFacts(told: Told): Promise<readonly ShopEvent[]> {
    const { resource, change } = told;
    const facts = makeFacts(told);
    for (;;) {
      const tail = await findTail(database, resource, change, 1);
      if (tail.isTold) return [];
      const appended = await appendFacts(database, facts, { change, tail, nowMs: clock() });
      if ("events" in appended) return appended.events;
    }
  }

  async function findLevel(itemId: string): Promise<number | undefined> {
    try {
      return (await inventory.get(itemId)).available;
    } catch (error) {
      if (error instanceof ItemNotFound) return undefined;
      throw error;
    }
  }

  /**
   * Several rows, told side by side, may say what an item's level comes to: so it is looked up after what was told
   * last, and again after something was told, until the two agree. A change that comes again does the same.
   */
  async function recordLevel(told: Told, turn: LevelTurn): Promise<readonly ShopEvent[]> {
    const { resource, change } = told;
    const events: ShopEvent[] = [];
    for (;;) {
      const tail = await findTail(database, resource, change, rowsLookedAt);
      const available = await findLevel(turn.itemId);
      if (available === undefined) return events;
      const isNew = !tail.isTold && events.length === 0;
      const facts = tellLevel(turn, available, { last: tail.type, lowAt, isNew });
      if (facts.length === 0) return events;
      const made = makeFacts({ ...told, facts }, tail.sequence);
      const appended = await appendFacts(database, made, { change, tail, nowMs: clock() });
      if ("events" in appended) events.push(...appended.events);
    }
  }

  return (told: Told) => (told.turn ? recordLevel(told, told.turn) : recordFacts(told));
}

/** Makes the service. */
export function createEventService(options: EventServiceOptions) {
  const keep = createKeeping(options);
  const isNews = ({ turn }: Told): boolean => !turn || mayTurn(turn, options.lowStock);

  /** In order; what comes behind a change that failed has to wait for it. */
  async function recordInOrder(all: readonly Told[]): Promise<Recorded> {
    const events: ShopEvent[] = [];
    for (const [index, told] of all.entries()) {
      try {
        events.push(...(await keep(told)));
      } catch (error) {
        const failed = all.slice(index).map(({ change }) => ({ change, error }));
        return { events, failed };
      }
    }
    return { events, failed: [] };
  }

  return {
    /**
     * Keeps what a batch of changes tells, once however often it is told, numbered within each resource. Two
     * requests a change that tells something, none for others; where an item's units may be gone or back two, and
     * three more where they are.
     * Changes of one row must come in the order in which they happened; one that was left out and comes later is
     * told behind those that came meanwhile.
     *
     * @returns what was new, and what failed: to be told again, with everything behind it
     * @example const { failed } = await events.record(changes);
     */
    async record(changes: readonly ItemChange[]): Promise<Recorded> {
      const told = changes.flatMap((change) => tellChange(change) ?? []).filter(isNews);
      const queues = [...groupBy(told, ({ resource }) => resource).values()].values();
      const recorded: Recorded[] = [];
      const worker = async (): Promise<void> => {
        for (const queue of queues) recorded.push(await recordInOrder(queue));
      };
      await Promise.all(Array.from({ length: sideBySide }, worker));
      return {
        events: recorded.flatMap(({ events }) => events),
        failed: recorded.flatMap(({ failed }) => failed),
      };
    },
  };
}
