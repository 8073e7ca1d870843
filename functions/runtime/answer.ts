/** What a handler answers, before it becomes API Gateway's format. */
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";

/** Status, JSON body and headers of an answer. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer with this status and JSON body. */
export function answer(status: number, body: unknown, headers?: Record<string, string>): Answer {
  return { status, body, ...(headers ? { headers } : {}) };
}

/** The answer in payload format 2.0. */
export function toResult({ status, body, headers }: Answer): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      ...headers,
    },
    body: JSON.stringify(body),
  };
}
