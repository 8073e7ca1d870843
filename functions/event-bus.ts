/** Hands events on to the bus, as the stream of their table tells them. */
import { publishingService } from "../shared/shop.ts";
import { putOnBus } from "./runtime/bus.ts";
import { createEventHandler } from "./runtime/event-stream.ts";
import { shop } from "./runtime/wiring.ts";

export const handler = createEventHandler(
  "event-bus",
  publishingService({ ...shop, send: putOnBus }).publish,
);
