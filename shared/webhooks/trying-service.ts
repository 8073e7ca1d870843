/** Calls an endpoint because somebody wants to see what it says: a test, or a delivery once more. */
import { randomId } from "../base/ids.ts";
import type { ShopEvent } from "../events/event.ts";
import { listEvents } from "../events/event-store.ts";
import { callWith } from "./calling.ts";
import { deliveryWrite, findDelivery, noteTry } from "./delivery-store.ts";
import { findDueLine } from "./line-store.ts";
import { makeCall } from "./signing.ts";
import { createTellingService, type TellingOptions } from "./telling-service.ts";
import {
  type Delivery,
  DeliveryNotFound,
  isTaken,
  type Outcome,
  type Webhook,
  WebhookMoved,
} from "./webhook.ts";
import { getWebhook } from "./webhook-store.ts";

/** Makes the service. */
export function createTryingService(options: TellingOptions) {
  const { database, clock, call } = options;
  const { tellNext } = createTellingService(options);

  async function getDelivery(uid: string, deliveryId: string): Promise<Delivery> {
    const delivery = await findDelivery(database, uid, deliveryId);
    if (!delivery) throw new DeliveryNotFound(deliveryId);
    return delivery;
  }

  /** The event once more, past the line that has gone on without it. */
  async function tellAgain(webhook: Webhook, delivery: Delivery, event: ShopEvent): Promise<void> {
    const outcome = await callWith(options, webhook, event);
    const status = isTaken(outcome) ? ("delivered" as const) : delivery.status;
    const attempts = delivery.attempts + 1;
    const nowMs = clock();
    const note = noteTry(event, outcome, { status, attempts, startedAtMs: nowMs, nowMs });
    const { deliveryId } = delivery;
    try {
      await database.apply(deliveryWrite(webhook.uid, { ...note, deliveryId }));
    } catch (error) {
      if (!(error instanceof WebhookMoved)) throw error;
    }
  }

  return {
    /**
     * Sends an endpoint a signed `webhook.test`, also while it is off or paused, and says what it answered. One request.
     *
     * @throws WebhookNotFound
     */
    async test(endpointId: string): Promise<Outcome & { readonly taken: boolean }> {
      const webhook = await getWebhook(database, endpointId);
      const resource = `webhook/${endpointId}`;
      const facts = { id: randomId("evt"), type: "webhook.test", resource };
      const event = { ...facts, resourceVersion: "0", sequence: 0, occurredAtMs: clock() };
      const test = { ...event, actor: "system:webhooks", data: {} };
      const outcome = await call(makeCall(webhook, test, clock()));
      return { ...outcome, taken: isTaken(outcome) };
    },

    /**
     * Tries a delivery now, also while its endpoint is off or paused: one that waits for its next try, or one that
     * was made or given up, under the same id and past the order. While somebody is at it nothing more is sent.
     *
     * @returns the delivery as it is then
     * @throws WebhookNotFound, DeliveryNotFound also when the event itself is not kept any more
     */
    async retry(endpointId: string, deliveryId: string): Promise<Delivery> {
      const webhook = await getWebhook(database, endpointId);
      const delivery = await getDelivery(webhook.uid, deliveryId);
      if (delivery.status === "failing") {
        const due = await findDueLine(
          database,
          webhook.uid,
          delivery.resource,
          delivery.replayLine,
        );
        if (due && due.through === delivery.sequence - 1) await tellNext(webhook, due);
      } else {
        const { resource, sequence } = delivery;
        const { rows } = await listEvents(database, resource, { limit: 1 }, sequence - 1);
        const [event] = rows;
        if (event?.id !== delivery.eventId) throw new DeliveryNotFound(deliveryId);
        await tellAgain(webhook, delivery, event);
      }
      return getDelivery(webhook.uid, deliveryId);
    },
  };
}
