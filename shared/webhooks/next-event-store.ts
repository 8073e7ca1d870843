/** Finds in the outbox what an endpoint is to be told next of a resource. */
import type { ShopEvent } from "../events/event.ts";
import { listEvents, listEventsBefore } from "../events/event-store.ts";
import type { Database } from "../table/database.ts";
import type { Line } from "./line-store.ts";
import type { Webhook } from "./webhook.ts";

const pageSize = 25;

/** Behind the last event that happened before there was the endpoint, or a replay's time: some may be told of late. */
async function findStart(
  database: Database,
  { resource, first, sinceMs }: Line,
  { createdAtMs }: Webhook,
): Promise<number> {
  let lowest = first;
  let cursor: string | undefined;
  do {
    if (lowest <= 1) return 0;
    const paging = { limit: pageSize, cursor };
    const page = await listEventsBefore(database, resource, first, paging);
    const old = page.rows.find(({ occurredAtMs }) => occurredAtMs < (sinceMs ?? createdAtMs));
    if (old) return old.sequence;
    lowest = page.rows.at(-1)?.sequence ?? lowest;
    ({ cursor } = page);
  } while (cursor !== undefined);
  return lowest - 1;
}

/**
 * The first event of a line that was not told and is wanted, or undefined. One request, more where many are not wanted,
 * and for the first event of a line.
 */
export async function findNextEvent(
  database: Database,
  line: Line,
  webhook: Webhook,
): Promise<ShopEvent | undefined> {
  const through = line.through ?? (await findStart(database, line, webhook));
  const { types = webhook.types } = line;
  const isWanted = ({ type }: ShopEvent) => webhook.types.includes(type) && types.includes(type);
  let cursor: string | undefined;
  do {
    const page = await listEvents(database, line.resource, { limit: pageSize, cursor }, through);
    for (const event of page.rows) {
      if (event.sequence > line.upTo) return undefined;
      if (isWanted(event)) return event;
    }
    ({ cursor } = page);
  } while (cursor !== undefined);
  return undefined;
}
