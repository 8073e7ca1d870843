/** Tells one endpoint what is due for it: called by whoever knows of something, who does not wait for it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "aws-lambda";
import { later } from "../shared/base/time.ts";
import { createSendingService } from "../shared/webhooks/sending-service.ts";
import { runJob } from "./runtime/job.ts";
import { countTold } from "./runtime/metrics.ts";
import { callWebhook } from "./runtime/webhook-call.ts";
import { shop } from "./runtime/wiring.ts";

/** Kept back of the function's own time, for the calls that are under way. */
const endingTimeMs = 12_000;

const sending = createSendingService({ ...shop, call: callWebhook, sleep });

export const handler = ({ endpointId }: { endpointId: string }, context: Context) =>
  runJob("webhook-sender", context, async () => {
    const untilMs = later(shop.clock(), context.getRemainingTimeInMillis() - endingTimeMs);
    const sent = await sending.send(endpointId, untilMs);
    countTold(sent);
    return sent;
  });
