/** Webhooks over HTTP, for administrators: endpoints, their secrets, and what became of what they were told. */
import {
  deleteWebhook,
  getWebhook,
  listDeliveries,
  listWebhooks,
  putWebhook,
  replayWebhook,
  retryDelivery,
  rotateWebhookSecret,
  testWebhook,
} from "../shared/api/webhooks.ts";
import { epochMs } from "../shared/base/time.ts";
import type { Replay } from "../shared/webhooks/replay.ts";
import { createReplayService } from "../shared/webhooks/replay-service.ts";
import { createTryingService } from "../shared/webhooks/trying-service.ts";
import type { Delivery, Webhook } from "../shared/webhooks/webhook.ts";
import { createWebhookService } from "../shared/webhooks/webhook-service.ts";
import { answer } from "./runtime/answer.ts";
import { callWebhook, webhookSettings } from "./runtime/webhook-call.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { shop } from "./runtime/wiring.ts";

const webhooks = createWebhookService({ ...shop, ...webhookSettings });
const replays = createReplayService(shop);
const trying = createTryingService({ ...shop, call: callWebhook });

function replayView({ cursor: _cursor, pages: _pages, ...replay }: Replay) {
  const { resource = null, types = null, toldAtMs = null, ...facts } = replay;
  return { ...facts, resource, types, toldAtMs };
}

function webhookView({ uid: _uid, stamp: _stamp, secrets: _secrets, ...webhook }: Webhook) {
  const {
    tookAtMs: _tookAtMs,
    pausedAtMs = null,
    pausedBecause = null,
    replay,
    ...facts
  } = webhook;
  const told = replay ? replayView(replay) : null;
  return { ...facts, include: facts.include ?? [], pausedAtMs, pausedBecause, replay: told };
}

function deliveryView(delivery: Delivery) {
  const { deliveryId, eventId, type, resource, sequence, status, attempts, triedAtMs } = delivery;
  const { answeredAtMs = null, nextTryAtMs = null } = delivery;
  const { answered = null, answer: said = null, problem = null } = delivery;
  const facts = { deliveryId, eventId, type, resource, sequence, status, attempts, triedAtMs };
  return { ...facts, answeredAtMs, nextTryAtMs, answered, answer: said, problem };
}

export const handler = createHandler([
  serve(putWebhook, async ({ params: { endpointId }, body }) => {
    const { webhook, secret = null } = await webhooks.put(endpointId, body);
    return answer(200, { ...webhookView(webhook), secret });
  }),
  serve(getWebhook, async ({ params: { endpointId } }) =>
    answer(200, webhookView(await webhooks.get(endpointId))),
  ),
  serve(listWebhooks, async ({ query }) => {
    const { rows, cursor = null } = await webhooks.list(query);
    return answer(200, { webhooks: rows.map(webhookView), cursor });
  }),
  serve(deleteWebhook, async ({ params: { endpointId } }) =>
    answer(200, webhookView(await webhooks.remove(endpointId))),
  ),
  serve(rotateWebhookSecret, async ({ params: { endpointId } }) => {
    const { webhook, secret = null } = await webhooks.rotate(endpointId);
    return answer(200, { ...webhookView(webhook), secret });
  }),
  serve(testWebhook, async ({ params: { endpointId } }) => {
    const tested = await trying.test(endpointId);
    const { taken, answered = null, answer: said = null, problem = null } = tested;
    return answer(200, { taken, answered, answer: said, problem });
  }),
  serve(replayWebhook, async ({ params: { endpointId }, body }) => {
    const ask = { ...body, fromMs: epochMs(body.fromMs) };
    return answer(200, webhookView(await replays.begin(endpointId, ask)));
  }),
  serve(listDeliveries, async ({ params: { endpointId }, query }) => {
    const { rows, cursor = null } = await webhooks.listDeliveries(endpointId, query);
    return answer(200, { deliveries: rows.map(deliveryView), cursor });
  }),
  serve(retryDelivery, async ({ params: { endpointId, deliveryId } }) =>
    answer(200, deliveryView(await trying.retry(endpointId, deliveryId))),
  ),
]);
