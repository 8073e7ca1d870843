/** Writes down whom events are to be told to, as the stream of their table tells them, and has it done; and once a minute what is due. */
import type { Context, DynamoDBStreamEvent } from "aws-lambda";
import { createFeedingService } from "../shared/webhooks/feeding-service.ts";
import { createEventHandler } from "./runtime/event-stream.ts";
import { runJob } from "./runtime/job.ts";
import { hintSenders } from "./runtime/webhook-hints.ts";
import { shop } from "./runtime/wiring.ts";

const feeding = createFeedingService(shop);

const follow = createEventHandler("webhook-feed", async (events) => {
  const { endpointIds, failed } = await feeding.feed(events);
  await hintSenders(endpointIds);
  return failed;
});

/** What the stream tells, or the schedule asks for. */
type Event = DynamoDBStreamEvent | { readonly job: "due" };

export const handler = (event: Event, context: Context) =>
  "Records" in event
    ? follow(event, context)
    : runJob("webhooks-due", context, async () => hintSenders(await feeding.listDue()));
