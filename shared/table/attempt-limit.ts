/** Cuts off a request that DynamoDB does not answer, so that one that hangs leaves time for another. */
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { systemClock } from "../base/time.ts";
import { currentOperation } from "./operation.ts";

/**
 * Longest wait for one answer. DynamoDB answers in milliseconds, and a transaction of a hundred items in
 * less than a second: what takes longer is lost, and eight more attempts fit into a request.
 */
const longestAttemptMs = 3_000;
/** An operation whose time is over may still look once at what became of its writes. */
const shortestAttemptMs = 250;

function limitMs(deadlineMs: number): number {
  const leftMs = deadlineMs - systemClock();
  return Math.max(shortestAttemptMs, Math.min(longestAttemptMs, leftMs));
}

/**
 * Node's own handler with a limit for each request of an operation, its answer's body included. It ends
 * like a broken connection: the outcome is unknown, and `persist` finds it out. What runs outside of an
 * operation, a crowd of a thousand in one test for example, waits as long as it takes.
 */
export class LimitedHandler extends NodeHttpHandler {
  override handle(...[request, options]: Parameters<NodeHttpHandler["handle"]>) {
    const operation = currentOperation();
    if (!operation) return super.handle(request, options);
    const abortSignal = AbortSignal.timeout(limitMs(operation.deadlineMs));
    return super.handle(request, { ...options, abortSignal });
  }
}
