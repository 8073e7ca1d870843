/** The shapes of a request and an answer in AWS's JSON protocols, which DynamoDB, Secrets Manager and SQS share. */
import type { IncomingHttpHeaders } from "node:http";
import type { Execution } from "../lambda/execution.ts";
import type { LocalFunction } from "../lambda/functions.ts";

/** A request of a function, taken apart. */
export interface AwsRequest {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly target: string;
  readonly operation: string;
  readonly body: Buffer;
  readonly input: Record<string, unknown>;
  readonly owner: LocalFunction;
  readonly execution: Execution;
}

/** An answer in AWS's JSON protocols. */
export interface AwsAnswer {
  readonly status: number;
  readonly body: Buffer | string;
}

/** An error as AWS's JSON protocols write it. */
export function awsError(type: string, message: string, status = 400): AwsAnswer {
  return { status, body: JSON.stringify({ __type: type, message, Message: message }) };
}
