/** Calls who tells endpoints, one run for each; nobody waits for it, and the sweep finds what it was about otherwise. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { optional } from "./env.ts";
import { logger } from "./observe.ts";

const patienceMs = 2_000;

let shared: LambdaClient | undefined;
const getClient = (): LambdaClient =>
  (shared ??= new LambdaClient({
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: patienceMs,
      requestTimeout: patienceMs,
      throwOnRequestTimeout: true,
    }),
  }));

async function hint(endpointId: string): Promise<void> {
  try {
    await getClient().send(
      new InvokeCommand({
        FunctionName: optional("WEBHOOK_SENDER_FUNCTION"),
        InvocationType: "Event",
        Payload: JSON.stringify({ endpointId }),
      }),
    );
  } catch (error) {
    logger.warn("No run was started for a webhook", { endpointId, error: error as Error });
  }
}

/** Has these endpoints told what is due for them. Never throws. */
export async function hintSenders(endpointIds: readonly string[]): Promise<void> {
  await Promise.all(endpointIds.map(hint));
}
