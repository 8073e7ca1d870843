/** The contract of webhooks: endpoints that are told events, and what became of it. */
import { z } from "zod";
import { eventTypes } from "../base/event-type.ts";
import { replayStatuses } from "../webhooks/replay.ts";
import { deliveryStatuses, includable } from "../webhooks/webhook.ts";
import { endpoint } from "./endpoint.ts";
import { cursorField, identifier, instantField, limitField, text } from "./fields.ts";

const wiring = { function: "webhooks", access: "admin", outsideClient: true } as const;
const path = "/admin/webhooks/{endpointId}";
const params = z.object({ endpointId: identifier });
const page = z.strictObject({ cursor: cursorField, limit: limitField });

const replayView = z
  .object({
    replayId: z.string(),
    fromMs: instantField,
    resource: z.string().nullable(),
    types: z.array(z.string()).nullable(),
    askedAtMs: instantField,
    status: z.enum(replayStatuses),
    found: z.int().describe("So many events are to be told, as far as it has looked."),
    toldAtMs: instantField.nullable(),
  })
  .meta({ id: "WebhookReplay" });

const webhookView = z
  .object({
    endpointId: z.string(),
    url: z.string(),
    types: z.array(z.string()),
    include: z.array(z.enum(includable)),
    active: z.boolean(),
    createdAtMs: instantField,
    pausedAtMs: instantField
      .nullable()
      .describe("Since when nothing is sent because nothing got through; a PUT ends it."),
    pausedBecause: z.string().nullable(),
    replay: replayView
      .nullable()
      .describe("What it is told again, the last time it was asked for."),
  })
  .meta({ id: "Webhook" });

const secretField = z
  .string()
  .nullable()
  .describe("`whsec_…`, shown this once; null where the endpoint keeps the one it has.");

const outcome = {
  answered: z.int().nullable().describe("The status that the endpoint answered with."),
  answer: z.string().nullable().describe("The beginning of its answer, up to 1 KB."),
  problem: z.string().nullable().describe("Why there was no answer."),
};

const deliveryView = z
  .object({
    deliveryId: z.string(),
    eventId: z.string(),
    type: z.string(),
    resource: z.string(),
    sequence: z.int(),
    status: z.enum(deliveryStatuses).describe("`failing` is tried again, `failed` is not."),
    attempts: z.int(),
    triedAtMs: instantField,
    answeredAtMs: instantField.nullable(),
    nextTryAtMs: instantField.nullable(),
    ...outcome,
  })
  .meta({ id: "WebhookDelivery" });

/** `PUT /admin/webhooks/{endpointId}` */
export const putWebhook = endpoint("putWebhook", "PUT", path, {
  ...wiring,
  summary:
    "Make an endpoint that is told events, or change one, which keeps its secret and listens again if it was paused.",
  params,
  body: z.strictObject({
    url: text(2_048).describe("https; no address or name of an inner network."),
    types: z.array(z.enum(eventTypes)).min(1).max(eventTypes.length),
    include: z
      .array(z.enum(includable))
      .max(includable.length)
      .default([])
      .describe("Of whom and where to: events of orders carry it then, as the order has it."),
    active: z.boolean().default(true).describe("Off, what happens waits for it."),
  }),
  example: { url: "https://example.com/holdfast", types: ["order.paid"], active: true },
  answers: { 200: webhookView.extend({ secret: secretField }) },
  errors: ["LIMIT_EXCEEDED"],
});

/** `GET /admin/webhooks/{endpointId}` */
export const getWebhook = endpoint("getWebhook", "GET", path, {
  ...wiring,
  summary: "Read an endpoint, without its secret.",
  params,
  answers: { 200: webhookView },
  errors: ["WEBHOOK_NOT_FOUND"],
});

/** `GET /admin/webhooks` */
export const listWebhooks = endpoint("listWebhooks", "GET", "/admin/webhooks", {
  ...wiring,
  summary: "List the endpoints by name. A page can be short and still have a cursor.",
  query: page,
  answers: { 200: z.object({ webhooks: z.array(webhookView), cursor: z.string().nullable() }) },
});

/** `DELETE /admin/webhooks/{endpointId}` */
export const deleteWebhook = endpoint("deleteWebhook", "DELETE", path, {
  ...wiring,
  summary: "Delete an endpoint, with everything that it was not told yet.",
  params,
  answers: { 200: webhookView },
  errors: ["WEBHOOK_NOT_FOUND"],
});

/** `POST /admin/webhooks/{endpointId}/secret` */
export const rotateWebhookSecret = endpoint("rotateWebhookSecret", "POST", `${path}/secret`, {
  ...wiring,
  summary: "Give an endpoint a new secret; the one before signs along for `secretOverlapHours`.",
  params,
  body: z.strictObject({}),
  example: {},
  answers: { 200: webhookView.extend({ secret: secretField }) },
  errors: ["WEBHOOK_NOT_FOUND"],
});

/** `POST /admin/webhooks/{endpointId}/test` */
export const testWebhook = endpoint("testWebhook", "POST", `${path}/test`, {
  ...wiring,
  summary: "Send an endpoint a signed `webhook.test`, and see what it answers.",
  params,
  body: z.strictObject({}),
  example: {},
  answers: {
    200: z.object({ taken: z.boolean().describe("It answered with 2xx."), ...outcome }),
  },
  errors: ["WEBHOOK_NOT_FOUND"],
});

/** `POST /admin/webhooks/{endpointId}/replay` */
export const replayWebhook = endpoint("replayWebhook", "POST", `${path}/replay`, {
  ...wiring,
  summary:
    "Tell an endpoint again what left since an instant, under the same ids, beside what is new.",
  params,
  body: z.strictObject({
    fromMs: instantField,
    resource: text(700).optional().describe("Of this resource alone, for example `order/ord_…`."),
    types: z.array(z.enum(eventTypes)).min(1).max(eventTypes.length).optional(),
  }),
  example: { fromMs: 0, types: ["order.paid"] },
  answers: { 200: webhookView },
  errors: ["WEBHOOK_NOT_FOUND", "REPLAY_UNDER_WAY"],
});

/** `GET /admin/webhooks/{endpointId}/deliveries` */
export const listDeliveries = endpoint("listDeliveries", "GET", `${path}/deliveries`, {
  ...wiring,
  summary: "What an endpoint was told in the last 14 days, the latest first.",
  params,
  query: page,
  answers: { 200: z.object({ deliveries: z.array(deliveryView), cursor: z.string().nullable() }) },
  errors: ["WEBHOOK_NOT_FOUND"],
});

/** `POST /admin/webhooks/{endpointId}/deliveries/{deliveryId}/retry` */
export const retryDelivery = endpoint(
  "retryDelivery",
  "POST",
  `${path}/deliveries/{deliveryId}/retry`,
  {
    ...wiring,
    summary:
      "Try a delivery now: one that waits for its next try, or one that has ended, once more.",
    params: params.extend({ deliveryId: identifier }),
    body: z.strictObject({}),
    example: {},
    answers: { 200: deliveryView },
    errors: ["WEBHOOK_NOT_FOUND", "DELIVERY_NOT_FOUND"],
  },
);

/** The endpoints of this domain. */
export const webhookEndpoints = [
  putWebhook,
  getWebhook,
  listWebhooks,
  deleteWebhook,
  rotateWebhookSecret,
  testWebhook,
  replayWebhook,
  listDeliveries,
  retryDelivery,
] as const;
