/** What a handler answers, typed by its endpoint, before it becomes API Gateway's format. */
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type { z } from "zod";
import type { Endpoint } from "../../shared/api/endpoint.ts";

/** Status, JSON body and headers of an answer. */
export interface Answer<Status extends number = number, Body = unknown> {
  readonly status: Status;
  readonly body: Body;
  readonly headers?: Readonly<Record<string, string>>;
  /** More than its tag stands for is in the body: a reader who has the tag need not have the rest. */
  readonly exceedsTag?: boolean;
}

/** A value that is only shown: the domain hands out what nobody may change. */
type Shown<T> = T extends readonly (infer Row)[]
  ? readonly Shown<Row>[]
  : T extends object
    ? { readonly [Name in keyof T]: Shown<T[Name]> }
    : T;

/** What an endpoint may answer: one of the statuses that the contract names, with that status's body. */
export type AnswerTo<E extends Endpoint> = {
  [Status in keyof E["answers"] & number]: Answer<Status, Shown<z.output<E["answers"][Status]>>>;
}[keyof E["answers"] & number];

/** An `any` would fit every endpoint: it has to say what it is first. */
type Known<T> = 0 extends 1 & T ? never : T;

/** An answer with this status and JSON body. */
export function answer<const Status extends number, Body>(
  status: Status,
  body: Known<Body>,
  headers?: Readonly<Record<string, string>>,
): Answer<Status, Body> {
  return { status, body, ...(headers ? { headers } : {}) };
}

/** The header by which the answer to a repeated request says so; none otherwise. */
export const replayed = (isReplayed: boolean): Record<string, string> =>
  isReplayed ? { "idempotent-replayed": "true" } : {};

/** The answer in payload format 2.0; without a body where there is none. */
export function toResult({ status, body, headers }: Answer): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}
