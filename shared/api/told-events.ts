/** The contract of the list of events that left. It knows their types' names only, so that who serves it ships no more. */
import { z } from "zod";
import { eventTypes } from "../base/event-type.ts";
import { endpoint } from "./endpoint.ts";
import { cursorField, instantField, limitField, text } from "./fields.ts";

/** An event in a list; what it carries by its type, `eventData` and the AsyncAPI document say. */
const eventView = z
  .object({
    id: z.string(),
    type: z.enum(eventTypes),
    resource: z.string(),
    resourceVersion: z.string(),
    sequence: z.int(),
    occurredAtMs: instantField,
    actor: z.string(),
    data: z.record(z.string(), z.unknown()).describe("By type, as AsyncAPI says."),
  })
  .meta({ id: "Event" });

/** `GET /admin/events` */
export const listEvents = endpoint("listEvents", "GET", "/admin/events", {
  function: "admin",
  access: "admin",
  summary:
    "What left of a resource in the last 90 days, oldest first, with the ids that were sent.",
  query: z.strictObject({
    resource: text(700).describe("For example `order/ord_…`, `item/mug` or `lock/document/7`."),
    cursor: cursorField,
    limit: limitField,
  }),
  answers: { 200: z.object({ events: z.array(eventView), cursor: z.string().nullable() }) },
});

/** The endpoints of this domain. */
export const eventEndpoints = [listEvents] as const;
