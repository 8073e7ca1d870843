/** The story of a thing, from four places: the audit trail, the events that left, their deliveries, what providers sent. */
import { describeDelivery } from "./deliveries.tsx";
import type { Desk, Entry } from "./desk.ts";
import { webhookCalls } from "./webhook-calls.ts";

/** One line of a story. */
export interface Happening {
  /** The same whenever it is read. */
  readonly key: string;
  readonly atMs: number;
  /** Where it is from, for whoever reads. */
  readonly source: "" | "event" | "delivery" | "provider";
  readonly what: string;
  /** Who, why, how it went. */
  readonly text: string;
  readonly small: string;
}

function tellEntry({ at, atMs, action, actor, reason, requestId, steps }: Entry): Happening {
  const paths = steps.map(({ path }) => path.join(".")).join(", ");
  const small = [paths && `changed ${paths}`, requestId && `request ${requestId}`];
  return {
    key: `entry ${at}`,
    atMs,
    source: "",
    what: action,
    text: `by ${actor}${reason ? `: ${reason}` : ""}`,
    small: small.filter(Boolean).join(", "),
  };
}

/** A story has so many pages of events at the most; events come oldest first. */
const mostPages = 3;

async function readEvents({ client }: Desk, resource: string): Promise<Happening[]> {
  const all: Happening[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const query = { resource, limit: 100, ...(cursor !== undefined && { cursor }) };
    const answer = await client.listEvents({ query });
    for (const { id, type, occurredAtMs, actor } of answer.events) {
      const text = `left as an event, by ${actor}`;
      all.push({ key: id, atMs: occurredAtMs, source: "event", what: type, text, small: id });
    }
    if (answer.cursor === null) break;
    cursor = answer.cursor;
  }
  return all;
}

async function readProviders({ client }: Desk, subject: string): Promise<Happening[]> {
  const [kind, orderId = ""] = subject.split("/");
  if (kind !== "order") return [];
  const { events } = await client.listPaymentEvents({ query: { orderId, limit: 50 } });
  return events.map(({ provider, id, type, did, atMs, isUnreadable }, index) => ({
    key: `provider ${id} ${type} ${atMs} ${index}`,
    atMs,
    source: "provider",
    what: type,
    text: `${provider} sent it: ${isUnreadable ? "it could not be read" : (did ?? "noted")}`,
    small: id,
  }));
}

/** Of so many endpoints the last hundred deliveries are looked through. */
const mostEndpoints = 10;

async function readDeliveries(desk: Desk, subject: string): Promise<Happening[]> {
  const endpoints = (desk.webhooks.value.peek() ?? []).slice(0, mostEndpoints);
  const pages = await Promise.all(
    endpoints.map(async ({ endpointId }) => {
      const { deliveries } = await webhookCalls.listDeliveries(desk, endpointId);
      return deliveries
        .filter(({ resource }) => resource === subject)
        .map((delivery): Happening => ({
          key: `${endpointId} ${delivery.deliveryId}`,
          atMs: delivery.triedAtMs,
          source: "delivery",
          what: delivery.type,
          text: `to ${endpointId}, ${describeDelivery(delivery)}`,
          small: delivery.eventId,
        }));
    }),
  );
  return pages.flat();
}

/** Reads stories: audit and events each time, what costs more and changes less each fifth time. */
export function createStoryReader(desk: Desk) {
  let seldom: readonly Happening[] = [];
  return async (subject: string, round: number): Promise<Happening[]> => {
    if (round === 0) seldom = [];
    const [{ entries }, events] = await Promise.all([
      desk.client.listAudit({ query: { subject, limit: 50 } }),
      readEvents(desk, subject),
    ]);
    if (round % 5 === 0) {
      // What of it cannot be had, an endpoint that is gone for example, must not hide the rest.
      const read = await Promise.allSettled([
        readDeliveries(desk, subject),
        readProviders(desk, subject),
      ]);
      seldom = read.flatMap((part) => (part.status === "fulfilled" ? part.value : []));
    }
    const all = [...entries.map(tellEntry), ...events, ...seldom];
    return all.toSorted((one, other) => other.atMs - one.atMs);
  };
}
