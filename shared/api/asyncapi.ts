/** Makes the AsyncAPI 3.0 document of the events from the contract: nothing in it is written by hand twice. */
import { z } from "zod";
import { eventTypes } from "../base/event-type.ts";
import { anyEvent, eventData, eventSummaries } from "./events.ts";
import type { JsonObject } from "./openapi-components.ts";

/** A schema as JSON Schema, with everything in its place. */
function jsonSchema(schema: z.ZodType): JsonObject {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: "output", reused: "inline" });
  return rest as JsonObject;
}

/** JSON Schemas of what the events of each type carry, by type. */
export function eventDataSchemas(): Readonly<Record<string, JsonObject>> {
  return Object.fromEntries(eventTypes.map((type) => [type, jsonSchema(eventData[type])]));
}

/** The document: one channel, the bus, and a message for each type. */
export function createAsyncApi(): JsonObject {
  const envelopes = anyEvent.options.map((option) => [option.shape.type.value, option] as const);
  const messages = Object.fromEntries(
    envelopes.map(([type, schema]) => [
      type,
      {
        name: type,
        title: eventSummaries[type],
        contentType: "application/json",
        payload: jsonSchema(schema),
      },
    ]),
  );
  const references = Object.fromEntries(
    eventTypes.map((type) => [type, { $ref: `#/components/messages/${type}` }]),
  );
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Holdfast events",
      version: "1.0.0",
      description: "What happened in a shop, in order for each resource, each fact under one id.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    channels: { events: { address: "events", messages: references } },
    operations: { tell: { action: "send", channel: { $ref: "#/channels/events" } } },
    components: { messages },
  };
}
