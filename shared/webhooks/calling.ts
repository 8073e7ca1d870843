/** Calls an endpoint with an event, and with what it asks for of the person whose order the event tells of. */
import type { Clock } from "../base/time.ts";
import type { ShopEvent } from "../events/event.ts";
import { findOrder } from "../orders/order-store.ts";
import type { Database } from "../table/database.ts";
import { makeCall } from "./signing.ts";
import type { Outcome, Webhook, WebhookCall } from "./webhook.ts";

interface Calling {
  readonly database: Database;
  readonly clock: Clock;
  readonly call: (call: WebhookCall) => Promise<Outcome>;
}

const orderPrefix = "order/";

/** What the order has of it now: what was erased since is told no more, however old the event is. */
async function findIncluded(
  database: Database,
  { include = [] }: Webhook,
  { type, resource }: ShopEvent,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (include.length === 0 || !type.startsWith("order.")) return undefined;
  const order = await findOrder(database, resource.slice(orderPrefix.length));
  const customer = include.includes("customer") ? order?.customer : undefined;
  const shipTo = include.includes("shipTo") ? order?.shipTo : undefined;
  if (customer === undefined && shipTo === undefined) return undefined;
  return {
    ...(customer === undefined ? {} : { customer }),
    ...(shipTo === undefined ? {} : { shipTo: JSON.parse(shipTo) as unknown }),
  };
}

/**
 * Tells an endpoint an event, once. One request to the database where it includes something of the order. What such a
 * call says is kept nowhere, its answer neither, which may repeat it.
 */
export async function callWith(
  { database, clock, call }: Calling,
  webhook: Webhook,
  event: ShopEvent,
): Promise<Outcome> {
  const included = await findIncluded(database, webhook, event);
  if (!included) return call(makeCall(webhook, event, clock()));
  const told = { ...event, data: { ...event.data, ...included } };
  const { answer: _answer, ...outcome } = await call(makeCall(webhook, told, clock()));
  return outcome;
}
