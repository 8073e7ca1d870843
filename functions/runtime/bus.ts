/** The EventBridge bus of the stage: takes events, many at once, and says which it took. */
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import type { ShopEvent } from "../../shared/events/event.ts";
import { env } from "./env.ts";
import { logger } from "./observe.ts";

/** So many entries, and so many bytes of them, one request takes. */
const [mostEntries, mostBytes] = [10, 250_000];
/** Rules match by it. */
const source = "holdfast";

let shared: EventBridgeClient | undefined;
const getClient = (): EventBridgeClient => (shared ??= new EventBridgeClient({ maxAttempts: 3 }));

function makeEntry(event: ShopEvent) {
  return {
    EventBusName: env.EVENT_BUS,
    Source: source,
    DetailType: event.type,
    Resources: [event.resource],
    Time: new Date(event.occurredAtMs),
    Detail: JSON.stringify(event),
  };
}

/** Events in parcels that one request takes. */
function parcel(events: readonly ShopEvent[]): ShopEvent[][] {
  const parcels: ShopEvent[][] = [];
  let room = 0;
  for (const event of events) {
    const bytes = Buffer.byteLength(JSON.stringify(event));
    const isFull = (parcels.at(-1)?.length ?? mostEntries) >= mostEntries || bytes > room;
    if (isFull) {
      parcels.push([]);
      room = mostBytes;
    }
    parcels.at(-1)!.push(event);
    room -= bytes;
  }
  return parcels;
}

async function putParcel(events: readonly ShopEvent[]): Promise<string[]> {
  try {
    const command = new PutEventsCommand({ Entries: events.map(makeEntry) });
    const { Entries = [] } = await getClient().send(command);
    const refused = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
    if (refused) logger.warn("The bus refused an event", { ...refused });
    return events.filter((_, index) => Entries[index]?.EventId !== undefined).map(({ id }) => id);
  } catch (error) {
    logger.warn("The bus took nothing", { error: error as Error });
    return [];
  }
}

/** Puts events on the bus, one request for each ten; the ids of those that it took. Never throws. */
export async function putOnBus(events: readonly ShopEvent[]): Promise<ReadonlySet<string>> {
  const taken = await Promise.all(parcel(events).map(putParcel));
  return new Set(taken.flat());
}
