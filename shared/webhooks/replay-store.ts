/** Where a replay finds what it is to tell. */
import type { ShopEvent } from "../events/event.ts";
import { listEvents, parseEvent } from "../events/event-store.ts";
import type { Database } from "../table/database.ts";
import { condition, pathsOf } from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import type { Replay } from "./replay.ts";

/** So many events are read at once, of a table that is read from end to end; and of a resource. */
const [ofAll, ofResource] = [1_000, 100];
const at = pathsOf<ShopEvent>();

/**
 * The next page of what happened in a replay's time, of whatever type. One request. Without a resource it reads the table
 * of all events: there is no order of theirs by time, and keeping one would cost every event a write.
 */
export async function readReplayPage(
  database: Database,
  { resource, fromMs, askedAtMs, cursor }: Replay,
): Promise<Page<ShopEvent>> {
  if (resource !== undefined) {
    const { rows, ...more } = await listEvents(database, resource, { limit: ofResource, cursor });
    const isMeant = ({ occurredAtMs }: ShopEvent): boolean =>
      occurredAtMs >= fromMs && occurredAtMs <= askedAtMs;
    return { rows: rows.filter(isMeant), ...more };
  }
  const filter = condition`${at("occurredAtMs")} BETWEEN ${fromMs} AND ${askedAtMs}`;
  const { rows, ...more } = await database.scan({ table: "Outbox", filter, limit: ofAll, cursor });
  return { rows: rows.map(parseEvent), ...more };
}
