/** The WebSockets that API Gateway keeps: a text is posted to one, or one is closed; both are hints that may fail. */
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Posted } from "../../shared/live/posting-service.ts";
import { env } from "./env.ts";
import { logger } from "./observe.ts";

/** A post that takes longer fails: others wait behind it. */
const [connectMs, answerMs] = [1_000, 2_000];

let shared: ApiGatewayManagementApiClient | undefined;

const getClient = (): ApiGatewayManagementApiClient =>
  (shared ??= new ApiGatewayManagementApiClient({
    endpoint: env.LIVE_ENDPOINT,
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: connectMs,
      requestTimeout: answerMs,
      throwOnRequestTimeout: true,
    }),
  }));

/** Posts once. Never throws: what failed is told, and in the log. */
export async function postToConnection(connectionId: string, text: string): Promise<Posted> {
  try {
    await getClient().send(
      new PostToConnectionCommand({ ConnectionId: connectionId, Data: Buffer.from(text) }),
    );
    return "posted";
  } catch (error) {
    if (error instanceof GoneException) return "gone";
    logger.debug("Not posted", { error: error as Error });
    return "failed";
  }
}

/** Closes a connection, if it is there. Never throws. */
export async function closeConnection(connectionId: string): Promise<void> {
  try {
    await getClient().send(new DeleteConnectionCommand({ ConnectionId: connectionId }));
  } catch (error) {
    if (!(error instanceof GoneException)) logger.warn("Not closed", { error: error as Error });
  }
}
