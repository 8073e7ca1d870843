/** Hands what somebody listens to on to the function that posts it, beside the work on a batch and never in its way. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { announcingService } from "../../shared/shop.ts";
import { currentOperation, newMeter, runOperation } from "../../shared/table/operation.ts";
import type { ItemChange } from "../../shared/table/stream.ts";
import { env } from "./env.ts";
import { logger } from "./observe.ts";
import { shop } from "./wiring.ts";

/** A batch waits no longer for each of the requests than this. */
const patienceMs = 1_000;

const announcing = announcingService(shop);
const lambda = new LambdaClient({
  maxAttempts: 1,
  requestHandler: new NodeHttpHandler({
    connectionTimeout: patienceMs,
    requestTimeout: patienceMs,
    throwOnRequestTimeout: true,
  }),
});

async function handOn(changes: readonly ItemChange[]): Promise<void> {
  const parcels = await announcing.gather(changes);
  await Promise.all(
    parcels.map((facts) =>
      lambda.send(
        new InvokeCommand({
          FunctionName: env.LIVE_POSTS_FUNCTION,
          InvocationType: "Event",
          Payload: JSON.stringify(facts),
        }),
      ),
    ),
  );
}

/**
 * Tells of a batch. Takes one request where nobody listens and two where somebody does; those who post are not
 * waited for. Never throws: a push is a hint, and a lost one is asked for.
 */
export async function announce(changes: readonly ItemChange[]): Promise<void> {
  const meter = currentOperation()?.meter ?? newMeter();
  try {
    await runOperation({ meter, deadlineMs: Date.now() + patienceMs }, () => handOn(changes));
  } catch (error) {
    logger.warn("Not announced", { error: error as Error });
  }
}
